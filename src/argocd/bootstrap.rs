//! Installs Argo CD and connects the manifests repository; a second time changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::core::{DynamicObject, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde_json::Value;
use tokio::time::Instant;

use super::ArgoCdError;
use super::manifest::Manifest;
use super::objects::{Change, Changes, Objects, kind, label};
use super::resources::{self, is_own_namespace};
use crate::project::{Repository, RootApplication};
use crate::support::progress::Said;

/// How long custom resource definitions may take to be served.
const ESTABLISH: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(300);

/// What Argo CD is to be.
#[derive(Clone, Debug)]
pub struct BootstrapSpec {
    /// The namespace it goes into.
    pub namespace: String,
    /// What is installed.
    pub manifest: Manifest,
    /// The repository it is connected to.
    pub repository: Option<Repository>,
    /// The Application that holds the others; needs the repository.
    pub root: Option<RootApplication>,
    /// The cluster's name, as Applications may call it.
    pub cluster: String,
    /// The infrastructure's outputs, as annotations on the cluster's secret (names begin with `slipway/`); `None`
    /// keeps those that are there.
    pub annotations: Option<BTreeMap<String, String>>,
    /// Whether fields that someone else manages are taken over.
    pub force: bool,
}

/// Listens to what is being done.
pub type Progress<'a> = &'a (dyn Fn(String) + Send + Sync);

/// Applies everything, in the order in which each needs the one before.
pub async fn bootstrap(
    client: Client,
    spec: &BootstrapSpec,
    progress: Progress<'_>,
) -> Result<Changes, ArgoCdError> {
    let objects = Objects::new(client, &spec.namespace);
    let mut changes = Changes::default();
    let manifest = in_namespace(&spec.manifest.objects, &spec.namespace);
    let (definitions, rest): (Vec<_>, Vec<_>) = manifest.into_iter().partition(is_definition);

    progress(format!("applying {} objects", definitions.len() + rest.len()));
    let namespace = built(resources::namespace(&spec.namespace))?;
    match objects.get(&kind(&namespace), None, &spec.namespace).await? {
        // It was there before us: left as it is, now and at the end.
        Some(existing) if !is_own_namespace(&existing) => changes.count(Change::Unchanged),
        _ => apply(&objects, &namespace, spec.force, &mut changes).await?,
    }
    for definition in &definitions {
        apply(&objects, definition, spec.force, &mut changes).await?;
    }
    established(&objects, &definitions).await?;
    for object in &rest {
        apply(&objects, object, spec.force, &mut changes).await?;
    }

    progress("connecting the repository".to_owned());
    let project = built(resources::default_project(&spec.namespace))?;
    // Where a project is there already it is the user's.
    let existing = objects.get(&kind(&project), None, "default").await?;
    if existing.as_ref().is_none_or(is_ours) {
        apply(&objects, &project, spec.force, &mut changes).await?;
    }
    let cluster = cluster_secret(&objects, spec).await?;
    apply(&objects, &cluster, spec.force, &mut changes).await?;
    if let Some(repository) = &spec.repository {
        let secret = built(resources::repository(&spec.namespace, repository))?;
        apply(&objects, &secret, spec.force, &mut changes).await?;
        if let Some(root) = &spec.root {
            let application = built(resources::root_application(&spec.namespace, repository, root))?;
            apply(&objects, &application, spec.force, &mut changes).await?;
        }
    }
    Ok(changes)
}

async fn cluster_secret(objects: &Objects, spec: &BootstrapSpec) -> Result<DynamicObject, ArgoCdError> {
    let build = |outputs: &BTreeMap<_, _>| built(resources::cluster(&spec.namespace, &spec.cluster, outputs));
    if let Some(outputs) = &spec.annotations {
        return build(outputs);
    }
    let bare = build(&BTreeMap::new())?;
    let existing = objects.get(&kind(&bare), None, &bare.name_any()).await?;
    existing.map_or(Ok(bare), |existing| build(&resources::outputs_of(&existing)))
}

/// Waits until the Deployments and `StatefulSet`s of the manifest are available.
pub async fn wait_available(
    client: Client,
    namespace: &str,
    manifest: &Manifest,
    timeout: Duration,
    progress: Progress<'_>,
) -> Result<(), ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let begun = Instant::now();
    let workloads: Vec<_> = manifest
        .objects
        .iter()
        .filter(|object| matches!(kind(object).kind.as_str(), "Deployment" | "StatefulSet"))
        .collect();
    let mut said = Said::default();
    loop {
        let mut missing = Vec::new();
        for workload in &workloads {
            let found = objects.get(&kind(workload), None, &workload.name_any()).await?;
            if !found.as_ref().is_some_and(is_available) {
                missing.push(label(workload));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > timeout {
            return Err(ArgoCdError::Timeout { after: timeout, reasons: missing });
        }
        let line = format!("waiting for {}", missing.join(", "));
        said.tell(line, progress);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn apply(
    objects: &Objects,
    object: &DynamicObject,
    force: bool,
    changes: &mut Changes,
) -> Result<(), ArgoCdError> {
    changes.count(objects.apply(object, force).await?);
    Ok(())
}

/// The manifest says no namespace, and binds roles to accounts in `argocd`.
pub(super) fn in_namespace(objects: &[DynamicObject], namespace: &str) -> Vec<DynamicObject> {
    let mut objects = objects.to_vec();
    for object in &mut objects {
        if !kind(object).kind.ends_with("RoleBinding") {
            continue;
        }
        for subject in object.data.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
            if subject.get("namespace").is_some() {
                subject["namespace"] = Value::from(namespace);
            }
        }
    }
    objects
}

pub(super) fn is_definition(object: &DynamicObject) -> bool {
    kind(object).kind == "CustomResourceDefinition"
}

/// Whether the last one to apply an object was a bootstrap.
fn is_ours(object: &DynamicObject) -> bool {
    object
        .managed_fields()
        .iter()
        .any(|entry| entry.manager.as_deref() == Some(super::objects::FIELD_MANAGER))
}

fn is_available(workload: &DynamicObject) -> bool {
    let number = |pointer: &str| workload.data.pointer(pointer).and_then(Value::as_i64);
    let seen = number("/status/observedGeneration") >= workload.metadata.generation;
    let wanted = number("/spec/replicas").unwrap_or(1);
    let ready = number("/status/readyReplicas").unwrap_or(0);
    let updated = number("/status/updatedReplicas").unwrap_or(0);
    seen && ready >= wanted && updated >= wanted
}

async fn established(objects: &Objects, definitions: &[DynamicObject]) -> Result<(), ArgoCdError> {
    let begun = Instant::now();
    for definition in definitions {
        let served = served_kind(definition);
        while !objects.knows(&served).await? {
            if begun.elapsed() > ESTABLISH {
                return Err(ArgoCdError::Timeout { after: ESTABLISH, reasons: vec![label(definition)] });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// The kind that a definition defines, in its first version.
fn served_kind(definition: &DynamicObject) -> GroupVersionKind {
    let text = |pointer: &str| definition.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    GroupVersionKind::gvk(text("/spec/group"), text("/spec/versions/0/name"), text("/spec/names/kind"))
}

/// Our own objects are made of constants and text; they always are objects.
fn built(object: Result<DynamicObject, serde_json::Error>) -> Result<DynamicObject, ArgoCdError> {
    object.map_err(|error| ArgoCdError::Refused {
        action: "building",
        object: "an object".to_owned(),
        cause: error.to_string(),
    })
}
