//! Takes Argo CD down: Applications first, so that what they made goes with them.

use std::time::Duration;

use kube::core::{DynamicObject, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::time::Instant;

use super::ArgoCdError;
use super::bootstrap::{Progress, is_definition};
use super::manifest::Manifest;
use super::objects::{Objects, kind, label};
use super::resources::{
    self, FINALIZER, application_kind, application_set_kind, is_own_namespace, is_own_secret,
};
use crate::support::progress::Said;

const PAUSE: Duration = Duration::from_millis(300);

/// How many things went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Applications.
    pub applications: usize,
    /// Objects of the installation.
    pub objects: usize,
}

/// Deletes Applications and waits until they are gone, then the installation, then its namespace.
///
/// The other way round, whatever the Applications made would stay: load balancers above all.
pub async fn uninstall(
    client: Client,
    namespace: &str,
    manifest: &Manifest,
    timeout: Duration,
    progress: Progress<'_>,
) -> Result<Removed, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    refuse_elsewhere(&objects, namespace).await?;
    let begun = Instant::now();
    let mut removed = Removed::default();
    for set in objects.list(&application_set_kind()).await? {
        objects.delete(&set).await?;
    }
    removed.applications = remove_applications(&objects, begun, timeout, progress).await?;

    let (definitions, rest): (Vec<_>, Vec<_>) = manifest.objects.iter().cloned().partition(is_definition);
    progress("removing Argo CD".to_owned());
    for object in rest.iter().rev().chain(definitions.iter().rev()) {
        removed.objects += usize::from(objects.delete(object).await?);
    }
    let space = resources::namespace(namespace).map_err(|error| ArgoCdError::Refused {
        action: "building",
        object: format!("Namespace {namespace}"),
        cause: error.to_string(),
    })?;
    let existing = objects.get(&kind(&space), None, namespace).await?;
    if existing.as_ref().is_some_and(is_own_namespace) {
        removed.objects += usize::from(objects.delete(&space).await?);
        gone(&objects, definitions.iter().chain([&space]), begun, timeout).await?;
        return Ok(removed);
    }
    // The namespace stays, so what we put into it has to go by itself.
    if existing.is_some() {
        for secret in objects.list(&GroupVersionKind::gvk("", "v1", "Secret")).await? {
            if is_own_secret(&secret) {
                removed.objects += usize::from(objects.delete(&secret).await?);
            }
        }
    }
    gone(&objects, definitions.iter(), begun, timeout).await?;
    Ok(removed)
}

/// Deleting the definitions deletes every Application there is, whoever made it.
async fn refuse_elsewhere(objects: &Objects, namespace: &str) -> Result<(), ArgoCdError> {
    let all = objects.list_everywhere(&application_kind()).await?;
    let elsewhere = all.iter().filter_map(|application| {
        let other = application.namespace().filter(|other| other != namespace)?;
        Some(format!("{other}/{}", application.name_any()))
    });
    let applications: Vec<String> = elsewhere.collect();
    if applications.is_empty() { Ok(()) } else { Err(ArgoCdError::Elsewhere { applications }) }
}

/// Deletes an Application together with what it made, also where it does not ask for that itself.
async fn delete_with_resources(objects: &Objects, application: &DynamicObject) -> Result<(), ArgoCdError> {
    if !application.finalizers().iter().any(|finalizer| finalizer.starts_with(FINALIZER)) {
        let mut finalizers = application.finalizers().to_vec();
        finalizers.push(FINALIZER.to_owned());
        let metadata = json!({ "finalizers": finalizers });
        objects.patch_metadata(&application_kind(), &application.name_any(), metadata).await?;
    }
    objects.delete(application).await?;
    Ok(())
}

async fn remove_applications(
    objects: &Objects,
    begun: Instant,
    timeout: Duration,
    progress: Progress<'_>,
) -> Result<usize, ArgoCdError> {
    let kind = application_kind();
    let all = objects.list(&kind).await?;
    let mut said = Said::default();
    loop {
        let left = objects.list(&kind).await?;
        if left.is_empty() {
            return Ok(all.len());
        }
        // One that is being deleted makes no others any more; one that was made just before is deleted now.
        for application in left.iter().filter(|one| one.metadata.deletion_timestamp.is_none()) {
            delete_with_resources(objects, application).await?;
        }
        if begun.elapsed() > timeout {
            let reasons = left.iter().map(stuck).collect();
            return Err(ArgoCdError::Timeout { after: timeout, reasons });
        }
        let names: Vec<String> = left.iter().map(ResourceExt::name_any).collect();
        let line = format!("removing {}", names.join(", "));
        said.tell(line, progress);
        tokio::time::sleep(PAUSE).await;
    }
}

fn stuck(application: &DynamicObject) -> String {
    format!(
        "{} to go; its finalizers are {}: is the application controller running, and can it reach what it deletes?",
        label(application),
        application.finalizers().join(", ")
    )
}

async fn gone<'a>(
    objects: &Objects,
    wanted: impl Iterator<Item = &'a DynamicObject>,
    begun: Instant,
    timeout: Duration,
) -> Result<(), ArgoCdError> {
    for object in wanted {
        while objects.get(&kind(object), None, &object.name_any()).await?.is_some() {
            if begun.elapsed() > timeout {
                return Err(ArgoCdError::Timeout {
                    after: timeout,
                    reasons: vec![format!("{} to go", label(object))],
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}
