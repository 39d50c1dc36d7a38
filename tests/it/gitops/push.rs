//! Races, refusals and credentials.

use std::time::Duration;

use slipway::argocd::Ancestry as _;
use slipway::gitops::{BumpOptions, GitOpsError, Repository};
use slipway::run::gate::History;
use slipway::support::git::GitError;
use slipway::support::secret::Secret;

use super::remote::{Remote, spec};
use super::server::GitServer;
use super::{set, set_with};
use crate::support::stopping::until_over;

const PASSWORD: &str = "s3cr3t-t0ken";

#[tokio::test]
async fn a_rejected_push_is_edited_again_on_the_new_tip() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    let file = "manifests/app-a/deployment.yaml";
    let edited = remote.file(file).replace("replicas: 2", "replicas: 5");
    remote.commit("scale", &[(file, &edited)]);

    let outcome = set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    assert_eq!(outcome.commit, remote.tip());
    assert_eq!(remote.file(file), edited.replace("app-a:v1", "app-a:v2"), "both changes are there");
    assert_eq!(remote.git(&["log", "-1", "--skip=1", "--format=%s", "main"]), "scale");
}

#[tokio::test]
async fn bumps_of_many_apps_at_once_all_land() {
    let remote = Remote::new();
    let apps: Vec<String> = (0..6).map(|number| format!("svc-{number}")).collect();
    for app in &apps {
        let text = super::remote::deployment(app, &format!("registry.example/{app}:v1"));
        remote.commit(app, &[(&format!("manifests/{app}/deployment.yaml"), &text)]);
    }
    let (remote, apps) = (&remote, &apps);
    let bumps = apps.iter().map(|app| async move {
        let mut repository = remote.open().await;
        set(&mut repository, &format!("{app}=registry.example/{app}:v2")).await.unwrap()
    });
    let outcomes = futures::future::join_all(bumps).await;
    for (app, outcome) in apps.iter().zip(&outcomes) {
        assert!(remote.file(&format!("manifests/{app}/deployment.yaml")).contains(&format!("{app}:v2")));
        remote.git(&["merge-base", "--is-ancestor", &outcome.commit, "main"]);
    }
    assert_eq!(remote.commits(), 1 + 6 + 6, "each bump is one commit, and none is lost");
}

#[tokio::test]
async fn a_newer_image_set_by_someone_else_meanwhile_is_not_replaced_by_an_older_one() {
    let remote = Remote::new();
    let mut slow = remote.open().await;
    set(&mut remote.open().await, "app-a=registry.example/app-a:v3").await.unwrap();
    let refused = set(&mut slow, "app-a=registry.example/app-a:v2").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Older { .. }), "{refused}");
    assert!(remote.file("manifests/app-a/deployment.yaml").contains("app-a:v3"));
}

#[tokio::test]
async fn an_older_image_set_by_someone_else_meanwhile_is_replaced() {
    let remote = Remote::new();
    let mut slow = remote.open().await;
    set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    let outcome = set(&mut slow, "app-a=registry.example/app-a:v3").await.unwrap();
    assert_eq!(outcome.previous, "registry.example/app-a:v2");
    assert!(remote.file("manifests/app-a/deployment.yaml").contains("app-a:v3"));
}

#[tokio::test]
async fn a_race_between_images_without_versions_is_left_to_people() {
    let remote = Remote::new();
    let mut slow = remote.open().await;
    set(&mut remote.open().await, "app-a=registry.example/app-a:main-3f2a").await.unwrap();
    let refused = set(&mut slow, "app-a=registry.example/app-a:main-91bc").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Overtaken { .. }), "{refused}");
}

#[tokio::test]
async fn the_same_bump_made_by_someone_else_meanwhile_is_done() {
    let remote = Remote::new();
    let mut slow = remote.open().await;
    // Made by the same author in the same second, the two would be one commit.
    let options = BumpOptions { source: Some("someone else".into()), ..Default::default() };
    let theirs =
        set_with(&mut remote.open().await, "app-a=registry.example/app-a:v2", &options).await.unwrap();
    let ours = set(&mut slow, "app-a=registry.example/app-a:v2").await.unwrap();
    assert!(!ours.changed);
    assert_eq!((ours.commit, remote.commits()), (theirs.commit, 2));
}

#[tokio::test]
async fn a_remote_that_is_never_quiet_is_given_up_on() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    // Whenever someone pushes, the branch has moved already: as git sees it, the lock on it was lost.
    remote.hook(
        "update",
        "test -n \"$NESTED\" && exit 0\ncommit=$(GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x git commit-tree -p main -m other main^{tree})\nunset GIT_QUARANTINE_PATH\nNESTED=1 git update-ref refs/heads/main $commit",
    );
    let error = set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap_err();
    assert!(matches!(error, GitOpsError::Busy { .. }), "{error}");
}

