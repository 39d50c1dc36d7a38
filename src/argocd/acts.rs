//! What Argo CD is asked to do, through the Kubernetes API alone: compare, sync, go back to what was synced before.

use std::time::Duration;

use kube::Client;
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::ArgoCdError;
use super::application::ApplicationStatus;
use super::bootstrap::Progress;
use super::error::did_not_answer;
use super::facts::REFRESH;
use super::objects::{FIELD_MANAGER, Objects};
use super::resources::application_kind;
use super::watched::Watched;
use crate::support::progress::Said;

/// It is looked again at the latest after this.
const PAUSE: Duration = Duration::from_secs(1);
/// So often a request is made where somebody else was quicker.
const TRIES: usize = 5;

/// How an Application is synced.
#[derive(Clone, Debug, Default)]
pub struct SyncSpec {
    /// Deletes what is gone from Git.
    pub prune: bool,
    /// Another revision than the one it follows.
    pub revision: Option<String>,
}

/// What was synced once.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Synced {
    /// Its number in the history of the Application.
    pub id: i64,
    /// The revisions of its sources.
    pub revisions: Vec<String>,
    /// When it was done, RFC 3339.
    pub deployed: String,
    /// Who asked for it; `automated` where that was Argo CD itself.
    pub by: String,
}

/// Asks Argo CD to compare Applications with Git, and waits until it has begun to; all of them where none is named.
pub async fn refresh(
    client: Client,
    namespace: &str,
    names: &[String],
    hard: bool,
    timeout: Duration,
) -> Result<Vec<ApplicationStatus>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let mut watched = Watched::open(&objects).await?;
    for name in names {
        there(&watched, name, namespace)?;
    }
    let all: Vec<String> = watched.known.all().map(|one| one.name.clone()).collect();
    let names = if names.is_empty() { all.as_slice() } else { names };
    let how = if hard { "hard" } else { "normal" };
    for name in names {
        let metadata = json!({ "annotations": { REFRESH: how } });
        objects.patch_metadata(&application_kind(), name, metadata).await?;
    }
    // What is known is of before; each has to be seen asked, or else is looked at by itself.
    let until = Instant::now() + timeout;
    let mut left: Vec<String> = names.to_vec();
    loop {
        let mut waits = Vec::new();
        for name in left {
            let is_asked = |live: DynamicObject| ApplicationStatus::of(&live).facts.is_asked;
            match objects.get(&application_kind(), None, &name).await {
                // It may answer the next time.
                Err(ArgoCdError::Unreachable(_)) => waits.push(name),
                live => {
                    if live?.is_some_and(is_asked) {
                        waits.push(name);
                    }
                }
            }
        }
        left = waits;
        if left.is_empty() {
            break;
        }
        if Instant::now() >= until {
            let reason =
                |name: String| format!("{name}: it is not looked at; does the application controller run?");
            return Err(ArgoCdError::Timeout {
                after: timeout,
                reasons: left.into_iter().map(reason).collect(),
            });
        }
        watched.changed(until.min(Instant::now() + PAUSE)).await?;
    }
    let found = super::wait::applications(&objects).await?;
    Ok(found.into_iter().filter(|one| names.contains(&one.name)).collect())
}

/// Syncs an Application, and waits until that has ended.
pub async fn sync(
    client: Client,
    namespace: &str,
    name: &str,
    spec: &SyncSpec,
    timeout: Duration,
    progress: Progress<'_>,
) -> Result<ApplicationStatus, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let watched = Watched::open(&objects).await?;
    there(&watched, name, namespace)?;
    let operation = |application: &DynamicObject| {
        let mut sync = Map::from_iter([("prune".to_owned(), Value::from(spec.prune))]);
        sync.insert("syncStrategy".to_owned(), json!({ "hook": {} }));
        if let Some(revision) = &spec.revision {
            sync.insert("revision".to_owned(), Value::from(revision.as_str()));
        }
        Ok(of(application, sync))
    };
    run(&objects, watched, name, operation, timeout, progress).await
}

/// Syncs an Application with what it had at a number of its history.
pub async fn rollback(
    client: Client,
    namespace: &str,
    name: &str,
    to: Option<i64>,
    timeout: Duration,
    progress: Progress<'_>,
) -> Result<ApplicationStatus, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let watched = Watched::open(&objects).await?;
    if there(&watched, name, namespace)?.facts.is_automated {
        return Err(ArgoCdError::TakenBack { application: name.to_owned() });
    }
    let operation = |application: &DynamicObject| {
        let entries = application.data.pointer("/status/history").and_then(Value::as_array);
        let entries: Vec<&Value> = entries.into_iter().flatten().collect();
        // The last one is what is there.
        let entry = match to {
            Some(id) => entries.iter().find(|entry| entry["id"] == id),
            None => entries.len().checked_sub(2).and_then(|before| entries.get(before)),
        };
        let Some(entry) = entry else {
            let known = entries.iter().filter_map(|entry| entry["id"].as_i64()).map(|id| id.to_string());
            return Err(ArgoCdError::NoHistory { application: name.to_owned(), known: known.collect() });
        };
        let mut sync = Map::from_iter([("prune".to_owned(), Value::from(true))]);
        sync.insert("syncStrategy".to_owned(), json!({ "apply": {} }));
        for key in ["revision", "revisions", "source", "sources"] {
            if let Some(value) = entry.get(key).filter(|value| !value.is_null()) {
                sync.insert(key.to_owned(), value.clone());
            }
        }
        Ok(of(application, sync))
    };
    run(&objects, watched, name, operation, timeout, progress).await
}

