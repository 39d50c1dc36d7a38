//! What Git's history tells of an app's images: by trailers, and by what commits of anybody changed.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use slipway::gitops::{ImageRecord, RecordKind, history, rollback};

use super::remote::{Remote, deployment};
use super::set;
use crate::support::slipway::Slipway;

const FILE: &str = "manifests/app-a/deployment.yaml";

fn at(version: &str) -> String {
    deployment("app-a", &format!("registry.example/app-a:{version}"))
}

async fn told(remote: &Remote, app: &str) -> Vec<ImageRecord> {
    history(&remote.open().await, "manifests", app, 100).await.unwrap()
}

/// `kind previous image` of each, with images as their tags.
fn brief(records: &[ImageRecord]) -> Vec<String> {
    let tag = |image: &str| image.rsplit(':').next().unwrap_or_default().to_owned();
    records
        .iter()
        .map(|one| format!("{} {} {}", one.kind.word(), tag(&one.previous), tag(&one.image)))
        .collect()
}

#[tokio::test]
async fn edits_by_hand_stand_between_bumps() {
    let remote = Remote::new();
    set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    remote.commit("by hand (#7)", &[(FILE, &at("hotfix"))]);
    remote.commit("scale", &[(FILE, &at("hotfix").replace("replicas: 2", "replicas: 3"))]);
    remote.commit("another app", &[("manifests/app-b/deployment.yaml", &deployment("app-b", "x/b:v9"))]);
    set(&mut remote.open().await, "app-a=registry.example/app-a:v3").await.unwrap();
    let records = told(&remote, "app-a").await;
    assert_eq!(brief(&records), ["bump hotfix v3", "edit v2 hotfix", "bump v1 v2", "edit  v1"]);
    let edit = &records[1];
    assert_eq!(
        (edit.author.as_str(), edit.container.as_str()),
        ("Colleague <colleague@example.com>", "Deployment/app-a/web")
    );
    assert_eq!((edit.kind.clone(), edit.review.request.as_deref()), (RecordKind::Edit, Some("#7")));
    let some = history(&remote.open().await, "manifests", "app-a", 2).await.unwrap();
    assert_eq!(brief(&some), brief(&records[..2]));
}

#[tokio::test]
async fn files_and_apps_that_were_renamed_keep_their_history() {
    let remote = Remote::new();
    remote.commit("two", &[(FILE, &at("v2"))]);
    remote.pull();
    remote.by_colleague(&["mv", FILE, "manifests/app-a/web.yaml"]);
    remote.commit("rename the file, and set it", &[("manifests/app-a/web.yaml", &at("v3"))]);
    set(&mut remote.open().await, "app-a=registry.example/app-a:v4").await.unwrap();
    remote.pull();
    remote.by_colleague(&["mv", "manifests/app-a", "manifests/shop"]);
    remote.commit("rename the app", &[("README.md", "moved")]);
    remote.commit("five", &[("manifests/shop/web.yaml", &at("v5"))]);
    let records = told(&remote, "shop").await;
    assert_eq!(brief(&records), ["edit v4 v5", "bump v3 v4", "edit v2 v3", "edit v1 v2", "edit  v1"]);
    assert_eq!(
        (records[0].folder.as_str(), records[1].folder.as_str()),
        ("manifests/shop", "manifests/app-a")
    );
    // A container that is called differently runs what it ran.
    let renamed = remote.file("manifests/shop/web.yaml").replace("- name: web", "- name: server");
    remote.commit("rename the container", &[("manifests/shop/web.yaml", &renamed)]);
    assert_eq!(told(&remote, "shop").await.len(), records.len());
    remote.commit("and set it", &[("manifests/shop/web.yaml", &renamed.replace("app-a:v5", "app-a:v6"))]);
    assert_eq!(brief(&told(&remote, "shop").await)[0], "edit v5 v6");
}

#[tokio::test]
async fn a_merge_tells_through_which_request_a_commit_came_and_who_approved_it() {
    let remote = Remote::new();
    remote.pull();
    remote.by_colleague(&["switch", "-q", "-c", "side"]);
    std::fs::write(remote.root.path().join("colleague").join(FILE), at("v2")).unwrap();
    remote.by_colleague(&["commit", "-q", "-a", "-m", "two"]);
    remote.by_colleague(&["switch", "-q", "main"]);
    remote.commit("meanwhile", &[("README.md", "x")]);
    let message = "Merge pull request #12 from org/side\n\nTwo\n\nReviewed-by: Ada <ada@example.com>";
    remote.by_colleague(&["merge", "-q", "--no-ff", "side", "-m", message]);
    remote.by_colleague(&["push", "-q", "origin", "main"]);
    let records = told(&remote, "app-a").await;
    assert_eq!(brief(&records), ["edit v1 v2", "edit  v1"], "the merge itself changed nothing");
    let review = &records[0].review;
    assert_eq!(
        (review.request.as_deref(), review.merge.as_deref()),
        (Some("#12"), Some(remote.tip().as_str()))
    );
    assert_eq!(review.approved_by, ["Ada <ada@example.com>"]);
    assert_eq!(review.merged_by.as_deref(), Some("Colleague <colleague@example.com>"));
    let home = tempfile::tempdir().unwrap();
    let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
    let shown = slipway.run(&["image", "history", "app-a", "--repo", &remote.url()]).exits(0);
    shown
        .says("edit      registry.example/app-a:v1 → registry.example/app-a:v2")
        .says("#12, approved by Ada");
}

