//! Which Argo CD is on a cluster, and whose it is.

use kube::ResourceExt;
use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::Value;

use super::ArgoCdError;
use super::objects::{FIELD_MANAGER, Objects};
use super::upgrade::version_of;

/// What every install manifest and chart calls the controller's workload, or ends its name with.
const CONTROLLER: &str = "application-controller";
/// What they label it with.
const PART_OF: &str = "app.kubernetes.io/part-of=argocd";
const NAME: &str = "app.kubernetes.io/name";

/// An Argo CD on a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The namespace that its controller is in.
    pub namespace: String,
    /// Who installed it: `Helm release argocd`, or the name by which the API server knows who applied it.
    pub by: String,
    /// Whether that was us.
    pub is_ours: bool,
    /// Its version, where the image of its controller tells.
    pub version: Option<String>,
}

impl std::fmt::Display for Installation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (installed by {})", self.namespace, self.by)
    }
}

/// All of a cluster, wherever their controllers are.
pub async fn installations(objects: &Objects) -> Result<Vec<Installation>, ArgoCdError> {
    let mut found: Vec<Installation> = Vec::new();
    for kind in ["StatefulSet", "Deployment"] {
        let kind = GroupVersionKind::gvk("apps", "v1", kind);
        let workloads = objects.list_labelled(&kind, PART_OF).await?;
        found.extend(workloads.iter().filter(|workload| is_controller(workload)).map(installation));
    }
    found.sort_by(|a, b| a.namespace.cmp(&b.namespace));
    Ok(found)
}

/// Whether a namespace has Argo CD's controller; where that may not be looked at, it is taken to be there.
pub(super) async fn has_controller(objects: &Objects, namespace: &str) -> bool {
    for kind in ["StatefulSet", "Deployment"] {
        let Ok(found) = objects.list_in(&GroupVersionKind::gvk("apps", "v1", kind), namespace).await else {
            return true;
        };
        if found.iter().any(is_controller) {
            return true;
        }
    }
    false
}

fn is_controller(workload: &DynamicObject) -> bool {
    let is_named = |name: &str| name.ends_with(CONTROLLER);
    is_named(&workload.name_any()) || workload.labels().get(NAME).is_some_and(|name| is_named(name))
}

fn installation(controller: &DynamicObject) -> Installation {
    let managers = controller.managed_fields().iter().filter(|entry| entry.subresource.is_none());
    let managers: Vec<&str> = managers.filter_map(|entry| entry.manager.as_deref()).collect();
    let release = controller.annotations().get("meta.helm.sh/release-name");
    let by_helm = controller.labels().get("app.kubernetes.io/managed-by").is_some_and(|by| by == "Helm");
    let by = match (release, managers.first()) {
        (Some(release), _) => format!("Helm release {release}"),
        (None, _) if by_helm => "Helm".to_owned(),
        (None, Some(manager)) => (*manager).to_owned(),
        (None, None) => "somebody".to_owned(),
    };
    Installation {
        namespace: controller.namespace().unwrap_or_default(),
        version: version_of([controller]),
        is_ours: managers.contains(&FIELD_MANAGER) && release.is_none(),
        by,
    }
}

/// The namespace that a binding is for, where all of its subjects say the same.
pub(super) fn bound_to(binding: &DynamicObject) -> Option<String> {
    let subjects = binding.data.get("subjects").and_then(Value::as_array)?;
    let mut namespaces = subjects.iter().filter_map(|subject| subject.get("namespace")?.as_str());
    let first = namespaces.next()?;
    namespaces.all(|namespace| namespace == first).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn controller(metadata: &Value) -> Installation {
        let object = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata });
        installation(&serde_json::from_value(object).unwrap())
    }

    #[test]
    fn an_installation_is_told_by_who_made_it() {
        let managed = |manager: &str| json!([{ "manager": manager, "operation": "Apply" }]);
        let name = "argocd-application-controller";
        let ours =
            controller(&json!({ "name": name, "namespace": "argocd", "managedFields": managed("slipway") }));
        assert!(ours.is_ours);
        let theirs = json!({ "name": name, "namespace": "tools", "managedFields": managed("kubectl-client-side-apply") });
        assert_eq!(controller(&theirs).to_string(), "tools (installed by kubectl-client-side-apply)");
        let helm = json!({
            "name": "cd-argo-application-controller", "namespace": "cd", "managedFields": managed("helm"),
            "annotations": { "meta.helm.sh/release-name": "cd" },
        });
        let helm = controller(&helm);
        assert!(!helm.is_ours && helm.by == "Helm release cd", "{helm}");
    }
}
