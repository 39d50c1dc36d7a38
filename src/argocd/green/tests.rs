use serde_json::{Value, json};

use super::super::application::ApplicationStatus;

fn application(status: &Value) -> ApplicationStatus {
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "app-a" },
        "spec": { "source": { "repoURL": "https://git.example/m.git" } }, "status": status,
    });
    ApplicationStatus::of(&serde_json::from_value(object).unwrap())
}

fn green() -> Value {
    json!({
        "sync": { "status": "Synced", "revision": "0123456789abcdef" },
        "health": { "status": "Healthy" },
        "operationState": { "phase": "Succeeded" },
    })
}

#[test]
fn green_takes_all_of_it_at_once() {
    assert_eq!(application(&green()).not_green(None), None);
    assert_eq!(application(&green()).not_green(Some("still at 0")).unwrap(), "app-a: still at 0");
    let mut degraded = green();
    degraded["health"]["status"] = json!("Degraded");
    assert_eq!(application(&degraded).not_green(None).unwrap(), "app-a: Degraded");
    let mut running = green();
    running["operationState"]["phase"] = json!("Running");
    assert!(application(&running).not_green(None).is_some());
    assert!(application(&json!({})).not_green(None).is_some());
}

#[test]
fn an_adopted_application_that_never_had_to_sync_is_green() {
    let mut adopted = green();
    adopted["operationState"] = Value::Null;
    assert_eq!(application(&adopted).not_green(None), None);
    adopted["sync"]["status"] = json!("OutOfSync");
    assert!(application(&adopted).not_green(None).unwrap().starts_with("app-a: OutOfSync"));
}

#[test]
fn an_operation_that_is_asked_for_and_has_not_begun_is_waited_for() {
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "app-a" },
        "spec": {}, "operation": { "sync": {} }, "status": green(),
    });
    let status = ApplicationStatus::of(&serde_json::from_value(object).unwrap());
    assert_eq!(status.not_green(None).unwrap(), "app-a: its sync has not begun");
}

#[test]
fn a_sync_that_failed_counts_until_a_newer_commit_left_nothing_to_sync() {
    let mut failed = green();
    failed["reconciledAt"] = json!("2026-01-01T10:00:09Z");
    let result = json!({ "revision": "0123456789abcdef" });
    failed["operationState"] = json!({
        "phase": "Failed", "message": "no", "finishedAt": "2026-01-01T10:00:00Z", "syncResult": result,
    });
    assert_eq!(application(&failed).not_green(None).unwrap(), "app-a: its sync failed: no");
    failed["sync"]["revision"] = json!("fedcba9876543210");
    assert_eq!(application(&failed).not_green(None), None);
    failed["reconciledAt"] = json!("2026-01-01T09:59:59Z");
    assert!(application(&failed).not_green(None).is_some(), "compared before it failed");
}

#[test]
fn a_comparison_error_is_never_green_although_its_health_says_healthy() {
    let mut broken = green();
    broken["conditions"] = json!([{ "type": "ComparisonError", "message": "no such path" }]);
    assert_eq!(application(&broken).not_green(None).unwrap(), "app-a: ComparisonError: no such path");
    let mut warned = green();
    warned["conditions"] = json!([{ "type": "OrphanedResourceWarning", "message": "one" }]);
    assert_eq!(application(&warned).not_green(None), None);
}

/// What `status` and `spec` make of an Application that is `OutOfSync` in one Deployment.
fn differing(spec: &Value, operation: &Value) -> String {
    let mut status = green();
    status["sync"]["status"] = json!("OutOfSync");
    status["resources"] = json!([{ "kind": "Deployment", "name": "web", "status": "OutOfSync" }]);
    status["operationState"] = operation.clone();
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "app-a" },
        "spec": spec, "status": status,
    });
    let status = ApplicationStatus::of(&serde_json::from_value(object).unwrap());
    status.not_green(None).unwrap()
}

const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

