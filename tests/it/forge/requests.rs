//! A request is opened, kept up to date, and says what it changes.

use serde_json::json;

use crate::support::forge::{Forge, Kind};

const V2: [&str; 4] = ["image", "set", "app-a=registry.example/app-a:v2", "--pull-request"];

#[test]
fn a_bump_becomes_a_request_and_the_next_one_brings_it_up_to_date() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let forge = Forge::start(kind, &["app-a", "app-b"]);
        let folder = tempfile::tempdir().unwrap();
        let main = forge.git(&["rev-parse", "main"]);
        let slipway = || forge.slipway(folder.path()).env("USER", "alice");
        let labels = ["--label", "deploy", "--label", "bot", "--reviewer", "bob", "--format", "json"];
        let ended = slipway().run(&[&V2[..], &labels].concat()).exits(0);
        let outcome = &ended.json()[0];
        assert_eq!(
            (&outcome["pull_request"]["number"], &outcome["pull_request"]["opened"]),
            (&json!(1), &json!(true))
        );
        assert!(outcome["pull_request"]["url"].as_str().unwrap().ends_with("/1"), "{outcome}");
        assert_eq!(outcome["commit"], forge.git(&["rev-parse", "slipway/app-a"]));
        assert_eq!(forge.git(&["rev-parse", "main"]), main, "nothing was pushed to the branch itself");
        let opened = forge.requests().remove(0);
        assert_eq!(opened["title"], "app-a: registry.example/app-a:v1 → v2");
        assert_eq!((&opened["labels"], &opened["reviewers"]), (&json!(["deploy", "bot"]), &json!(["bob"])));
        let body = opened["body"].as_str().unwrap();
        assert!(
            body.contains("`manifests/app-a/deployment.yaml:10`") && body.contains("Asked for by `alice`"),
            "{body}"
        );
        assert!(
            body.ends_with("Slipway-Previous: registry.example/app-a:v1\nSlipway-Source: alice\n"),
            "{body}"
        );

        // The next version is one commit on the tip as well, and the same request.
        let v3 = ["image", "set", "app-a=registry.example/app-a:v3", "--pr"];
        slipway().run(&v3).exits(0).says("updated http://");
        let requests = forge.requests();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0]["title"], "app-a: registry.example/app-a:v1 → v3");
        assert_eq!(forge.git(&["rev-list", "--count", "main..slipway/app-a"]), "1");
        // The same again pushes nothing.
        let before = forge.git(&["rev-parse", "slipway/app-a"]);
        slipway().env("USER", "bob").run(&v3).exits(0);
        assert_eq!(forge.git(&["rev-parse", "slipway/app-a"]), before);
        // Another app has its own, as has a set.
        slipway().run(&["image", "set", "app-b=registry.example/app-b:v2", "--pr"]).exits(0);
        let both = ["app-b=registry.example/app-b:v2", "app-a=registry.example/app-a:v3"];
        slipway().run(&["image", "set", both[0], both[1], "--pr"]).exits(0);
        let heads: Vec<_> =
            forge.requests().iter().map(|one| one["head"].as_str().unwrap().to_owned()).collect();
        assert_eq!(heads, ["slipway/app-a", "slipway/app-b", "slipway/app-a+app-b"], "{kind:?}");
    }
}

#[test]
fn what_is_there_already_opens_nothing_and_an_older_image_replaces_no_newer_one() {
    let forge = Forge::start(Kind::GitHub, &["app-a"]);
    let folder = tempfile::tempdir().unwrap();
    let set = |image: &str, more: &[&str]| {
        let image = format!("app-a=registry.example/app-a:{image}");
        forge.slipway(folder.path()).run(&[&["image", "set", &image, "--pr"], more].concat())
    };
    set("v1", &[]).exits(0).says("is there already");
    assert!(forge.requests().is_empty());
    set("v3", &[]).exits(0);
    set("v2", &[]).exits(5).says("registry.example/app-a:v3 by slipway/app-a, which is newer");
    assert!(forge.requests()[0]["title"].as_str().unwrap().ends_with("v3"));
    set("v2", &["--allow-older"]).exits(0);
    // What has no age is what came last, as with a push.
    set("main-3f2a", &["--allow-older"]).exits(0);
    set("main-91bc", &[]).exits(0);
    assert!(forge.requests()[0]["title"].as_str().unwrap().ends_with("main-91bc"));
}

