//! `slipway audit`: everything that was done, what ran when, and the numbers, out of real histories.

use std::path::Path;
use std::process::Command;

use super::remote::{Remote, deployment};
use crate::support::bed::Bed;
use crate::support::manifests;
use crate::support::slipway::{Ended, Slipway};

fn slipway(remote: &Remote, arguments: &[&str]) -> Ended {
    let home = tempfile::tempdir().unwrap();
    let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
    slipway.run(&[arguments, &["--repo", &remote.url()]].concat())
}

/// A commit of one app's image, made at a time.
fn dated(remote: &Remote, time: &str, message: &str, app: &str, version: &str) -> String {
    remote.pull();
    let folder = remote.root.path().join("colleague");
    let file = folder.join(format!("manifests/{app}/deployment.yaml"));
    std::fs::write(file, deployment(app, &format!("registry.example/{app}:{version}"))).unwrap();
    let status = Command::new("git")
        .current_dir(&folder)
        .args(["-c", "user.name=Eve, =1+1", "-c", "user.email=eve@x", "commit", "-q", "-a", "-m", message])
        .env("GIT_COMMITTER_DATE", time)
        .env("GIT_AUTHOR_DATE", time)
        .status();
    assert!(status.unwrap().success());
    remote.by_colleague(&["push", "-q", "origin", "HEAD:main"]);
    remote.tip()
}

fn bump(app: &str, from: &str, to: &str, more: &str) -> String {
    let image = |version| format!("registry.example/{app}:{version}");
    format!(
        "{app}: {from} → {to}\n\nSlipway-App: manifests/{app}\nSlipway-Container: Deployment/{app}/web\nSlipway-Image: {}\nSlipway-Previous: {}{more}",
        image(to),
        image(from)
    )
}

