//! An image in values of a chart: which workload gets it only Argo CD knows, and what runs is looked at there.

use std::time::Duration;

use slipway::argocd::{bootstrap, uninstall};

use super::world::World;
use crate::support::manifests::head;
use crate::support::slipway::Ended;

const LONG: Duration = Duration::from_mins(6);

const TEMPLATE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: web\n        image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"\n      - name: side\n        image: registry.example/web:v2\n";

const PARAMETERS: &str = ", helm: {parameters: [{name: image.repository, value: registry.example/inner}, {name: image.tag, value: v1}]}";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: runners}\ndata:\n  image: registry.example/runner:v1\n";
const SET: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  replicas: 2\n  serviceName: db\n  updateStrategy: {type: OnDelete}\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec:\n      containers:\n      - name: db\n        image: registry.example/db:v1\n";

fn application(world: &World, name: &str, path: &str, more: &str) -> String {
    let url = world.url();
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: default\n  source: {{repoURL: {url}, targetRevision: main, path: {path}{more}}}\n  destination: {{server: 'https://kubernetes.default.svc', namespace: web}}\n  syncPolicy: {{automated: {{prune: true, selfHeal: true}}, syncOptions: [CreateNamespace=true]}}\n"
    )
}

type Run<'a> = dyn Fn(&str, &[&str]) -> Ended + 'a;

fn parameters_are_followed_into_the_application_that_is_kept(world: &World, run: &Run<'_>) {
    let live = || {
        let pointer = "jsonpath={.spec.template.spec.containers[0].image}";
        world.bed.kubectl(&["-n", "web", "get", "deployment", "inner", "-o", pointer])
    };
    assert_eq!(live(), "registry.example/inner:v1");
    run("kept=registry.example/inner:v2", &[]).exits(0).says("kept: Synced and Healthy");
    assert_eq!(live(), "registry.example/inner:v2");
    // Parameters of another name than the chart takes change nothing.
    world.push("charts/inner/templates/deployment.yaml", "{{ .Values.image.tag }}", "v2");
    run("kept=registry.example/inner:v3", &["--timeout", "20"])
        .exits(1)
        .says("runs registry.example/inner:v2");
    assert_eq!(live(), "registry.example/inner:v2");
}

/// A setting that something reads when it likes.
fn what_cannot_be_seen_is_said(run: &Run<'_>) {
    run("op#data.image=registry.example/runner:v2", &[])
        .exits(0)
        .says("whether registry.example/runner:v2 runs is not known");
}

/// Healthy, with the new image in the workload, and pods of the old one.
fn pods_that_nobody_replaces_are_not_green(world: &World, run: &Run<'_>) {
    run("db=registry.example/db:v2", &["--timeout", "20"]).exits(1).says("0 of its 2 pods").says("OnDelete");
    world.bed.kubectl(&["-n", "web", "delete", "pod", "-l", "app=db"]);
    run("db=registry.example/db:v2", &[]).exits(0).says("db: Synced and Healthy");
    let images = "jsonpath={.items[*].spec.containers[0].image}";
    let images = world.bed.kubectl(&["-n", "web", "get", "pods", "-l", "app=db", "-o", images]);
    assert_eq!(images, "registry.example/db:v2 registry.example/db:v2");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_waited_for_until_a_workload_runs_what_they_say() {
    let world = World::new("argo-charts").await;
    world.add("manifests/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    world.add("manifests/web/values.yaml", "image:\n  repository: registry.example/web\n  tag: v1\n");
    world.add("manifests/web/templates/deployment.yaml", TEMPLATE);
    world.add("manifests/apps/web.yaml", &application(&world, "web", "manifests/web", ""));
    world.add("manifests/op/map.yaml", MAP);
    world.add("manifests/apps/op.yaml", &application(&world, "op", "manifests/op", ""));
    world.add("manifests/db/set.yaml", SET);
    world.add("manifests/apps/db.yaml", &application(&world, "db", "manifests/db", ""));
    // One that keeps another, which gives parameters to a chart.
    world.add("charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 0.1.0\n");
    world.add("charts/inner/values.yaml", "image:\n  repository: registry.example/none\n  tag: v0\n");
    world.add("charts/inner/templates/deployment.yaml", &TEMPLATE.replace("name: web", "name: inner"));
    world.add("manifests/kept/inner.yaml", &application(&world, "inner", "charts/inner", PARAMETERS));
    world.add("manifests/apps/kept.yaml", &application(&world, "kept", "manifests/kept", ""));
    let spec = world.spec("argocd").await;
    bootstrap(world.client.clone(), &spec, &|_| ()).await.unwrap();
    world.green("argocd", LONG).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("slipway.hcl"), world.project("")).unwrap();
    let run = |image: &str, more: &[&str]| -> Ended {
        let slipway = world.slipway(home.path());
        slipway.run(&[&["image", "set", image, "--wait"], more].concat())
    };
    let set = |tag: &str, more: &[&str]| run(&format!("web@values.yaml=registry.example/web:{tag}"), more);
    let live = || {
        let pointer = "jsonpath={.spec.template.spec.containers[0].image}";
        world.bed.kubectl(&["-n", "web", "get", "deployment", "web", "-o", pointer])
    };
    // Another container runs that image already, which is not the one that is waited for.
    set("v2", &[]).exits(0).says("web: Synced and Healthy");
    assert_eq!(live(), "registry.example/web:v2");
    set("v3", &[]).exits(0);
    assert_eq!(live(), "registry.example/web:v3");

    // A chart that takes no notice is Synced and Healthy, and does not run what was set.
    world.push("manifests/web/templates/deployment.yaml", "{{ .Values.image.tag }}", "v3");
    world.green("argocd", LONG).await.unwrap();
    let before = head(&world.repository);
    let failed = set("v4", &["--timeout", "20", "--rollback-on-failure"]).exits(1);
    failed
        .says("web runs registry.example/web:v3")
        .says("not registry.example/web:v4")
        .says("that failed is held");
    assert_ne!(head(&world.repository), before, "it was tried and taken back");
    assert_eq!(live(), "registry.example/web:v3");

    parameters_are_followed_into_the_application_that_is_kept(&world, &run);
    what_cannot_be_seen_is_said(&run);
    pods_that_nobody_replaces_are_not_green(&world, &run);
    uninstall(world.client.clone(), "argocd", &spec.manifest, LONG, &|_| ()).await.unwrap();
    // What nobody prunes would be in the way of another web on this bed.
    world.bed.kubectl(&["delete", "namespace", "web"]);
}