#[tokio::test]
async fn an_image_that_a_merge_itself_sets_is_the_merges() {
    let remote = Remote::new();
    remote.pull();
    remote.by_colleague(&["switch", "-q", "-c", "side"]);
    std::fs::write(remote.root.path().join("colleague").join(FILE), at("v2")).unwrap();
    remote.by_colleague(&["commit", "-q", "-a", "-m", "two"]);
    remote.by_colleague(&["switch", "-q", "main"]);
    remote.commit("three", &[(FILE, &at("v3"))]);
    remote.by_colleague(&["merge", "-q", "-s", "ours", "--no-commit", "side"]);
    std::fs::write(remote.root.path().join("colleague").join(FILE), at("v4")).unwrap();
    remote.by_colleague(&["commit", "-q", "-a", "-m", "both"]);
    remote.by_colleague(&["push", "-q", "origin", "main"]);
    let records = told(&remote, "app-a").await;
    assert_eq!((brief(&records)[0].as_str(), records[0].commit.clone()), ("edit v3 v4", remote.tip()));
}

#[tokio::test]
async fn a_squash_keeps_what_our_commits_say() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    let message = remote.git(&["log", "-1", "--format=%B", "main"]);
    // As a forge squashes a request of one commit: its number behind the subject, its message kept.
    remote.git(&["update-ref", "refs/heads/main", "main~1"]);
    let squashed = message.replacen("v1 → v2", "v1 → v2 (#3)", 1) + "\nCo-authored-by: Bo <bo@example.com>";
    remote.commit(&squashed, &[(FILE, &at("v2"))]);
    let records = told(&remote, "app-a").await;
    assert_eq!(brief(&records), ["bump v1 v2", "edit  v1"]);
    assert_eq!(records[0].untrue, None);
    assert_eq!((records[0].review.request.as_deref(), records[0].review.co_authors.len()), (Some("#3"), 1));
    rollback(&mut remote.open().await, "manifests", &"app-a".parse().unwrap(), None).await.unwrap();
    assert_eq!(remote.file(FILE), at("v1"));
}

#[tokio::test]
async fn trailers_that_pretend_are_told_as_such() {
    let remote = Remote::new();
    let says = |image: &str| {
        format!(
            "as if\n\nSlipway-App: manifests/app-a\nSlipway-Container: Deployment/app-a/web\nSlipway-Image: registry.example/app-a:{image}\nSlipway-Previous: registry.example/app-a:v1"
        )
    };
    remote.commit(&says("v8"), &[("README.md", "nothing of it")]);
    remote.commit(&says("v9"), &[(FILE, &at("evil"))]);
    let records = told(&remote, "app-a").await;
    assert_eq!(records[0].untrue.as_deref(), Some("it set registry.example/app-a:evil"));
    assert_eq!(records[1].untrue.as_deref(), Some("it changed no file of the app"));
    assert_eq!(records.len(), 3);
    let home = tempfile::tempdir().unwrap();
    let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
    let shown = slipway.run(&["image", "history", "app-a", "--repo", &remote.url()]).exits(0);
    shown.says("(not true: it changed no file of the app)");
}

#[tokio::test]
async fn names_in_an_old_encoding_and_strange_words_do_no_harm() {
    let remote = Remote::new();
    remote.pull();
    std::fs::write(remote.root.path().join("colleague").join(FILE), at("v2")).unwrap();
    let message = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(message.path(), b"gr\xfc\xdfe \x01\n\n:100644 100644 a b M\n").unwrap();
    let file = message.path().to_str().unwrap();
    remote.by_colleague(&[
        "-c",
        "i18n.commitEncoding=ISO-8859-1",
        "commit",
        "-q",
        "-a",
        "-F",
        file,
        "--author=\u{202e}Eve \u{1b}[31m <e@x>",
    ]);
    remote.by_colleague(&["push", "-q", "origin", "main"]);
    // A picture beside the manifests whose name is no UTF-8.
    remote.write(Path::new(std::ffi::OsStr::from_bytes(b"manifests/app-a/gr\xfc\xdfe.png")), b"png");
    remote.commit("picture", &[("README.md", "x")]);
    assert_eq!(brief(&told(&remote, "app-a").await), ["edit v1 v2", "edit  v1"]);
    let home = tempfile::tempdir().unwrap();
    let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
    let shown = slipway.run(&["image", "history", "app-a", "--repo", &remote.url()]).exits(0);
    assert!(!shown.stdout.contains('\u{1b}') && !shown.stdout.contains('\u{202e}'), "{:?}", shown.stdout);
}

#[tokio::test]
async fn values_of_a_chart_and_kustomizations_have_a_history_too() {
    let remote = Remote::new();
    let values = |tag: &str| format!("image:\n  repository: registry.example/shop\n  tag: {tag}\n");
    let overlay = |tag: &str| format!("images:\n  - name: registry.example/web\n    newTag: {tag}\n");
    let chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";
    remote.commit(
        "one",
        &[
            ("manifests/shop/Chart.yaml", chart),
            ("manifests/shop/prod.yaml", &values("v1")),
            ("manifests/web/kustomization.yaml", &overlay("v1")),
        ],
    );
    remote.commit(
        "two",
        &[("manifests/shop/prod.yaml", &values("v2")), ("manifests/web/kustomization.yaml", &overlay("v2"))],
    );
    assert_eq!(brief(&told(&remote, "shop").await)[0], "edit v1 v2");
    assert_eq!(brief(&told(&remote, "web").await)[0], "edit v1 v2");
}
