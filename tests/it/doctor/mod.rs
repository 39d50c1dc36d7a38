//! What `doctor` finds of what a run needs.

mod asking;
mod clusters;
mod states;
mod tools;

use serde_json::Value;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

/// A name that no other test has.
fn unique(what: &str) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("d-{what}-{}", &random[..8])
}

/// On a bed.
fn slipway(estate: &Estate, bed: &Bed) -> Slipway {
    Slipway::new(estate.path(), &tool("tofu")).bed(bed).env("AWS_EC2_METADATA_DISABLED", "true")
}

/// Away from any AWS, and from any credentials.
fn nowhere(estate: &Estate) -> Slipway {
    Slipway::new(estate.path(), &tool("tofu")).env("AWS_EC2_METADATA_DISABLED", "true")
}

/// The findings of a kind, out of the answer in JSON: their verdicts, and all that is said of them.
fn found(ended: &Ended, what: &str) -> Vec<(String, String)> {
    let all = ended.json();
    let of_kind = all.as_array().unwrap().iter().filter(|finding| finding["what"] == what);
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    of_kind
        .map(|finding| {
            let said = ["name", "detail", "help"].map(|name| text(finding, name)).join(" | ");
            (text(finding, "verdict"), said)
        })
        .collect()
}

/// The only one of a kind.
#[track_caller]
fn only(ended: &Ended, what: &str) -> (String, String) {
    let mut all = found(ended, what);
    assert_eq!(all.len(), 1, "{what}: {}", ended.stdout);
    all.remove(0)
}

/// Asserts on the one finding of a kind.
#[track_caller]
fn assert_found(ended: &Ended, what: &str, verdict: &str, says: &[&str]) {
    let (found, said) = only(ended, what);
    assert_eq!(found, verdict, "{what}: {said}");
    for text in says {
        assert!(said.contains(text), "{text:?} is not in {said:?}");
    }
}
