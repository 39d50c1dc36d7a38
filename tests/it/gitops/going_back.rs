//! Rollbacks to what is said: a version, a commit, a time; of one app and of all.

use std::path::Path;

use slipway::gitops::{BackTo, BumpOutcome, GitOpsError, go_back, history, rollback};

use super::remote::{Remote, deployment};
use super::set;
use crate::support::slipway::{Ended, Slipway};

const FILE: &str = "manifests/app-a/deployment.yaml";

fn at(version: &str) -> String {
    deployment("app-a", &format!("registry.example/app-a:{version}"))
}

async fn back(remote: &Remote, app: &str, to: BackTo) -> Result<Vec<BumpOutcome>, GitOpsError> {
    go_back(&mut remote.open().await, "manifests", &app.parse()?, &to, Some("alice")).await
}

fn image(remote: &Remote, arguments: &[&str]) -> Ended {
    let home = tempfile::tempdir().unwrap();
    let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
    slipway.run(&[&["image"], arguments, &["--repo", &remote.url()]].concat())
}

#[tokio::test]
async fn a_version_that_ran_is_set_again_whatever_was_edited_since_and_is_frozen() {
    let remote = Remote::new();
    for version in ["v2", "v3"] {
        set(&mut remote.open().await, &format!("app-a=registry.example/app-a:{version}")).await.unwrap();
    }
    remote.commit("by hand", &[(FILE, &at("hotfix").replace("replicas: 2", "replicas: 7"))]);
    let refused = rollback(&mut remote.open().await, "manifests", &"app-a".parse().unwrap(), None).await;
    assert!(matches!(refused, Err(GitOpsError::ChangedSince { .. })));
    image(&remote, &["rollback", "app-a"]).exits(5).says("--to VERSION");

    let outcome = &back(&remote, "app-a", BackTo::Image("v1".into())).await.unwrap()[0];
    assert_eq!(
        (outcome.previous.as_str(), outcome.image.as_str()),
        ("registry.example/app-a:hotfix", "registry.example/app-a:v1")
    );
    assert_eq!(
        remote.file(FILE),
        at("v1").replace("replicas: 2", "replicas: 7"),
        "the rest of the file stays"
    );
    let refused = set(&mut remote.open().await, "app-a=registry.example/app-a:v4").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Frozen { .. }), "{refused}");
    // What would be taken back next is what came before that version, not what lies between.
    let none = rollback(&mut remote.open().await, "manifests", &"app-a".parse().unwrap(), None).await;
    assert!(matches!(none, Err(GitOpsError::NothingToRollBack { .. })), "{none:?}");
    let again = back(&remote, "app-a", BackTo::Image("registry.example/app-a:v1".into())).await.unwrap();
    assert_eq!(again, [], "a job that runs twice");
}

#[tokio::test]
async fn what_never_ran_is_no_rollback() {
    let remote = Remote::new();
    set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    let before = remote.tip();
    for never in ["v7", "registry.example/other:v1"] {
        let error = back(&remote, "app-a", BackTo::Image(never.into())).await.unwrap_err();
        assert!(matches!(error, GitOpsError::NeverRan { .. }), "{error}");
        assert!(
            error.to_string().contains("registry.example/app-a:v2, registry.example/app-a:v1"),
            "{error}"
        );
    }
    for never in ["ffffffffffff", "main", "--all", "", "HEAD~1"] {
        let error = back(&remote, "app-a", BackTo::Commit(never.into())).await.unwrap_err();
        assert!(matches!(error, GitOpsError::NoCommit { .. }), "{never}: {error}");
    }
    assert_eq!(remote.tip(), before);
}

#[tokio::test]
async fn all_containers_go_back_to_what_they_ran_at_a_commit() {
    let remote = Remote::new();
    let two = |web: &str, log: &str| {
        at(web) + &format!("        - name: log\n          image: registry.example/log:{log}\n")
    };
    remote.commit("two containers", &[(FILE, &two("v1", "1.0"))]);
    let then = remote.tip();
    set(&mut remote.open().await, "app-a/log=registry.example/log:1.1").await.unwrap();
    set(&mut remote.open().await, "app-a/web=registry.example/app-a:v2").await.unwrap();
    let outcomes = back(&remote, "app-a", BackTo::Commit(then[..10].to_owned())).await.unwrap();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(remote.file(FILE), two("v1", "1.0"));
    let records = history(&remote.open().await, "manifests", "app-a", 2).await.unwrap();
    assert!(
        records
            .iter()
            .all(|one| one.kind.word() == "rollback" && one.back_to.as_deref() == Some(then.as_str()))
    );
    assert!(records.iter().all(|one| one.untrue.is_none()), "{records:?}");
}

