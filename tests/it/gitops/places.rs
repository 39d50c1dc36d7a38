//! Remotes of other kinds, and what is left of a command that is stopped.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use slipway::gitops::{GitOpsError, Repository, rollback};
use slipway::support::git::GitError;
use slipway::support::secret::Secret;

use super::remote::{Remote, spec};
use super::server::GitServer;
use super::set;
use crate::support::slipway::Slipway;
use crate::support::stopping::{until_over, until_there};

const FILE: &str = "manifests/app-a/deployment.yaml";
const SET: &str = "app-a=registry.example/app-a:v2";
const PASSWORD: &str = "s3cr3t-t0ken";

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn slipway(home: &Path) -> Slipway {
    Slipway::new(home, Path::new("/nowhere/terraform"))
}

fn url(remote: &Remote) -> String {
    format!("file://{}", remote.bare().display())
}

#[tokio::test]
async fn where_no_branch_is_named_the_remotes_own_default_branch_is_pushed_to() {
    let remote = Remote::new();
    remote.git(&["branch", "-m", "main", "trunk"]);
    remote.git(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    remote.git(&["branch", "main", "trunk"]);
    let mut wanted = remote.spec();
    wanted.branch = None;
    let mut repository = Repository::open(wanted).await.unwrap();
    assert_eq!(repository.branch(), "trunk");
    let outcome = set(&mut repository, SET).await.unwrap();
    assert_eq!(remote.git(&["rev-parse", "trunk"]), outcome.commit);
    assert_ne!(remote.tip(), outcome.commit, "main is another branch");
    let home = tempfile::tempdir().unwrap();
    slipway(home.path()).run(&["image", "list", "--repo", &url(&remote)]).exits(0).says("app-a:v2");
    let unborn = Remote::empty();
    let mut empty = unborn.spec();
    empty.branch = None;
    let error = Repository::open(empty).await.unwrap_err();
    assert!(matches!(error, GitOpsError::Git(GitError::BranchNotFound { .. })), "{error}");
}

#[tokio::test]
async fn a_head_that_names_no_branch_is_told_with_the_branches_that_are_there() {
    let remote = Remote::new();
    let home = tempfile::tempdir().unwrap();
    let list = |more: &[&str]| {
        let url = url(&remote);
        let arguments = [&["image", "list", "--repo", &url], more].concat();
        slipway(home.path()).run(&arguments)
    };
    remote.git(&["symbolic-ref", "HEAD", "refs/heads/gone"]);
    let said =
        list(&[]).exits(1).says("names no branch that is there, and it has main; name one with --branch");
    assert!(!said.stderr.contains("first commit"), "{}", said.stderr);
    list(&["--branch", "main"]).exits(0).says("app-a:v1");
    for branch in 0..7 {
        remote.git(&["branch", &format!("release-{branch}"), "main"]);
    }
    list(&[]).exits(1).says("it has main, release-0, release-1, release-2, release-3 and 3 more;");
    // A commit that is checked out is no branch either.
    remote.git(&["update-ref", "--no-deref", "HEAD", "main"]);
    list(&[]).exits(1).says("names no branch that is there");
}

#[tokio::test]
async fn a_repository_of_sha_256_is_bumped_and_rolled_back() {
    let remote = Remote::new();
    let (bare, work) = (remote.root.path().join("sha256.git"), tempfile::tempdir().unwrap());
    git(remote.root.path(), &["init", "-q", "--bare", "-b", "main", "--object-format=sha256", "sha256.git"]);
    git(work.path(), &["init", "-q", "-b", "main", "--object-format=sha256"]);
    std::fs::create_dir_all(work.path().join("manifests/app-a")).unwrap();
    std::fs::write(work.path().join(FILE), remote.file(FILE)).unwrap();
    git(work.path(), &["add", "."]);
    git(work.path(), &["commit", "-q", "-m", "start"]);
    git(work.path(), &["push", "-q", bare.to_str().unwrap(), "main"]);
    for branch in [Some("main".to_owned()), None] {
        let mut wanted = spec(format!("file://{}", bare.display()));
        wanted.branch = branch;
        let mut repository = Repository::open(wanted).await.unwrap();
        let bump = set(&mut repository, SET).await.unwrap();
        assert_eq!((bump.commit.len(), bump.changed), (64, true));
        rollback(&mut repository, "manifests", &"app-a".parse().unwrap(), None).await.unwrap();
        let options = slipway::gitops::BumpOptions { unfreeze: true, ..Default::default() };
        super::set_with(&mut repository, "app-a=registry.example/app-a:v1", &options).await.unwrap();
    }
}

#[test]
fn the_users_own_object_format_is_no_matter_of_the_remotes() {
    let remote = Remote::new();
    let home = tempfile::tempdir().unwrap();
    let set = slipway(home.path()).env("GIT_DEFAULT_HASH", "sha256");
    set.run(&["image", "set", SET, "--repo", &url(&remote)]).exits(0);
    assert!(remote.file(FILE).contains("app-a:v2"));
}

#[test]
fn a_shallow_remote_is_bumped_and_said_to_be_one() {
    let remote = Remote::new();
    remote.commit("second", &[("README.md", "x")]);
    git(remote.root.path(), &["clone", "-q", "--bare", "--depth", "1", &url(&remote), "shallow.git"]);
    let home = tempfile::tempdir().unwrap();
    let shallow = format!("file://{}", remote.root.path().join("shallow.git").display());
    let repo = ["--repo", shallow.as_str()];
    let run =
        |arguments: &[&str]| slipway(home.path()).run(&[&["image"], arguments, &repo].concat()).exits(0);
    run(&["set", SET]).says("the remote is a shallow clone");
    run(&["list"]).says("app-a:v2");
    run(&["history", "app-a"]).says("shallow clone");
    run(&["rollback", "app-a"]).says("app-a:v1");
}

#[test]
fn a_relative_repository_is_one_of_the_working_folder() {
    let remote = Remote::new();
    let below = remote.root.path().join("below");
    std::fs::create_dir(&below).unwrap();
    let list = |from: &Path, arguments: &[&str]| slipway(from).run(&[&["image", "list"], arguments].concat());
    for (from, repo) in [(&below, "../manifests.git"), (&remote.root.path().to_owned(), "manifests.git")] {
        list(from, &["--repo", repo]).exits(0).says("app-a:v1");
    }
    let root = remote.root.path().to_str().unwrap();
    list(&below, &["-C", root, "--repo", "./manifests.git"]).exits(0).says("app-a:v1");
    list(&below, &["--repo", "manifests.git"]).exits(1).says("manifests.git");
}

#[tokio::test]
async fn a_repository_that_moved_on_its_server_is_followed_there_with_the_token() {
    let remote = Remote::new();
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    for branch in [Some("main".to_owned()), None] {
        let mut wanted = spec(format!("{}/moved/manifests.git", server.address));
        wanted.branch = branch;
        wanted.username = Some("ci".into());
        wanted.credentials = Some(Secret::new(PASSWORD));
        let mut repository = Repository::open(wanted).await.unwrap();
        let image = format!("app-a=registry.example/app-a:v{}", remote.commits() + 1);
        assert_eq!(set(&mut repository, &image).await.unwrap().commit, remote.tip());
        assert_eq!(
            repository.url(),
            format!("{}/moved/manifests.git", server.address),
            "as Argo CD knows it"
        );
    }
}

#[tokio::test]
async fn a_repository_that_moved_to_another_server_is_named_and_the_token_stays() {
    let remote = Remote::new();
    let other = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let place = other.address.trim_start_matches("http://");
    let mut wanted = spec(format!("{}/away/{place}/manifests.git", server.address));
    wanted.username = Some("ci".into());
    wanted.credentials = Some(Secret::new(PASSWORD));
    let error = Repository::open(wanted).await.unwrap_err();
    assert!(matches!(error, GitOpsError::Git(GitError::Redirected { .. })), "{error}");
    let said = error.to_string();
    assert!(said.contains(&format!("redirects to {}/manifests.git", other.address)), "{said}");
    assert!(!said.contains("check the user name and the token"), "{said}");
    assert_eq!(other.conversations(), 0, "the token went nowhere");
}

#[tokio::test]
async fn a_lock_that_a_dead_process_left_on_the_branch_is_told_as_such() {
    let remote = Remote::new();
    std::fs::write(remote.bare().join("refs/heads/main.lock"), "").unwrap();
    let error = set(&mut remote.open().await, SET).await.unwrap_err();
    assert!(matches!(error, GitOpsError::Stuck { .. }), "{error}");
    assert!(error.to_string().contains("main.lock"), "{error}");
    std::fs::remove_file(remote.bare().join("refs/heads/main.lock")).unwrap();
    set(&mut remote.open().await, SET).await.unwrap();
}

#[test]
fn a_user_who_signs_commits_signs_bumps_and_is_told_where_that_fails() {
    let remote = Remote::new();
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("key");
    let config = |key: &Path| {
        let text = format!(
            "[commit]\n\tgpgSign = true\n[gpg]\n\tformat = ssh\n[user]\n\tname = Ada\n\temail = ada@example.com\n\tsigningKey = {}\n",
            key.display()
        );
        std::fs::write(home.path().join(".gitconfig"), text).unwrap();
    };
    config(&home.path().join("gone"));
    let before = remote.tip();
    let set = || slipway(home.path()).run(&["image", "set", SET, "--repo", &url(&remote)]);
    set().exits(1).says("the commit cannot be signed, as commit.gpgSign wants it");
    assert_eq!(remote.tip(), before);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    config(&key);
    set().exits(0);
    let commit = remote.git(&["cat-file", "commit", "main"]);
    assert!(commit.contains("\ngpgsig -----BEGIN SSH SIGNATURE-----"), "{commit}");
    let history = slipway(home.path()).run(&["image", "history", "app-a", "--repo", &url(&remote)]).exits(0);
    history.says("registry.example/app-a:v1 → registry.example/app-a:v2");
}

#[test]
fn nothing_is_left_of_a_bump_that_a_signal_stops() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let remote = Remote::new();
        let started = remote.root.path().join("started");
        // It goes on until it is let go, or for half a minute, which a bump that waits for it would take.
        let waits = "i=0; until [ -e {0}.go ] || [ $i -gt 600 ]; do sleep 0.05; i=$((i + 1)); done";
        let hook = format!("echo $$ $PPID > {{0}}.new; mv {{0}}.new {{0}}\n{waits}");
        remote.hook("pre-receive", &hook.replace("{0}", &started.display().to_string()));
        let before = remote.tip();
        let home = tempfile::tempdir().unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let set = slipway(home.path()).env("TMPDIR", temporary.path());
        let mut command = set.into_command(&["image", "set", SET, "--repo", &url(&remote)]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until_there(&started);
        let begun = Instant::now();
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let status = child.wait().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(25), "{signal}: {:?}", begun.elapsed());
        let expected = if signal == Signal::SIGINT { (Some(130), None) } else { (None, Some(signal as i32)) };
        assert_eq!((status.code(), status.signal()), expected);
        let left: Vec<_> = std::fs::read_dir(temporary.path())
            .unwrap()
            .flatten()
            .flat_map(|home| std::fs::read_dir(home.path()).into_iter().flatten().flatten())
            .map(|folder| folder.path())
            .collect();
        assert!(left.is_empty(), "{signal}: {left:?}");
        // Once the hook is over too, the remote is as it was, and open.
        std::fs::write(started.with_file_name("started.go"), "").unwrap();
        until_over(&started);
        assert!(!remote.bare().join("refs/heads/main.lock").exists());
        remote.hook("pre-receive", "exit 0");
        if remote.tip() == before {
            slipway(home.path()).run(&["image", "set", SET, "--repo", &url(&remote)]).exits(0);
        }
        assert_eq!(remote.commits(), 2, "{signal}");
    }
}
