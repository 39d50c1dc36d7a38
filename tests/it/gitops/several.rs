//! Several images in one commit: all of them or none.

use slipway::gitops::{
    BumpOptions, BumpOutcome, GitOpsError, ImageAssignment, Repository, history, rollback, set_images,
};

use super::remote::{Remote, deployment};
use super::set;

const A: &str = "manifests/app-a/deployment.yaml";
const B: &str = "manifests/app-b/deployment.yaml";

async fn set_all(repository: &mut Repository, wanted: &[&str]) -> Result<Vec<BumpOutcome>, GitOpsError> {
    let assignments: Vec<ImageAssignment> = wanted.iter().map(|text| text.parse().unwrap()).collect();
    set_images(repository, "manifests", &assignments, &BumpOptions::default()).await
}

#[tokio::test]
async fn several_images_are_one_commit_with_the_trailers_of_each() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    let wanted = ["app-a=registry.example/app-a:v2", "app-b=registry.example/app-b:v3"];
    let outcomes = set_all(&mut repository, &wanted).await.unwrap();
    assert_eq!(remote.commits(), 2);
    assert!(outcomes.iter().all(|outcome| outcome.commit == remote.tip() && outcome.changed));
    assert!(remote.file(A).contains("app-a:v2") && remote.file(B).contains("app-b:v3"));
    let message = remote.git(&["log", "-1", "--format=%B", "main"]);
    assert!(message.starts_with("app-a: registry.example/app-a:v1 → v2; app-b: "), "{message}");
    for (app, image) in [("app-a", "registry.example/app-a:v2"), ("app-b", "registry.example/app-b:v3")] {
        let records = history(&repository, "manifests", app, 10).await.unwrap();
        assert_eq!((records.len(), records[0].image.as_str()), (2, image));
    }
    // What is there already is no part of the next commit.
    let again = ["app-a=registry.example/app-a:v2", "app-b=registry.example/app-b:v4"];
    let outcomes = set_all(&mut repository, &again).await.unwrap();
    assert_eq!(outcomes.iter().map(|outcome| outcome.changed).collect::<Vec<_>>(), [false, true]);
    assert!(!remote.git(&["log", "-1", "--format=%B", "main"]).contains("app-a"));
}

#[tokio::test]
async fn where_one_of_several_is_refused_none_is_pushed() {
    let remote = Remote::new();
    let before = remote.tip();
    for second in
        ["app-b=registry.example/app-b:v0", "app-b/none=registry.example/app-b:v2", "app-x=r.example/x:v2"]
    {
        let wanted = ["app-a=registry.example/app-a:v2", second];
        set_all(&mut remote.open().await, &wanted).await.unwrap_err();
        assert_eq!(remote.tip(), before, "{second}");
    }
}

#[tokio::test]
async fn one_place_is_not_given_two_images() {
    let remote = Remote::new();
    let wanted = ["app-a=registry.example/app-a:v2", "app-a/web=registry.example/app-a:v3"];
    let refused = set_all(&mut remote.open().await, &wanted).await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Twice { .. }), "{refused}");
    let same = ["app-a=registry.example/app-a:v2", "app-a/web=registry.example/app-a:v2"];
    set_all(&mut remote.open().await, &same).await.unwrap();
    assert_eq!(remote.commits(), 2);
}

#[tokio::test]
async fn two_containers_of_one_file_are_set_at_once_and_taken_back_one_by_one() {
    let remote = Remote::new();
    let side = "        - name: side\n          image: registry.example/side:v1\n";
    let text = format!("{}{side}", deployment("app-a", "registry.example/app-a:v1"));
    remote.commit("side", &[(A, &text)]);
    let mut repository = remote.open().await;
    let wanted = ["app-a/web=registry.example/app-a:v2", "app-a/side=registry.example/side:v2"];
    set_all(&mut repository, &wanted).await.unwrap();
    assert_eq!(remote.file(A), text.replace("app-a:v1", "app-a:v2").replace("side:v1", "side:v2"));
    let target = "app-a".parse().unwrap();
    let first = rollback(&mut repository, "manifests", &target, None).await.unwrap();
    assert_eq!(first.container, "Deployment/app-a/side");
    let second = rollback(&mut repository, "manifests", &target, None).await.unwrap();
    assert_eq!(second.container, "Deployment/app-a/web");
    assert_eq!(remote.file(A), text);
}

#[tokio::test]
async fn several_images_are_decided_again_on_a_tip_that_moved() {
    let remote = Remote::new();
    let mut slow = remote.open().await;
    set(&mut remote.open().await, "app-b=registry.example/app-b:v9").await.unwrap();
    let moved = remote.tip();
    let wanted = ["app-a=registry.example/app-a:v2", "app-b=registry.example/app-b:v3"];
    let refused = set_all(&mut slow, &wanted).await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Older { .. }), "{refused}");
    assert_eq!(remote.tip(), moved);
}
