//! What history and rollback see of a request that was merged, whichever way.

use serde_json::json;

use crate::support::forge::{Forge, Kind, TOKEN};

#[test]
fn history_and_rollback_read_every_kind_of_merge() {
    let github = ["merge", "squash", "rebase"].map(|method| (Kind::GitHub, method, json!({})));
    let bodies = [
        (Kind::GitHub, "squash", json!({"squash_merge_commit_message": "PR_BODY"})),
        (Kind::GitHub, "merge", json!({"merge_commit_message": "PR_BODY"})),
        (Kind::GitLab, "merge", json!({})),
        (Kind::GitLab, "squash", json!({"squash_commit_template": "%{title}\n\n%{description}"})),
        (Kind::GitLab, "squash", json!({"squash_commit_template": "%{first_multiline_commit}"})),
    ];
    for (kind, method, settings) in github.into_iter().chain(bodies) {
        let forge = Forge::start(kind, &["app-a"]);
        forge.settings(&settings);
        let folder = tempfile::tempdir().unwrap();
        let slipway =
            |arguments: &[&str]| forge.slipway(folder.path()).run(&[&["image"], arguments].concat());
        slipway(&["set", "app-a=registry.example/app-a:v2", "--pr"]).exits(0);
        let commit = forge.merge(1, method);
        let history = slipway(&["history", "app-a", "--format", "json"]).exits(0).json();
        let what = format!("{kind:?} {method} {settings}: {history}");
        let bumps = history.as_array().unwrap().iter().filter(|record| record["kind"] == "bump");
        assert_eq!(bumps.count(), 1, "{what}");
        assert_eq!(
            (&history[0]["kind"], &history[0]["image"]),
            (&json!("bump"), &json!("registry.example/app-a:v2")),
            "{what}"
        );
        if method != "merge" {
            assert_eq!(history[0]["commit"], json!(commit), "{what}");
        }
        slipway(&["set", "app-a=registry.example/app-a:v2", "--pr"]).exits(0).says("is there already");
        // A rollback is proposed as well; once it is merged, the image is held.
        slipway(&["rollback", "app-a", "--pr"]).exits(0);
        let rollback = forge.requests().pop().unwrap();
        assert_eq!(
            (&rollback["head"], &rollback["state"]),
            (&json!("slipway/app-a"), &json!("open")),
            "{what}"
        );
        forge.merge(2, method);
        slipway(&["set", "app-a=registry.example/app-a:v2", "--pr"]).exits(5).says("was rolled back");
        slipway(&["rollback", "app-a"]).exits(1).says("no bump left");
    }
}

#[test]
fn a_request_is_merged_by_itself_once_it_may_be() {
    for (kind, settings) in [
        (Kind::GitHub, json!({"allow_auto_merge": true})),
        (
            Kind::GitHub,
            json!({"allow_auto_merge": true, "allow_merge_commit": false, "squash_merge_commit_message": "BLANK"}),
        ),
        (Kind::GitLab, json!({"checking": 2})),
        (Kind::GitLab, json!({"squash_option": "always"})),
    ] {
        for checks in [true, false] {
            let forge = Forge::start(kind, &["app-a"]);
            forge.settings(&settings);
            forge.settings(&json!({"required_checks": checks}));
            let folder = tempfile::tempdir().unwrap();
            let slipway =
                |arguments: &[&str]| forge.slipway(folder.path()).run(&[&["image"], arguments].concat());
            slipway(&["set", "app-a=registry.example/app-a:v2", "--pr", "--auto-merge"]).exits(0);
            let what = format!("{kind:?} {settings} {checks}");
            assert_eq!(forge.requests()[0]["state"], if checks { "open" } else { "merged" }, "{what}");
            forge.pass_checks();
            assert_eq!(forge.requests()[0]["state"], "merged", "{what}");
            slipway(&["history", "app-a"]).exits(0).says("v1 → registry.example/app-a:v2");
        }
    }
    let forge = Forge::start(Kind::GitHub, &["app-a"]);
    let folder = tempfile::tempdir().unwrap();
    let set = ["image", "set", "app-a=registry.example/app-a:v2", "--pr", "--auto-merge"];
    forge
        .slipway(folder.path())
        .run(&set)
        .exits(1)
        .says("Allow auto-merge")
        .says("slipway/app-a has the change already");
}

#[tokio::test]
async fn what_became_of_a_request_is_seen() {
    use slipway::forge::{Forge as Remote, Kind as Which, Place, RequestState};
    for (kind, which) in [(Kind::GitHub, Which::GitHub), (Kind::GitLab, Which::GitLab)] {
        let forge = Forge::start(kind, &["app-a", "app-b"]);
        let folder = tempfile::tempdir().unwrap();
        for app in ["app-a", "app-b"] {
            let assignment = format!("{app}=registry.example/{app}:v2");
            forge.slipway(folder.path()).run(&["image", "set", &assignment, "--pr"]).exits(0);
        }
        let place = Place::of(&forge.url(), Some(which), None, &|_| None).unwrap();
        let remote = Remote::of(&place, slipway::support::secret::Secret::new(TOKEN));
        assert_eq!(remote.state(1).await.unwrap(), RequestState::Open);
        let commit = forge.merge(1, "squash");
        assert_eq!(remote.state(1).await.unwrap(), RequestState::Merged(commit));
        forge.close(2);
        assert_eq!(remote.state(2).await.unwrap(), RequestState::Closed);
        assert!(remote.state(77).await.unwrap_err().to_string().contains("404"));
    }
}

#[test]
fn a_repository_that_squashes_the_lines_away_is_told() {
    for (kind, settings) in [
        (Kind::GitHub, json!({"squash_merge_commit_message": "BLANK"})),
        (Kind::GitLab, json!({"squash_option": "default_on"})),
    ] {
        let forge = Forge::start(kind, &["app-a"]);
        forge.settings(&settings);
        let folder = tempfile::tempdir().unwrap();
        let set = ["image", "set", "app-a=registry.example/app-a:v2", "--pr"];
        forge.slipway(folder.path()).run(&set).exits(0).says("history and rollback would not see it");
    }
}
