//! Repositories that want a login of their own, and clusters beside the one that Argo CD is on.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slipway::argocd::uninstall;

use super::world::World;
use crate::cluster::on_bed::{bed_aws, cluster};
use crate::support::bed::Bed;
use crate::support::manifests;
use crate::support::registry::{PASSWORD, Registry};
use crate::support::slipway::Ended;
use crate::support::tool;

const LONG: Duration = Duration::from_mins(6);
const APPLICATIONS: &str = "applications.argoproj.io";

/// What `argocd` holds beside the repository of the manifests.
const MORE: &str = r#"
cluster "prod" {
  name   = "argo-connected-prod"
  region = "eu-west-1"
}
"#;
const IN_ARGOCD: &str = r#"
    labels = { environment = "dev" }

    repository "charts" {
      url         = get_env("CHARTS")
      type        = "helm-oci"
      username    = "puller"
      credentials = get_env("CHARTS_PASSWORD")
      plain_http  = true
    }

    repository "by-key" {
      url             = "git@git.example.com:acme/closed.git"
      ssh_private_key = file("key.pem")
    }

    repository "by-app" {
      url                        = "https://git.example.com/acme/app.git"
      github_app_id              = "7"
      github_app_installation_id = "9"
      github_app_private_key     = get_env("APP_KEY")
    }

    repo_creds "all" {
      url         = get_env("ALL")
      username    = get_env("SLIPWAY_MANIFESTS_USERNAME")
      credentials = get_env("SLIPWAY_MANIFESTS_TOKEN")
    }

    cluster "prod" {
      role_arn = "arn:aws:iam::123456789012:role/argocd"
      labels   = { environment = "prod" }
    }

    root {
      path     = "manifests/{{.metadata.labels.environment}}"
      revision = "main"
      clusters = {}
    }
"#;

/// A chart in the registry, as `helm` puts it there.
fn push_chart(registry: &Registry, folder: &Path) {
    let helm = |arguments: &[&str]| {
        let mut command = Command::new(tool("helm"));
        command.current_dir(folder).env("HOME", folder).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "helm {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    std::fs::create_dir_all(folder.join("hello/templates")).unwrap();
    let chart = "apiVersion: v2\nname: hello\nversion: 1.0.0\n";
    std::fs::write(folder.join("hello/Chart.yaml"), chart).unwrap();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-chart\n";
    std::fs::write(folder.join("hello/templates/map.yaml"), map).unwrap();
    helm(&["package", "hello"]);
    let login = ["--username", "puller", "--password", PASSWORD, "--plain-http"];
    let address = format!("oci://{}/charts", registry.address);
    helm(&[&["push", "hello-1.0.0.tgz", &address], &login[..]].concat());
}

fn application(name: &str, source: &Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": name, "namespace": "argocd" },
        "spec": {
            "project": "default", "source": source,
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "default" },
            "syncPolicy": { "automated": {} },
        },
    })
}

