//! What explains why an Application is not green, and by what it is chosen.

use std::collections::BTreeMap;

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::Value;

use crate::project::Traits;

/// So many resources that did not sync are named.
const MOST: usize = 3;
/// Asks Argo CD for a comparison; it takes the annotation away when it begins one.
pub(super) const REFRESH: &str = "argocd.argoproj.io/refresh";
/// Argo CD tries again what it failed to sync, and says so while it does in the place of why it failed.
const RETRYING: &str = "Retrying operation";

/// Facts of an Application beside its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself, as Argo CD has it")]
pub struct Facts {
    /// Its project in Argo CD.
    pub project: String,
    /// The namespace that it deploys to.
    pub destination: String,
    /// The cluster that it deploys to, by name and by address.
    pub clusters: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The `ApplicationSet` that makes it.
    pub set: Option<String>,
    /// Whether Argo CD syncs it by itself.
    pub is_automated: bool,
    /// Whether Argo CD takes back what somebody changes in the cluster.
    pub heals: bool,
    /// Whether nothing is left but what would have to be deleted, and Argo CD may not do that by itself.
    pub lacks_pruning: bool,
    /// Whether its manifests are hydrated.
    pub hydrates: bool,
    /// Whether a comparison is asked for that has not begun.
    pub is_asked: bool,
    /// Which attempt the operation is at; 0 is the first.
    pub attempt: i64,
    /// The revisions that the operation syncs or has synced.
    pub syncs: Vec<String>,
    /// Whether an operation runs, or is tried again, on another commit than the one that was compared.
    pub is_held_up: bool,
    /// Resources that did not sync, and hooks that failed, each with what was said.
    pub failures: Vec<String>,
    /// Why the attempt before failed.
    pub cause: Option<String>,
}

impl Facts {
    pub(super) fn of(application: &DynamicObject) -> Self {
        let data = &application.data;
        let text =
            |pointer: &str| data.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let automated = data.pointer("/spec/syncPolicy/automated").filter(|automated| automated.is_object());
        let says = |name: &str| automated.and_then(|automated| automated.get(name)).and_then(Value::as_bool);
        let owner = application.owner_references().iter().find(|owner| owner.kind == "ApplicationSet");
        let syncs = revisions(data, "/status/operationState/syncResult/revision")
            .or_else(|| revisions(data, "/status/operationState/operation/sync/revision"))
            .unwrap_or_default();
        let compared = revisions(data, "/status/sync/revision").unwrap_or_default();
        let runs = text("/status/operationState/phase") == "Running";
        let is_held_up =
            runs && syncs != compared && !syncs.is_empty() && syncs.iter().all(|one| is_commit(one));
        Self {
            project: text("/spec/project"),
            destination: text("/spec/destination/namespace"),
            clusters: [text("/spec/destination/name"), text("/spec/destination/server")]
                .into_iter()
                .filter(|cluster| !cluster.is_empty())
                .collect(),
            labels: application.labels().clone(),
            set: owner.map(|owner| owner.name.clone()),
            is_automated: automated.is_some() && says("enabled") != Some(false),
            heals: says("selfHeal") == Some(true),
            lacks_pruning: automated.is_some() && says("prune") != Some(true) && only_pruning(data),
            hydrates: data.pointer("/spec/sourceHydrator").is_some_and(Value::is_object),
            is_asked: application.annotations().contains_key(REFRESH),
            attempt: data.pointer("/status/operationState/retryCount").and_then(Value::as_i64).unwrap_or(0),
            syncs,
            is_held_up,
            failures: failures(data),
            cause: None,
        }
    }

    /// What it is chosen by.
    pub fn traits<'a>(&'a self, name: &'a str) -> Traits<'a> {
        Traits { name, project: &self.project, namespace: &self.destination, labels: &self.labels }
    }

    /// Keeps why the attempt before failed, where the new one says only that it is one.
    pub(super) fn remember(&mut self, message: &str, before: (&Self, &str)) {
        let (facts, said) = before;
        if self.attempt > 0 && message.starts_with(RETRYING) {
            let cause = (!said.starts_with(RETRYING) && !said.is_empty()).then(|| said.to_owned());
            self.cause = cause.or_else(|| facts.cause.clone());
        }
    }
}

/// The revision, or the revisions, that stand at a pointer.
fn revisions(data: &Value, pointer: &str) -> Option<Vec<String>> {
    let many = data.pointer(&format!("{pointer}s")).and_then(Value::as_array);
    let many = many.map(|many| many.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
    let one = || data.pointer(pointer).and_then(Value::as_str).map(|one| vec![one.to_owned()]);
    many.filter(|many| !many.is_empty()).or_else(one).filter(|found| found.iter().any(|one| !one.is_empty()))
}

/// Before it is resolved a revision may be the name of a branch.
fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn only_pruning(data: &Value) -> bool {
    let resources = data.pointer("/status/resources").and_then(Value::as_array);
    let mut differing = resources.into_iter().flatten().filter(|one| one["status"] == "OutOfSync").peekable();
    differing.peek().is_some() && differing.all(|one| one["requiresPruning"] == true)
}

fn failures(data: &Value) -> Vec<String> {
    let resources = data.pointer("/status/operationState/syncResult/resources").and_then(Value::as_array);
    let failure = |one: &Value| {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_hook = !text("hookType").is_empty();
        let failed = matches!(text("hookPhase"), "Failed" | "Error") || text("status") == "SyncFailed";
        failed.then(|| {
            let hook = if is_hook { format!("hook {} ", text("hookType")) } else { String::new() };
            format!("{hook}{}/{}: {}", text("kind"), text("name"), text("message"))
        })
    };
    resources.into_iter().flatten().filter_map(failure).take(MOST).collect()
}
