//! What rules can speak of: the plan, the unit, the command.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::hcl::json::from_json;
use crate::hcl::value::{Fields, Value};

/// The variables of a rule.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `plan`, see [`plan_value`].
    pub plan: Value,
    /// `unit.path`: the unit's path under the estate's root.
    pub path: String,
    /// `command`, such as `apply`.
    pub command: String,
}

impl Facts {
    /// As names of the language.
    pub(super) fn variables(&self) -> Fields {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        let unit = Value::object([("path", Value::string(&self.path)), ("name", Value::string(name))]);
        let variables =
            [("plan", self.plan.clone()), ("unit", unit), ("command", Value::string(&self.command))];
        variables.into_iter().map(|(name, value)| (Arc::from(name), value)).collect()
    }
}

/// A plan as the tools' `show -json` tells it, as a value of the language: what is known only after the apply is
/// unknown, and what is sensitive is marked so.
///
/// The tools leave unknown values out of `after` and mark their places in `after_unknown`; sensitive ones stand in
/// the clear, marked in a third tree.
pub fn plan_value(plan: &Json) -> Value {
    let mut value = walk(plan);
    mark_variables(&mut value, plan);
    value
}

fn walk(json: &Json) -> Value {
    match json {
        Json::Object(fields) if fields.contains_key("after_unknown") => change(fields),
        Json::Object(fields) if fields.contains_key("sensitive_values") => {
            let each = |(name, value): (&String, &Json)| match name.as_str() {
                "values" => (name.clone(), overlaid(Some(value), None, fields.get("sensitive_values"))),
                _ => (name.clone(), walk(value)),
            };
            Value::object(fields.iter().map(each))
        }
        Json::Object(fields) => {
            // An output of a state: `{sensitive, value}`.
            let marked = fields.get("sensitive") == Some(&Json::Bool(true)) && fields.contains_key("value");
            let each = |(name, value): (&String, &Json)| {
                (name.clone(), walk(value).marked_if(marked && name == "value"))
            };
            Value::object(fields.iter().map(each))
        }
        Json::Array(elements) => Value::tuple(elements.iter().map(walk)),
        other => from_json(other),
    }
}

fn change(fields: &serde_json::Map<String, Json>) -> Value {
    let each = |(name, value): (&String, &Json)| {
        let value = match name.as_str() {
            "after" => overlaid(Some(value), fields.get("after_unknown"), fields.get("after_sensitive")),
            "before" => overlaid(Some(value), None, fields.get("before_sensitive")),
            _ => from_json(value),
        };
        (name.clone(), value)
    };
    Value::object(fields.iter().map(each))
}

/// A value with its unknown and its sensitive places.
fn overlaid(value: Option<&Json>, unknown: Option<&Json>, sensitive: Option<&Json>) -> Value {
    let marked = sensitive == Some(&Json::Bool(true));
    if unknown == Some(&Json::Bool(true)) {
        return Value::Unknown.marked_if(marked);
    }
    let plain = match (value, unknown) {
        (Some(Json::Object(_)) | None, Some(Json::Object(places))) if !places.is_empty() => {
            let empty = serde_json::Map::new();
            let fields = value.and_then(Json::as_object).unwrap_or(&empty);
            let missing = places.keys().filter(|name| !fields.contains_key(*name));
            let names = fields.keys().chain(missing.filter(|name| holds_unknown(&places[*name])));
            Value::object(names.map(|name| {
                let inner = |tree: Option<&'_ Json>| tree.and_then(|tree| tree.get(name)).cloned();
                let (unknown, sensitive) = (places.get(name), inner(sensitive));
                (name.clone(), overlaid(fields.get(name), unknown, sensitive.as_ref()))
            }))
        }
        (Some(Json::Object(fields)), _) => Value::object(fields.iter().map(|(name, value)| {
            (name.clone(), overlaid(Some(value), None, sensitive.and_then(|tree| tree.get(name))))
        })),
        (Some(Json::Array(elements)), _) => {
            let places = unknown.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            let length = elements.len().max(places.len());
            Value::tuple((0..length).map(|index| {
                let marks = sensitive.and_then(|tree| tree.get(index));
                overlaid(elements.get(index), places.get(index), marks)
            }))
        }
        (None, Some(Json::Array(places))) => {
            Value::tuple(places.iter().map(|place| overlaid(None, Some(place), None)))
        }
        (Some(other), _) => from_json(other),
        (None, _) => Value::Null,
    };
    plain.marked_if(marked)
}

fn holds_unknown(places: &Json) -> bool {
    match places {
        Json::Bool(truth) => *truth,
        Json::Array(elements) => elements.iter().any(holds_unknown),
        Json::Object(fields) => fields.values().any(holds_unknown),
        _ => false,
    }
}

/// `plan.variables`, whose marks stand in the configuration.
fn mark_variables(value: &mut Value, plan: &Json) {
    let Value::Object(fields) = value else { return };
    let Some(Value::Object(variables)) = fields.get("variables").cloned() else { return };
    let declared = &plan["configuration"]["root_module"]["variables"];
    let marked = variables.iter().map(|(name, variable)| {
        let sensitive = declared[&**name]["sensitive"] == Json::Bool(true);
        let inner = variable.get("value").cloned().unwrap_or(Value::Null).marked_if(sensitive);
        (name, Value::object([("value", inner)]))
    });
    let marked = Value::object(marked);
    Arc::make_mut(fields).insert(Arc::from("variables"), marked);
}