#[tokio::test]
async fn every_app_goes_back_to_what_it_ran_at_a_time_in_one_commit_or_none() {
    let remote = Remote::new();
    let dated = |subject: &str, date: &str, app: &str, version: &str| {
        remote.pull();
        let file = remote.root.path().join(format!("colleague/manifests/{app}/deployment.yaml"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, deployment(app, &format!("registry.example/{app}:{version}"))).unwrap();
        remote.by_colleague(&["add", "."]);
        // The committer's clock counts; the author's does not.
        let tree = remote.by_colleague(&["write-tree"]);
        let commit = std::process::Command::new("git")
            .current_dir(remote.root.path().join("colleague"))
            .args([
                "-c",
                "user.name=c",
                "-c",
                "user.email=c@x",
                "commit-tree",
                "-p",
                "HEAD",
                "-m",
                subject,
                &tree,
            ])
            .env("GIT_COMMITTER_DATE", date)
            .output()
            .unwrap();
        let commit = String::from_utf8(commit.stdout).unwrap().trim().to_owned();
        remote.by_colleague(&["reset", "-q", "--hard", &commit]);
        remote.by_colleague(&["push", "-q", "origin", "HEAD:main"]);
    };
    dated("a", "2096-01-01T10:00:00Z", "app-a", "v2");
    dated("b", "2096-01-01T11:00:00Z", "app-b", "v2");
    dated("clock far behind", "2001-01-01T00:00:00Z", "app-b", "v3");
    dated("c", "2096-01-01T13:00:00Z", "app-c", "v1");
    dated("a", "2096-01-01T14:00:00Z", "app-a", "v3");
    let commits = remote.commits();
    let shown = image(&remote, &["rollback", "--all", "--since", "2096-01-01T10:30Z", "--dry-run"]).exits(0);
    assert!(shown.stdout.contains("-          image: \"registry.example/app-a:v3\"   # bumped by slipway\n+          image: \"registry.example/app-a:v2\""), "{}", shown.stdout);
    assert_eq!(remote.commits(), commits, "nothing was pushed");
    let ended =
        image(&remote, &["rollback", "--all", "--since", "2096-01-01T10:30Z", "--format", "json"]).exits(0);
    assert_eq!(ended.json().as_array().unwrap().len(), 2);
    assert_eq!(remote.commits(), commits + 1);
    assert_eq!(remote.file(FILE), at("v2"));
    assert!(remote.file("manifests/app-b/deployment.yaml").contains("app-b:v1"));
    assert!(remote.file("manifests/app-c/deployment.yaml").contains("app-c:v1"), "it was not there yet");
    image(&remote, &["rollback", "--all", "--since", "2096-01-01T10:30Z"])
        .exits(0)
        .says("nothing was set back");
    image(&remote, &["rollback", "--all", "--since", "1999-01-01"]).exits(1).says("no commit that old");
    image(&remote, &["rollback", "--all"]).exits(64);
    image(&remote, &["rollback", "app-a", "--to", "v1", "--since", "1h"]).exits(64);
    image(&remote, &["rollback", "*", "--since", "1h"]).exits(64).says("add --all");
}

#[tokio::test]
async fn what_a_kustomization_decides_goes_back_there() {
    let remote = Remote::new();
    let overlay = |tag: &str| {
        format!("resources: [deployment.yaml]\nimages:\n  - name: registry.example/web\n    newTag: {tag}\n")
    };
    let base = deployment("web", "registry.example/web:v1");
    remote.commit(
        "web",
        &[("manifests/web/deployment.yaml", &base), ("manifests/web/kustomization.yaml", &overlay("v1"))],
    );
    let then = remote.tip();
    set(&mut remote.open().await, "web=registry.example/web:v2").await.unwrap();
    back(&remote, "web", BackTo::Commit(then)).await.unwrap();
    assert_eq!(remote.file("manifests/web/kustomization.yaml"), overlay("v1"));
    set(&mut remote.open().await, "web=registry.example/web:v1").await.unwrap();
}

#[test]
fn a_set_is_shown_by_its_bytes_and_not_made() {
    let remote = Remote::new();
    let before = remote.tip();
    let shown = image(&remote, &["set", "app-a=registry.example/app-a:v2", "--dry-run"]).exits(0);
    assert!(
        shown
            .stdout
            .starts_with("--- a/manifests/app-a/deployment.yaml\n+++ b/manifests/app-a/deployment.yaml\n@@ "),
        "{}",
        shown.stdout
    );
    assert!(shown.stdout.contains("+          image: \"registry.example/app-a:v2\"   # bumped by slipway\n"));
    let json = image(&remote, &["set", "app-a=registry.example/app-a:v2", "--dry-run", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(json[0]["dry_run"], true);
    image(&remote, &["set", "app-a=registry.example/app-a:v2", "--dry-run", "--wait"]).exits(64);
    assert_eq!(remote.tip(), before);
}
