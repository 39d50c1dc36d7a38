//! Fields that someone else keeps on an Application's resources.
//!
//! Self-heal gives changed fields Git's value again, but leaves added ones: an environment variable set by hand stays,
//! and the Application is Synced all the same. The API server knows who set what (`metadata.managedFields`), so
//! whatever is managed by others and not by Argo CD is found there.

use futures::{StreamExt, TryStreamExt, stream};
use kube::core::DynamicObject;
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde_json::{Map, Value};

use super::ArgoCdError;
use super::application::{ApplicationStatus, ResourceKey};
use super::live::{Batch, batches};
use super::objects::{FIELD_MANAGER, Objects};
use crate::support::environment;

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
    /// What it is; nothing of a secret, and of what is a list or an object.
    pub live: Option<Value>,
    /// What it was applied as by whoever keeps that beside the object; nothing where nobody does.
    pub wanted: Option<Value>,
}

/// Where `kubectl` and Argo CD's client-side apply keep what they applied.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields that others keep on the resources of these Applications.
pub async fn drift(client: Client, applications: &[ApplicationStatus]) -> Result<Vec<Drift>, ArgoCdError> {
    let objects = Objects::new(client, "");
    let keys: Vec<(&str, &ResourceKey)> = applications
        .iter()
        .flat_map(|one| one.resources.iter().map(|key| (one.name.as_str(), key)))
        .collect();
    let batches = batches(keys.iter().map(|(_, key)| *key));
    let looks: Vec<_> = batches.iter().map(|batch| of_kind(&objects, batch, &keys)).collect();
    let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    let mut found: Vec<(usize, Drift)> = found.into_iter().flatten().collect();
    // As the Applications name them.
    found.sort_by_key(|(place, _)| *place);
    Ok(found.into_iter().map(|(_, drift)| drift).collect())
}

/// What drifts in the resources of a kind, each with its place. The objects themselves are let go of.
async fn of_kind(
    objects: &Objects,
    batch: &Batch<'_>,
    keys: &[(&str, &ResourceKey)],
) -> Result<Vec<(usize, Drift)>, ArgoCdError> {
    let mut all = Vec::new();
    for (places, object) in batch.look(objects).await? {
        for place in places {
            let Some((application, key)) = keys.get(place) else { continue };
            all.extend(of_resource(application, key, &object).into_iter().map(|drift| (place, drift)));
        }
    }
    Ok(all)
}

fn of_resource(application: &str, key: &ResourceKey, object: &DynamicObject) -> Vec<Drift> {
    let applied = object.annotations().get(APPLIED).and_then(|text| serde_json::from_str(text).ok());
    let whole = serde_json::to_value(object).unwrap_or_default();
    let is_open = key.kind != "Secret";
    let drift = |Foreign { field, steps, manager }: Foreign| Drift {
        application: application.to_owned(),
        resource: key.clone(),
        field,
        manager,
        live: value_at(&whole, &steps).filter(|_| is_open),
        wanted: applied.as_ref().and_then(|applied| value_at(applied, &steps)).filter(|_| is_open),
    };
    foreign_fields(object).into_iter().map(drift).collect()
}

/// A field that somebody else keeps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Foreign {
    field: String,
    manager: String,
    /// The way to it, as `managedFields` writes it.
    steps: Vec<String>,
}

/// What stands at the end of a way, where that is a plain value and no secret: a variable whose name says that it is one is none to
/// be shown.
fn value_at(object: &Value, steps: &[String]) -> Option<Value> {
    let mut node = object;
    let mut around = None;
    for step in steps {
        around = Some(node);
        node = match step.split_once(':') {
            Some(("f", field)) => node.get(field)?,
            Some(("k", key)) => {
                let key: Map<String, Value> = serde_json::from_str(key).ok()?;
                let is_it = |item: &&Value| key.iter().all(|(name, value)| item.get(name) == Some(value));
                node.as_array()?.iter().find(is_it)?
            }
            Some(("v", value)) => return serde_json::from_str(value).ok(),
            _ => return None,
        };
    }
    // Of a whole variable its value is what one wants to see.
    let (named, value) = match node {
        Value::Object(fields) if fields.contains_key("value") => (Some(node), fields.get("value")?),
        other => (around, other),
    };
    let name = named.and_then(|named| named.get("name")).and_then(Value::as_str).unwrap_or_default();
    let is_plain = value.is_string() || value.is_number() || value.is_boolean();
    let is_secret = value.as_str().is_some_and(|text| !environment::secrets_of(name, text).is_empty());
    (is_plain && !is_secret).then(|| value.clone())
}

