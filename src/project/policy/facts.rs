//! What rules can speak of: the plan, the unit, the command.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::hcl::json::{NumberTooLong, from_json};
use crate::hcl::value::{Fields as Variables, Value};
use crate::terraform::any_marked;

type Fields = serde_json::Map<String, Json>;

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
    pub(super) fn variables(&self) -> Variables {
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
pub fn plan_value(plan: &Json) -> Result<Value, NumberTooLong> {
    let mut value = walk(plan)?;
    mark_variables(&mut value, plan);
    Ok(value)
}

/// The object with another value in each of its fields.
fn each(
    fields: &Fields,
    mut value_of: impl FnMut(&str, &Json) -> Result<Value, NumberTooLong>,
) -> Result<Value, NumberTooLong> {
    let fields = fields.iter().map(|(name, value)| Ok((name, value_of(name, value)?)));
    fields.collect::<Result<Vec<_>, _>>().map(Value::object)
}

fn walk(json: &Json) -> Result<Value, NumberTooLong> {
    match json {
        Json::Object(fields) if fields.contains_key("after_unknown") => change(fields),
        Json::Object(fields) if fields.contains_key("sensitive_values") => {
            let marks = fields.get("sensitive_values");
            each(fields, |name, value| match name {
                "values" => overlaid(Some(value), None, marks),
                _ => walk(value),
            })
        }
        Json::Object(fields) => {
            // An output of a state: `{sensitive, value}`.
            let marked = fields.get("sensitive") == Some(&Json::Bool(true)) && fields.contains_key("value");
            each(fields, |name, value| Ok(walk(value)?.marked_if(marked && name == "value")))
        }
        Json::Array(elements) => elements.iter().map(walk).collect::<Result<Vec<_>, _>>().map(Value::tuple),
        other => from_json(other),
    }
}

fn change(fields: &Fields) -> Result<Value, NumberTooLong> {
    each(fields, |name, value| match name {
        "after" => overlaid(Some(value), fields.get("after_unknown"), fields.get("after_sensitive")),
        "before" => overlaid(Some(value), None, fields.get("before_sensitive")),
        _ => from_json(value),
    })
}

/// A value with its unknown and its sensitive places.
fn overlaid(
    value: Option<&Json>,
    unknown: Option<&Json>,
    sensitive: Option<&Json>,
) -> Result<Value, NumberTooLong> {
    let marked = sensitive == Some(&Json::Bool(true));
    if unknown == Some(&Json::Bool(true)) {
        return Ok(Value::Unknown.marked_if(marked));
    }
    let plain = match (value, unknown) {
        (Some(Json::Object(_)) | None, Some(Json::Object(places))) if !places.is_empty() => {
            let empty = Fields::new();
            let fields = value.and_then(Json::as_object).unwrap_or(&empty);
            let missing =
                places.iter().filter(|(name, place)| !fields.contains_key(*name) && any_marked(place));
            let names = fields.keys().chain(missing.map(|(name, _)| name));
            let inner = names.map(|name| {
                let marks = sensitive.and_then(|tree| tree.get(name));
                Ok((name, overlaid(fields.get(name), places.get(name), marks)?))
            });
            Value::object(inner.collect::<Result<Vec<_>, _>>()?)
        }
        (Some(Json::Object(fields)), _) => each(fields, |name, value| {
            overlaid(Some(value), None, sensitive.and_then(|tree| tree.get(name)))
        })?,
        (Some(Json::Array(elements)), _) => {
            let places = unknown.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            let length = elements.len().max(places.len());
            let inner = (0..length).map(|index| {
                let marks = sensitive.and_then(|tree| tree.get(index));
                overlaid(elements.get(index), places.get(index), marks)
            });
            Value::tuple(inner.collect::<Result<Vec<_>, _>>()?)
        }
        (None, Some(Json::Array(places))) => {
            let inner = places.iter().map(|place| overlaid(None, Some(place), None));
            Value::tuple(inner.collect::<Result<Vec<_>, _>>()?)
        }
        (Some(other), _) => from_json(other)?,
        (None, _) => Value::Null,
    };
    Ok(plain.marked_if(marked))
}

/// `plan.variables`, whose marks stand in the configuration.
fn mark_variables(value: &mut Value, plan: &Json) {
    let Value::Object(fields) = value else { return };
    let Some(Value::Object(variables)) = fields.get("variables").cloned() else { return };
    let declared = plan.pointer("/configuration/root_module/variables");
    let declared = |name: &str| declared.and_then(|declared| declared.get(name)?.get("sensitive"));
    let marked = variables.iter().map(|(name, variable)| {
        let sensitive = declared(name) == Some(&Json::Bool(true));
        let inner = variable.get("value").cloned().unwrap_or(Value::Null).marked_if(sensitive);
        (name, Value::object([("value", inner)]))
    });
    let marked = Value::object(marked);
    Arc::make_mut(fields).insert(Arc::from("variables"), marked);
}
