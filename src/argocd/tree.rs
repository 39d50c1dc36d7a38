//! What an Application has made, and what that has made: down to the pods, with what keeps them from running.

use std::collections::HashMap;

use kube::core::{DynamicObject, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde_json::Value;

use super::ArgoCdError;
use super::acts::application;
use super::application::{ApplicationStatus, ResourceKey};
use super::last_words::what_keeps;
use super::live::live;
use super::objects::Objects;

/// The kinds that workloads make.
const MADE: [(&str, &str); 3] = [("apps", "ReplicaSet"), ("batch", "Job"), ("", "Pod")];

/// A resource with what it has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// The kind.
    pub kind: String,
    /// The namespace; empty where it is in none.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// `Synced`, `OutOfSync`, `Missing`; empty for what workloads have made.
    pub sync: String,
    /// What is to be said of it: how many pods are ready, the phase of a pod and why its containers do not run.
    pub state: String,
    /// What it has made.
    pub children: Vec<Branch>,
}

/// The lines of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodLog {
    /// The pod.
    pub pod: String,
    /// Its namespace.
    pub namespace: String,
    /// The container.
    pub container: String,
    /// What it wrote, or none where nobody has that.
    pub text: Option<String>,
}

/// The tree of an Application.
pub async fn tree(client: Client, namespace: &str, name: &str) -> Result<Vec<Branch>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let (status, made) = whole(&objects, name).await?;
    let mut lives = live(&objects, &status.resources.iter().collect::<Vec<_>>()).await?;
    let out_of_sync = |key: &ResourceKey| status.out_of_sync.contains(&key.to_string());
    let branches = status.resources.iter().enumerate().map(|(place, key)| {
        let live = lives.remove(&place);
        let sync = match &live {
            None => "Missing",
            Some(_) if out_of_sync(key) => "OutOfSync",
            Some(_) => "Synced",
        };
        let children = live.as_ref().and_then(ResourceExt::uid).map(|uid| children(&made, &uid));
        Branch {
            kind: key.kind.clone(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            sync: sync.to_owned(),
            state: live.as_ref().map(state).unwrap_or_default(),
            children: children.unwrap_or_default(),
        }
    });
    Ok(branches.collect())
}

/// The last lines of the containers of an Application's pods; of one container where it is named.
pub async fn logs(
    client: Client,
    namespace: &str,
    name: &str,
    container: Option<&str>,
    previous: bool,
    lines: i64,
) -> Result<Vec<PodLog>, ArgoCdError> {
    let objects = Objects::new(client.clone(), namespace);
    let mut logs = Vec::new();
    for (namespace, pod, one) in containers(client, namespace, name, container).await? {
        let text = objects.log(&namespace, &pod, &one, previous, lines).await;
        logs.push(PodLog { pod, namespace, container: one, text });
    }
    Ok(logs)
}

/// The containers of an Application's pods, each with the pod's namespace and name; those of a name where one is given.
pub(super) async fn containers(
    client: Client,
    namespace: &str,
    name: &str,
    container: Option<&str>,
) -> Result<Vec<(String, String, String)>, ArgoCdError> {
    let objects = Objects::new(client.clone(), namespace);
    let mut pods = Vec::new();
    let mut branches = tree(client, namespace, name).await?;
    while let Some(branch) = branches.pop() {
        if branch.kind == "Pod" {
            pods.push((branch.namespace, branch.name));
        }
        branches.extend(branch.children);
    }
    pods.sort();
    let mut found = Vec::new();
    for (of, pod) in pods {
        let kind = GroupVersionKind::gvk("", "v1", "Pod");
        let Some(live) = objects.get(&kind, Some(&of), &pod).await? else { continue };
        let containers = ["/spec/initContainers", "/spec/containers"].into_iter();
        let containers = containers.filter_map(|pointer| live.data.pointer(pointer)?.as_array()).flatten();
        let names = containers.filter_map(|one| one.get("name")?.as_str());
        let wanted = names.filter(|one| container.is_none_or(|container| container == *one));
        found.extend(wanted.map(|one| (of.clone(), pod.clone(), one.to_owned())));
    }
    Ok(found)
}

/// The Application, and what workloads have made in its namespaces, by the uid of who made it.
async fn whole(
    objects: &Objects,
    name: &str,
) -> Result<(ApplicationStatus, HashMap<String, Vec<DynamicObject>>), ArgoCdError> {
    let status = ApplicationStatus::of(&application(objects, name).await?);
    let mut namespaces: Vec<&str> = status.resources.iter().map(|key| key.namespace.as_str()).collect();
    namespaces.retain(|namespace| !namespace.is_empty());
    namespaces.sort_unstable();
    namespaces.dedup();
    let mut made: HashMap<String, Vec<DynamicObject>> = HashMap::new();
    for namespace in namespaces {
        for (group, kind) in MADE {
            let kind = GroupVersionKind::gvk(group, "v1", kind);
            for object in objects.list_in(&kind, namespace).await? {
                for owner in object.owner_references() {
                    made.entry(owner.uid.clone()).or_default().push(object.clone());
                }
            }
        }
    }
    Ok((status, made))
}

fn children(made: &HashMap<String, Vec<DynamicObject>>, uid: &str) -> Vec<Branch> {
    let Some(objects) = made.get(uid) else { return Vec::new() };
    // What an older rollout has left is no news.
    let is_left = |object: &DynamicObject| object.data.pointer("/spec/replicas") == Some(&Value::from(0));
    let branches = objects.iter().filter(|object| !is_left(object)).map(|object| Branch {
        kind: object.types.clone().unwrap_or_default().kind,
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        sync: String::new(),
        state: state(object),
        children: object.uid().map(|uid| children(made, &uid)).unwrap_or_default(),
    });
    branches.collect()
}

fn state(object: &DynamicObject) -> String {
    let number = |pointer: &str| object.data.pointer(pointer).and_then(Value::as_i64);
    if let Some(phase) = object.data.pointer("/status/phase").and_then(Value::as_str) {
        let keeps = what_keeps(object);
        return if keeps.is_empty() { phase.to_owned() } else { format!("{phase}: {}", keeps.join("; ")) };
    }
    match number("/spec/replicas").or_else(|| number("/status/desiredNumberScheduled")) {
        Some(wanted) => {
            let ready =
                number("/status/readyReplicas").or_else(|| number("/status/numberReady")).unwrap_or(0);
            format!("{ready}/{wanted} ready")
        }
        None => String::new(),
    }
}
