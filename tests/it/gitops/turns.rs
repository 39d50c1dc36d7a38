//! Many who push to one branch at once: they take turns, and nobody waits for the dead for long.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use slipway::gitops::{Repository, RepositorySpec};
use slipway::support::secret::Secret;

use super::remote::{Remote, deployment, spec};
use super::server::GitServer;
use super::set;
use crate::support::slipway::Slipway;

const PASSWORD: &str = "canary-of-turns";

fn with_apps(count: usize) -> (Remote, Vec<String>) {
    let remote = Remote::empty();
    let apps: Vec<String> = (0..count).map(|number| format!("app-{number}")).collect();
    let files: Vec<(String, String)> = apps
        .iter()
        .map(|app| {
            let text = deployment(app, &format!("registry.example/{app}:v1"));
            (format!("manifests/{app}/deployment.yaml"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    remote.commit("start", &files);
    (remote, apps)
}

fn served(server: &GitServer) -> RepositorySpec {
    let mut wanted = spec(format!("{}/manifests.git", server.address));
    wanted.username = Some("ci".into());
    wanted.credentials = Some(Secret::new(PASSWORD));
    wanted
}

fn tickets(remote: &Remote) -> String {
    remote.git(&["for-each-ref", "refs/slipway"])
}

/// As many as the machine bears in a suite that does other things beside it; each is a process of its own, with nothing kept.
const BUMPS: usize = 40;

#[test]
fn pipelines_that_bump_at_once_all_land_and_most_within_three_tries() {
    let (remote, apps) = with_apps(20);
    // A server that thinks before it takes a push.
    remote.hook("pre-receive", "sleep 0.03");
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let homes = tempfile::tempdir().unwrap();
    let bumps: Vec<(usize, Child)> = (0..BUMPS)
        .map(|number| {
            let home = homes.path().join(number.to_string());
            std::fs::create_dir(&home).unwrap();
            let app = &apps[number % apps.len()];
            let image = format!("{app}=registry.example/{app}:v{}", 2 + number / apps.len());
            let command = Slipway::new(&home, Path::new("/nowhere/terraform"))
                .env("SLIPWAY_MANIFESTS_URL", format!("{}/manifests.git", server.address))
                .env("SLIPWAY_MANIFESTS_USERNAME", "ci")
                .env("SLIPWAY_MANIFESTS_TOKEN", PASSWORD);
            // The order in which they come is nobody's: each is to land.
            let arguments = ["image", "set", &image, "--allow-older", "--format", "json"];
            let mut command = command.into_command(&arguments);
            (number, command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
        })
        .collect();
    let mut commits = BTreeSet::new();
    let mut attempts = Vec::new();
    for (number, bump) in bumps {
        let ended = bump.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{number}: {said}");
        let outcome: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        commits.insert(outcome[0]["commit"].as_str().unwrap().to_owned());
        attempts.push(outcome[0]["attempts"].as_u64().unwrap());
    }

    let branch = remote.git(&["rev-list", "main"]);
    let branch: BTreeSet<String> = branch.lines().map(str::to_owned).collect();
    assert_eq!((branch.len(), commits.len()), (BUMPS + 1, BUMPS), "a commit each, and each on the last one");
    assert!(commits.is_subset(&branch), "none was forced away");
    for app in &apps {
        let said = format!("--grep=^Slipway-App: manifests/{app}$");
        let last = remote.git(&["log", "-1", "--format=%B", &said, "main"]);
        let image = last.lines().find_map(|line| line.strip_prefix("Slipway-Image: ")).unwrap();
        let file = remote.file(&format!("manifests/{app}/deployment.yaml"));
        assert!(file.contains(&format!("\"{image}\"")), "{app} is as its last commit says: {file}");
    }
    assert_eq!(tickets(&remote), "");
    let within_three = attempts.iter().filter(|attempts| **attempts <= 3).count();
    assert!(within_three * 100 >= BUMPS * 95, "{within_three} of {BUMPS} within three tries: {attempts:?}");
}

#[tokio::test]
async fn whoever_died_with_the_first_ticket_delays_the_others_for_seconds() {
    let (remote, _) = with_apps(2);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let dead = format!("refs/slipway/queue/main/{:014}-dead", now - 1000);
    remote.git(&["update-ref", &dead, "main"]);
    let begun = Instant::now();
    let mut repository = remote.open().await;
    let outcome = set(&mut repository, "app-0=registry.example/app-0:v2").await.unwrap();
    assert_eq!((outcome.commit, repository.attempts()), (remote.tip(), 1));
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(5), "somebody waits there, for all that is known: {took:?}");
    assert!(took < Duration::from_mins(1), "{took:?}");
    assert_eq!(tickets(&remote), "", "whoever waited for it takes it away");

    // One of long ago, which nobody could remove, delays nobody.
    let old = format!("refs/slipway/queue/main/{:014}-old", now - 3_600_000);
    remote.git(&["update-ref", &old, "main"]);
    // And those of another branch are none of ours.
    remote.git(&["update-ref", &format!("refs/slipway/queue/main/x/{now:014}-other"), "main"]);
    let begun = Instant::now();
    set(&mut remote.open().await, "app-1=registry.example/app-1:v2").await.unwrap();
    assert!(begun.elapsed() < took, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_takes_no_tickets_is_pushed_to_as_ever() {
    for refusal in [
        "case $1 in refs/slipway/*) echo only branches >&2; exit 1;; esac",
        // One that takes them, and lets nobody remove them.
        "case $1/$3 in refs/slipway/*/000000*) echo nothing is removed >&2; exit 1;; esac",
    ] {
        let (remote, apps) = with_apps(6);
        remote.hook("update", refusal);
        let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
        let bumps = apps.iter().map(|app| {
            let wanted = served(&server);
            async move {
                let mut repository = Repository::open(wanted).await.unwrap();
                set(&mut repository, &format!("{app}=registry.example/{app}:v2")).await.unwrap()
            }
        });
        for outcome in futures::future::join_all(bumps).await {
            remote.git(&["merge-base", "--is-ancestor", &outcome.commit, "main"]);
        }
        assert_eq!(remote.commits(), 7, "{refusal}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_branch_is_told_as_it_is_with_a_ticket_too() {
    let (remote, _) = with_apps(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    remote.git(&["update-ref", &format!("refs/slipway/queue/main/{:014}-dead", now - 1000), "main"]);
    remote.hook("update", "case $1 in refs/heads/*) echo no pushes on Friday >&2; exit 1;; esac");
    let error = set(&mut remote.open().await, "app-0=registry.example/app-0:v2").await.unwrap_err();
    assert!(error.to_string().contains("no pushes on Friday"), "{error}");
    assert_eq!(tickets(&remote), "", "its own ticket is given back");
}
