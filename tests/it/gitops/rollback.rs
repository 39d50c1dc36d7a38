//! Rollback, the freeze it brings, and promotion.

use slipway::gitops::{
    BumpOptions, BumpOutcome, GitOpsError, RecordKind, Repository, history, promote, rollback,
};

use super::remote::{Remote, deployment};
use super::{set, set_with};

const FILE: &str = "manifests/app-a/deployment.yaml";

async fn roll_back(repository: &mut Repository, app: &str) -> Result<BumpOutcome, GitOpsError> {
    rollback(repository, "manifests", &app.parse()?, Some("alice")).await
}

#[tokio::test]
async fn a_rollback_restores_the_bytes_before_the_last_bump() {
    let remote = Remote::new();
    let before = remote.file(FILE);
    let mut repository = remote.open().await;
    let bump = set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    let outcome = roll_back(&mut repository, "app-a").await.unwrap();

    assert_eq!(remote.file(FILE), before);
    assert_eq!((outcome.commit, outcome.rollback_of.as_deref()), (remote.tip(), Some(bump.commit.as_str())));
    let message = remote.git(&["log", "-1", "--format=%B", "main"]);
    assert!(message.starts_with("app-a: registry.example/app-a:v2 → v1 (rollback)\n"), "{message}");
    assert!(message.contains(&format!("\nSlipway-Rollback-Of: {}", bump.commit)), "{message}");
}

#[tokio::test]
async fn a_rollback_freezes_later_bumps_until_one_unfreezes() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    let rollback = roll_back(&mut repository, "app-a").await.unwrap();

    let mut pipeline = remote.open().await;
    let refused = set(&mut pipeline, "app-a=registry.example/app-a:v3").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Frozen { .. }), "{refused}");
    set(&mut pipeline, "app-b=registry.example/app-b:v2").await.expect("another app is not frozen");

    let options = BumpOptions { unfreeze: true, ..Default::default() };
    let lifted = set_with(&mut pipeline, "app-a=registry.example/app-a:v3", &options).await.unwrap();
    assert_eq!(lifted.unfroze, Some(rollback.commit));
    set(&mut pipeline, "app-a=registry.example/app-a:v4").await.expect("the freeze is over");
}

#[tokio::test]
async fn a_freeze_is_lifted_without_changing_the_image() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    roll_back(&mut repository, "app-a").await.unwrap();
    let before = remote.file(FILE);

    let options = BumpOptions { unfreeze: true, ..Default::default() };
    let lifted = set_with(&mut repository, "app-a=registry.example/app-a:v1", &options).await.unwrap();
    assert!(!lifted.changed);
    assert!(lifted.unfroze.is_some());
    assert_eq!((lifted.commit, remote.file(FILE)), (remote.tip(), before));
    let records = history(&repository, "manifests", "app-a", 1).await.unwrap();
    assert!(matches!(records[0].kind, RecordKind::Unfreeze { .. }), "{records:?}");
    set(&mut repository, "app-a=registry.example/app-a:v3").await.expect("the freeze is over");
}

#[tokio::test]
async fn a_second_rollback_goes_one_bump_further_back() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    set(&mut repository, "app-a=registry.example/app-a:v3").await.unwrap();
    assert_eq!(roll_back(&mut repository, "app-a").await.unwrap().image, "registry.example/app-a:v2");
    assert_eq!(roll_back(&mut repository, "app-a").await.unwrap().image, "registry.example/app-a:v1");
    let end = roll_back(&mut repository, "app-a").await.unwrap_err();
    assert!(matches!(end, GitOpsError::NothingToRollBack { .. }), "{end}");
}

#[tokio::test]
async fn a_change_made_by_hand_since_is_not_rolled_back() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    remote.commit("by hand", &[(FILE, &deployment("app-a", "registry.example/app-a:hotfix"))]);
    let mut repository = remote.open().await;
    let refused = roll_back(&mut repository, "app-a").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::ChangedSince { .. }), "{refused}");
    assert!(refused.to_string().contains("app-a:hotfix"), "{refused}");
}

#[tokio::test]
async fn a_bump_that_lands_during_a_rollback_is_not_the_one_taken_back() {
    let remote = Remote::new();
    set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    let mut slow = remote.open().await;
    set(&mut remote.open().await, "app-a=registry.example/app-a:v3").await.unwrap();
    let refused = roll_back(&mut slow, "app-a").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Overtaken { .. }), "{refused}");
    assert!(remote.file(FILE).contains("app-a:v3"));
}

#[tokio::test]
async fn a_rollback_keeps_what_others_changed_in_the_file_since() {
    let remote = Remote::new();
    set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    let scaled = remote.file(FILE).replace("replicas: 2", "replicas: 5");
    remote.commit("scale", &[(FILE, &scaled)]);
    roll_back(&mut remote.open().await, "app-a").await.unwrap();
    assert_eq!(remote.file(FILE), scaled.replace("app-a:v2", "app-a:v1"));
}

#[tokio::test]
async fn a_promotion_copies_the_image_of_one_environment_to_another() {
    let remote = Remote::new();
    let at = |version: &str| deployment("app-a", &format!("registry.example/app-a:{version}"));
    remote.commit(
        "environments",
        &[("staging/app-a/deployment.yaml", &at("v5")), ("prod/app-a/deployment.yaml", &at("v4"))],
    );
    let mut repository = remote.open().await;
    let target = "app-a".parse().unwrap();
    let options = BumpOptions::default();
    let outcome = promote(&mut repository, "staging", "prod", &target, &options, None).await.unwrap();
    assert_eq!(
        (outcome.previous.as_str(), outcome.image.as_str()),
        ("registry.example/app-a:v4", "registry.example/app-a:v5")
    );
    assert_eq!(remote.file("prod/app-a/deployment.yaml"), at("v5"));
    let records = history(&repository, "prod", "app-a", 10).await.unwrap();
    assert_eq!(records[0].kind, RecordKind::Promotion { from: "staging/app-a".into() });

    let again = promote(&mut repository, "staging", "prod", &target, &options, None).await.unwrap();
    assert!(!again.changed);
    rollback(&mut repository, "prod", &target, None).await.unwrap();
    assert_eq!(remote.file("prod/app-a/deployment.yaml"), at("v4"));
}
