//! A cluster that has an Argo CD already, and what a bootstrap would do before it does it.

use std::time::Duration;

use slipway::argocd::{ArgoCdError, Change, bootstrap, rehearse, uninstall};

use super::world::World;

const LONG: Duration = Duration::from_mins(6);

fn quiet(_line: String) {}

/// What the cluster says of every object of the installation that its version tells.
fn versions(world: &World) -> String {
    let kinds = "customresourcedefinitions,clusterroles,clusterrolebindings,namespaces";
    let own = "serviceaccounts,roles,rolebindings,configmaps,secrets,services,networkpolicies,appprojects.argoproj.io";
    let path = "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}";
    let of_cluster = world.bed.kubectl(&["get", kinds, "-o", path]);
    let of_cluster = of_cluster.lines().filter(|line| line.contains("argo")).collect::<Vec<_>>().join("\n");
    format!("{of_cluster}\n{}", world.bed.kubectl(&["-n", "argocd", "get", own, "-o", path]))
}

#[tokio::test]
async fn a_second_bootstrap_changes_no_version_and_one_beside_another_changes_nothing() {
    let world = World::new("argo-beside").await;
    let client = || world.client.clone();
    let mut spec = world.spec("argocd").await;
    spec.root = None;

    // Before anything is there, all of it would be created, and no secret is shown.
    let steps = rehearse(client(), &spec).await.unwrap().steps;
    assert!(steps.iter().all(|step| step.change == Change::Created));
    assert_eq!(world.bed.kubectl(&["get", "namespace", "argocd", "--ignore-not-found"]), "");
    let password = world.bed.text("/git/password");
    let shown: String = steps.iter().map(|step| step.open_text() + &step.difference).collect();
    assert!(shown.contains("kind: StatefulSet") && !shown.contains(password), "no secret");
    bootstrap(client(), &spec, &quiet).await.unwrap();

    let before = versions(&world);
    assert!(!bootstrap(client(), &spec, &quiet).await.unwrap().any());
    assert_eq!(versions(&world), before);

    // Somebody else's fields in two objects are named together, and nothing is changed by then.
    for (name, port) in [("argocd-metrics", "8082"), ("argocd-repo-server", "8081")] {
        let patch = format!(
            r#"{{"apiVersion": "v1", "kind": "Service", "metadata": {{"name": "{name}"}}, "spec": {{"ports": [{{"port": {port}, "protocol": "TCP", "targetPort": 9999}}]}}}}"#
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), patch).unwrap();
        let apply =
            ["-n", "argocd", "apply", "--server-side", "--force-conflicts", "--field-manager=theirs", "-f"];
        world.bed.kubectl(&[&apply[..], &[file.path().to_str().unwrap()]].concat());
    }
    let before = versions(&world);
    let error = bootstrap(client(), &spec, &quiet).await.unwrap_err().to_string();
    assert!(
        error.contains("Service argocd-metrics") && error.contains("Service argocd-repo-server"),
        "{error}"
    );
    assert_eq!(versions(&world), before);
    spec.force = true;
    let steps = rehearse(client(), &spec).await.unwrap().steps;
    let changed: Vec<_> = steps.iter().filter(|step| step.change == Change::Changed).collect();
    assert_eq!(changed.len(), 2);
    assert!(
        changed[0].difference.contains("-  - port: 8082") || changed[0].difference.contains("9999"),
        "{}",
        changed[0].difference
    );
    assert_eq!(bootstrap(client(), &spec, &quiet).await.unwrap().changed, 2);

    // A second one takes nothing of the first, and says where that is.
    let mut second = world.spec("tools").await;
    second.root = None;
    let error = bootstrap(client(), &second, &quiet).await.unwrap_err();
    assert!(
        matches!(&error, ArgoCdError::Another { others } if others == &["argocd (installed by slipway)"]),
        "{error}"
    );
    let subject = [
        "get",
        "clusterrolebinding",
        "argocd-application-controller",
        "-o",
        "jsonpath={.subjects[*].namespace}",
    ];
    assert_eq!(world.bed.kubectl(&subject), "argocd");
    assert_eq!(world.bed.kubectl(&["get", "namespace", "tools", "--ignore-not-found"]), "");

    // Where both are there all the same, each of them goes, and the last takes what they share.
    second.force = true;
    bootstrap(client(), &second, &quiet).await.unwrap();
    uninstall(client(), "argocd", &spec.manifest, LONG, &quiet).await.unwrap();
    assert_eq!(world.bed.kubectl(&subject), "tools", "the other's");
    assert!(world.names("customresourcedefinitions").contains("applications.argoproj.io"));
    uninstall(client(), "tools", &second.manifest, LONG, &quiet).await.unwrap();
    assert_eq!(world.names("customresourcedefinitions").matches("argoproj").count(), 0);

    // One that somebody else installed is neither taken over nor removed.
    world.bed.kubectl(&["create", "namespace", "theirs"]);
    let controller = spec
        .manifest
        .objects
        .iter()
        .find(|object| object.types.as_ref().is_some_and(|types| types.kind == "StatefulSet"));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), serde_json::to_string(controller.unwrap()).unwrap()).unwrap();
    world.bed.kubectl(&["-n", "theirs", "apply", "-f", file.path().to_str().unwrap()]);
    let mut spec = world.spec("theirs").await;
    spec.root = None;
    let error = bootstrap(client(), &spec, &quiet).await.unwrap_err().to_string();
    assert!(
        error.contains("in the namespace theirs was installed by kubectl") && error.contains("--force"),
        "{error}"
    );
    let error = uninstall(client(), "theirs", &spec.manifest, LONG, &quiet).await.unwrap_err();
    assert!(matches!(error, ArgoCdError::NotOurs { .. }), "{error}");
    world.bed.kubectl(&["delete", "namespace", "theirs"]);
}