#[test]
fn what_others_have_put_on_the_branch_is_not_lost() {
    let forge = Forge::start(Kind::GitHub, &["app-a"]);
    let folder = tempfile::tempdir().unwrap();
    forge.slipway(folder.path()).run(&V2).exits(0);
    let work = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
        let done = std::process::Command::new("git")
            .current_dir(work.path())
            .args(identity)
            .args(arguments)
            .output();
        let done = done.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["clone", "--quiet", "--branch", "slipway/app-a", forge.bare().to_str().unwrap(), "."]);
    std::fs::write(work.path().join("note"), "x").unwrap();
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "Add a note"]);
    git(&["push", "--quiet"]);
    let theirs = forge.git(&["rev-parse", "slipway/app-a"]);
    let v3 = ["image", "set", "app-a=registry.example/app-a:v3", "--pr"];
    let ended = forge.slipway(folder.path()).run(&v3).exits(5);
    ended.says("of Ann <ann@example.com>, \"Add a note\"").says("--request-branch");
    // Neither is an amended commit ours.
    git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    std::fs::write(work.path().join("note"), "y").unwrap();
    git(&["add", "."]);
    git(&["-c", "user.name=Ann", "commit", "--quiet", "--amend", "--no-edit", "--date=2020-01-01T00:00:00Z"]);
    git(&["push", "--quiet", "--force"]);
    forge.slipway(folder.path()).run(&v3).exits(5).says("which an update would lose");
    assert_ne!(forge.git(&["rev-parse", "slipway/app-a"]), theirs);
    forge.slipway(folder.path()).run(&[&v3[..], &["--request-branch", "slipway/other"]].concat()).exits(0);
}

#[test]
fn a_base_that_was_merged_in_by_the_button_is_nobodys_work() {
    let forge = Forge::start(Kind::GitHub, &["app-a", "app-b"]);
    let folder = tempfile::tempdir().unwrap();
    forge.slipway(folder.path()).run(&V2).exits(0);
    forge.slipway(folder.path()).run(&["image", "set", "app-b=registry.example/app-b:v2"]).exits(0);
    let tree = forge.git(&["merge-tree", "--write-tree", "slipway/app-a", "main"]);
    let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
    let message = "Merge branch 'main' into slipway/app-a";
    let commit =
        [&identity[..], &["commit-tree", &tree, "-p", "slipway/app-a", "-p", "main", "-m", message]].concat();
    let merge = forge.git(&commit);
    forge.git(&["update-ref", "refs/heads/slipway/app-a", &merge]);
    forge.slipway(folder.path()).run(&["image", "set", "app-a=registry.example/app-a:v3", "--pr"]).exits(0);
    assert_eq!(forge.git(&["rev-list", "--count", "main..slipway/app-a"]), "1");
    // Squashed with the merge in it, its lines are read all the same.
    forge.git(&["update-ref", "refs/heads/slipway/app-a", &merge]);
    forge.merge(1, "squash");
    let history = forge.slipway(folder.path()).run(&["image", "history", "app-a"]).exits(0);
    history.says("registry.example/app-a:v1 → registry.example/app-a:v2");
}

#[test]
fn a_request_of_several_commands_keeps_what_each_proposed() {
    let forge = Forge::start(Kind::GitHub, &["app-a", "app-b"]);
    let folder = tempfile::tempdir().unwrap();
    let set = |assignment: &str| {
        let all = ["image", "set", assignment, "--pr", "--request-branch", "slipway/all"];
        forge.slipway(folder.path()).run(&all).exits(0);
    };
    set("app-a=registry.example/app-a:v2");
    set("app-b=registry.example/app-b:v2");
    set("app-b=registry.example/app-b:v3");
    let requests = forge.requests();
    assert_eq!(requests.len(), 1);
    let body = requests[0]["body"].as_str().unwrap();
    assert!(
        body.contains("`registry.example/app-a:v2`") && body.contains("`registry.example/app-b:v3`"),
        "{body}"
    );
    assert_eq!(forge.git(&["rev-list", "--count", "main..slipway/all"]), "1");
    forge.merge(1, "squash");
    for app in ["app-a", "app-b"] {
        let history =
            forge.slipway(folder.path()).run(&["image", "history", app, "--format", "json"]).exits(0);
        assert_eq!(history.json()[0]["kind"], "bump", "{app}");
    }
}