#[test]
fn what_argocd_will_not_sync_by_itself_is_told_with_the_way_out() {
    let source = json!({ "repoURL": "https://git.example/m.git" });
    let spec = |automated: Value| json!({ "source": source, "syncPolicy": { "automated": automated } });
    let off = differing(&json!({ "source": source }), &Value::Null);
    assert_eq!(
        off,
        "app-a: OutOfSync Deployment/web; automated sync is off; `slipway argocd sync app-a` syncs it"
    );
    assert_eq!(differing(&spec(json!({ "enabled": false })), &Value::Null), off);
    // What was synced and differs all the same was changed in the cluster.
    let synced = json!({ "phase": "Succeeded", "syncResult": { "revision": "0123456789abcdef" } });
    let by_hand = differing(&spec(json!({})), &synced);
    assert!(by_hand.contains("self-heal is off; `slipway argocd sync app-a`"), "{by_hand}");
    let heals = differing(&spec(json!({ "selfHeal": true })), &synced);
    assert_eq!(heals, "app-a: OutOfSync Deployment/web", "it is about to be healed");
}

#[test]
fn a_sync_that_is_tried_again_says_why_it_failed() {
    let spec = json!({ "source": { "repoURL": "x" }, "syncPolicy": { "automated": { "selfHeal": true } } });
    let failed = json!({ "kind": "Job", "name": "migrate", "hookType": "PreSync", "hookPhase": "Failed", "message": "exit 1" });
    let said = differing(
        &spec,
        &json!({
            "phase": "Running", "retryCount": 3, "finishedAt": "2026-01-01T10:00:00Z",
            "message": "metadata.name: Invalid value: \"A\". Retrying attempt #3 at 10:00PM.",
            "syncResult": { "resources": [failed] },
        }),
    );
    assert!(said.contains("tried again, attempt 4: metadata.name: Invalid value"), "{said}");
    assert!(said.ends_with("; hook PreSync Job/migrate: exit 1"), "{said}");
}

#[test]
fn an_operation_on_another_commit_that_holds_up_the_compared_one_is_named() {
    let object = |synced: &str| {
        let mut status = green();
        status["sync"] = json!({ "status": "OutOfSync", "revision": NEW });
        status["operationState"] = json!({ "phase": "Running", "retryCount": 1, "message": "no", "syncResult": { "revision": synced } });
        application(&status)
    };
    let said = object(OLD).not_green(None).unwrap();
    assert!(said.contains("its sync of the other commit aaaaaaaaaaaa fails"), "{said}");
    assert!(said.contains("--end-old-syncs"), "{said}");
    assert!(
        object(OLD).facts.is_held_up && !object(NEW).facts.is_held_up && !object("main").facts.is_held_up
    );
}

#[test]
fn why_an_attempt_failed_is_kept_while_the_next_one_runs() {
    let attempt = |message: &str| {
        let mut status = green();
        status["operationState"] = json!({ "phase": "Running", "retryCount": 1, "message": message });
        application(&status)
    };
    let failed = attempt("quota exceeded. Retrying attempt #1 at 10:00PM.");
    let mut next = attempt("Retrying operation. Attempt #1");
    next.facts.remember(&next.message.clone(), (&failed.facts, &failed.message));
    assert!(next.not_green(None).unwrap().contains("attempt 2: quota exceeded"));
    let mut later = attempt("Retrying operation with latest revisions. Attempt #1");
    later.facts.remember(&later.message.clone(), (&next.facts, &next.message));
    assert!(later.not_green(None).unwrap().contains("quota exceeded"));
}

#[test]
fn what_argocd_heals_right_after_a_sync_is_no_change_by_hand() {
    let at = |begun: &str| {
        let mut status = green();
        status["history"] = json!([{ "deployedAt": "2026-01-01T10:00:00Z" }]);
        let heals = json!({ "sync": { "autoHealAttemptsCount": 1 } });
        status["operationState"] = json!({ "phase": "Succeeded", "startedAt": begun, "operation": heals });
        application(&status).healed
    };
    assert!(!at("2026-01-01T10:00:06Z"));
    assert!(at("2026-01-01T10:05:00Z"));
}
