//! What the workloads of an Application run, for images of which nobody can say here in which container they come to be: values of
//! a chart, an entry of a kustomization on a base from elsewhere, a parameter, a field that an operator reads.

mod image;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use kube::ResourceExt;
use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::Value;

use self::image::Image;
use super::ArgoCdError;
use super::application::{ApplicationStatus, ResourceKey};
use super::live::batches;
use super::objects::Objects;

/// What has no pods and is not fetched for its images.
const WITHOUT_PODS: &[&str] = &[
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CustomResourceDefinition",
    "Endpoints",
    "HorizontalPodAutoscaler",
    "Ingress",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "PriorityClass",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
    "StorageClass",
];
const APPLICATION: &str = "Application";
const APPLICATION_SET: &str = "ApplicationSet";
/// Objects are nested by whoever writes them.
const DEEPEST: usize = 32;

/// An image that is run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Running {
    /// The workload or the pod: `Deployment/web`.
    pub workload: String,
    /// The container's name; empty where it has none.
    pub container: String,
    /// Its image.
    pub image: String,
    /// Whether that says what is wanted, which a pod that is on its way out does not.
    pub is_wish: bool,
}

/// An image that some container of an Application has to run.
#[derive(Clone, Debug)]
pub struct Somewhere {
    /// The Application.
    pub application: String,
    /// The image.
    pub image: String,
    /// What ran before, where another image was set; nothing where that is not known, or does not count.
    pub before: Vec<Running>,
    /// Whether Argo CD itself renders it into what it applies. What an operator gets, that runs as it sees fit.
    pub is_rendered: bool,
}

/// Whether a wanted image runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It does.
    Runs,
    /// Something else does in its place.
    Other(String),
    /// Nothing that can be looked at runs any version of it.
    Nothing,
}

/// What was seen of an Application.
struct Look {
    /// What its own objects say.
    own: Vec<Running>,
    /// The workloads whose pods are older than they say, with the words for it.
    left: Vec<(String, String)>,
    /// Why some of them may not be read, if so.
    unread: Option<ArgoCdError>,
    /// The namespaces of them.
    namespaces: BTreeSet<String>,
}

/// What the workloads of an Application run, those of the Applications that it keeps, and the pods beside them.
pub(super) async fn running(
    objects: &Objects,
    applications: &[&ApplicationStatus],
    name: &str,
) -> Result<Vec<Running>, ArgoCdError> {
    let look = look(objects, applications, name).await?;
    let pods = pods(objects, &look.namespaces).await.unwrap_or_default();
    Ok([look.own, pods].concat())
}

/// Whether an image runs where it is wanted, and says why not.
pub(super) async fn seen(
    objects: &Objects,
    applications: &[&ApplicationStatus],
    wanted: &Somewhere,
) -> Result<Seen, ArgoCdError> {
    // One that it keeps is green by itself, or not.
    let kept = kept(applications, &wanted.application);
    let mut inside = kept.iter().filter(|one| one.name != wanted.application);
    if let Some(reason) = inside.find_map(|one| one.not_green(None)) {
        return Ok(Seen::Other(reason));
    }
    let look = look(objects, applications, &wanted.application).await?;
    let seen = judge(wanted, &look.own);
    if seen == Seen::Runs {
        let image = Image::of(&wanted.image);
        let runs = |workload: &str| {
            let mut of_it = look.own.iter().filter(|one| one.workload == workload);
            of_it.any(|one| Image::of(&one.image).has_version_of(&image))
        };
        let left = look.left.iter().find(|(workload, _)| runs(workload));
        return Ok(left.map_or(Seen::Runs, |(workload, why)| Seen::Other(format!("{workload}: {why}"))));
    }
    if seen != Seen::Nothing {
        return Ok(seen);
    }
    if let Some(error) = look.unread {
        return Err(error);
    }
    // An operator's workloads are no resources of the Application; their pods are beside it.
    let seen = judge(wanted, &pods(objects, &look.namespaces).await?);
    if seen != Seen::Nothing || !wanted.is_rendered || is_said(objects, &kept, wanted).await? {
        return Ok(seen);
    }
    let what = Image::of(&wanted.image).name;
    Ok(Seen::Other(format!(
        "none of its workloads runs {what}, and none of its objects says {}",
        wanted.image
    )))
}

