//! Which image is meant: what has the same names as another, what has been renamed, what has no name of its own.

use std::path::Path;

use slipway::gitops::{BumpOptions, GitOpsError, list_images, promote, rollback};

use super::remote::{Remote, deployment};
use super::set;
use crate::support::slipway::Slipway;

const FILE: &str = "manifests/app-a/deployment.yaml";

fn in_namespace(namespace: &str) -> String {
    let text = deployment("web", "registry.example/web:v1");
    text.replace("  name: web  # the app", &format!("  name: web\n  namespace: {namespace}"))
}

#[tokio::test]
async fn the_same_workload_in_two_namespaces_is_named_by_its_file() {
    let remote = Remote::new();
    let (eu, us) = ("manifests/web/eu.yaml", "manifests/web/us.yaml");
    remote.commit("both", &[(eu, &in_namespace("eu")), (us, &in_namespace("us"))]);
    let mut repository = remote.open().await;
    let refused = set(&mut repository, "web=registry.example/web:v2").await.unwrap_err().to_string();
    assert!(refused.ends_with("name one, like web/Deployment/web/web@eu.yaml=IMAGE"), "{refused}");
    set(&mut repository, "web/Deployment/web/web@eu.yaml=registry.example/web:v2").await.unwrap();
    set(&mut repository, "web@manifests/web/us.yaml=registry.example/web:v3").await.unwrap();
    assert!(remote.file(eu).contains("web:v2") && remote.file(us).contains("web:v3"));

    // Each has a history of its own: the older bump is taken back by its file, and only that one is frozen.
    rollback(&mut repository, "manifests", &"web@eu.yaml".parse().unwrap(), None).await.unwrap();
    assert!(remote.file(eu).contains("web:v1") && remote.file(us).contains("web:v3"));
    let frozen = set(&mut repository, "web@eu.yaml=registry.example/web:v4").await.unwrap_err();
    assert!(matches!(frozen, GitOpsError::Frozen { .. }), "{frozen}");
    set(&mut repository, "web@us.yaml=registry.example/web:v4").await.unwrap();
}

#[tokio::test]
async fn two_of_one_name_in_one_file_are_named_by_their_lines() {
    let remote = Remote::new();
    let file = "manifests/web/all.yaml";
    remote.commit("both", &[(file, &format!("{}---\n{}", in_namespace("eu"), in_namespace("us")))]);
    let mut repository = remote.open().await;
    let refused = set(&mut repository, "web=registry.example/web:v2").await.unwrap_err().to_string();
    assert!(refused.ends_with("like web/eu/Deployment/web/web=IMAGE"), "{refused}");
    set(&mut repository, "web/eu/Deployment/web/web=registry.example/web:v2").await.unwrap();
    rollback(&mut repository, "manifests", &"web/eu/*/*/*".parse().unwrap(), None).await.unwrap();
    set(&mut repository, "web@all.yaml:29=registry.example/web:v2").await.unwrap();
    let (first, second) = (in_namespace("eu"), in_namespace("us").replace("web:v1", "web:v2"));
    assert_eq!(remote.file(file), format!("{first}---\n{second}"));
    rollback(&mut repository, "manifests", &"web@all.yaml:29".parse().unwrap(), None).await.unwrap();
    assert_eq!(remote.file(file), format!("{first}---\n{}", in_namespace("us")));
}

#[tokio::test]
async fn a_job_whose_name_the_cluster_makes_up_is_set_and_rolled_back() {
    let remote = Remote::new();
    let file = "manifests/app-a/job.yaml";
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: migrate-}\nspec: {template: {spec: {containers: [{name: m, image: 'r.example/m:v1'}]}}}\n";
    remote.commit("job", &[(file, job)]);
    let mut repository = remote.open().await;
    let bump = set(&mut repository, "app-a/migrate-/m=r.example/m:v2").await.unwrap();
    assert_eq!((bump.container.as_str(), bump.generated), ("Job/migrate-/m", true));
    rollback(&mut repository, "manifests", &"app-a/m".parse().unwrap(), None).await.unwrap();
    assert_eq!(remote.file(file), job);
}

