//! Sync windows: what keeps Argo CD from syncing by itself at this time.
//!
//! Argo CD says nothing of it on the Application; its project has the calendar.

use jiff::Timestamp;
use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::Value;

use super::application::ApplicationStatus;
use crate::gitops::FreezeWindow;
use crate::support::glob::Glob;

/// The kind `AppProject`.
pub(super) fn project_kind() -> GroupVersionKind {
    GroupVersionKind::gvk("argoproj.io", "v1alpha1", "AppProject")
}

/// What denies an Application its automated sync, by the rules of Argo CD: an open `deny`, or `allow` of which none is open.
pub(super) fn denied(
    project: &DynamicObject,
    application: &ApplicationStatus,
    now: Timestamp,
) -> Option<String> {
    let windows = project.data.pointer("/spec/syncWindows")?.as_array()?;
    let fitting: Vec<&Value> = windows.iter().filter(|window| fits(window, application)).collect();
    let is = |window: &&&Value, kind: &str| text(window, "kind") == kind;
    let open = |window: &&&Value| ends(window, now).is_some();
    let name = &application.facts.project;
    if let Some(window) = fitting.iter().filter(|window| is(window, "deny")).find(|window| open(window)) {
        let end = ends(window, now).unwrap_or_default();
        return Some(format!("a sync window of the project {name} denies it until {end}"));
    }
    let mut allows = fitting.iter().filter(|window| is(window, "allow")).peekable();
    allows.peek()?;
    let schedules: Vec<&str> = allows.clone().map(|window| text(window, "schedule")).collect();
    (!allows.any(|window| open(&window))).then(|| {
        format!("no sync window of the project {name} is open that allows it ({})", schedules.join("; "))
    })
}

fn text<'a>(window: &'a Value, key: &str) -> &'a str {
    window.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// When a window ends that is open now; one that cannot be read is Argo CD's to report.
fn ends(window: &Value, now: Timestamp) -> Option<String> {
    let zone = Some(text(window, "timeZone")).filter(|zone| !zone.is_empty()).unwrap_or("UTC");
    let (schedule, duration) = (text(window, "schedule"), text(window, "duration"));
    let window = FreezeWindow::new("", schedule, duration, zone, Vec::new(), String::new()).ok()?;
    window.ends(now).map(|end| end.timestamp().to_string())
}

/// Whether a window is for an Application: any of its lists, or each that it has where they are joined by `and`.
fn fits(window: &Value, application: &ApplicationStatus) -> bool {
    let list = |key: &str| window.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
    // A slash is a letter like any other here.
    let plain = |text: &str| text.replace('/', ":");
    let matches = |patterns: &Vec<Value>, texts: &[&str]| {
        patterns.iter().filter_map(Value::as_str).any(|pattern| {
            Glob::new(&plain(pattern)).is_ok_and(|glob| texts.iter().any(|text| glob.matches(&plain(text))))
        })
    };
    let facts = &application.facts;
    let clusters: Vec<&str> = facts.clusters.iter().map(String::as_str).collect();
    let answers = [
        list("applications").map(|patterns| matches(patterns, &[&application.name])),
        list("clusters").map(|patterns| matches(patterns, &clusters)),
        list("namespaces").map(|patterns| matches(patterns, &[&facts.destination])),
    ];
    let mut said = answers.into_iter().flatten().peekable();
    let has_any = said.peek().is_some();
    if window.get("andOperator").and_then(Value::as_bool) == Some(true) {
        has_any && said.all(|matches| matches)
    } else {
        said.any(|matches| matches)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(windows: &Value) -> Option<String> {
        let project = json!({ "spec": { "syncWindows": windows }, "metadata": { "name": "shop" } });
        let application = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "web-eu" },
            "spec": { "project": "shop", "destination": { "namespace": "web", "server": "https://kubernetes.default.svc" } },
        });
        let application = ApplicationStatus::of(&serde_json::from_value(application).unwrap());
        let monday_noon = "2026-03-02T12:00:00Z".parse().unwrap();
        denied(&serde_json::from_value(project).unwrap(), &application, monday_noon)
    }

    #[test]
    fn an_open_deny_window_is_told_with_its_end() {
        let deny = |schedule: &str, zone: &str, applications: &str| json!([{ "kind": "deny", "schedule": schedule, "duration": "2h", "timeZone": zone, "applications": [applications] }]);
        let told = said(&deny("0 11 * * *", "", "web-*")).unwrap();
        assert_eq!(told, "a sync window of the project shop denies it until 2026-03-02T13:00:00Z");
        assert!(said(&deny("0 12 * * *", "Europe/Berlin", "*")).is_some(), "11:00 by UTC");
        assert_eq!(said(&deny("0 12 * * *", "America/New_York", "*")), None);
        assert_eq!(said(&deny("0 9 * * *", "", "*")), None, "it is over");
        assert_eq!(said(&deny("0 11 * * *", "", "shop")), None, "another's");
        assert_eq!(said(&deny("nonsense", "", "*")), None);
    }

    #[test]
    fn allow_windows_deny_while_none_is_open() {
        let allow = |schedule: &str| json!({ "kind": "allow", "schedule": schedule, "duration": "1h", "namespaces": ["web"] });
        assert!(said(&json!([allow("0 2 * * *")])).unwrap().contains("allows it (0 2 * * *)"));
        assert_eq!(said(&json!([allow("0 2 * * *"), allow("0 12 * * *")])), None);
        assert_eq!(said(&json!([])), None);
    }

    #[test]
    fn lists_that_are_joined_by_and_have_to_fit_each() {
        let window = |and: bool| {
            json!([{ "kind": "deny", "schedule": "0 12 * * *", "duration": "1h", "andOperator": and,
                "applications": ["other"], "clusters": ["https://*"] }])
        };
        assert!(said(&window(false)).is_some());
        assert_eq!(said(&window(true)), None);
    }
}
