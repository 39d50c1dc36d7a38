//! From bootstrap to uninstall.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use slipway::argocd::{
    ArgoCdError, BootstrapSpec, Removed, bootstrap, drift, status, uninstall, wait_available,
};

use super::processes::{Held, argocd};
use super::world::World;

const LONG: Duration = Duration::from_mins(6);

const APPLICATIONS: &str = "applications.argoproj.io";

fn quiet(_line: String) {}

#[tokio::test]
async fn argocd_comes_follows_git_and_goes_with_all_that_it_made() {
    let world = World::new("argo-life").await;
    let client = || world.client.clone();
    let before = status(client(), "argocd").await.unwrap_err();
    assert!(matches!(before, ArgoCdError::NotInstalled { .. }), "{before}");

    let mut spec = world.spec("argocd").await;
    // As it is released, which is heavier than all the other tests need.
    spec.manifest = world.manifest("core").await;
    let first = bootstrap(client(), &spec, &quiet).await.unwrap();
    // The namespace, the manifest, the project, two secrets and the root Application.
    assert_eq!((first.created, first.changed), (spec.manifest.objects.len() + 5, 0), "{first:?}");
    wait_available(client(), "argocd", &spec.manifest, LONG, &quiet).await.unwrap();
    let applications = world.green("argocd", LONG).await.unwrap();
    let names: Vec<&str> = applications.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["app-a", "app-b", "root"]);

    // Twice is once, with the controllers running, and also for someone who does not know the outputs.
    for annotations in [spec.annotations.clone(), None] {
        spec.annotations = annotations;
        let again = bootstrap(client(), &spec, &quiet).await.unwrap();
        assert!(!again.any(), "{again:?}");
    }
    let annotations = ["-n", "argocd", "get", "secret", "-l", "argocd.argoproj.io/secret-type=cluster"];
    let secret =
        world.bed.kubectl(&[&annotations[..], &["-o", "jsonpath={.items[*].metadata.annotations}"]].concat());
    assert!(secret.contains(r#""slipway/vpc_id":"vpc-1""#), "{secret}");

    // An added variable: Argo CD calls it Synced and leaves it; the API server knows who set it.
    assert_eq!(drift(client(), &applications).await.unwrap(), []);
    world.bed.kubectl(&["-n", "app-a", "set", "env", "deployment/app-a", "DEBUG=1"]);
    let found = drift(client(), &applications).await.unwrap();
    let field = ".spec.template.spec.containers[name=app-a].env";
    assert!(found.iter().any(|one| one.field.starts_with(field) && one.application == "app-a"), "{found:?}");
    assert!(found.iter().all(|one| one.manager == "kubectl-set"), "{found:?}");

    // One that comes back to what it made before finds the cluster as Git says: adopted, it never syncs.
    let without = r#"{"metadata": {"finalizers": null}}"#;
    // The root would bring the finalizer back in between.
    let held = Held::now(&argocd(&world.bed, "argocd-application-controller"));
    world.bed.kubectl(&["-n", "argocd", "patch", APPLICATIONS, "app-a", "--type=merge", "-p", without]);
    world.bed.kubectl(&["-n", "argocd", "delete", APPLICATIONS, "app-a"]);
    drop(held);
    let adopted = loop {
        let applications = world.green("argocd", LONG).await.unwrap();
        if let Some(adopted) = applications.into_iter().find(|one| one.name == "app-a") {
            break adopted;
        }
    };
    assert_eq!(adopted.operation, "", "{adopted:?}");

    // One of several sources in another spelling is held to the commit by each of them.
    world.push("manifests/app-b/deployment.yaml", "replicas: 1", "replicas: 2");
    world.several_sources("argocd");
    let applications = world.green("argocd", LONG).await.unwrap();
    let tip = crate::support::manifests::head(&world.repository);
    let several = applications.iter().find(|one| one.name == "several").unwrap();
    assert_eq!(several.sources.len(), 2);
    assert!(several.sources.iter().all(|source| source.revision == tip), "{several:?}");
    world.bed.kubectl(&["-n", "argocd", "delete", APPLICATIONS, "several"]);

    // An image that cannot be pulled is named, with the pod that wants it.
    world.push("manifests/app-b/deployment.yaml", "app-b:v1", "app-b:v2-broken");
    world.stuck("argocd", &["app-b: Progressing", "ImagePullBackOff registry.example/app-b:v2-broken"]).await;

    // And where no pod can be made at all, the cluster's own warning.
    world.bed.kubectl(&["-n", "app-b", "create", "quota", "none", "--hard=pods=0"]);
    world.push("manifests/app-b/deployment.yaml", "app-b:v2-broken", "app-b:v3");
    world.stuck("argocd", &["ReplicaSet/app-b-", "exceeded quota: none"]).await;
    world.bed.kubectl(&["-n", "app-b", "delete", "quota", "none"]);

    // A manifest that Argo CD cannot read is an error at once, although the health still says Healthy.
    world.push("manifests/app-b/deployment.yaml", "replicas:", "replicas: [");
    world.stuck("argocd", &["app-b: ComparisonError"]).await;

    // An Application that would leave its resources behind takes them along when all of it goes.
    let finalizers = r#"[{"op": "remove", "path": "/metadata/finalizers"}]"#;
    world.bed.kubectl(&["-n", "argocd", "patch", APPLICATIONS, "root", "--type=json", "-p", finalizers]);
    let removed = uninstall(client(), "argocd", &spec.manifest, LONG, &quiet).await.unwrap();
    assert_eq!(removed.applications, 3);
    assert_eq!(world.names("deployments"), "");
    assert_eq!(world.names("services").matches("app-").count(), 0);
    assert_eq!(world.names("customresourcedefinitions").matches("argoproj").count(), 0);
    assert_eq!(world.bed.kubectl(&["get", "namespace", "argocd", "--ignore-not-found"]), "");
    let again = uninstall(client(), "argocd", &spec.manifest, LONG, &quiet).await.unwrap();
    assert_eq!(again, Removed::default());
    into_a_namespace_that_is_on_its_way_out(&world).await;
}

/// An uninstall that was cut off has left it: it is gone before it is made again.
async fn into_a_namespace_that_is_on_its_way_out(world: &World) {
    let kubectl = |arguments: &[&str]| world.bed.kubectl(arguments);
    kubectl(&["create", "namespace", "argocd"]);
    kubectl(&["-n", "argocd", "create", "configmap", "held"]);
    let finalizers = |list: &str| {
        let patch = format!("{{\"metadata\": {{\"finalizers\": {list}}}}}");
        kubectl(&["-n", "argocd", "patch", "configmap", "held", "--type=merge", "-p", &patch])
    };
    finalizers("[\"example.com/held\"]");
    kubectl(&["delete", "namespace", "argocd", "--wait=false"]);
    let held = AtomicBool::new(true);
    let let_go = |line: String| {
        if line.contains("Namespace argocd is being deleted") && held.swap(false, Ordering::Relaxed) {
            finalizers("null");
        }
    };
    let spec = BootstrapSpec { root: None, ..world.spec("argocd").await };
    bootstrap(world.client.clone(), &spec, &let_go).await.unwrap();
    assert!(!held.into_inner(), "it was waited for");
    uninstall(world.client.clone(), "argocd", &spec.manifest, LONG, &quiet).await.unwrap();
    assert_eq!(kubectl(&["get", "namespace", "argocd", "--ignore-not-found"]), "");
}

#[tokio::test]
async fn a_namespace_that_was_there_before_stays_and_other_peoples_fields_are_not_taken() {
    let world = World::new("argo-shared").await;
    let client = || world.client.clone();
    world.bed.kubectl(&["create", "namespace", "tools"]);
    world.bed.kubectl(&["-n", "tools", "create", "configmap", "theirs"]);
    let mut spec = world.spec("tools").await;
    // The repository's Applications want the namespace argocd.
    spec.root = None;
    bootstrap(client(), &spec, &quiet).await.unwrap();
    let path = "jsonpath={.subjects[*].namespace}";
    let binding = "argocd-application-controller";
    assert_eq!(world.bed.kubectl(&["get", "clusterrolebinding", binding, "-o", path]), "tools");
    wait_available(client(), "tools", &spec.manifest, LONG, &quiet).await.unwrap();

    // Somebody scales by hand with a server-side apply of their own; only --force takes that back.
    let theirs = r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "argocd-metrics"},
        "spec": {"ports": [{"name": "metrics", "protocol": "TCP", "port": 8082, "targetPort": 9999}]}}"#;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), theirs).unwrap();
    let apply =
        ["-n", "tools", "apply", "--server-side", "--force-conflicts", "--field-manager=theirs", "-f"];
    world.bed.kubectl(&[&apply[..], &[file.path().to_str().unwrap()]].concat());
    let error = bootstrap(client(), &spec, &quiet).await.unwrap_err().to_string();
    assert!(error.contains("Service argocd-metrics"), "{error}");
    assert!(error.contains("\"theirs\"") && error.contains("--force"), "{error}");
    spec.force = true;
    assert_eq!(bootstrap(client(), &spec, &quiet).await.unwrap().changed, 1);

    let application = r#"{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "theirs", "namespace": "default"},
        "spec": {"project": "default", "destination": {}, "source": {"repoURL": "https://git.example/x.git"}}}"#;
    std::fs::write(file.path(), application).unwrap();
    world.bed.kubectl(&["apply", "-f", file.path().to_str().unwrap()]);
    let error = uninstall(client(), "tools", &spec.manifest, LONG, &quiet).await.unwrap_err().to_string();
    assert!(error.contains("default/theirs"), "{error}");
    world.bed.kubectl(&["delete", "-f", file.path().to_str().unwrap()]);

    uninstall(client(), "tools", &spec.manifest, LONG, &quiet).await.unwrap();
    assert_eq!(
        world.bed.kubectl(&["-n", "tools", "get", "configmap", "theirs", "-o", "name"]),
        "configmap/theirs\n"
    );
    assert_eq!(world.bed.kubectl(&["-n", "tools", "get", "secret,deployment,statefulset", "-o", "name"]), "");
}
