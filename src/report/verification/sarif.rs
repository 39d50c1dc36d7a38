//! SARIF 2.1.0, for code scanning: what does not pass, at the cluster's block in slipway.hcl.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Verified;
use crate::cluster::checks::kinds;
use crate::cluster::{Check, CheckStatus};
use crate::report::foreign::visible;
use crate::support::path_text;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The rule of a cluster that could not be judged at all.
const NOT_VERIFIED: &str = "cluster::not_verified";

/// The log.
pub fn sarif(clusters: &[Verified]) -> Value {
    let mut codes = BTreeSet::new();
    let mut results = Vec::new();
    for cluster in clusters {
        if let Err(error) = &cluster.answer {
            codes.insert(NOT_VERIFIED);
            results.push(result(cluster, "cluster", NOT_VERIFIED, "error", &error.message));
        }
        for check in cluster.checks() {
            let Some(code) = check.code else { continue };
            codes.insert(code);
            results.push(result(cluster, &check.id, code, level(check), &message(check)));
        }
    }
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    let driver = json!({ "name": "slipway", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    })
}

fn rule(code: &str) -> Value {
    let kind = kinds::ALL.iter().find(|kind| kind.code == code);
    let (expected, why) = kind
        .map_or(("a cluster that can be judged", "nothing is known of it"), |kind| (kind.expected, kind.why));
    json!({
        "id": code,
        "shortDescription": { "text": format!("expected: {expected}") },
        "fullDescription": { "text": why },
        "help": { "text": format!("slipway explain {code}") },
    })
}

fn result(cluster: &Verified, id: &str, code: &str, level: &str, message: &str) -> Value {
    let logical = format!("{}/{id}", cluster.label);
    let mut location = json!({ "logicalLocations": [{ "fullyQualifiedName": logical }] });
    if let (Some((file, line)), Some(location)) = (&cluster.place, location.as_object_mut()) {
        let uri = path_text::shown(file);
        let place = json!({ "artifactLocation": { "uri": uri }, "region": { "startLine": line } });
        location.insert("physicalLocation".to_owned(), place);
    }
    json!({
        "ruleId": code,
        "level": level,
        "message": { "text": visible(message) },
        "locations": [location],
        "partialFingerprints": { "slipwayCheck/v1": format!("{logical}/{code}") },
    })
}

fn level(check: &Check) -> &'static str {
    match check.status {
        CheckStatus::Fail => "error",
        CheckStatus::Warn => "warning",
        CheckStatus::Pass | CheckStatus::NotAnswered => "note",
    }
}

fn message(check: &Check) -> String {
    let mut text = format!("{}: {}; expected {}; {}", check.title, check.detail, check.expected, check.why);
    if !check.help.is_empty() {
        text = format!("{text}; {}", check.help);
    }
    if !check.commands.is_empty() {
        text = format!("{text}; {}", check.commands.join(" && "));
    }
    text
}