/// Fields and their managers, of those that are neither Argo CD nor a controller.
fn foreign_fields(object: &DynamicObject) -> Vec<Foreign> {
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
        beyond(fields, &ours, ("", &[]), &mut paths);
        found.extend(paths.into_iter().map(|(field, steps)| Foreign {
            field,
            manager: manager.clone(),
            steps,
        }));
    }
    found.sort();
    found.dedup();
    found
}

/// The paths in `fields` that none of `ours` has: down to the field, and to the element of a list.
fn beyond(
    fields: &Map<String, Value>,
    ours: &[&Map<String, Value>],
    (path, steps): (&str, &[String]),
    found: &mut Vec<(String, Vec<String>)>,
) {
    for (name, below) in fields.iter().filter(|(name, _)| *name != ".") {
        let path = format!("{path}{}", step(name));
        let steps = [steps, std::slice::from_ref(name)].concat();
        let same: Vec<_> = ours.iter().filter_map(|tree| tree.get(name)?.as_object()).collect();
        let leaf = below.as_object().is_none_or(|below| below.keys().all(|key| key == "."));
        // Where Argo CD has the field as a whole, whatever is inside is its own.
        if same.iter().any(|tree| tree.is_empty()) {
            continue;
        }
        if same.is_empty() && (leaf || !name.starts_with("f:")) {
            found.push((path, steps));
        } else if let Some(below) = below.as_object() {
            beyond(below, &same, (&path, &steps), found);
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
        assert_eq!(named(&object), [(field, "kubectl-set".to_owned())]);
        let live = json!({ "spec": { "template": { "spec": { "containers": [
            { "name": "web", "env": [{ "name": "DEBUG", "value": "1" }] },
        ] } } } });
        assert_eq!(value_at(&live, &foreign_fields(&object)[0].steps), Some(json!("1")));
    }

    #[test]
    fn what_a_variable_holds_is_not_shown_where_its_name_says_that_it_is_secret() {
        let steps = ["f:env".to_owned(), "k:{\"name\":\"DB_PASSWORD\"}".to_owned()];
        let holding = |name: &str| json!({ "env": [{ "name": name, "value": "canary-of-a-password" }] });
        assert_eq!(value_at(&holding("DB_PASSWORD"), &steps), None);
        let value = [steps[0].clone(), steps[1].clone(), "f:value".to_owned()];
        assert_eq!(value_at(&holding("DB_PASSWORD"), &value), None);
        let open = ["f:env".to_owned(), "k:{\"name\":\"MODE\"}".to_owned()];
        assert_eq!(value_at(&holding("MODE"), &open), Some(json!("canary-of-a-password")));
    }

    fn named(object: &DynamicObject) -> Vec<(String, String)> {
        foreign_fields(object).into_iter().map(|one| (one.field, one.manager)).collect()
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
        assert_eq!(named(&object), []);
    }

    #[test]
    fn replicas_scaled_by_hand_are_drift() {
        let git = container(&json!({ ".": {}, "f:image": {} }));
        let replicas = json!({ "f:spec": { "f:replicas": {} } });
        let object =
            deployment(&json!([entry("argocd-controller", "", &git), entry("kubectl", "scale", &replicas)]));
        assert_eq!(named(&object), [(".spec.replicas".to_owned(), "kubectl".to_owned())]);
    }
}
