//! What an Application says of itself.

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use kube::core::DynamicObject;
use serde::Serialize;
use serde_json::Value;

use super::facts::Facts;
use super::sources::{SourceStatus, sources};
use crate::support::git::short;

/// What Argo CD heals so soon after a sync is the end of that sync.
const SETTLES: SignedDuration = SignedDuration::from_secs(30);

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
    /// What explains it.
    #[serde(skip)]
    pub facts: Facts,
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
            healed: healed(data),
            finished: text("/status/operationState/finishedAt"),
            errors: list("/status/conditions").iter().filter_map(error).collect(),
            images: list("/status/summary/images")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            out_of_sync: out_of_sync.map(|resource| key(resource).to_string()).collect(),
            resources: resources.iter().map(key).collect(),
            facts: Facts::of(application),
        }
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

/// Whether the last operation took back what somebody had changed. After a push Argo CD heals what it compared with a state that
/// was late, which nobody had changed: that comes within seconds of the sync of the same commit.
fn healed(data: &Value) -> bool {
    let heals = data.pointer("/status/operationState/operation/sync/autoHealAttemptsCount");
    if heals.and_then(Value::as_i64).is_none_or(|count| count < 1) {
        return false;
    }
    let time = |text: Option<&Value>| text.and_then(Value::as_str)?.parse::<Timestamp>().ok();
    let last = data.pointer("/status/history").and_then(Value::as_array).and_then(|history| history.last());
    let synced = time(last.and_then(|last| last.get("deployedAt")));
    let begun = time(data.pointer("/status/operationState/startedAt"));
    let (Some(synced), Some(begun)) = (synced, begun) else { return true };
    begun.duration_since(synced) > SETTLES
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
