//! The objects of our own that Argo CD gets: project, repository, cluster, root Application.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::ResourceExt;
use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::{Value, json};

use super::objects::FIELD_MANAGER;
use crate::project::{Repository, RootApplication};
use crate::support::digest::sha256;
use crate::support::git::GitRemote;

/// The address under which Argo CD knows the cluster that it runs on.
pub const IN_CLUSTER: &str = "https://kubernetes.default.svc";
/// Makes Argo CD delete what an Application made before the Application goes.
pub(super) const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// Before the names of outputs that are annotations of the cluster's secret.
pub const OUTPUT_PREFIX: &str = "slipway/";
const SECRET_PREFIX: &str = "slipway-";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The kind `Application`.
pub fn application_kind() -> GroupVersionKind {
    GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application")
}

/// The kind `ApplicationSet`.
pub fn application_set_kind() -> GroupVersionKind {
    GroupVersionKind::gvk("argoproj.io", "v1alpha1", "ApplicationSet")
}

/// The namespace itself, marked as made by us.
pub(super) fn namespace(name: &str) -> Result<DynamicObject, serde_json::Error> {
    serde_json::from_value(json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": name, "labels": { MANAGED_BY: FIELD_MANAGER } },
    }))
}

/// Whether we made a namespace: one that was there before is not ours to delete.
pub(super) fn is_own_namespace(namespace: &DynamicObject) -> bool {
    namespace.labels().get(MANAGED_BY).is_some_and(|manager| manager == FIELD_MANAGER)
}

/// The secrets that we made are told by their names.
pub(super) fn is_own_secret(secret: &DynamicObject) -> bool {
    secret.name_any().starts_with(SECRET_PREFIX)
}

/// The annotations of a cluster's secret that hold outputs.
pub(super) fn outputs_of(secret: &DynamicObject) -> BTreeMap<String, String> {
    let annotations = secret.annotations().iter();
    annotations
        .filter(|(name, _)| name.starts_with(OUTPUT_PREFIX))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The project `default`: argocd-server would make it, and the core installation has none.
pub(super) fn default_project(namespace: &str) -> Result<DynamicObject, serde_json::Error> {
    serde_json::from_value(json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": { "name": "default", "namespace": namespace },
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{ "server": "*", "namespace": "*" }],
            "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
        },
    }))
}

/// The repository, and its address without a login: everybody who may look at an Application sees that.
pub(super) fn reached(repository: &Repository) -> Result<(GitRemote, String), serde_json::Error> {
    let remote = GitRemote::new(&repository.url, "").map_err(serde::de::Error::custom)?;
    // Otherwise it stays as it is written: the objects of an earlier bootstrap are known by it.
    let has_login = remote.credentials().is_some() || remote.user().is_some();
    let url = if has_login { remote.url() } else { repository.url.expose() }.to_owned();
    Ok((remote, url))
}

/// The root Application: everything under a folder of the repository, kept as it is there; or an `ApplicationSet` that makes
/// one of them for each cluster.
pub(super) fn root_application(
    namespace: &str,
    repository: &Repository,
    root: &RootApplication,
) -> Result<DynamicObject, serde_json::Error> {
    let (_, repository) = reached(repository)?;
    let (server, deploys_to) = match &root.clusters {
        // Of the cluster's secret that it is generated for.
        Some(_) => ("{{.server}}", root.namespace.as_deref().unwrap_or("default")),
        None => (IN_CLUSTER, root.namespace.as_deref().unwrap_or(namespace)),
    };
    let spec = json!({
        "project": "default",
        "source": {
            "repoURL": repository,
            "path": root.path,
            "targetRevision": root.revision,
            "directory": { "recurse": true },
        },
        "destination": { "server": server, "namespace": deploys_to },
        "syncPolicy": {
            "automated": { "prune": true, "selfHeal": true },
            // Without `refresh` a fix waits behind the retries of the commit that it mends.
            "retry": { "limit": 5, "refresh": true },
            "syncOptions": ["ServerSideApply=true", "CreateNamespace=true"],
        },
    });
    let Some(labels) = &root.clusters else {
        return serde_json::from_value(json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": { "name": root.name, "namespace": namespace, "finalizers": [FINALIZER] },
            "spec": spec,
        }));
    };
    let chosen = if labels.is_empty() { json!({}) } else { json!({ "selector": { "matchLabels": labels } }) };
    serde_json::from_value(json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": { "name": root.name, "namespace": namespace },
        "spec": {
            "goTemplate": true,
            // A label or an output that a cluster does not have is told, and makes no path of `<no value>`.
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{ "clusters": chosen }],
            "template": {
                "metadata": { "name": format!("{}-{{{{.nameNormalized}}}}", root.name), "finalizers": [FINALIZER] },
                "spec": spec,
            },
        },
    }))
}

pub(super) fn secret(
    namespace: &str,
    name: &str,
    kind: &str,
    annotations: &BTreeMap<String, String>,
    data: &BTreeMap<&str, String>,
) -> Result<DynamicObject, serde_json::Error> {
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": { "argocd.argoproj.io/secret-type": kind },
        },
        "type": "Opaque",
        "data": data,
    });
    if !annotations.is_empty() {
        let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
        metadata
            .map(|metadata| metadata.insert("annotations".to_owned(), Value::from_iter(annotations.clone())));
    }
    serde_json::from_value(object)
}

pub(super) fn encoded(text: &str) -> String {
    STANDARD.encode(text)
}

/// A name that stays the same for an address, and holds nothing of it.
pub(super) fn secret_name(kind: &str, address: &str) -> String {
    format!("{SECRET_PREFIX}{kind}-{:.10}", sha256(address.as_bytes()))
}
