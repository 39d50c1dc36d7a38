use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::*;

const OURS: &str = "https://git.example.com/org/m.git";
const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const THEIRS: &str = "cccccccccccccccccccccccccccccccccccccccc";

/// Our repository: `OLD`, then `NEW`.
struct Log;

#[async_trait]
impl Ancestry for Log {
    async fn has(&self, revision: &str, commit: &str) -> Result<Option<bool>, String> {
        assert_eq!(commit, NEW);
        Ok(match revision {
            NEW => Some(true),
            OLD => Some(false),
            _ => None,
        })
    }
}

fn application(spec: &Value, status: &Value) -> ApplicationStatus {
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "app-a" },
        "spec": spec, "status": status,
    });
    ApplicationStatus::of(&serde_json::from_value(object).unwrap())
}

fn at(repository: &str, revision: &str) -> ApplicationStatus {
    let source = json!({ "repoURL": repository });
    application(
        &json!({ "source": source }),
        &json!({ "sync": { "status": "Synced", "revision": revision } }),
    )
}

fn of_many(sources: &[(&str, &str)]) -> ApplicationStatus {
    let specified: Vec<Value> =
        sources.iter().map(|(repository, _)| json!({ "repoURL": repository })).collect();
    let revisions: Vec<&str> = sources.iter().map(|(_, revision)| *revision).collect();
    application(
        &json!({ "sources": specified }),
        &json!({ "sync": { "status": "Synced", "revisions": revisions } }),
    )
}

/// What is said of one that is named, and of one among all.
async fn said_of(application: &ApplicationStatus, by_name: bool) -> Option<String> {
    let names = if by_name { vec!["app-a".to_owned()] } else { Vec::new() };
    let wanted = Wanted { applications: &names, ..Wanted::at(OURS, NEW, Duration::ZERO) };
    lacks(application, &wanted, &Log).await
}

#[tokio::test]
async fn an_address_in_another_spelling_is_held_to_the_commit() {
    for spelling in [
        "https://git.example.com/org/m",
        "https://git.example.com/org/m/",
        "https://ci@GIT.example.com:443/Org/m.git/",
        "https://ci:canary-in-an-address@git.example.com/org/m.git",
        "https://git.example.com./org//m.git",
        "https://git.example.com/%6Frg/%6d.git",
        "http://git.example.com:80/org/m",
        "git@git.example.com:org/m.git",
        "git@git.example.com:/org/m",
        "git.example.com:org/m.git",
        "ssh://git@git.example.com:22/org/m",
        "ssh://GIT.example.com/org/m.git",
        "git+ssh://git@git.example.com/org/m.git",
    ] {
        for (revision, lacking) in [(OLD, "still at aaaaaaaaaaaa"), (THEIRS, "still at cccccccccccc")] {
            assert_eq!(said_of(&at(spelling, revision), false).await.unwrap(), lacking, "{spelling}");
            let many = of_many(&[("https://charts.example.com", "1.0"), (spelling, revision)]);
            assert_eq!(said_of(&many, false).await.unwrap(), lacking, "{spelling} as one of several");
        }
        assert_eq!(said_of(&at(spelling, NEW), false).await, None, "{spelling}");
        assert_eq!(said_of(&at(spelling, NEW), true).await, None, "{spelling}, named");
    }
    // Another port of a host may be another server: what is in it tells.
    for unsure in ["https://git.example.com:8443/org/m.git", "ssh://git@git.example.com:2222/org/m.git"] {
        assert_eq!(said_of(&at(unsure, OLD), false).await.unwrap(), "still at aaaaaaaaaaaa", "{unsure}");
        assert_eq!(said_of(&at(unsure, NEW), true).await, None, "{unsure}");
    }
    for another in
        ["https://git.example.com/org/n", "https://git.example.com/m", "git@git.example.com:org/m.gitea"]
    {
        assert_eq!(said_of(&at(another, THEIRS), false).await, None, "{another}");
    }
}