async fn look(
    objects: &Objects,
    applications: &[&ApplicationStatus],
    name: &str,
) -> Result<Look, ArgoCdError> {
    let kept = kept(applications, name);
    let is_one = |key: &&ResourceKey| {
        ![APPLICATION, APPLICATION_SET].contains(&key.kind.as_str())
            && !WITHOUT_PODS.contains(&key.kind.as_str())
    };
    let keys: Vec<&ResourceKey> = kept.iter().flat_map(|one| &one.resources).filter(is_one).collect();
    let (mut own, mut left, mut unread) = (Vec::new(), Vec::new(), None);
    for batch in batches(keys.iter().copied()) {
        match batch.look(objects).await {
            Ok(found) => {
                for (_, object) in &found {
                    let workload = format!("{}/{}", batch.kind(), object.name_any());
                    images(&object.data, &workload, 0, &mut own);
                    left.extend(pods_left(object).map(|why| (workload, why)));
                }
            }
            Err(error @ ArgoCdError::Refused { .. }) => unread = Some(error),
            Err(error) => return Err(error),
        }
    }
    let namespaces = keys.iter().map(|key| key.namespace.clone()).filter(|name| !name.is_empty()).collect();
    Ok(Look { own, left, unread, namespaces })
}

/// What the pods of namespaces run.
async fn pods(objects: &Objects, namespaces: &BTreeSet<String>) -> Result<Vec<Running>, ArgoCdError> {
    let kind = GroupVersionKind::gvk("", "v1", "Pod");
    let mut all = Vec::new();
    for namespace in namespaces {
        for pod in objects.list_in(&kind, namespace).await? {
            let phase = pod.data.pointer("/status/phase").and_then(Value::as_str);
            let is_over =
                pod.metadata.deletion_timestamp.is_some() || matches!(phase, Some("Succeeded" | "Failed"));
            let from = all.len();
            images(&pod.data, &format!("Pod/{}", pod.name_any()), 0, &mut all);
            all.iter_mut().skip(from).for_each(|one| one.is_wish = !is_over);
        }
    }
    Ok(all)
}

/// The Application, and those that it keeps: by itself, by a set of its own, or by one of these.
fn kept<'a>(applications: &[&'a ApplicationStatus], name: &str) -> Vec<&'a ApplicationStatus> {
    let mut kept: Vec<&ApplicationStatus> = Vec::new();
    let mut next: Vec<&ApplicationStatus> =
        applications.iter().copied().filter(|one| one.name == name).collect();
    while let Some(one) = next.pop() {
        if kept.iter().any(|known| known.name == one.name) {
            continue;
        }
        kept.push(one);
        let has =
            |kind: &str, name: &str| one.resources.iter().any(|key| key.kind == kind && key.name == name);
        let is_its_own = |other: &&ApplicationStatus| {
            let set = other.facts.set.as_deref();
            has(APPLICATION, &other.name) || set.is_some_and(|set| has(APPLICATION_SET, set))
        };
        next.extend(applications.iter().copied().filter(is_its_own));
    }
    kept
}

/// Every image in an object: wherever one is said, in one text or in parts.
fn images(value: &Value, workload: &str, depth: usize, all: &mut Vec<Running>) {
    match value {
        Value::Object(fields) if depth < DEEPEST => {
            let text = |key: &str| fields.get(key).and_then(Value::as_str);
            if let Some(image) = text("image") {
                let container = text("name").unwrap_or_default().to_owned();
                let (workload, image) = (workload.to_owned(), image.to_owned());
                all.push(Running { workload, container, image, is_wish: true });
            }
            // What the cluster says of it is no wish.
            for (_, inside) in fields.iter().filter(|(key, _)| depth > 0 || *key != "status") {
                images(inside, workload, depth + 1, all);
            }
        }
        Value::Array(items) if depth < DEEPEST => {
            for item in items {
                images(item, workload, depth + 1, all);
            }
        }
        _ => {}
    }
}

