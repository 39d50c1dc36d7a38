//! What Argo CD is asked for by commands, and what it says of one application.

use std::time::Duration;

use serde_json::{Value, json};
use slipway::argocd::{bootstrap, uninstall, wait_available};

use super::world::World;
use crate::support::manifests::head;
use crate::support::slipway::Ended;

const LONG: Duration = Duration::from_mins(6);

#[tokio::test(flavor = "multi_thread")]
async fn applications_are_synced_gone_back_with_and_looked_into() {
    let world = World::new("argo-acting").await;
    let spec = world.spec("argocd").await;
    bootstrap(world.client.clone(), &spec, &|_| ()).await.unwrap();
    wait_available(world.client.clone(), "argocd", &spec.manifest, LONG, &|_| ()).await.unwrap();
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "manual" }, "data": { "a": "1" } });
    let application = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": "manual", "namespace": "argocd" },
        "spec": {
            "project": "default",
            "source": { "repoURL": world.url(), "targetRevision": "main", "path": "manifests/manual" },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "default" },
        },
    });
    world.add("manifests/manual/map.json", &map.to_string());
    world.add("manifests/apps/manual.json", &application.to_string());

    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("slipway.hcl"), world.project("")).unwrap();
    let argocd = |arguments: &[&str]| -> Ended {
        let slipway = world.slipway(home.path());
        tokio::task::block_in_place(|| slipway.run(&[&["argocd"], arguments].concat()))
    };
    argocd(&["wait", "--leave-out", "manual", "--timeout", "360"]).exits(0);
    argocd(&["wait", "--timeout", "3"]).exits(1).says("`slipway argocd sync manual` syncs it");
    argocd(&["wait", "--leave-out", "labl:x"]).exits(64).says("label:KEY=VALUE");
    argocd(&["status"]).exits(1);
    argocd(&["status", "--leave-out", "manual"]).exits(0);

    // A sync by hand, another one, and back to the first.
    let live =
        || world.bed.kubectl(&["-n", "default", "get", "configmap", "manual", "-o", "jsonpath={.data.a}"]);
    argocd(&["sync", "manul"]).exits(1).says("did you mean \"manual\"?");
    argocd(&["history", "manual"]).exits(0);
    let first = head(&world.repository);
    let synced = argocd(&["sync", "manual"]).exits(0);
    assert!(synced.stdout.contains(&format!("manual synced at {}", &first[..12])), "{}", synced.stdout);
    assert_eq!(live(), "1");
    world.push("manifests/manual/map.json", "\"1\"", "\"2\"");
    let refreshed = argocd(&["refresh", "manual"]).exits(0);
    assert!(refreshed.stdout.contains("manual"), "{}", refreshed.stdout);
    argocd(&["sync", "manual"]).exits(0);
    assert_eq!(live(), "2");
    let history: Value =
        serde_json::from_str(&argocd(&["history", "manual", "--format", "json"]).exits(0).stdout).unwrap();
    assert_eq!(history["history"][1]["revisions"][0], first);
    argocd(&["rollback", "manual", "--to", "99"]).exits(1).says("its history has");
    let back = argocd(&["rollback", "manual"]).exits(0);
    assert!(back.stdout.contains(&format!("manual is back at {}", &first[..12])), "{}", back.stdout);
    assert_eq!(live(), "1");
    argocd(&["rollback", "app-a"]).exits(1).says("slipway image rollback");
    argocd(&["sync", "manual", "--revision", "no-such-branch", "--timeout", "30"]).exits(1).says("manual");
    argocd(&["sync", "manual"]).exits(0);

    // What it has made, and what that says.
    let tree = argocd(&["tree", "app-a"]).exits(0).stdout;
    assert!(tree.contains("Deployment/app-a in app-a  Synced 2/2 ready"), "{tree}");
    assert!(tree.contains("ReplicaSet/app-a-") && tree.contains("Pod/app-a-"), "{tree}");
    argocd(&["tree", "app-a", "--format", "json"]).exits(0);
    let logs = argocd(&["logs", "app-a"]).exits(1);
    assert!(logs.stdout.contains("its node has no log of it"), "{}", logs.stdout);
    argocd(&["logs", "app-a", "--container", "none"]).exits(1).says("no container none");

    // A field that somebody keeps is told with what it is, and by the exit code.
    argocd(&["diff"]).exits(0);
    world.bed.kubectl(&[
        "-n",
        "app-a",
        "set",
        "env",
        "deployment/app-a",
        "DEBUG=1",
        "API_TOKEN=canary-of-a-token",
    ]);
    let diff = argocd(&["diff", "app-a"]).exits(4).stdout;
    assert!(diff.contains("env[name=DEBUG] = \"1\"") || diff.contains(".env"), "{diff}");
    assert!(diff.contains("which kubectl-set set") && !diff.contains("canary-of-a-token"), "{diff}");
    // The change is rolled out, and that is over first.
    world.green("argocd", LONG).await.unwrap();
    argocd(&["status", "--format", "json"]).exits(4);

    // Nothing is shown or written of the secrets of an installation.
    let dry = argocd(&["bootstrap", "--dry-run"]).exits(0).stdout;
    assert!(dry.contains("0 would be created, 0 changed"), "{dry}");
    argocd(&["bootstrap", "--export", "objects"]).exits(0);
    let files: Vec<_> = std::fs::read_dir(home.path().join("objects")).unwrap().flatten().collect();
    assert!(files.len() > 30);
    for file in files {
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains(world.bed.text("/git/password")), "{:?}", file.path());
    }
    uninstall(world.client.clone(), "argocd", &spec.manifest, LONG, &|_| ()).await.unwrap();
}