/// What an Application has synced, the newest first.
pub async fn synced(client: Client, namespace: &str, name: &str) -> Result<Vec<Synced>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let application = application(&objects, name).await?;
    let entries = application.data.pointer("/status/history").and_then(Value::as_array);
    let read = |entry: &Value| {
        let text =
            |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let many = entry.get("revisions").and_then(Value::as_array);
        let revisions = match many {
            Some(many) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => vec![text("/revision")],
        };
        let is_automated = entry.pointer("/initiatedBy/automated").and_then(Value::as_bool) == Some(true);
        let by = if is_automated { "automated".to_owned() } else { text("/initiatedBy/username") };
        Synced { id: entry["id"].as_i64().unwrap_or_default(), revisions, deployed: text("/deployedAt"), by }
    };
    Ok(entries.into_iter().flatten().rev().map(read).collect())
}

/// An Application, as the cluster has it.
pub(super) async fn application(objects: &Objects, name: &str) -> Result<DynamicObject, ArgoCdError> {
    let not_there = || ArgoCdError::no_application(name, objects.namespace(), std::iter::empty());
    if !objects.knows(&application_kind()).await? {
        return Err(ArgoCdError::NotInstalled { namespace: objects.namespace().to_owned() });
    }
    objects.get(&application_kind(), None, name).await?.ok_or_else(not_there)
}

fn there<'a>(
    watched: &'a Watched,
    name: &str,
    namespace: &str,
) -> Result<&'a ApplicationStatus, ArgoCdError> {
    let found = watched.known.get(name);
    found.ok_or_else(|| ArgoCdError::no_application(name, namespace, watched.known.all()))
}

/// An operation with what the Application says of syncs.
fn of(application: &DynamicObject, mut sync: Map<String, Value>) -> Value {
    let policy = |key: &str| application.data.pointer(&format!("/spec/syncPolicy/{key}")).cloned();
    if let Some(options) = policy("syncOptions") {
        sync.insert("syncOptions".to_owned(), options);
    }
    json!({ "initiatedBy": { "username": FIELD_MANAGER }, "sync": sync, "retry": policy("retry").unwrap_or(json!({})) })
}

/// Sets an operation, as Argo CD's own server does, and waits until it has ended.
async fn run(
    objects: &Objects,
    mut watched: Watched,
    name: &str,
    operation: impl Fn(&DynamicObject) -> Result<Value, ArgoCdError>,
    timeout: Duration,
    progress: Progress<'_>,
) -> Result<ApplicationStatus, ArgoCdError> {
    let until = Instant::now() + timeout;
    for attempt in 1.. {
        let mut live = application(objects, name).await?;
        if live.data.get("operation").is_some_and(Value::is_object) {
            return Err(ArgoCdError::Busy { application: name.to_owned() });
        }
        let operation = operation(&live)?;
        if let Some(fields) = live.data.as_object_mut() {
            fields.insert("operation".to_owned(), operation);
            if let Some(status) = fields.get_mut("status").and_then(Value::as_object_mut) {
                status.remove("operationState");
            }
        }
        match objects.replace(&live).await {
            Ok(()) => break,
            Err(ArgoCdError::Conflict { .. }) if attempt < TRIES => {}
            Err(error) => return Err(error),
        }
    }
    let mut said = Said::default();
    loop {
        // What the watch knows may be of before; the object itself is not.
        let message = match application(objects, name).await {
            // The sync goes on, and it may answer the next time.
            Err(ArgoCdError::Unreachable(cause)) => did_not_answer(&cause),
            live => {
                let now = ApplicationStatus::of(&live?);
                let reason = now.reason(None).map(|reason| reason.text);
                match now.operation.as_str() {
                    "Succeeded" => return Ok(now),
                    "Failed" | "Error" => {
                        let message = reason.unwrap_or_default();
                        return Err(ArgoCdError::SyncFailed { application: name.to_owned(), message });
                    }
                    _ => reason.unwrap_or_else(|| "it has not begun".to_owned()),
                }
            }
        };
        if Instant::now() >= until {
            return Err(ArgoCdError::Timeout { after: timeout, reasons: vec![format!("{name}: {message}")] });
        }
        said.tell(format!("{name}: {message}"), progress);
        watched.changed(until.min(Instant::now() + PAUSE)).await?;
    }
}
