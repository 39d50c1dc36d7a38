//! Fields that someone else keeps on an Application's resources.
//!
//! Self-heal gives changed fields Git's value again, but leaves added ones: an environment variable set by hand stays,
//! and the Application is Synced all the same. The API server knows who set what (`metadata.managedFields`), so
//! whatever is managed by others and not by Argo CD is found there.

use futures::{StreamExt, TryStreamExt, stream};
use kube::core::{DynamicObject, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde_json::{Map, Value};

use super::ArgoCdError;
use super::application::{ApplicationStatus, ResourceKey};
use super::objects::{FIELD_MANAGER, Objects};

const AT_ONCE: usize = 8;
const ARGOCD: &str = "argocd";
/// They write what the cluster works out by itself: replicas by an autoscaler, revisions of a rollout, addresses.
const CONTROLLERS: [&str; 5] = [
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "cloud-controller-manager",
    "aws-load-balancer-controller",
];

/// A field of a resource that Git does not know of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The Application whose resource it is.
    pub application: String,
    /// The resource.
    pub resource: ResourceKey,
    /// The field, such as `.spec.template.spec.containers[name=web].env[name=DEBUG]`.
    pub field: String,
    /// Who set it, as the API server knows them: `kubectl-edit`, `kubectl-set`, ….
    pub manager: String,
}

/// The fields that others keep on the resources of these Applications.
pub async fn drift(client: Client, applications: &[ApplicationStatus]) -> Result<Vec<Drift>, ArgoCdError> {
    let objects = Objects::new(client, "");
    let keys = applications.iter().flat_map(|one| one.resources.iter().map(|key| (one.name.as_str(), key)));
    let looks: Vec<_> = keys.map(|(application, key)| of_resource(&objects, application, key)).collect();
    let found = stream::iter(looks).buffered(AT_ONCE).try_collect::<Vec<_>>().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn of_resource(
    objects: &Objects,
    application: &str,
    key: &ResourceKey,
) -> Result<Vec<Drift>, ArgoCdError> {
    let kind = GroupVersionKind::gvk(&key.group, &key.version, &key.kind);
    // A kind that is gone again has no fields; Argo CD itself says what is missing.
    if !objects.knows(&kind).await? {
        return Ok(Vec::new());
    }
    let Some(object) = objects.get(&kind, Some(&key.namespace), &key.name).await? else {
        return Ok(Vec::new());
    };
    let fields = foreign_fields(&object).into_iter();
    Ok(fields
        .map(|(field, manager)| Drift {
            application: application.to_owned(),
            resource: key.clone(),
            field,
            manager,
        })
        .collect())
}

/// Fields and their managers, of those that are neither Argo CD nor a controller.
fn foreign_fields(object: &DynamicObject) -> Vec<(String, String)> {
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for entry in object.managed_fields() {
        let (Some(manager), Some(fields)) = (&entry.manager, &entry.fields_v1) else { continue };
        let Some(fields) = fields.0.as_object() else { continue };
        if manager.starts_with(ARGOCD) {
            ours.push(fields);
            continue;
        }
        let works_out = manager == FIELD_MANAGER || CONTROLLERS.contains(&manager.as_str());
        if entry.subresource.as_deref() != Some("status") && !works_out {
            others.push((manager, fields));
        }
    }
    if ours.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (manager, fields) in others {
        let mut paths = Vec::new();
        beyond(fields, &ours, "", &mut paths);
        found.extend(paths.into_iter().map(|path| (path, manager.clone())));
    }
    found.sort();
    found.dedup();
    found
}

/// The paths in `fields` that none of `ours` has: down to the field, and to the element of a list.
fn beyond(fields: &Map<String, Value>, ours: &[&Map<String, Value>], path: &str, found: &mut Vec<String>) {
    for (name, below) in fields.iter().filter(|(name, _)| *name != ".") {
        let path = format!("{path}{}", step(name));
        let same: Vec<_> = ours.iter().filter_map(|tree| tree.get(name)?.as_object()).collect();
        let leaf = below.as_object().is_none_or(|below| below.keys().all(|key| key == "."));
        // Where Argo CD has the field as a whole, whatever is inside is its own.
        if same.iter().any(|tree| tree.is_empty()) {
            continue;
        }
        if same.is_empty() && (leaf || !name.starts_with("f:")) {
            found.push(path);
        } else if let Some(below) = below.as_object() {
            beyond(below, &same, &path, found);
        }
    }
}

/// `f:spec` is a field, `k:{"name":"web"}` an element by its key, `v:"x"` an element by its value.
fn step(name: &str) -> String {
    match name.split_once(':') {
        Some(("f", field)) => format!(".{field}"),
        Some(("k", key)) => {
            let keys: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
            let keys = keys.iter().map(|(name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{name}={value}")
            });
            format!("[{}]", keys.collect::<Vec<_>>().join(","))
        }
        Some((_, value)) => format!("[{value}]"),
        None => format!(".{name}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(entries: &Value) -> DynamicObject {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "app-a", "managedFields": entries },
        });
        serde_json::from_value(object).unwrap()
    }

    fn entry(manager: &str, subresource: &str, fields: &Value) -> Value {
        json!({
            "manager": manager, "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
            "subresource": subresource, "fieldsV1": fields,
        })
    }

    fn container(fields: &Value) -> Value {
        let containers = json!({ "k:{\"name\":\"web\"}": fields });
        json!({ "f:spec": { "f:template": { "f:spec": { "f:containers": containers } } } })
    }

    #[test]
    fn an_added_variable_is_found_and_named() {
        let git = container(&json!({ ".": {}, "f:image": {}, "f:name": {} }));
        let variable = json!({ ".": {}, "f:name": {}, "f:value": {} });
        let hand = container(&json!({ "f:env": { ".": {}, "k:{\"name\":\"DEBUG\"}": variable } }));
        let object =
            deployment(&json!([entry("argocd-controller", "", &git), entry("kubectl-set", "", &hand)]));
        let field = ".spec.template.spec.containers[name=web].env[name=DEBUG]".to_owned();
        assert_eq!(foreign_fields(&object), [(field, "kubectl-set".to_owned())]);
    }

    #[test]
    fn what_argocd_manages_too_and_what_controllers_work_out_is_no_drift() {
        let git = container(&json!({ ".": {}, "f:image": {} }));
        let replicas = json!({ "f:spec": { "f:replicas": {} } });
        let status = json!({ "f:status": { "f:replicas": {} } });
        let object = deployment(&json!([
            entry("argocd-controller", "", &git),
            entry("kubectl-edit", "", &git),
            entry("kube-controller-manager", "scale", &replicas),
            entry("anything", "status", &status),
        ]));
        assert_eq!(foreign_fields(&object), []);
    }

    #[test]
    fn replicas_scaled_by_hand_are_drift() {
        let git = container(&json!({ ".": {}, "f:image": {} }));
        let replicas = json!({ "f:spec": { "f:replicas": {} } });
        let object =
            deployment(&json!([entry("argocd-controller", "", &git), entry("kubectl", "scale", &replicas)]));
        assert_eq!(foreign_fields(&object), [(".spec.replicas".to_owned(), "kubectl".to_owned())]);
    }
}
