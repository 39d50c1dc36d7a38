//! What an Application follows, and what of it was compared with the cluster.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::support::git::short;

/// By this Argo CD is told which folders an Application's manifests are made of.
const GENERATE_PATHS: &str = "argocd.argoproj.io/manifest-generate-paths";

/// A source of an Application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    /// The repository, as written in the Application.
    pub repository: String,
    /// What of it was compared: a commit, or a chart's version. Of a hydrator the commit that was hydrated.
    pub revision: String,
    /// Whether it is a repository of Git; charts and OCI artifacts are none.
    pub is_git: bool,
}

/// The sources of an Application, in its order, and why what was compared says nothing about them, if so.
pub(super) fn sources(application: &DynamicObject) -> (Vec<SourceStatus>, Option<String>) {
    let data = &application.data;
    if let Some(hydrator) = data.pointer("/spec/sourceHydrator").filter(|hydrator| hydrator.is_object()) {
        return hydrated(application, hydrator);
    }
    let many = data.pointer("/spec/sources").and_then(Value::as_array).filter(|sources| !sources.is_empty());
    let specified: Vec<&Value> = match many {
        Some(sources) => sources.iter().collect(),
        None => data.pointer("/spec/source").into_iter().collect(),
    };
    let revisions: Vec<&str> = match many {
        Some(_) => data
            .pointer("/status/sync/revisions")
            .and_then(Value::as_array)
            .map(|revisions| revisions.iter().map(|one| one.as_str().unwrap_or_default()).collect())
            .unwrap_or_default(),
        None => data.pointer("/status/sync/revision").and_then(Value::as_str).into_iter().collect(),
    };
    let source = |(number, source): (usize, &&Value)| {
        let repository = text(source, "repoURL");
        let is_git = text(source, "chart").is_empty() && !repository.starts_with("oci://");
        let revision = revisions.get(number).copied().unwrap_or_default().to_owned();
        SourceStatus { repository, revision, is_git }
    };
    let sources = specified.iter().enumerate().map(source).collect();
    let compared = match many {
        Some(_) => data.pointer("/status/sync/comparedTo/sources").cloned(),
        None => data.pointer("/status/sync/comparedTo/source").cloned().map(|source| json!([source])),
    };
    let now = Value::Array(specified.iter().map(|source| (*source).clone()).collect());
    // Right after its definition changed, an Application is Synced and Healthy with what it followed before.
    let moved = compared.is_some_and(|compared| said(&compared) != said(&now));
    let reason = if moved {
        Some("its sources have changed since it was compared with them")
    } else if many.is_some() && revisions.len() != specified.len() {
        Some("not compared with all of its sources yet")
    } else {
        None
    };
    (sources, reason.map(str::to_owned))
}

/// A hydrator writes manifests made from a commit into another branch, and that branch is what is synced.
fn hydrated(application: &DynamicObject, hydrator: &Value) -> (Vec<SourceStatus>, Option<String>) {
    let data = &application.data;
    let at = |pointer: &str| data.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let phase = at("/status/sourceHydrator/currentOperation/phase");
    // A commit that changes none of the Application's folders is compared, and not hydrated.
    let skips = application.annotations().contains_key(GENERATE_PATHS) && phase == "Hydrated";
    let compared = Some(at("/status/sourceHydrator/lastComparedDryRevision"));
    let dry = compared
        .filter(|revision| skips && !revision.is_empty())
        .unwrap_or_else(|| at("/status/sourceHydrator/lastSuccessfulOperation/drySHA"));
    let source = SourceStatus {
        repository: hydrator.get("drySource").map(|dry| text(dry, "repoURL")).unwrap_or_default(),
        revision: dry.to_owned(),
        is_git: true,
    };
    let written = at("/status/sourceHydrator/lastSuccessfulOperation/hydratedSHA");
    let synced = at("/status/sync/revision");
    let branch = hydrator.pointer("/hydrateTo/targetBranch").and_then(Value::as_str);
    let reason = if phase == "Failed" {
        Some(format!("its hydration failed: {}", at("/status/sourceHydrator/currentOperation/message")))
    } else if written.is_empty() {
        Some("not hydrated yet".to_owned())
    } else if synced != written {
        let merge = branch.map(|branch| format!("; it has to be merged from {branch}")).unwrap_or_default();
        Some(format!("its hydrated commit {} is not synced, {} is{merge}", short(written), short(synced)))
    } else {
        None
    };
    (vec![source], reason)
}

fn text(node: &Value, key: &str) -> String {
    node.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A definition without what says nothing: Argo CD writes out some of what is empty, and leaves out the rest.
pub(super) fn said(node: &Value) -> Value {
    let empty = |node: &Value| match node {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match node {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), said(value)));
            Value::Object(fields.filter(|(_, value)| !empty(value)).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(said).collect()),
        other => other.clone(),
    }
}
