//! What an earlier bootstrap applied and nobody wants any more: parts that a release no longer has, and secrets of repositories
//! and clusters that were taken out of `slipway.hcl`.

use std::collections::BTreeSet;

use kube::ResourceExt;
use kube::core::{DynamicObject, GroupVersionKind};

use super::ArgoCdError;
use super::objects::{FIELD_MANAGER, Objects, kind, label};
use super::resources::is_own_secret;

/// What every install manifest labels its objects with.
const PART_OF: &str = "app.kubernetes.io/part-of=argocd";
/// What makes a secret one of Argo CD's.
const SECRETS: &str = "argocd.argoproj.io/secret-type";
/// The kinds of the releases, with their groups and versions.
const KINDS: &[(&str, &str, &str)] = &[
    ("", "v1", "ConfigMap"),
    ("", "v1", "Secret"),
    ("", "v1", "Service"),
    ("", "v1", "ServiceAccount"),
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "StatefulSet"),
    ("networking.k8s.io", "v1", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "v1", "Role"),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding"),
];
/// Those that are there once for the whole cluster.
const OF_CLUSTER: &[(&str, &str, &str)] = &[
    ("rbac.authorization.k8s.io", "v1", "ClusterRole"),
    ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding"),
];
/// Their removal takes along every object that they define.
const DEFINITIONS: (&str, &str, &str) = ("apiextensions.k8s.io", "v1", "CustomResourceDefinition");

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Whether what the whole cluster shares is among it: not where another Argo CD works by that.
    pub shared: bool,
    /// Whether definitions are.
    pub definitions: bool,
}

/// What we applied, in the namespace or for the whole cluster, and is not among what is wanted, by kind and name.
pub(super) async fn leftover(
    objects: &Objects,
    wanted: &[DynamicObject],
    reach: Reach,
) -> Result<Vec<DynamicObject>, ArgoCdError> {
    let wanted: BTreeSet<String> = wanted.iter().map(label).collect();
    let mut found = Vec::new();
    let shared = OF_CLUSTER.iter().filter(|_| reach.shared);
    let definitions = std::iter::once(&DEFINITIONS).filter(|_| reach.definitions);
    for (group, version, name) in KINDS.iter().chain(shared).chain(definitions) {
        let kind = GroupVersionKind::gvk(group, version, name);
        let mut all = objects.list_labelled(&kind, PART_OF).await?;
        if *name == "Secret" {
            let own = objects.list_labelled(&kind, SECRETS).await?;
            all.extend(own.into_iter().filter(is_own_secret));
        }
        let is_here = |object: &DynamicObject| {
            object.namespace().is_none_or(|namespace| namespace == objects.namespace())
        };
        let is_left = |object: &DynamicObject| {
            is_here(object) && is_applied(object) && !wanted.contains(&label(object))
        };
        found.extend(all.into_iter().filter(is_left));
    }
    Ok(found)
}

/// Whether we applied it, and nobody else did: the API server keeps who did.
fn is_applied(object: &DynamicObject) -> bool {
    let mut applied =
        object.managed_fields().iter().filter(|entry| entry.operation.as_deref() == Some("Apply"));
    applied.clone().next().is_some()
        && applied.all(|entry| entry.manager.as_deref() == Some(FIELD_MANAGER))
        && kind(object).kind != "Namespace"
}
