//! What an Application says of itself.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde::Serialize;
use serde_json::Value;

use super::sources::{SourceStatus, sources};
use crate::support::git::short;

/// An Application's status, reduced to what decides and what explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApplicationStatus {
    /// Its name.
    pub name: String,
    /// The repository it follows; the first of several.
    pub repository: String,
    /// `Synced`, `OutOfSync`, `Unknown`; empty before the first comparison.
    pub sync: String,
    /// The commit that was compared; that of the first source of several.
    pub revision: String,
    /// Everything that it follows.
    pub sources: Vec<SourceStatus>,
    /// Why what was compared says nothing about what it follows, if so.
    #[serde(skip)]
    pub doubt: Option<String>,
    /// `Healthy`, `Progressing`, `Degraded`, ….
    pub health: String,
    /// `Succeeded`, `Running`, `Failed`, …; empty where nothing was synced yet.
    pub operation: String,
    /// What the operation said.
    pub message: String,
    /// Whether the last operation undid a change that someone made in the cluster.
    pub healed: bool,
    /// When the last operation ended, RFC 3339.
    pub finished: String,
    /// Conditions that are errors, `Type: message`.
    pub errors: Vec<String>,
    /// The images that run.
    pub images: Vec<String>,
    /// The resources that are not as Git has them.
    pub out_of_sync: Vec<String>,
    /// The resources it keeps.
    pub resources: Vec<ResourceKey>,
}

/// A resource of an Application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceKey {
    /// The API group; empty for the core.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ApplicationStatus {
    /// Reads the object.
    pub fn of(application: &DynamicObject) -> Self {
        let data = &application.data;
        let text =
            |pointer: &str| data.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list =
            |pointer: &str| data.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        let resources = list("/status/resources");
        let out_of_sync = resources.iter().filter(|resource| resource["status"] == "OutOfSync");
        let (sources, doubt) = sources(application);
        let first = |of: fn(&SourceStatus) -> &String| sources.first().map(of).cloned().unwrap_or_default();
        let heals = data.pointer("/status/operationState/operation/sync/autoHealAttemptsCount");
        Self {
            name: application.name_any(),
            repository: first(|source| &source.repository),
            sync: text("/status/sync/status"),
            revision: first(|source| &source.revision),
            sources,
            doubt,
            health: text("/status/health/status"),
            operation: operation(data),
            message: text("/status/operationState/message"),
            healed: heals.and_then(Value::as_i64).is_some_and(|count| count > 0),
            finished: text("/status/operationState/finishedAt"),
            errors: list("/status/conditions").iter().filter_map(error).collect(),
            images: list("/status/summary/images")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            out_of_sync: out_of_sync.map(|resource| key(resource).to_string()).collect(),
            resources: resources.iter().map(key).collect(),
        }
    }

    /// Why it is not green at a commit; `None` where it is.
    ///
    /// Right after a push an Application is Synced and Healthy at the old commit, and on a comparison error its
    /// health still says Healthy: so everything has to hold at once. `lacks` says why it does not have the commit.
    /// One that never had to sync, since the cluster was as Git says when it came, has no operation.
    pub fn not_green(&self, lacks: Option<&str>) -> Option<String> {
        let Self { name, sync, health, operation, message, errors, .. } = self;
        if let Some(error) = errors.first() {
            return Some(format!("{name}: {error}"));
        }
        if matches!(operation.as_str(), "Failed" | "Error") {
            return Some(format!("{name}: its sync failed: {message}"));
        }
        if sync.is_empty() {
            return Some(format!("{name}: not compared with Git yet"));
        }
        if let Some(reason) = lacks.or(self.doubt.as_deref()) {
            return Some(format!("{name}: {reason}"));
        }
        if sync != "Synced" {
            let what = self.out_of_sync.join(", ");
            return Some(format!("{name}: {sync} {what}").trim_end().to_owned());
        }
        if !matches!(operation.as_str(), "Succeeded" | "") {
            return Some(format!("{name}: its sync {operation}"));
        }
        (health != "Healthy").then(|| format!("{name}: {health}"))
    }

    /// The revisions that were compared, as people see them.
    pub fn revisions(&self) -> String {
        self.sources.iter().map(|source| short(&source.revision)).collect::<Vec<_>>().join(", ")
    }
}

/// The phase of the operation that counts: one that is asked for and has not begun, or else the last.
fn operation(data: &Value) -> String {
    if data.get("operation").is_some_and(Value::is_object) {
        return "has not begun".to_owned();
    }
    let text = |pointer: &str| data.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let phase = text("/status/operationState/phase");
    // What failed at another commit is over where the cluster was found to be as a newer one says: nothing was left to sync.
    let elsewhere = ["revision", "revisions"].iter().any(|key| {
        let synced = data.pointer(&format!("/status/operationState/syncResult/{key}"));
        synced.is_some() && synced != data.pointer(&format!("/status/sync/{key}"))
    });
    let compared_since = text("/status/reconciledAt") > text("/status/operationState/finishedAt");
    let over = elsewhere && compared_since && text("/status/sync/status") == "Synced";
    if matches!(phase, "Failed" | "Error") && over { String::new() } else { phase.to_owned() }
}

impl std::fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

fn key(resource: &Value) -> ResourceKey {
    let text = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    ResourceKey {
        group: text("group"),
        version: text("version"),
        kind: text("kind"),
        namespace: text("namespace"),
        name: text("name"),
    }
}

/// Conditions are errors by the end of their type, as Argo CD names them; the others are warnings.
fn error(condition: &Value) -> Option<String> {
    let kind = condition.get("type").and_then(Value::as_str)?;
    let message = condition.get("message").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("Error").then(|| format!("{kind}: {message}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
        assert_eq!(application(&adopted).not_green(None).unwrap(), "app-a: OutOfSync");
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
}