/// What runs in the place of a wanted image. It is right where a container runs it that did not before, or all do that run any
/// version of it.
fn judge(wanted: &Somewhere, now: &[Running]) -> Seen {
    let image = Image::of(&wanted.image);
    let of_name = |one: &&Running| Image::of(&one.image).name == image.name;
    let mut same: Vec<&Running> = now.iter().filter(of_name).collect();
    // Where only a tag is written, the name is one that was lent to it: whatever runs that tag may be meant.
    let is_lent = same.is_empty() && !image.name.contains('/');
    if is_lent {
        same = now.iter().filter(|one| Image::of(&one.image).has_version_of(&image)).collect();
    }
    let (right, wrong): (Vec<&Running>, Vec<&Running>) =
        same.into_iter().partition(|one| Image::of(&one.image).has_version_of(&image));
    let is_new = |one: &&Running| !wanted.before.contains(one);
    if right.iter().any(is_new) {
        return Seen::Runs;
    }
    let wrong: Vec<&Running> = wrong.into_iter().filter(|one| one.is_wish).collect();
    if wrong.is_empty() {
        return if right.is_empty() || is_lent { Seen::Nothing } else { Seen::Runs };
    }
    let told = |one: &&Running| {
        let Running { workload, container, image, .. } = one;
        let container = if container.is_empty() { String::new() } else { format!("/{container}") };
        format!("{workload}{container} runs {image}")
    };
    let told: BTreeSet<String> = wrong.iter().map(told).collect();
    let told = told.into_iter().collect::<Vec<_>>().join(", ");
    Seen::Other(format!("{told}, not {}", wanted.image))
}

/// Why pods of a workload do not run yet what it says: one with `OnDelete` is Healthy while they all run what was said before.
pub(super) fn pods_left(workload: &DynamicObject) -> Option<String> {
    let text = |pointer: &str| workload.data.pointer(pointer).and_then(Value::as_str);
    let number = |pointer: &str| workload.data.pointer(pointer).and_then(Value::as_i64);
    if text("/spec/updateStrategy/type") != Some("OnDelete") {
        return None;
    }
    let (wanted, updated) = match number("/status/desiredNumberScheduled") {
        Some(wanted) => (wanted, number("/status/updatedNumberScheduled").unwrap_or(0)),
        None => (number("/status/replicas").unwrap_or(0), number("/status/updatedReplicas").unwrap_or(0)),
    };
    (updated < wanted).then(|| {
        format!(
            "{updated} of its {wanted} pods are made of it as it is now, and its update strategy is OnDelete: delete the others"
        )
    })
}

/// Whether one of the objects says the image, if in no place where containers are made of it: as an argument, or a setting.
async fn is_said(
    objects: &Objects,
    kept: &[&ApplicationStatus],
    wanted: &Somewhere,
) -> Result<bool, ArgoCdError> {
    let image = Image::of(&wanted.image);
    let keys = kept.iter().flat_map(|one| &one.resources).filter(|key| key.kind != "Secret");
    for batch in batches(keys) {
        let found = match batch.look(objects).await {
            Ok(found) => found,
            // What may not be read may say it.
            Err(ArgoCdError::Refused { .. }) => return Ok(true),
            Err(error) => return Err(error),
        };
        if found.iter().any(|(_, object)| says(object, &image)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn says(object: &DynamicObject, image: &Image<'_>) -> bool {
    let mut texts = Vec::new();
    let wishes = object.data.as_object().into_iter().flatten().filter(|(key, _)| *key != "status");
    wishes.for_each(|(_, value)| strings(value, 0, &mut texts));
    let version = image.digest.or(image.tag).unwrap_or_default();
    texts.iter().any(|text| text.contains(image.name)) && texts.iter().any(|text| text.contains(version))
}

fn strings<'a>(value: &'a Value, depth: usize, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Object(fields) if depth < DEEPEST => {
            fields.values().for_each(|inside| strings(inside, depth + 1, texts));
        }
        Value::Array(items) if depth < DEEPEST => {
            for inside in items {
                strings(inside, depth + 1, texts);
            }
        }
        _ => {}
    }
}
