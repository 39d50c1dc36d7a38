//! The clone that is kept between commands: what it spares, and that nothing is believed of it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use slipway::engine::cache::{Kind, Rules, entries, prune};
use slipway::gitops::{
    BumpOutcome, FreezeOptions, GitOpsError, Reach, Repository, RepositorySpec, freeze, history, list_images,
};
use slipway::support::git::GitError;
use slipway::support::secret::Secret;

use super::remote::{Remote, deployment, spec};
use super::server::GitServer;
use super::set;
use crate::support::stopping::until;

pub const PASSWORD: &str = "canary-of-the-clone-that-is-kept";

/// Many apps, and a commit for each time that one of them was bumped, in the shortest way that Git has.
pub fn busy(apps: usize, bumps: usize) -> Remote {
    let remote = Remote::new();
    go_on(&remote.bare(), apps, bumps);
    remote
}

/// The same in a repository that is there, on what its branch has.
pub fn go_on(bare: &Path, apps: usize, bumps: usize) {
    let known = Command::new("git").current_dir(bare).args(["rev-parse", "-q", "--verify", "main"]).output();
    let from = if known.unwrap().status.success() { "from refs/heads/main^0\n" } else { "" };
    let mut stream = String::new();
    for bump in 0..bumps {
        let (app, version) = (bump % apps, bump / apps + 1);
        let message = format!("svc-{app}: bumped\n\nSlipway-App: manifests/svc-{app}\n");
        let text = deployment(&format!("svc-{app}"), &format!("registry.example/svc-{app}:v{version}"));
        write!(
            stream,
            "commit refs/heads/main\ncommitter CI <ci@x> {} +0000\ndata {}\n{message}\n{}M 100644 inline manifests/svc-{app}/deployment.yaml\ndata {}\n{text}\n",
            1_700_000_000 + bump,
            message.len(),
            if bump == 0 { from } else { "" },
            text.len(),
        )
        .unwrap();
    }
    let mut import = Command::new("git")
        .current_dir(bare)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
}

pub fn served(server: &GitServer) -> RepositorySpec {
    let mut wanted = spec(format!("{}/manifests.git", server.address));
    wanted.username = Some("ci".into());
    wanted.credentials = Some(Secret::new(PASSWORD));
    wanted
}

/// A new command, as it begins.
async fn open(spec: RepositorySpec, home: &Path) -> Repository {
    Repository::open_kept(spec, Some(home), Reach::All).await.unwrap()
}

/// A command of its own that sets an image.
async fn bump(remote: &Remote, home: &Path, assignment: &str) -> Result<BumpOutcome, GitOpsError> {
    set(&mut open(remote.spec(), home).await, assignment).await
}

fn kept(home: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(home.join("repositories")).into_iter().flatten().flatten();
    folders.map(|entry| entry.path()).collect()
}

/// The files of a folder and those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] })
        .collect()
}

#[tokio::test]
async fn a_bump_after_the_first_moves_less_than_a_tenth_of_a_clone() {
    let remote = busy(40, 600);
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let home = tempfile::tempdir().unwrap();
    let home = home.path().join(".slipway");
    set(&mut open(served(&server), &home).await, "svc-1=registry.example/svc-1:v90").await.unwrap();
    let whole = server.bytes();
    // Somebody else goes on meanwhile, and that counts at once.
    remote.commit(
        "scale",
        &[("manifests/app-a/deployment.yaml", &deployment("app-a", "registry.example/app-a:v7"))],
    );
    let mut repository = open(served(&server), &home).await;
    assert_eq!(repository.tip(), remote.tip());
    let outcome = set(&mut repository, "app-a=registry.example/app-a:v8").await.unwrap();
    assert_eq!((outcome.previous.as_str(), outcome.commit), ("registry.example/app-a:v7", remote.tip()));
    let moved = server.bytes() - whole;
    assert!(moved * 10 <= whole, "{moved} bytes were moved, and {whole} by the first");

    let before = server.bytes();
    let mut repository = open(served(&server), &home).await;
    assert_eq!(list_images(&repository, "manifests").await.unwrap().images.len(), 42);
    assert_eq!(
        history(&repository, "manifests", "svc-3", 100).await.unwrap().len(),
        15,
        "all of it is there"
    );
    assert!((server.bytes() - before) * 10 <= whole);
    // A freeze holds here as anywhere.
    let options = FreezeOptions { reason: "audit".into(), ..FreezeOptions::default() };
    freeze(&mut remote.open().await, "manifests", &["svc-3".into()], &options).await.unwrap();
    let refused = set(&mut repository, "svc-3=registry.example/svc-3:v91").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Held { .. }), "{refused}");
    drop(repository);
    let refused =
        set(&mut open(served(&server), &home).await, "svc-3=registry.example/svc-3:v91").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Held { .. }), "{refused}");

    for file in files(&home) {
        let content = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(!content.contains(PASSWORD), "{}", file.display());
    }
}

