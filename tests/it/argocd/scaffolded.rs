//! What `slipway init manifests --application-set` writes, on the real controllers.

use std::time::Duration;

use slipway::argocd::{bootstrap, uninstall};

use super::world::World;
use crate::support::slipway::Slipway;
use crate::support::tool;

const LONG: Duration = Duration::from_mins(6);

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_was_begun_makes_an_application_of_each_folder_and_is_followed() {
    let world = World::new("argo-scaffolded").await;
    let begin = |app: &str| {
        let url = world.url();
        let (name, _) = app.split_once('=').unwrap();
        world.begin(|work| {
            let arguments =
                ["init", "manifests", ".", "--app", app, "--env", "dev", "--repo", &url, "--ci", "none"];
            let more = ["--application-set", "--yes"];
            let slipway = Slipway::new(work, &tool("tofu"));
            drop(
                slipway
                    .run(&[&arguments[..], &more].concat())
                    .exits(0)
                    .says(&format!("manifests/dev/{name}")),
            );
        });
    };
    begin("web=registry.example/web:v1");
    let mut spec = world.spec("argocd").await;
    if let Some(root) = &mut spec.root {
        root.path = "apps/dev".to_owned();
    }
    bootstrap(world.client.clone(), &spec, &|_| ()).await.unwrap();
    let green = world.green("argocd", LONG).await.unwrap();
    let names: Vec<&str> = green.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["root", "web"]);

    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("slipway.hcl"), world.project("")).unwrap();
    let slipway = world.slipway(home.path());
    let set = ["image", "set", "web=registry.example/web:v2", "--manifests", "manifests/dev", "--wait"];
    slipway.run(&set).exits(0).says("web: Synced and Healthy");
    let live = "jsonpath={.spec.template.spec.containers[0].image}";
    let live = world.bed.kubectl(&["-n", "web", "get", "deployment", "web", "-o", live]);
    assert_eq!(live, "registry.example/web:v2");

    // Another app is its folder, and nothing else.
    begin("more=registry.example/more:v1");
    let green = world.green("argocd", LONG).await.unwrap();
    let names: Vec<&str> = green.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["more", "root", "web"]);
    uninstall(world.client.clone(), "argocd", &spec.manifest, LONG, &|_| ()).await.unwrap();
    // What nobody prunes would be in the way of another web on this bed.
    world.bed.kubectl(&["delete", "namespace", "web"]);
}
