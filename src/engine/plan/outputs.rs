//! The outputs that a unit will have once a plan of it is applied.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;

use super::PlanJson;
use crate::hcl::json::from_json;
use crate::hcl::value::Value;
use crate::terraform::outputs::Outputs;

/// `show -json`, as far as it is about outputs.
#[derive(Deserialize)]
struct Plan {
    #[serde(default)]
    output_changes: BTreeMap<String, Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    after: Json,
    #[serde(default)]
    after_unknown: Json,
    #[serde(default)]
    after_sensitive: Json,
}

/// The outputs after the plan, where those of the state are `now`. What is known only after the apply is unknown.
pub fn outputs_after(plan: &PlanJson, now: Outputs) -> Result<Outputs, serde_json::Error> {
    let plan: Plan = serde_json::from_str(plan.text())?;
    let mut outputs = now;
    for (name, change) in plan.output_changes {
        if change.actions.iter().map(String::as_str).eq(["delete"]) {
            outputs.remove(name.as_str());
            continue;
        }
        let is_sensitive = holds_true(&change.after_sensitive);
        let value = after(&change.after, &change.after_unknown).marked_if(is_sensitive);
        outputs.insert(Arc::from(name), value);
    }
    Ok(outputs)
}

/// A value of which `unknown` says what is left out: all of it, or single elements.
fn after(known: &Json, unknown: &Json) -> Value {
    match (known, unknown) {
        (_, Json::Bool(true)) => Value::Unknown,
        (known, Json::Object(unknown)) if !unknown.is_empty() => {
            let fields = known.as_object();
            let names = unknown.keys().chain(fields.into_iter().flat_map(serde_json::Map::keys));
            let field = |name: &String| {
                let known = fields.and_then(|fields| fields.get(name)).unwrap_or(&Json::Null);
                (name.clone(), after(known, unknown.get(name).unwrap_or(&Json::Null)))
            };
            Value::object(names.map(field))
        }
        (Json::Array(known), Json::Array(unknown)) if !unknown.is_empty() => {
            let longest = known.len().max(unknown.len());
            let at = |place: usize| {
                after(known.get(place).unwrap_or(&Json::Null), unknown.get(place).unwrap_or(&Json::Null))
            };
            Value::tuple((0..longest).map(at))
        }
        // A number that no value holds is told when the unit is applied.
        (known, _) => from_json(known).unwrap_or(Value::Unknown),
    }
}

/// Whether any of it is sensitive: a mark counts for the whole output, as it does in a state.
fn holds_true(marks: &Json) -> bool {
    match marks {
        Json::Bool(marked) => *marked,
        Json::Array(elements) => elements.iter().any(holds_true),
        Json::Object(fields) => fields.values().any(holds_true),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_plan_knows_is_taken_and_what_it_does_not_is_unknown() {
        let plan = PlanJson::new(
            r#"{"output_changes": {
                "id": {"actions": ["create"], "after_unknown": true},
                "cidr": {"actions": ["create"], "after": "10.0.0.0/16", "after_unknown": false},
                "subnets": {"actions": ["update"], "after": [{"zone": "a"}, {"zone": "b"}],
                            "after_unknown": [{"id": true}, {"id": true}]},
                "zones": {"actions": ["update"], "after": ["a", null], "after_unknown": [false, true]},
                "key": {"actions": ["create"], "after": "s3cret", "after_unknown": false, "after_sensitive": true},
                "empty": {"actions": ["create"], "after": {}, "after_unknown": {}},
                "gone": {"actions": ["delete"], "after": null}
            }}"#,
        );
        let now = Outputs::from([
            (Arc::from("gone"), Value::integer(1)),
            (Arc::from("stays"), Value::integer(2)),
            (Arc::from("zones"), Value::integer(3)),
        ]);
        let outputs = outputs_after(&plan, now).unwrap();
        let subnet = |zone: &str| Value::object([("zone", Value::string(zone)), ("id", Value::Unknown)]);
        let expected = [
            ("cidr", Value::string("10.0.0.0/16")),
            ("empty", Value::object::<&str>([])),
            ("id", Value::Unknown),
            ("key", Value::string("s3cret").marked_if(true)),
            ("stays", Value::integer(2)),
            ("subnets", Value::tuple([subnet("a"), subnet("b")])),
            ("zones", Value::tuple([Value::string("a"), Value::Unknown])),
        ];
        assert_eq!(outputs, expected.into_iter().map(|(name, value)| (Arc::from(name), value)).collect());
    }
}
