//! Waits until Applications are green at a commit, and says of each why it is not.

use std::time::Duration;

use kube::Client;
use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ArgoCdError;
use super::application::{ApplicationStatus, ResourceKey};
use super::bootstrap::Progress;
use super::followed::{followed, follows, lacks};
use super::last_words::last_words;
use super::objects::Objects;
use super::resources::application_kind;
use super::wanted::{Ancestry, Wanted, WantedImage};
use crate::support::address::Address;
use crate::support::progress::Said;

const PAUSE: Duration = Duration::from_millis(300);
/// A refresh that was lost (a controller that restarted) is asked for again.
const REFRESH: Duration = Duration::from_secs(10);
/// Asks for a comparison, and for the manifests to be hydrated, where they are.
const REFRESH_ANNOTATIONS: [&str; 2] = ["argocd.argoproj.io/refresh", "argocd.argoproj.io/hydrate"];

/// Waits, and returns the Applications as they are then.
pub async fn wait_green(
    client: Client,
    namespace: &str,
    wanted: &Wanted<'_>,
    ancestry: &dyn Ancestry,
    progress: Progress<'_>,
) -> Result<Vec<ApplicationStatus>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let begun = Instant::now();
    let mut refreshed: Option<Instant> = None;
    let mut said = Said::default();
    loop {
        let applications = applications(&objects).await?;
        let mut reasons = Vec::new();
        let mut behind = Vec::new();
        for application in applications.iter().filter(|one| is_wanted(one, wanted)) {
            let lacks = lacks(application, wanted, ancestry).await;
            if let Some(reason) = application.not_green(lacks.as_deref()) {
                reasons.push(reason);
                behind.push(application.name.clone());
            }
        }
        let named = |name: &&String| !applications.iter().any(|application| application.name == **name);
        reasons.extend(
            wanted
                .applications
                .iter()
                .filter(named)
                .map(|name| format!("{name}: there is no such Application")),
        );
        if applications.is_empty() {
            reasons.push("there are no Applications".to_owned());
        } else if wanted.applications.is_empty() && !applications.iter().any(|one| follows(one, wanted)) {
            let (repository, others) = (Address::new(wanted.repository), followed(&applications));
            reasons.push(format!("no Application follows {repository}; they follow {others}"));
        }
        if reasons.is_empty() {
            reasons.extend(wrong_images(&objects, &applications, wanted).await?);
        }
        if reasons.is_empty() {
            return Ok(applications);
        }
        if begun.elapsed() > wanted.timeout {
            let is_broken = |one: &&ApplicationStatus| is_wanted(one, wanted) && one.health != "Healthy";
            let broken: Vec<&ApplicationStatus> = applications.iter().filter(is_broken).collect();
            reasons.extend(last_words(&objects, &broken).await);
            return Err(ArgoCdError::Timeout { after: wanted.timeout, reasons });
        }
        if refreshed.is_none_or(|last| last.elapsed() > REFRESH) {
            let asked = REFRESH_ANNOTATIONS.map(|annotation| (annotation.to_owned(), json!("normal")));
            let refresh = json!({ "annotations": Value::Object(asked.into_iter().collect()) });
            for name in &behind {
                let refresh = refresh.clone();
                objects.patch_metadata(&application_kind(), name, refresh).await?;
            }
            refreshed = Some(Instant::now());
        }
        said.tell(reasons.join("; "), progress);
        tokio::time::sleep(PAUSE).await;
    }
}

/// All Applications of a namespace.
pub async fn status(client: Client, namespace: &str) -> Result<Vec<ApplicationStatus>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    if !objects.knows(&application_kind()).await? {
        return Err(ArgoCdError::NotInstalled { namespace: namespace.to_owned() });
    }
    applications(&objects).await
}

pub(super) async fn applications(objects: &Objects) -> Result<Vec<ApplicationStatus>, ArgoCdError> {
    let mut statuses: Vec<_> =
        objects.list(&application_kind()).await?.iter().map(ApplicationStatus::of).collect();
    statuses.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(statuses)
}

fn is_wanted(application: &ApplicationStatus, wanted: &Wanted<'_>) -> bool {
    wanted.applications.is_empty() || wanted.applications.contains(&application.name)
}

/// The wanted images that do not run: "Synced" says what was applied, the workload says what is there.
pub(super) async fn wrong_images(
    objects: &Objects,
    applications: &[ApplicationStatus],
    wanted: &Wanted<'_>,
) -> Result<Vec<String>, ArgoCdError> {
    let mut wrong = Vec::new();
    for WantedImage { application, kind, container, any_of } in wanted.images {
        let resources = applications.iter().filter(|one| one.name == *application);
        let resources: Vec<&ResourceKey> = resources.flat_map(|one| &one.resources).collect();
        let mut reason = None;
        for (workload, image) in any_of {
            let key = resources.iter().find(|key| key.kind == *kind && key.name == *workload);
            let Some(key) = key else {
                reason.get_or_insert_with(|| format!("{application}: it has no {kind}/{workload}"));
                continue;
            };
            let live = live(objects, key).await?.and_then(|object| image_of(&object, container));
            if live.as_ref() == Some(image) {
                reason = None;
                break;
            }
            let live = live.unwrap_or_else(|| "no such container".to_owned());
            reason = Some(format!("{key}/{container} runs {live}, not {image}"));
        }
        wrong.extend(reason);
    }
    Ok(wrong)
}

async fn live(objects: &Objects, key: &ResourceKey) -> Result<Option<DynamicObject>, ArgoCdError> {
    let kind = GroupVersionKind::gvk(&key.group, &key.version, &key.kind);
    objects.get(&kind, Some(&key.namespace), &key.name).await
}

/// The image of a container, wherever the kind keeps its pod.
fn image_of(workload: &DynamicObject, container: &str) -> Option<String> {
    let pods = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/spec"];
    let pods = pods.iter().filter_map(|pointer| workload.data.pointer(pointer));
    let containers = pods.flat_map(|pod| {
        ["containers", "initContainers"].into_iter().filter_map(|name| pod.get(name)?.as_array()).flatten()
    });
    let mut found = containers.filter(|one| one.get("name").and_then(Value::as_str) == Some(container));
    found.next()?.get("image")?.as_str().map(str::to_owned)
}
