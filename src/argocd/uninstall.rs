//! Takes Argo CD down: Applications first, so that what they made goes with them.

use std::time::Duration;

use kube::core::{DynamicObject, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::time::Instant;

use super::ArgoCdError;
use super::bootstrap::{Progress, is_definition};
use super::installation::{bound_to, installations};
use super::leftover::{Reach, leftover};
use super::manifest::Manifest;
use super::objects::{Objects, kind, label};
use super::resources::{
    self, FINALIZER, application_kind, application_set_kind, is_own_namespace, is_own_secret,
};
use crate::support::counted::listed;
use crate::support::progress::Said;

/// How long the first look is waited for, and the longest that any is.
const PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// What Argo CD makes for itself, without saying that it did.
const ITS_OWN_SECRETS: [&str; 2] = ["argocd-initial-admin-secret", "argocd-redis"];
/// So many Applications are named while they go, and so many where they do not.
const NAMES: usize = 4;
const STUCK: usize = 20;

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
    let (here, others): (Vec<_>, Vec<_>) =
        installations(&objects).await?.into_iter().partition(|one| one.namespace == namespace);
    if let Some(theirs) = here.into_iter().find(|one| !one.is_ours) {
        let way_out = "remove it with what installed it";
        return Err(ArgoCdError::NotOurs { namespace: theirs.namespace, by: theirs.by, way_out });
    }
    if others.is_empty() {
        refuse_elsewhere(&objects, namespace).await?;
    }
    let begun = Instant::now();
    let mut removed = Removed::default();
    for set in objects.list(&application_set_kind()).await? {
        objects.delete(&set).await?;
    }
    removed.applications = remove_applications(&objects, begun, timeout, progress).await?;

    let (mut definitions, mut rest): (Vec<_>, Vec<_>) =
        manifest.objects.iter().cloned().partition(is_definition);
    progress("removing Argo CD".to_owned());
    if !others.is_empty() {
        // Another Argo CD works by what is there once for the whole cluster.
        definitions.clear();
        rest = without_shared(&objects, rest, namespace).await?;
    }
    // What another version or flavor had, whose removal was cut off, goes too.
    let is_last = others.is_empty();
    let reach = Reach { shared: is_last, definitions: is_last };
    for object in leftover(&objects, &manifest.objects, reach).await? {
        if is_definition(&object) {
            definitions.push(object);
        } else if !is_own_secret(&object) {
            rest.push(object);
        }
    }
    for object in rest.iter().rev().chain(definitions.iter().rev()) {
        removed.objects += usize::from(objects.delete(object).await?);
    }
    let space = resources::namespace(namespace).map_err(|error| ArgoCdError::Refused {
        action: "building",
        object: format!("Namespace {namespace}"),
        cause: error.to_string(),
    })?;
    let existing = objects.get(&kind(&space), None, namespace).await?;
    let is_own = existing.as_ref().is_some_and(is_own_namespace);
    if is_own {
        removed.objects += usize::from(objects.delete(&space).await?);
        gone(&objects, definitions.iter().chain([&space]), begun, timeout).await?;
        return Ok(removed);
    }
    // The namespace stays, so what we put into it has to go by itself.
    if existing.is_some() {
        for secret in objects.list(&GroupVersionKind::gvk("", "v1", "Secret")).await? {
            if is_own_secret(&secret) || ITS_OWN_SECRETS.contains(&secret.name_any().as_str()) {
                removed.objects += usize::from(objects.delete(&secret).await?);
            }
        }
    }
    // Whoever installs it again at once is not to find a namespace that is on its way out.
    let last = definitions.iter().chain(is_own.then_some(&space));
    gone(&objects, last, begun, timeout).await?;
    Ok(removed)
}

/// The objects without the roles for the whole cluster, and the bindings that are another namespace's.
async fn without_shared(
    objects: &Objects,
    rest: Vec<DynamicObject>,
    namespace: &str,
) -> Result<Vec<DynamicObject>, ArgoCdError> {
    let mut own = Vec::new();
    for object in rest {
        let stays = match kind(&object).kind.as_str() {
            "ClusterRole" => true,
            "ClusterRoleBinding" => {
                let live = objects.get(&kind(&object), None, &object.name_any()).await?;
                live.as_ref().and_then(bound_to).is_some_and(|bound| bound != namespace)
            }
            _ => false,
        };
        if !stays {
            own.push(object);
        }
    }
    Ok(own)
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
        let (kind, name) = (application_kind(), application.name_any());
        if let Err(error) = objects.patch_metadata(&kind, &name, metadata).await {
            // Somebody may have deleted it since it was listed, such as the Application that keeps it. Then nothing can be
            // added any more.
            return match objects.get(&kind, None, &name).await? {
                Some(now) if now.metadata.deletion_timestamp.is_none() => Err(error),
                _ => Ok(()),
            };
        }
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
    let (mut pace, mut before) = (Pace::default(), all.len());
    loop {
        let left = objects.list(&kind).await?;
        if left.len() < before {
            pace = Pace::default();
        }
        before = left.len();
        if left.is_empty() {
            return Ok(all.len());
        }
        // One that is being deleted makes no others any more; one that was made just before is deleted now.
        for application in left.iter().filter(|one| one.metadata.deletion_timestamp.is_none()) {
            delete_with_resources(objects, application).await?;
        }
        if begun.elapsed() > timeout {
            let mut reasons: Vec<String> = left.iter().take(STUCK).map(stuck).collect();
            if left.len() > STUCK {
                reasons.push(format!("and {} more", left.len() - STUCK));
            }
            return Err(ArgoCdError::Timeout { after: timeout, reasons });
        }
        let names = listed(left.iter().map(ResourceExt::name_any), NAMES);
        let line = match left.len() {
            count if count > NAMES => format!("removing {count} applications: {names}"),
            _ => format!("removing {names}"),
        };
        said.tell(line, progress);
        pace.pause().await;
    }
}

/// Looks come less and less often where nothing goes: a finalizer may take minutes, and each look is a whole list.
struct Pace(Duration);

impl Default for Pace {
    fn default() -> Self {
        Self(PAUSE)
    }
}

impl Pace {
    async fn pause(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(LONGEST_PAUSE);
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
        let mut pace = Pace::default();
        while objects.get(&kind(object), None, &object.name_any()).await?.is_some() {
            if begun.elapsed() > timeout {
                return Err(ArgoCdError::Timeout {
                    after: timeout,
                    reasons: vec![format!("{} to go", label(object))],
                });
            }
            pace.pause().await;
        }
    }
    Ok(())
}
