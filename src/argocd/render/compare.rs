//! What the cluster would get otherwise: the objects of two renderings, one by one.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use super::hidden::hide;
use crate::support::redact;

/// Unchanged lines around a changed one.
const CONTEXT: usize = 3;
/// Where Argo CD notes whose object it is.
const TRACKED: &str = "argocd.argoproj.io/tracking-id";

/// What becomes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It comes.
    Added,
    /// It would be another.
    Changed,
    /// It goes, where Argo CD may prune.
    Removed,
}

/// An object that would not be as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectChange {
    /// The API group; empty for the core.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty where the manifest says none.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// What becomes of it.
    pub change: Fate,
    /// A unified diff of its YAML, without headers and without what is secret.
    pub difference: String,
}

type Key = (String, String, String, String);

/// The objects that differ, by their kinds and names.
pub(super) fn compare(before: &[Value], after: &[Value]) -> Vec<ObjectChange> {
    let (before, after) = (by_key(before), by_key(after));
    let mut keys: Vec<&Key> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let changes = keys.into_iter().filter_map(|key| {
        let (was, is) = (before.get(key), after.get(key));
        if was == is {
            return None;
        }
        let change = match (was, is) {
            (None, _) => Fate::Added,
            (_, None) => Fate::Removed,
            _ => Fate::Changed,
        };
        let (old, new) = hide(was, is);
        let (old, new) =
            (old.as_ref().map(yaml).unwrap_or_default(), new.as_ref().map(yaml).unwrap_or_default());
        let mut difference =
            TextDiff::from_lines(&old, &new).unified_diff().context_radius(CONTEXT).to_string();
        if difference.is_empty() {
            "(what differs is secret, and is not shown)\n".clone_into(&mut difference);
        }
        let (group, kind, namespace, name) = key.clone();
        Some(ObjectChange { group, kind, namespace, name, change, difference })
    });
    changes.collect()
}

/// Objects by what they are; of two that are the same the later, as Argo CD takes it.
fn by_key(objects: &[Value]) -> BTreeMap<Key, Value> {
    let mut unnamed = 0;
    let mut all = BTreeMap::new();
    for object in objects {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let group = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
        let mut name = text("/metadata/name").to_owned();
        if name.is_empty() {
            // Hooks may have the beginning of a name only.
            unnamed += 1;
            name = format!("{}#{unnamed}", text("/metadata/generateName"));
        }
        let key = (group.to_owned(), text("/kind").to_owned(), text("/metadata/namespace").to_owned(), name);
        let mut object = object.clone();
        let annotations = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
        if let Some(annotations) = annotations {
            annotations.remove(TRACKED);
        }
        all.insert(key, object);
    }
    all
}

fn yaml(object: &Value) -> String {
    let text = serde_saphyr::to_string(object).unwrap_or_else(|error| format!("{error}\n"));
    redact::clean(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(name: &str, value: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": name, "annotations": { TRACKED: format!("web:{name}") } },
            "data": { "a": value, "b": "2" },
        })
    }

    #[test]
    fn what_comes_changes_and_goes_is_told_and_what_stays_is_not() {
        let before = [map("goes", "1"), map("same", "1"), map("turns", "1")];
        let after = [map("comes", "1"), map("same", "1"), map("turns", "other")];
        let changes = compare(&before, &after);
        let told: Vec<_> = changes.iter().map(|one| (one.name.as_str(), one.change)).collect();
        assert_eq!(told, [("comes", Fate::Added), ("goes", Fate::Removed), ("turns", Fate::Changed)]);
        let lines: Vec<&str> = changes[2].difference.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!(lines[1..], ["-  a: \"1\"", "+  a: other"]);
        assert!(!changes[0].difference.contains(TRACKED), "{}", changes[0].difference);
    }

    #[test]
    fn a_password_in_an_address_is_not_shown_and_its_change_is_said() {
        let map = |password: &str| json!({ "kind": "Widget", "metadata": { "name": "db" }, "spec": { "note": format!("postgres://web:{password}@db.example/web") } });
        let changes = compare(&[map("canary-one")], &[map("canary-two")]);
        assert!(changes[0].difference.contains("is secret"), "{}", changes[0].difference);
    }
}
