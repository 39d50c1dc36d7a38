//! Bumps that were tried and did not come to run, taken back.

use slipway::gitops::{BumpOptions, GitOpsError, RecordKind, history, set_images, undo};

use super::remote::{Remote, deployment};
use super::{set, set_with};

#[tokio::test]
async fn what_was_tried_is_taken_back_in_one_commit_and_only_that_image_is_held() {
    let remote = Remote::new();
    let files = ["manifests/app-a/deployment.yaml", "manifests/app-b/deployment.yaml"];
    let before = files.map(|file| remote.file(file));
    let mut repository = remote.open().await;
    let wanted = ["app-a=registry.example/app-a:v2", "app-b=registry.example/app-b:v2"];
    let wanted = wanted.map(|text| text.parse().unwrap());
    let bumps = set_images(&mut repository, "manifests", &wanted, &BumpOptions::default()).await.unwrap();
    let commits = remote.commits();

    let undone = undo(&mut repository, "manifests", &bumps, Some("ci")).await.unwrap();
    assert_eq!(files.map(|file| remote.file(file)), before);
    assert_eq!(remote.commits(), commits + 1, "one commit");
    assert!(undone.iter().all(|one| one.rollback_of.as_ref() == Some(&bumps[0].commit)), "{undone:?}");
    let records = history(&repository, "manifests", "app-a", 1).await.unwrap();
    assert!(matches!(records[0].kind, RecordKind::Rollback { .. }), "{records:?}");
    assert_eq!(records[0].holds.as_deref(), Some("registry.example/app-a:v2"));

    // The same pipeline again is refused; one that mended it is not, and ends the hold.
    let mut pipeline = remote.open().await;
    let again = set(&mut pipeline, "app-a=registry.example/app-a:v2").await.unwrap_err();
    assert!(matches!(again, GitOpsError::Frozen { .. }), "{again}");
    let mended = set(&mut pipeline, "app-a=registry.example/app-a:v3").await.unwrap();
    assert_eq!(mended.unfroze, None);
    let options = BumpOptions { allow_older: true, ..Default::default() };
    set_with(&mut pipeline, "app-a=registry.example/app-a:v2", &options)
        .await
        .expect("it was tried again since");
}

#[tokio::test]
async fn what_somebody_has_set_meanwhile_is_not_taken_back() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    let bump = set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    set(&mut remote.open().await, "app-a=registry.example/app-a:v3").await.unwrap();
    let (file, tip) = (remote.file("manifests/app-a/deployment.yaml"), remote.tip());
    let refused = undo(&mut repository, "manifests", &[bump], None).await.unwrap_err();
    assert!(matches!(refused, GitOpsError::ChangedSince { .. }), "{refused}");
    assert_eq!((remote.file("manifests/app-a/deployment.yaml"), remote.tip()), (file, tip));
}

#[tokio::test]
async fn a_bump_that_changed_nothing_takes_nothing_back() {
    let remote = Remote::new();
    let text = deployment("svc", "registry.example/svc:v1");
    remote.commit("svc", &[("manifests/svc/deployment.yaml", &text)]);
    let mut repository = remote.open().await;
    let bump = set(&mut repository, "svc=registry.example/svc:v1").await.unwrap();
    let tip = remote.tip();
    assert_eq!(undo(&mut repository, "manifests", &[bump], None).await.unwrap(), []);
    assert_eq!(remote.tip(), tip);
}