#[tokio::test]
async fn who_is_not_let_in_by_the_remote_is_shown_nothing_of_what_is_kept() {
    let remote = Remote::new();
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let home = tempfile::tempdir().unwrap();
    open(served(&server), home.path()).await;
    let mut stranger = served(&server);
    stranger.credentials = Some(Secret::new("another"));
    let refused = Repository::open_kept(stranger, Some(home.path()), Reach::Newest).await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Git(GitError::Authentication { .. })), "{refused}");
    assert_eq!(kept(home.path()).len(), 1, "nor is it thrown away for that");
    std::fs::rename(remote.bare(), remote.root.path().join("gone.git")).unwrap();
    assert!(Repository::open_kept(served(&server), Some(home.path()), Reach::Newest).await.is_err());
}

#[tokio::test]
async fn a_clone_that_is_broken_is_fetched_anew() {
    let remote = busy(10, 60);
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    let files_that_end = |end: &str| -> Vec<PathBuf> {
        let all = kept(home).iter().flat_map(|folder| files(folder)).collect::<Vec<_>>();
        all.into_iter().filter(|file| file.to_str().unwrap().ends_with(end)).collect()
    };
    let overwrite = |file: &Path, bytes: &[u8]| {
        std::fs::remove_file(file).unwrap();
        std::fs::write(file, bytes).unwrap();
    };
    let flip = |end: &str| {
        for file in files_that_end(end) {
            let mut bytes = std::fs::read(&file).unwrap();
            let (begin, end) = (bytes.len() / 4, bytes.len() * 3 / 4);
            bytes[begin..end].fill(0);
            overwrite(&file, &bytes);
        }
    };
    let breaks: [(&str, &dyn Fn()); 8] = [
        ("nothing", &|| {}),
        ("packs with other bytes", &|| flip(".pack")),
        ("indexes with other bytes", &|| flip(".idx")),
        ("packs cut short", &|| {
            for file in files_that_end(".pack") {
                overwrite(&file, b"PACK");
            }
        }),
        ("packs that are gone", &|| {
            for file in files_that_end(".pack") {
                std::fs::remove_file(file).unwrap();
            }
        }),
        ("references to nothing", &|| {
            for file in files_that_end("heads/main") {
                overwrite(&file, format!("{}\n", "1".repeat(40)).as_bytes());
            }
        }),
        ("references that are none", &|| {
            for file in files_that_end("heads/main") {
                overwrite(&file, b"\0\0");
            }
        }),
        ("no repository", &|| {
            for file in files_that_end("HEAD") {
                std::fs::remove_file(file).unwrap();
            }
        }),
    ];
    bump(&remote, home, "svc-0=registry.example/svc-0:v50").await.unwrap();
    for (number, (what, breaks)) in breaks.iter().enumerate() {
        breaks();
        let outcome = bump(&remote, home, &format!("svc-0=registry.example/svc-0:v{}", 60 + number)).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(outcome.commit, remote.tip(), "{what}");
        breaks();
        let repository = open(remote.spec(), home).await;
        let records = history(&repository, "manifests", "svc-1", 100).await;
        assert_eq!(records.unwrap_or_else(|error| panic!("{what}: {error}")).len(), 6, "{what}");
        drop(repository);
        // It was made anew by the one after that at the latest, and is whole.
        drop(open(remote.spec(), home).await);
        let [folder] = &kept(home)[..] else { panic!("{what}: {:?}", kept(home)) };
        // What Git does not find by its index it is sent again, and nobody notices.
        if what.starts_with("indexes") {
            std::fs::remove_dir_all(folder).unwrap();
            bump(&remote, home, "svc-2=registry.example/svc-2:v50").await.unwrap();
            drop(open(remote.spec(), home).await);
        }
        let checked =
            Command::new("git").current_dir(folder).args(["fsck", "--full", "--strict"]).output().unwrap();
        assert!(checked.status.success(), "{what}: {}", String::from_utf8_lossy(&checked.stderr));
        let tip = Command::new("git").current_dir(folder).args(["rev-parse", "main"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&tip.stdout).trim(), remote.tip(), "{what}");
    }
    assert!(!home.join("gone").exists() || files(&home.join("gone")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_keep_one_clone() {
    let remote = busy(12, 60);
    let dir = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let bumps = (0..12).map(|app| {
            let (remote, home) = (&remote, dir.path());
            async move {
                bump(remote, home, &format!("svc-{app}=registry.example/svc-{app}:v{}", 90 + round)).await
            }
        });
        for outcome in futures::future::join_all(bumps).await {
            assert!(outcome.unwrap().changed);
        }
    }
    assert_eq!(remote.commits(), 1 + 60 + 36);
    let [folder] = &kept(dir.path())[..] else { panic!("{:?}", kept(dir.path())) };
    let checked = Command::new("git").current_dir(folder).args(["fsck", "--full"]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[tokio::test]
async fn many_fetches_do_not_become_many_packs() {
    let remote = Remote::new();
    let dir = tempfile::tempdir().unwrap();
    for number in 0..30 {
        remote.commit("more", &[("README.md", &format!("{number}"))]);
        assert_eq!(open(remote.spec(), dir.path()).await.tip(), remote.tip());
    }
    let packs =
        files(dir.path()).into_iter().filter(|file| file.extension().is_some_and(|end| end == "pack"));
    let packs = packs.count();
    assert!(packs < 25, "{packs} packs");
    assert_eq!(
        history(&open(remote.spec(), dir.path()).await, "manifests", "app-a", 9).await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_branch_that_was_written_anew_is_seen_as_it_is() {
    let remote = Remote::new();
    let dir = tempfile::tempdir().unwrap();
    bump(&remote, dir.path(), "app-a=registry.example/app-a:v2").await.unwrap();
    remote.git(&["update-ref", "refs/heads/main", "main~1"]);
    let outcome = bump(&remote, dir.path(), "app-a=registry.example/app-a:v3").await.unwrap();
    assert_eq!((outcome.previous.as_str(), remote.commits()), ("registry.example/app-a:v1", 2));
}

/// Git keeps a branch in a file of its name, so that there cannot be `team` and `team/web` at the same time.
#[tokio::test]
async fn branches_whose_names_are_in_each_others_way_are_kept_one_after_the_other() {
    let remote = Remote::new();
    let dir = tempfile::tempdir().unwrap();
    let mut before: Option<&str> = None;
    for branch in ["team", "team/web", "team"] {
        if let Some(before) = before {
            remote.git(&["branch", "-D", before]);
        }
        remote.git(&["branch", branch, "main"]);
        let spec = || RepositorySpec { branch: Some(branch.into()), ..remote.spec() };
        let image = format!("registry.example/app-a:{}", if branch == "team" { "v2" } else { "v3" });
        set(&mut open(spec(), dir.path()).await, &format!("app-a={image}")).await.unwrap();
        assert_eq!(history(&open(spec(), dir.path()).await, "manifests", "app-a", 9).await.unwrap().len(), 2);
        let [kept] = &kept(dir.path())[..] else { panic!("one clone is kept") };
        let known = std::fs::read_to_string(kept.join("refs/heads").join(branch)).unwrap();
        assert_eq!(known.trim(), remote.git(&["rev-parse", branch]));
        before = Some(branch);
    }
}

#[tokio::test]
async fn what_is_kept_is_listed_and_goes_when_nobody_uses_it() {
    let remote = Remote::new();
    let dir = tempfile::tempdir().unwrap();
    drop(open(remote.spec(), dir.path()).await);
    // A program that another test is just starting holds what this process holds until it has begun.
    until("what nobody uses is told as in use", || {
        entries(dir.path()).unwrap().iter().all(|one| !one.in_use)
    });
    let all = entries(dir.path()).unwrap();
    let [entry] = &all[..] else { panic!("{all:?}") };
    assert_eq!((entry.kind, entry.names.as_slice()), (Kind::Repository, &[remote.url()][..]));
    assert!(entry.bytes > 0);
    let rules = Rules { unused_since: None, most: Some(0) };
    let repository = open(remote.spec(), dir.path()).await;
    assert_eq!(prune(dir.path(), rules, false, &|| true).unwrap().in_use.len(), 1);
    assert_eq!(
        list_images(&repository, "manifests").await.unwrap().images.len(),
        2,
        "it still has what it had"
    );
    drop(repository);
    until("what nobody uses stays", || prune(dir.path(), rules, false, &|| true).unwrap().removed.len() == 1);
    assert!(kept(dir.path()).is_empty());
    assert_eq!(open(remote.spec(), dir.path()).await.tip(), remote.tip());
}
