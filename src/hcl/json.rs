//! Values from JSON and to JSON.

use serde_json::Value as Json;

use super::value::Value;

/// The JSON of a value: sets and tuples are arrays, sensitive marks are taken off; `None` where something is
/// unknown.
pub fn to_json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Unknown => return None,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Number(number) => {
            let text = number.to_string();
            serde_json::from_str(&text).unwrap_or(Json::String(text))
        }
        Value::String(text) => Json::String(text.to_string()),
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
            Json::Array(elements.iter().map(to_json).collect::<Option<_>>()?)
        }
        Value::Object(fields) | Value::Map(fields) => Json::Object(
            fields
                .iter()
                .map(|(key, value)| Some((key.to_string(), to_json(value)?)))
                .collect::<Option<_>>()?,
        ),
        Value::Sensitive(inner) => to_json(inner)?,
    })
}

/// The value of a JSON text as `jsondecode` types it: arrays are tuples, objects are objects.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => number.to_string().parse().map_or(Value::Null, Value::Number),
        Json::String(text) => Value::string(text),
        Json::Array(elements) => Value::tuple(elements.iter().map(from_json)),
        Json::Object(fields) => Value::object(fields.iter().map(|(key, value)| (key, from_json(value)))),
    }
}