#[tokio::test]
async fn a_refusal_by_the_remote_keeps_the_words_of_its_hook() {
    let remote = Remote::new();
    remote.hook("pre-receive", "echo 'no pushes on Friday' >&2\nexit 1");
    let before = remote.tip();
    let error = set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap_err();
    assert!(matches!(error, GitOpsError::Git(GitError::PushRefused { .. })), "{error}");
    assert!(error.to_string().contains("no pushes on Friday"), "{error}");
    assert_eq!(remote.tip(), before);
}

#[tokio::test]
async fn a_commit_that_is_taken_off_the_branch_at_once_is_noticed() {
    let remote = Remote::new();
    remote.hook("post-receive", "read old new ref\ngit update-ref $ref $old");
    let error = set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap_err();
    assert!(matches!(error, GitOpsError::NotOnBranch { .. }), "{error}");
}

#[tokio::test]
async fn a_token_opens_a_repository_over_http_and_pushes() {
    let remote = Remote::new();
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let mut wanted = spec(format!("{}/manifests.git", server.address));
    wanted.username = Some("ci".into());
    wanted.credentials = Some(Secret::new(PASSWORD));
    let mut repository = Repository::open(wanted).await.unwrap();
    let outcome = set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    assert_eq!(outcome.commit, remote.tip());
    assert!(!format!("{repository:?}").contains(PASSWORD));
}

#[tokio::test]
async fn credentials_in_the_address_work_and_do_not_stay_in_it() {
    let remote = Remote::new();
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let address = server.address.replace("http://", &format!("http://ci:{PASSWORD}@"));
    let repository = Repository::open(spec(format!("{address}/manifests.git"))).await.unwrap();
    assert_eq!(repository.url(), format!("{}/manifests.git", server.address));
}

#[tokio::test]
async fn wrong_credentials_are_refused_without_being_shown() {
    let remote = Remote::new();
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let mut wanted = spec(format!("{}/manifests.git", server.address));
    wanted.credentials = Some(Secret::new("wr0ng"));
    let error = Repository::open(wanted).await.unwrap_err();
    assert!(matches!(error, GitOpsError::Git(GitError::Authentication { .. })), "{error}");
    assert!(!error.to_string().contains("wr0ng"), "{error}");
}

#[tokio::test]
async fn missing_credentials_ask_no_question() {
    let remote = Remote::new();
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let error = Repository::open(spec(format!("{}/manifests.git", server.address))).await.unwrap_err();
    assert!(matches!(error, GitOpsError::Git(GitError::Authentication { .. })), "{error}");
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let remote = Remote::new();
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let open = |url: String, branch: &str| {
        let mut wanted = spec(url);
        wanted.branch = Some(branch.into());
        wanted.username = Some("ci".into());
        wanted.credentials = Some(Secret::new(PASSWORD));
        async { Repository::open(wanted).await.unwrap_err() }
    };
    let missing = open(format!("{}/other.git", server.address), "main").await;
    assert!(matches!(missing, GitOpsError::Git(GitError::RepositoryNotFound { .. })), "{missing}");
    let local = open(format!("file://{}/other.git", remote.root.path().display()), "main").await;
    assert!(matches!(local, GitOpsError::Git(GitError::RepositoryNotFound { .. })), "{local}");
    let branch = open(format!("{}/manifests.git", server.address), "release").await;
    assert!(matches!(branch, GitOpsError::Git(GitError::BranchNotFound { .. })), "{branch}");
    // Port 9 (discard) is not listened on.
    let dead = open("http://127.0.0.1:9/manifests.git".into(), "main").await;
    assert!(matches!(dead, GitOpsError::Git(GitError::Network { .. })), "{dead}");
}