/// Waits for what `kubectl` says.
fn until(bed: &Bed, arguments: &[&str], wanted: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let said = bed.kubectl(arguments);
        if wanted(&said) {
            return said;
        }
        assert!(begun.elapsed() < LONG, "kubectl {arguments:?} says {said}");
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// A project with all of that, and the key that it reads.
fn write_project(world: &World, home: &Path) {
    let text = world.project("");
    let (head, root) = (text.find("    root {").unwrap(), text.rfind("  }\n}").unwrap());
    let text = format!("{}{IN_ARGOCD}{}{MORE}", &text[..head], &text[root..]);
    std::fs::write(home.join("slipway.hcl"), text).unwrap();
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary-of-a-key\n-----END OPENSSH PRIVATE KEY-----";
    std::fs::write(home.join("key.pem"), key).unwrap();
}

/// The secrets of clusters say who Argo CD is there, and have labels to choose by.
fn secrets_hold_labels(world: &World) {
    let path =
        "jsonpath={range .items[*]}{.data.name} {.data.config} {.metadata.labels.environment}{'\\n'}{end}";
    let label = "argocd.argoproj.io/secret-type=cluster";
    let secrets = world.bed.kubectl(&["-n", "argocd", "get", "secret", "-l", label, "-o", path]);
    assert!(secrets.contains(" prod\n") && secrets.contains(" dev\n"), "{secrets}");
}

#[tokio::test(flavor = "multi_thread")]
async fn private_sources_are_synced_and_each_cluster_gets_an_application() {
    let world = World::new("argo-connected").await;
    cluster(&bed_aws(&world.bed).await, "argo-connected-prod").await;
    let home = tempfile::tempdir().unwrap();
    let images = tempfile::tempdir().unwrap();
    let registry = Registry::closed(images.path());
    push_chart(&registry, images.path());
    // Another repository, which the login for all that begin like it opens.
    let private = manifests::seed(&world.bed, "argo-private");
    world.add(
        "manifests/dev/map.json",
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "of-dev"}}"#,
    );

    write_project(&world, home.path());
    let app_key = "-----BEGIN RSA PRIVATE KEY-----\\ncanary-of-an-app\\n-----END RSA PRIVATE KEY-----";
    let argocd = |arguments: &[&str]| -> Ended {
        let more = [
            ("CHARTS", format!("{}/charts", registry.address)),
            ("CHARTS_PASSWORD", PASSWORD.to_owned()),
            ("APP_KEY", app_key.to_owned()),
            ("ALL", format!("{}/argo-priv", world.bed.text("/git/url"))),
        ];
        let slipway = world.slipway(home.path());
        let slipway = more.iter().fold(slipway, |slipway, (name, value)| slipway.env(name, value));
        tokio::task::block_in_place(|| slipway.run(&[&["argocd"], arguments].concat()))
    };
    let hidden = |ended: &Ended| {
        for secret in [PASSWORD, "canary-of", world.bed.text("/git/password")] {
            assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{secret} is shown");
        }
    };
    let dry = argocd(&["bootstrap", "dev", "--dry-run"]).exits(0);
    hidden(&dry);
    argocd(&["bootstrap", "dev", "--export", "objects"]).exits(0);
    for file in std::fs::read_dir(home.path().join("objects")).unwrap().flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains("canary-") && !text.contains("Y2FuYXJ5"), "{:?}", file.path());
    }
    hidden(&argocd(&["bootstrap", "dev"]).exits(0));
    let again = argocd(&["bootstrap", "dev"]).exits(0);
    assert!(again.stdout.contains(": 0 objects created, 0 changed"), "{}", again.stdout);

    // The real controllers come in with what was declared.
    for (name, source) in [
        (
            "by-creds",
            json!({ "repoURL": manifests::url(&world.bed, "argo-private"), "targetRevision": "main", "path": "manifests/app-a" }),
        ),
        (
            "chart",
            json!({ "repoURL": format!("{}/charts", registry.address), "chart": "hello", "targetRevision": "1.0.0" }),
        ),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), application(name, &source).to_string()).unwrap();
        world.bed.kubectl(&["apply", "-f", file.path().to_str().unwrap()]);
    }
    for (name, revision) in [("by-creds", manifests::head(&private)), ("chart", "1.0.0".to_owned())] {
        let path = "jsonpath={.status.sync.status} {.status.sync.revision} {.status.conditions[*].message}";
        let get = ["-n", "argocd", "get", APPLICATIONS, name, "-o", path];
        until(&world.bed, &get, |said| said.starts_with(&format!("Synced {revision}")));
    }
    secrets_hold_labels(&world);
    // One Application for each cluster, to that cluster, and of its own labels.
    let path = r#"jsonpath={range .items[*]}{.metadata.name} {.spec.destination.server} {.spec.source.path}{"\n"}{end}"#;
    let made = until(&world.bed, &["-n", "argocd", "get", APPLICATIONS, "-o", path], |said| {
        said.matches("root-argo-connected").count() == 2
    });
    assert!(made.contains("root-argo-connected https://kubernetes.default.svc manifests/dev\n"), "{made}");
    assert!(
        made.contains("root-argo-connected-prod https://127.0.0.1:") && made.contains("manifests/prod\n"),
        "{made}"
    );
    until(
        &world.bed,
        &["-n", "default", "get", "configmap", "of-dev", "--ignore-not-found", "-o", "name"],
        |said| said == "configmap/of-dev\n",
    );
    // A controller cannot come to the other cluster here, so nothing of it can go.
    let name = "root-argo-connected-prod";
    world.bed.kubectl(&["-n", "argocd", "delete", "applicationsets.argoproj.io", "root", "--cascade=orphan"]);
    world.bed.kubectl(&[
        "-n",
        "argocd",
        "patch",
        APPLICATIONS,
        name,
        "--type=merge",
        "-p",
        r#"{"metadata": {"finalizers": null}}"#,
    ]);
    world.bed.kubectl(&["-n", "argocd", "delete", APPLICATIONS, name, "--ignore-not-found"]);
    let manifest = world.manifest("core-lighter").await;
    uninstall(world.client.clone(), "argocd", &manifest, LONG, &|_| ()).await.unwrap();
    assert_eq!(world.names("customresourcedefinitions").matches("argoproj").count(), 0);
    assert_eq!(world.bed.kubectl(&["get", "namespace", "argocd", "--ignore-not-found"]), "");
}