#[tokio::test]
async fn a_bump_of_a_nameless_job_by_an_earlier_version_is_rolled_back() {
    let remote = Remote::new();
    let file = "manifests/app-a/job.yaml";
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: migrate-}\nspec: {template: {spec: {containers: [{name: m, image: 'r.example/m:v2'}]}}}\n";
    let message = "app-a: r.example/m:v1 → v2\n\nSlipway-App: manifests/app-a\nSlipway-Container: Job//m\nSlipway-Image: r.example/m:v2\nSlipway-Previous: r.example/m:v1";
    remote.commit(message, &[(file, job)]);
    rollback(&mut remote.open().await, "manifests", &"app-a/m".parse().unwrap(), None).await.unwrap();
    assert_eq!(remote.file(file), job.replace("m:v2", "m:v1"));
}

#[tokio::test]
async fn a_freeze_survives_a_rename_of_container_kind_and_workload() {
    for (from, to) in [
        ("name: web", "name: server"),
        ("kind: Deployment", "kind: StatefulSet"),
        ("name: app-a  #", "name: api #"),
    ] {
        let remote = Remote::new();
        let mut repository = remote.open().await;
        set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
        rollback(&mut repository, "manifests", &"app-a".parse().unwrap(), None).await.unwrap();
        remote.commit("rename", &[(FILE, &remote.file(FILE).replace(from, to))]);
        let mut repository = remote.open().await;
        let refused = set(&mut repository, "app-a=registry.example/app-a:v3").await.unwrap_err();
        assert!(matches!(refused, GitOpsError::Frozen { .. }), "{to}: {refused}");
    }
}

#[tokio::test]
async fn a_bump_is_taken_back_after_its_container_was_renamed() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    let renamed = remote.file(FILE).replace("name: web", "name: server");
    remote.commit("rename", &[(FILE, &renamed)]);
    rollback(&mut repository, "manifests", &"app-a".parse().unwrap(), None).await.unwrap();
    assert_eq!(remote.file(FILE), renamed.replace("app-a:v2", "app-a:v1"));
}

#[tokio::test]
async fn an_image_without_a_tag_is_not_promoted() {
    let remote = Remote::new();
    let at = |image: &str| deployment("app-a", image);
    let (staging, prod) = ("staging/app-a/deployment.yaml", "prod/app-a/deployment.yaml");
    remote
        .commit("two", &[(staging, &at("registry.example/app-a")), (prod, &at("registry.example/app-a:v1"))]);
    let target = "app-a".parse().unwrap();
    let before = remote.tip();
    let options = BumpOptions { allow_older: true, ..Default::default() };
    let refused =
        promote(&mut remote.open().await, "staging", "prod", &target, &options, None).await.unwrap_err();
    assert!(
        refused.to_string().starts_with(&format!("{staging}:13: this image has neither a tag")),
        "{refused}"
    );
    assert_eq!(remote.tip(), before);
}

#[tokio::test]
async fn every_built_in_kind_with_a_pod_has_its_images_listed() {
    let remote = Remote::new();
    let pod = "{containers: [{name: c, image: 'r.example/c:v1'}]}";
    let kinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"];
    for kind in kinds {
        let text = format!(
            "apiVersion: v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{template: {{spec: {pod}}}}}\n"
        );
        remote.commit(kind, &[(&format!("manifests/kinds/{kind}.yaml"), &text)]);
    }
    let mut repository = remote.open().await;
    let listing = list_images(&repository, "manifests").await.unwrap();
    assert_eq!(listing.images.iter().filter(|image| image.app == "kinds").count(), kinds.len());
    set(&mut repository, "kinds/ReplicationController/x/c=r.example/c:v2").await.unwrap();
}

#[test]
fn a_freeze_is_read_whatever_the_user_takes_for_a_trailer() {
    let remote = Remote::new();
    let home = tempfile::tempdir().unwrap();
    let url = format!("file://{}", remote.bare().display());
    let slipway = |arguments: &[&str]| {
        let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
        slipway.env("SLIPWAY_MANIFESTS_URL", &url).run(&[&["image"], arguments].concat())
    };
    slipway(&["set", "app-a=registry.example/app-a:v2"]).exits(0);
    slipway(&["rollback", "app-a"]).exits(0);
    std::fs::write(home.path().join(".gitconfig"), "[trailer]\n\tseparators = \"=\"\n").unwrap();
    slipway(&["set", "app-a=registry.example/app-a:v3"]).exits(5).says("--unfreeze");
    slipway(&["history", "app-a"]).exits(0).says("rollback");
    slipway(&["set", "app-a=registry.example/app-a:v3", "app-a/web=registry.example/app-a:v4", "--unfreeze"])
        .exits(64)
        .says("two images");
}
