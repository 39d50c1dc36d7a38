//! Forges that are busy, that refuse, and that protect their branches.

use serde_json::json;

use crate::support::forge::{Forge, Kind, PUSHER};

const SET: [&str; 4] = ["image", "set", "app-a=registry.example/app-a:v2", "--pr"];

#[test]
fn a_busy_forge_is_waited_for_and_makes_nothing_twice() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let forge = Forge::start(kind, &["app-a"]);
        let folder = tempfile::tempdir().unwrap();
        let opens = "POST .*(pulls|merge_requests)$";
        forge.faults(&json!([
            {"match": "GET", "status": 500, "times": 2},
            {"match": opens, "status": 429, "times": 1, "headers": {"Retry-After": "1"}},
            {"match": opens, "status": 403, "times": 1, "headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}},
            // It was opened, and the answer got lost.
            {"match": opens, "status": 502, "times": 1, "after": true},
        ]));
        forge.slipway(folder.path()).run(&SET).exits(0);
        assert_eq!(forge.requests().len(), 1, "{kind:?}");
    }
}

#[test]
fn a_forge_that_wants_to_be_left_alone_for_long_is() {
    let forge = Forge::start(Kind::GitHub, &["app-a"]);
    let folder = tempfile::tempdir().unwrap();
    forge.faults(&json!([{"match": "GET", "status": 429, "times": 9, "headers": {"Retry-After": "3000"}}]));
    let ended = forge.slipway(folder.path()).run(&SET).exits(1);
    ended.says("wants to be left alone for 3000 s").says("slipway/app-a has the change already");
    forge.faults(&json!([]));
    forge.slipway(folder.path()).run(&SET).exits(0).says("opened http://");
}

#[test]
fn a_token_that_may_not_is_told_what_it_lacks() {
    for (kind, says) in
        [(Kind::GitHub, "lacks a permission, pull_requests=write"), (Kind::GitLab, "needs the scope api")]
    {
        let forge = Forge::start(kind, &["app-a"]);
        let folder = tempfile::tempdir().unwrap();
        let set = forge.slipway(folder.path()).env("SLIPWAY_MANIFESTS_TOKEN", PUSHER).run(&SET).exits(1);
        set.says(says);
    }
}

#[test]
fn a_protected_branch_is_explained_and_a_request_is_the_way_out() {
    for words in ["github", "rules", "gitlab"] {
        let forge = Forge::start(Kind::GitHub, &["app-a"]);
        forge.settings(&json!({"protected": ["main"], "words": words}));
        let folder = tempfile::tempdir().unwrap();
        let set = forge.slipway(folder.path()).run(&SET[..3]).exits(1);
        set.says("main is protected and takes no push").says("--pull-request");
        forge.slipway(folder.path()).run(&SET).exits(0);
        assert_eq!(forge.requests().len(), 1);
    }
}

#[test]
fn a_forge_that_nobody_knows_is_asked_for() {
    let forge = Forge::start(Kind::GitHub, &["app-a"]);
    let folder = tempfile::tempdir().unwrap();
    let set = forge.slipway(folder.path()).env_remove("SLIPWAY_FORGE").run(&SET).exits(1);
    set.says("which forge is 127.0.0.1").says("--forge github");
    let local = format!("file://{}", forge.bare().display());
    let set = forge.slipway(folder.path()).run(&[&SET[..], &["--repo", &local]].concat()).exits(1);
    set.says("is on no forge");
    // A repository of one page after the other is read to its end.
    forge.settings(&json!({"page_size": 1}));
    forge.slipway(folder.path()).run(&SET).exits(0);
    forge.slipway(folder.path()).run(&SET).exits(0).says("updated");
}
