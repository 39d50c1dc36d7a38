//! What a bootstrap would do, found out before it does any of it: the API server applies each object without keeping it.

use std::collections::BTreeMap;

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};
use similar::TextDiff;

use super::ArgoCdError;
use super::by_hand::{fields, hands};
use super::objects::{Change, Objects, kind, label};
use super::sources::said;

/// In the place of what a secret holds.
const HIDDEN: &str = "(hidden)";
/// What of a secret is none.
const OPEN: [&str; 4] = ["type", "url", "name", "server"];
/// Unchanged lines around a changed one.
const CONTEXT: usize = 2;

/// One object of a bootstrap.
#[derive(Clone, Debug)]
pub struct Step {
    /// As it is to be.
    pub object: DynamicObject,
    /// What applying it does.
    pub change: Change,
    /// What differs, as a diff of YAML without secrets; empty where it is not there yet.
    pub difference: String,
    /// Who has changed it by hand, and which fields, where somebody has: that is put right.
    pub by_hand: Option<String>,
}

impl Step {
    /// Kind and name.
    pub fn label(&self) -> String {
        label(&self.object)
    }

    /// The object as YAML, without what is secret in it.
    pub fn open_text(&self) -> String {
        text(&without_secrets(&self.object, None))
    }
}

/// Looks at what applying objects would do, all of them, and changes nothing. Every conflict is found at once.
pub(super) async fn rehearsed(
    objects: &Objects,
    wanted: Vec<DynamicObject>,
    force: bool,
) -> Result<Vec<Step>, ArgoCdError> {
    let mut conflicts = Vec::new();
    let mut steps = Vec::new();
    for object in wanted {
        match step(objects, &object, force).await {
            Ok((change, difference)) => steps.push(Step { object, change, difference, by_hand: None }),
            Err(ArgoCdError::Conflict { object: named, cause }) => {
                let Some(hands) = hands(&cause) else {
                    conflicts.push((named, cause));
                    continue;
                };
                let (change, difference) = step(objects, &object, true).await?;
                let by_hand = Some(format!("{} set {}", hands.join(" and "), fields(&cause).join(", ")));
                steps.push(Step { object, change, difference, by_hand });
            }
            Err(error) => return Err(error),
        }
    }
    let mut conflicts = conflicts.into_iter();
    match (conflicts.next(), conflicts.len()) {
        (None, _) => Ok(steps),
        (Some((object, cause)), 0) => Err(ArgoCdError::Conflict { object, cause }),
        (Some(first), _) => {
            let all = std::iter::once(first).chain(conflicts);
            Err(ArgoCdError::Conflicts {
                objects: all.map(|(object, cause)| format!("{object}: {cause}")).collect(),
            })
        }
    }
}

async fn step(
    objects: &Objects,
    object: &DynamicObject,
    force: bool,
) -> Result<(Change, String), ArgoCdError> {
    // What it is defined by comes with the same bootstrap.
    if !objects.knows(&kind(object)).await? {
        return Ok((Change::Created, String::new()));
    }
    let before = objects.get(&kind(object), object.metadata.namespace.as_deref(), &object.name_any()).await?;
    let Some(before) = before else { return Ok((Change::Created, String::new())) };
    let (change, after) = objects.apply_over(object, &before, force, true).await?;
    if change == Change::Unchanged {
        return Ok((change, String::new()));
    }
    let (old, new) = (without_secrets(&before, None), without_secrets(&after, Some(&before)));
    let difference =
        TextDiff::from_lines(&text(&old), &text(&new)).unified_diff().context_radius(CONTEXT).to_string();
    Ok((change, difference))
}

/// What a person would write of an object; of a secret only what is none. Of `before`, whether a value differs is told.
fn without_secrets(object: &DynamicObject, before: Option<&DynamicObject>) -> Value {
    let mut data = object.data.clone();
    if let Some(fields) = data.as_object_mut() {
        fields.retain(|name, _| name != "status" && name != "operation");
    }
    if kind(object).kind == "Secret" {
        for place in ["data", "stringData"] {
            let was = before.and_then(|before| before.data.get(place));
            for (name, value) in data.get_mut(place).and_then(Value::as_object_mut).into_iter().flatten() {
                if OPEN.contains(&name.as_str()) {
                    continue;
                }
                let differs = before.is_some() && was.and_then(|was| was.get(name)) != Some(value);
                *value =
                    Value::from(if differs { format!("{HIDDEN}, another one") } else { HIDDEN.to_owned() });
            }
        }
    }
    let metadata = &object.metadata;
    let annotations = metadata.annotations.clone().map(|mut annotations| {
        // It holds the object once more, with all that is in it.
        annotations.retain(|name, _| name != "kubectl.kubernetes.io/last-applied-configuration");
        annotations
    });
    let types = object.types.clone().unwrap_or_default();
    let mut whole: BTreeMap<String, Value> = BTreeMap::from([
        ("apiVersion".to_owned(), Value::from(types.api_version)),
        ("kind".to_owned(), Value::from(types.kind)),
        (
            "metadata".to_owned(),
            said(&json!({
                "name": metadata.name, "namespace": metadata.namespace, "labels": metadata.labels,
                "annotations": annotations, "finalizers": metadata.finalizers,
            })),
        ),
    ]);
    if let Value::Object(fields) = data {
        whole.extend(fields);
    }
    Value::from_iter(whole)
}

fn text(object: &Value) -> String {
    serde_saphyr::to_string(object).unwrap_or_else(|error| format!("{error}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_without_what_it_holds_and_a_new_value_as_one() {
        let secret = |password: &str| -> DynamicObject {
            let object = json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": { "name": "slipway-repo", "annotations": { "kubectl.kubernetes.io/last-applied-configuration": password } },
                "data": { "url": "aHR0cHM6", "password": password },
            });
            serde_json::from_value(object).unwrap()
        };
        let (old, new) = (secret("b2xk"), secret("bmV3"));
        let shown = text(&without_secrets(&new, Some(&old)));
        assert!(
            !shown.contains("bmV3") && shown.contains("(hidden), another one") && shown.contains("aHR0cHM6"),
            "{shown}"
        );
        let same = text(&without_secrets(&new, Some(&new)));
        assert!(!same.contains("another one") && !same.contains("bmV3"), "{same}");
    }
}
