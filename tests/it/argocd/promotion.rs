//! A promotion of what runs: the cluster of the environment it comes from has to be green with that very image.

use std::time::Duration;

use slipway::argocd::{bootstrap, uninstall};

use super::world::World;
use crate::support::manifests::{deployment, head};
use crate::support::slipway::Ended;

const LONG: Duration = Duration::from_mins(6);

#[tokio::test(flavor = "multi_thread")]
async fn only_what_runs_synced_and_healthy_is_promoted() {
    let world = World::new("argo-promotion").await;
    let prod =
        |version: &str| deployment("app-a", &[("app-a", &format!("registry.example/app-a:{version}"))]);
    world.add("prod/app-a/deployment.yaml", &prod("v0"));
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("slipway.hcl"), world.project("")).unwrap();
    let promote = |more: &[&str]| -> Ended {
        let slipway = world.slipway(home.path());
        let healthy = ["image", "promote", "--from", "manifests", "--to", "prod", "--healthy-in", "dev"];
        slipway.run(&[&healthy[..], more].concat())
    };
    let before = head(&world.repository);
    promote(&["app-a"]).exits(1).says("nothing was pushed");
    let spec = world.spec("argocd").await;
    bootstrap(world.client.clone(), &spec, &|_| ()).await.unwrap();
    world.green("argocd", LONG).await.unwrap();

    // What was just pushed runs nowhere yet; one whose image cannot be pulled never does.
    world.push("manifests/app-a/deployment.yaml", "app-a:v1", "app-a:v2-broken");
    promote(&["app-a"]).exits(5).says("dev does not run what would be promoted: app-a:");
    world.stuck("argocd", &["app-a: Progressing"]).await;
    promote(&["app-a"]).exits(5).says("app-a: Progressing");
    promote(&["--all"]).exits(5).says("app-a: Progressing");

    // One that runs is shown first, and nothing is pushed by that.
    world.push("manifests/app-a/deployment.yaml", "app-a:v2-broken", "app-a:v3");
    world.green("argocd", LONG).await.unwrap();
    let pushed = head(&world.repository);
    let shown = promote(&["app-a", "--dry-run"]).exits(0);
    assert!(shown.stdout.contains("registry.example/app-a:v3"), "{}", shown.stdout);
    assert_eq!(head(&world.repository), pushed);
    // A commit that is none of the app's does not make it wait for Argo CD.
    world.add("README.md", "unrelated");
    promote(&["app-a"]).exits(0).says("app-a: registry.example/app-a:v3 runs, Synced and Healthy, in dev");
    assert_ne!(head(&world.repository), before);
    promote(&["app-a", "--cluster", "none"]).exits(64);
    uninstall(world.client.clone(), "argocd", &spec.manifest, LONG, &|_| ()).await.unwrap();
}