/// Git in the repository of a source, whose commits are of a morning long after today.
#[track_caller]
fn committed_early(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@x"])
        .args(arguments)
        .env("GIT_COMMITTER_DATE", "2096-01-01T08:00:00Z")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn who_did_what_when_and_through_what_is_told_in_each_format() {
    let remote = Remote::new();
    let source = "\nSlipway-Source: https://ci.example/1 by alice at 3f2a91c";
    dated(&remote, "2096-01-01T10:00:00Z", &bump("app-a", "v1", "v2", source), "app-a", "v2");
    dated(
        &remote,
        "2096-01-02T10:00:00Z",
        "=HYPERLINK(1) by hand (#4)\n\nReviewed-by: Bo <bo@x>",
        "app-b",
        "v5",
    );
    let text = slipway(&remote, &["audit"]).exits(0);
    assert_eq!(text.stdout.lines().count(), 4, "{}", text.stdout);
    let text = text
        .says("app-b/Deployment/app-b/web  edit      registry.example/app-b:v1 → registry.example/app-b:v5");
    text.says("through #4, approved by Bo <bo@x>").says("by https://ci.example/1 by alice at 3f2a91c");
    let csv = slipway(&remote, &["audit", "--format", "csv", "--since", "2096-01-01"]).exits(0).stdout;
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert!(rows[0].starts_with("landed,made,app,container,kind,previous,image,author,source,"), "{csv}");
    assert_eq!(rows.len(), 4, "{csv}");
    assert!(
        rows[1].contains(",edit,registry.example/app-b:v1,registry.example/app-b:v5,\"Eve, =1+1 <eve@x>\","),
        "{csv}"
    );
    let json = |arguments: &[&str]| {
        slipway(&remote, &[&["audit", "--format", "json"], arguments].concat()).exits(0).json()
    };
    let kinds = |arguments: &[&str]| -> Vec<String> {
        let answer = json(arguments);
        answer["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(kinds(&["--since", "2096-01-01"]), ["edit", "bump"]);
    assert_eq!(kinds(&["--since", "2096-01-01", "--until", "2096-01-02"]), ["bump"]);
    assert_eq!(kinds(&["--by", "BO <", "--app", "app-b"]), ["edit"]);
    assert_eq!(kinds(&["--by", "alice"]), ["bump"]);
    assert_eq!(kinds(&["--by", "alice", "--app", "app-b"]), [""; 0]);
    slipway(&remote, &["audit", "--format", "html"]).exits(64).says("text, json, csv");
    slipway(&remote, &["--untrusted", "audit"]).exits(5);
}

#[test]
fn what_ran_at_a_moment_is_told_with_who_set_it() {
    let remote = Remote::new();
    let start = remote.tip();
    let two = dated(&remote, "2096-01-01T10:00:00Z", "two", "app-a", "v2");
    dated(&remote, "2096-01-01T12:00:00Z", "three", "app-a", "v3");
    let at = |time: &str| slipway(&remote, &["audit", "--at", time, "--format", "json"]).exits(0).json();
    let then = at("2096-01-01T11:59:59Z");
    assert_eq!(then["commit"], two.as_str());
    assert_eq!(
        (&then["images"][0]["image"], &then["images"][0]["set_in"]),
        (&"registry.example/app-a:v2".into(), &two.as_str().into())
    );
    assert_eq!(then["images"][1]["set_in"], start.as_str());
    assert_eq!(at("2096-01-01T12:00Z")["images"][0]["image"], "registry.example/app-a:v3");
    slipway(&remote, &["audit", "--at", "1999-01-01"]).exits(1).says("no commit that was made by 1999");
    let shown = slipway(&remote, &["audit", "--at", "2096-01-01T11:00Z", "--app", "app-a"]).exits(0);
    assert_eq!(shown.stdout.lines().count(), 1);
    shown.says("registry.example/app-a:v2  since 2096-01-01T10:00:00");
}

#[test]
fn the_numbers_say_what_is_known_and_what_is_not() {
    let remote = Remote::new();
    let source = remote.root.path().join("source");
    std::fs::create_dir(&source).unwrap();
    let git = |arguments: &[&str]| committed_early(&source, arguments);
    git(&["init", "-q"]);
    git(&["commit", "-q", "--allow-empty", "-m", "built"]);
    let built = git(&["rev-parse", "HEAD"]);
    let more = format!("\nSlipway-Source: https://ci.example/1 by alice at {built}");
    let bad = dated(&remote, "2096-01-01T10:00:00Z", &bump("app-a", "v1", "v2", &more), "app-a", "v2");
    let back = format!("\nSlipway-Rollback-Of: {bad}");
    dated(&remote, "2096-01-01T10:30:00Z", &bump("app-a", "v2", "v1", &back), "app-a", "v1");
    let said = "\nSlipway-Source-Time: 2096-01-01T22:00:00Z";
    dated(&remote, "2096-01-02T00:00:00Z", &bump("app-b", "v1", "v2", said), "app-b", "v2");
    let window = ["--since", "2096-01-01", "--until", "2096-01-08"];
    let summary =
        |more: &[&str]| slipway(&remote, &[&["audit", "--summary"], &window[..], more].concat()).exits(0);
    let plain = summary(&[]);
    let plain = plain.says(
        "app-a: deployments 1 (1.0 a week), lead time not known, rollbacks 1 (100 %), time to restore 30m",
    );
    plain.says("app-b: deployments 1 (1.0 a week), lead time 2h 00m (of 1), rollbacks 0 (0 %), time to restore not known");
    let given = format!("app-a={}", source.display());
    let json = summary(&["--source", &given, "--format", "json"]).json();
    assert_eq!(json["summary"][0]["lead_time"], 7200);
    assert_eq!(json["summary"][0]["time_to_restore"], 1800);
    let csv = summary(&["--format", "csv"]).stdout;
    assert!(csv.ends_with("app-b,1,1.0,7200,1,0,0.0,\r\n"), "{csv}");
    slipway(&remote, &["audit", "--summary", "--source", "app-a"]).exits(64);
}

#[test]
fn a_shallow_history_and_one_of_sha_256_are_audited() {
    let remote = Remote::new();
    dated(&remote, "2096-01-01T10:00:00Z", "two", "app-a", "v2");
    dated(&remote, "2096-01-01T11:00:00Z", "three", "app-a", "v3");
    let root = remote.root.path();
    let git = |folder: &Path, arguments: &[&str]| {
        let mut command = Command::new("git");
        let status = command
            .current_dir(folder)
            .args(["-c", "user.name=a", "-c", "user.email=a@x"])
            .args(arguments)
            .status();
        assert!(status.unwrap().success(), "{arguments:?}");
    };
    git(root, &["clone", "-q", "--bare", "--depth", "1", &remote.url(), "shallow.git"]);
    let run = |arguments: &[&str], name: &str| {
        let home = tempfile::tempdir().unwrap();
        let url = format!("file://{}", root.join(name).display());
        let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
        slipway.run(&[arguments, &["--repo", &url]].concat()).exits(0)
    };
    let shallow = run(&["audit"], "shallow.git");
    shallow.says("shallow clone").says("registry.example/app-a:v3 (new)");
    git(root, &["init", "-q", "--bare", "-b", "main", "--object-format=sha256", "long.git"]);
    git(root, &["init", "-q", "-b", "main", "--object-format=sha256", "long"]);
    let long = root.join("long");
    std::fs::create_dir_all(long.join("manifests/app-a")).unwrap();
    for version in ["v1", "v2"] {
        std::fs::write(
            long.join("manifests/app-a/d.yaml"),
            deployment("app-a", &format!("r.example/a:{version}")),
        )
        .unwrap();
        git(&long, &["add", "."]);
        git(&long, &["commit", "-q", "-m", version]);
    }
    git(&long, &["push", "-q", root.join("long.git").to_str().unwrap(), "main"]);
    run(&["audit"], "long.git").says("r.example/a:v1 → r.example/a:v2");
    run(&["image", "rollback", "app-a", "--to", "v1"], "long.git");
    run(&["image", "freeze", "app-a", "--reason", "x"], "long.git");
    assert_eq!(
        run(&["image", "freeze", "--format", "json"], "long.git").json()[0]["commit"].as_str().unwrap().len(),
        64
    );
}

/// A source on a server that asks for a login: its commits are asked for alone, once, and kept.
#[test]
fn a_source_elsewhere_is_asked_for_its_commits_and_one_that_cannot_be_asked_is_named() {
    let bed = Bed::shared();
    let (remote, home) = (Remote::new(), tempfile::tempdir().unwrap());
    let work = remote.root.path().join("app");
    std::fs::create_dir(&work).unwrap();
    let git = committed_early;
    git(&work, &["init", "-q", "-b", "main"]);
    std::fs::write(work.join("large"), "x".repeat(100_000)).unwrap();
    git(&work, &["add", "."]);
    git(&work, &["commit", "-q", "-m", "built"]);
    let built = git(&work, &["rev-parse", "--short=12", "HEAD"]);
    let bare = Path::new(bed.text("/git/root")).join("lead-times.git");
    git(&work, &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    git(&bare, &["config", "uploadpack.allowFilter", "true"]);
    let more = format!("\nSlipway-Source: https://ci.example/1 by alice at {built}");
    dated(&remote, "2096-01-01T10:00:00Z", &bump("app-a", "v1", "v2", &more), "app-a", "v2");
    let ask = |url: &str| {
        let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
        let (repo, source) = (remote.url(), format!("app-a={url}"));
        let summary = ["audit", "--summary", "--since", "2096-01-01", "--until", "2096-01-08"];
        slipway
            .run(&[&summary[..], &["--repo", &repo, "--source", &source, "--format", "json"]].concat())
            .exits(0)
    };
    let login = format!("{}:{}@", bed.text("/git/username"), bed.text("/git/password"));
    let url = manifests::url(&bed, "lead-times");
    let with_login = url.replacen("://", &format!("://{login}"), 1);
    assert_eq!(ask(&with_login).json()["summary"][0]["lead_time"], 7200);
    let kept = home.path().join(".slipway/repositories");
    let kept = std::fs::read_dir(kept).unwrap().map(|entry| entry.unwrap().path());
    let kept = kept.filter(|path| path.to_str().unwrap().ends_with("-commits")).collect::<Vec<_>>();
    assert_eq!(kept.len(), 1);
    let types = git(&kept[0], &["cat-file", "--batch-check=%(objecttype)", "--batch-all-objects"]);
    assert_eq!(types, "commit", "no trees, and no files");
    let config = std::fs::read_to_string(kept[0].join("config")).unwrap();
    assert!(!config.contains(bed.text("/git/password")), "{config}");
    assert_eq!(ask(&with_login).json()["summary"][0]["lead_time"], 7200);

    // Whoever is not let in knows no more of it for what is kept, and is told.
    let refused = ask(&url.replacen("://", "://somebody:canary-wrong@", 1));
    assert!(refused.stderr.contains("the lead times of app-a are not known"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("canary-wrong"), "{}", refused.stderr);
    assert!(refused.json()["summary"][0]["lead_time"].is_null());
    drop(ask("http://127.0.0.1:1/none.git").says("could not be asked"));
}