#[tokio::test]
async fn an_empty_repository_has_no_branch_yet() {
    let error = Repository::open(Remote::empty().spec()).await.unwrap_err();
    assert!(matches!(error, GitOpsError::Git(GitError::BranchNotFound { .. })), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_token_is_in_no_process_argument_while_git_runs() {
    let remote = Remote::new();
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    // The hook sees the process list as it is in the middle of the push.
    let seen = remote.root.path().join("seen");
    remote.hook(
        "pre-receive",
        &format!("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' > {}", seen.display()),
    );
    let mut wanted = spec(format!("{}/manifests.git", server.address));
    wanted.username = Some("ci".into());
    wanted.credentials = Some(Secret::new(PASSWORD));
    let mut repository = Repository::open(wanted).await.unwrap();
    set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    let processes = std::fs::read(&seen).unwrap();
    let processes = String::from_utf8_lossy(&processes);
    assert!(processes.contains("push --porcelain"), "the push was looked at: {processes}");
    assert!(!processes.contains(PASSWORD));
}

/// The clones in the folder for temporary files, with the modes of the folders on the way.
fn clones() -> Vec<std::path::PathBuf> {
    let homes = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let ours = homes.filter(|home| home.file_name().to_string_lossy().starts_with("slipway-"));
    let inside = ours.flat_map(|home| std::fs::read_dir(home.path()).into_iter().flatten().flatten());
    let clones = inside.filter(|folder| folder.file_name().to_string_lossy().starts_with("manifests-"));
    clones.map(|folder| folder.path()).collect()
}

#[tokio::test]
async fn nobody_else_can_read_the_clone_and_nothing_of_it_is_left_behind() {
    use std::os::unix::fs::PermissionsExt as _;

    let remote = Remote::new();
    let repository = remote.open().await;
    let debug = format!("{repository:?}");
    let own = clones().into_iter().find(|path| debug.contains(path.to_str().unwrap()));
    let own = own.expect("the clone is in the temporary folder");
    for folder in [&own, own.parent().unwrap()] {
        let mode = folder.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", folder.display());
    }
    drop(repository);
    assert!(!own.exists());
}

#[tokio::test]
async fn a_bump_that_is_cut_off_is_there_as_a_whole_or_not_at_all() {
    let remote = Remote::new();
    let started = remote.root.path().join("started");
    remote
        .hook("pre-receive", &format!("echo $$ $PPID > {0}.new; mv {0}.new {0}\nsleep 1", started.display()));
    let before = remote.file("manifests/app-a/deployment.yaml");
    let mut repository = remote.open().await;
    let push_is_under_way = async {
        while !started.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        outcome = set(&mut repository, "app-a=registry.example/app-a:v2") => panic!("not cut off: {outcome:?}"),
        () = push_is_under_way => {}
    }
    drop(repository);
    until_over(&started);

    let outcome = set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    assert_eq!(outcome.commit, remote.tip());
    assert_eq!(remote.commits(), 2, "one bump, whoever pushed it");
    assert_eq!(remote.file("manifests/app-a/deployment.yaml"), before.replace("app-a:v1", "app-a:v2"));
}

#[tokio::test]
async fn a_revision_has_a_commit_when_it_comes_after_it() {
    let remote = Remote::new();
    let start = remote.tip();
    let mut repository = remote.open().await;
    let bump = set(&mut repository, "app-a=registry.example/app-a:v2").await.unwrap();
    remote.commit("later", &[("README.md", "x")]);
    let later = remote.tip();
    assert_eq!(repository.has(&bump.commit, &bump.commit).await.unwrap(), Some(true));
    assert_eq!(repository.has(&start, &bump.commit).await.unwrap(), Some(false));
    assert_eq!(repository.has(&later, &bump.commit).await.unwrap(), None, "not fetched yet");
    repository.fetch().await.unwrap();
    assert_eq!(repository.has(&later, &bump.commit).await.unwrap(), Some(true));
    assert_eq!(repository.has(&"0".repeat(40), &bump.commit).await.unwrap(), None);
}

#[tokio::test]
async fn a_history_that_is_waited_on_is_fetched_seldom() {
    let remote = Remote::new();
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let mut wanted = spec(format!("{}/manifests.git", server.address));
    wanted.username = Some("ci".into());
    wanted.credentials = Some(Secret::new(PASSWORD));
    let start = remote.tip();
    let history = History::new(Repository::open(wanted).await.unwrap());
    let opened = server.conversations();
    remote.commit("later", &[("README.md", "x")]);
    let (later, stranger) = (remote.tip(), "0".repeat(40));
    // It is asked again once that is allowed.
    while server.conversations() == opened {
        assert_eq!(history.has(&stranger, &start).await.unwrap(), None);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..40 {
        assert_eq!(history.has(&stranger, &start).await.unwrap(), None);
        assert_eq!(history.has("1.2.3", &start).await.unwrap(), None, "a chart's version");
        assert_eq!(history.has(&start, &later).await.unwrap(), Some(false));
    }
    assert_eq!(server.conversations(), opened + 1, "one fetch for all that is not known");
    assert_eq!(history.has(&later, &start).await.unwrap(), Some(true), "what that fetch brought is known");
    // What never changes is answered without the repository.
    std::fs::rename(remote.bare(), remote.root.path().join("gone")).unwrap();
    assert_eq!(history.has(&later, &start).await.unwrap(), Some(true));
}
