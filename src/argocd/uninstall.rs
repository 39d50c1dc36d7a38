//! Takes Argo CD down: Applications first, so that what they made goes with them.

use std::time::Duration;

use kube::core::DynamicObject;
use kube::{Client, ResourceExt};
use tokio::time::Instant;

use super::ArgoCdError;
use super::bootstrap::{Progress, is_definition};
use super::manifest::Manifest;
use super::objects::{Objects, kind, label};
use super::resources::{self, application_kind, application_set_kind};

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
    removed.objects += usize::from(objects.delete(&space).await?);
    gone(&objects, definitions.iter().chain([&space]), begun, timeout).await?;
    Ok(removed)
}

async fn remove_applications(
    objects: &Objects,
    begun: Instant,
    timeout: Duration,
    progress: Progress<'_>,
) -> Result<usize, ArgoCdError> {
    let kind = application_kind();
    let all = objects.list(&kind).await?;
    // Those that made others go first, or they would make them again.
    let mut last = String::new();
    for application in &all {
        objects.delete(application).await?;
    }
    loop {
        let left = objects.list(&kind).await?;
        if left.is_empty() {
            return Ok(all.len());
        }
        for application in left.iter().filter(|one| one.metadata.deletion_timestamp.is_none()) {
            objects.delete(application).await?;
        }
        if begun.elapsed() > timeout {
            let reasons = left.iter().map(stuck).collect();
            return Err(ArgoCdError::Timeout { after: timeout, reasons });
        }
        let names: Vec<String> = left.iter().map(ResourceExt::name_any).collect();
        let line = format!("removing {}", names.join(", "));
        if line != last {
            progress(line.clone());
            last = line;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn stuck(application: &DynamicObject) -> String {
    format!("{} to go; its finalizers are {}", label(application), application.finalizers().join(", "))
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