#[tokio::test]
async fn every_source_of_the_repository_has_to_be_at_the_commit() {
    let charts = ("https://charts.example.com", "1.2.3");
    assert_eq!(said_of(&of_many(&[charts, (OURS, NEW)]), false).await, None);
    assert_eq!(said_of(&of_many(&[charts, (OURS, OLD)]), false).await.unwrap(), "still at aaaaaaaaaaaa");
    assert_eq!(said_of(&of_many(&[(OURS, NEW), (OURS, OLD)]), true).await.unwrap(), "still at aaaaaaaaaaaa");
    assert!(said_of(&of_many(&[charts]), true).await.unwrap().contains("cannot be compared"));
}

#[tokio::test]
async fn a_mirror_is_known_by_what_is_in_it() {
    let mirror = "https://mirror.example.net/backup/m";
    assert_eq!(said_of(&at(mirror, OLD), false).await.unwrap(), "still at aaaaaaaaaaaa");
    assert_eq!(said_of(&at(mirror, NEW), true).await, None);
    assert_eq!(said_of(&at(mirror, THEIRS), false).await, None, "another repository of that name");
}

#[tokio::test]
async fn a_named_application_of_another_repository_is_not_called_green() {
    let other = at("https://git.example.com/org/else", THEIRS);
    assert_eq!(said_of(&other, false).await, None);
    let refused = said_of(&other, true).await.unwrap();
    assert!(refused.contains("https://git.example.com/org/else") && refused.contains(OURS), "{refused}");
}

#[test]
fn sources_that_were_not_all_compared_are_in_doubt() {
    let spec = json!({ "sources": [{ "repoURL": OURS }, { "repoURL": "oci://r.example.com/chart" }] });
    let compared = |revisions: &Value| {
        application(&spec, &json!({ "sync": { "status": "Synced", "revisions": revisions } }))
    };
    assert_eq!(compared(&json!([NEW, "1.0"])).doubt, None);
    assert!(!compared(&json!([NEW, "1.0"])).sources[1].is_git);
    assert!(compared(&json!([NEW])).doubt.unwrap().contains("all of its sources"));
    assert!(compared(&Value::Null).doubt.is_some());
}

#[test]
fn what_was_compared_before_the_definition_changed_is_in_doubt() {
    let chart = |version: &str| json!({ "repoURL": "https://charts.example.com", "chart": "redis", "targetRevision": version });
    let compared = |to: Value| {
        let sync = json!({ "status": "Synced", "revision": "1.0", "comparedTo": { "source": to } });
        application(&json!({ "source": chart("1.1") }), &json!({ "sync": sync })).doubt
    };
    assert!(compared(chart("1.0")).unwrap().contains("have changed since"));
    let mut same = chart("1.1");
    same["directory"] = json!({ "jsonnet": {}, "recurse": false });
    assert_eq!(compared(same), None, "what is empty says nothing");
}

fn hydrated(status: &Value, synced: &str) -> ApplicationStatus {
    let hydrator = json!({
        "drySource": { "repoURL": OURS, "targetRevision": "main", "path": "app-a" },
        "syncSource": { "targetBranch": "env/dev", "path": "app-a" },
    });
    let sync = json!({ "status": "Synced", "revision": synced });
    application(&json!({ "sourceHydrator": hydrator }), &json!({ "sync": sync, "sourceHydrator": status }))
}

#[tokio::test]
async fn a_hydrator_counts_by_the_commit_it_was_made_from_and_what_it_wrote() {
    let wrote = |dry: &str, phase: &str| {
        json!({
            "lastSuccessfulOperation": { "drySHA": dry, "hydratedSHA": "h1" },
            "currentOperation": { "phase": phase, "message": "no such chart" },
        })
    };
    let done = hydrated(&wrote(NEW, "Hydrated"), "h1");
    assert_eq!((said_of(&done, true).await, done.doubt), (None, None));
    let behind = hydrated(&wrote(OLD, "Hydrating"), "h1");
    assert_eq!(said_of(&behind, true).await.unwrap(), "still at aaaaaaaaaaaa");
    assert!(hydrated(&wrote(NEW, "Hydrated"), "h0").doubt.unwrap().contains("h1 is not synced, h0 is"));
    assert!(hydrated(&wrote(NEW, "Failed"), "h1").doubt.unwrap().contains("no such chart"));
    assert_eq!(hydrated(&json!({}), "h0").doubt.unwrap(), "not hydrated yet");
}
