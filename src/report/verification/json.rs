//! For programs: `schemas/verify.v1.json`, and `verify-all.v1.json` of many.

use serde_json::{Value, json};

use super::Verified;
use crate::cluster::{Check, Verification};

/// One cluster.
pub fn one(verification: &Verification) -> Value {
    let facts = &verification.cluster;
    let mut value = json!({
        "cluster": {
            "name": facts.name, "arn": facts.arn, "region": facts.region, "status": facts.status,
            "version": facts.version, "endpoint": facts.endpoint, "oidc_issuer": facts.oidc_issuer,
        },
        "passed": verification.passed(),
        "checks": verification.checks.iter().map(check).collect::<Vec<_>>(),
    });
    if let (Some(target), Some(fields)) = (&verification.target, value.as_object_mut()) {
        fields.insert("for".to_owned(), json!(target));
    }
    value
}

fn check(check: &Check) -> Value {
    json!({
        "id": check.id, "title": check.title, "status": check.status.as_str(),
        "detail": check.detail, "help": check.help,
        "code": check.code, "expected": check.expected, "why": check.why, "commands": check.commands,
        "may_pass_later": check.may_pass_later,
    })
}

/// Several of them.
pub fn many(clusters: &[Verified]) -> Value {
    let each = clusters.iter().map(|cluster| match &cluster.answer {
        Ok(answer) => {
            let mut value = one(answer);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("label".to_owned(), json!(cluster.label));
            }
            value
        }
        Err(error) => json!({
            "label": cluster.label, "passed": false, "error": error.message, "region": error.region,
        }),
    });
    json!({
        "clusters": each.collect::<Vec<_>>(),
        "passed": clusters.iter().all(Verified::passed),
    })
}
