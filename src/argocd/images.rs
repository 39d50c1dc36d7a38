//! Whether workloads run the images that are wanted: "Synced" says what was applied, the workload says what is there.

use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::Value;

use super::ArgoCdError;
use super::application::{ApplicationStatus, ResourceKey};
use super::objects::Objects;
use super::running::{Seen, pods_left, seen};
use super::wanted::{Wanted, WantedImage};

/// The wanted images that do not run.
pub(super) async fn wrong_images<'a>(
    objects: &Objects,
    applications: impl Iterator<Item = &'a ApplicationStatus>,
    wanted: &Wanted<'_>,
) -> Result<Vec<String>, ArgoCdError> {
    if wanted.images.is_empty() && wanted.somewhere.is_empty() {
        return Ok(Vec::new());
    }
    let applications: Vec<&ApplicationStatus> = applications.collect();
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
            let live = live(objects, key).await?;
            let runs = live.as_ref().and_then(|object| image_of(object, container));
            if runs.as_ref() == Some(image) {
                reason = live.as_ref().and_then(pods_left).map(|left| format!("{key}: {left}"));
                if reason.is_none() {
                    break;
                }
                continue;
            }
            let runs = runs.unwrap_or_else(|| "no such container".to_owned());
            reason = Some(format!("{key}/{container} runs {runs}, not {image}"));
        }
        wrong.extend(reason);
    }
    for one in wanted.somewhere {
        if let Seen::Other(reason) = seen(objects, &applications, one).await? {
            wrong.push(format!("{}: {reason}", one.application));
        }
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
