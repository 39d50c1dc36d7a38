//! Conversions between primitive types, where cty has them.

use std::sync::Arc;

use super::number::Number;
use super::value::Value;

/// The text of a string, number or bool, through a sensitive mark; `None` for everything else.
pub fn to_string(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(Arc::clone(text)),
        Value::Number(number) => Some(Arc::from(number.to_string())),
        Value::Bool(truth) => Some(Arc::from(if *truth { "true" } else { "false" })),
        Value::Sensitive(inner) => to_string(inner),
        _ => None,
    }
}

/// The number of a number or of a string that holds one, through a sensitive mark.
pub fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => text.parse().ok(),
        Value::Sensitive(inner) => to_number(inner),
        _ => None,
    }
}

/// The truth of a bool or of the strings `true` and `false` (and `1` and `0`, as cty has it), through a
/// sensitive mark.
pub fn to_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => match &**text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Value::Sensitive(inner) => to_bool(inner),
        _ => None,
    }
}

/// The type of a value with its article, as messages put it.
pub(super) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Unknown => "not known yet".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => format!("a {}", other.type_name()),
    }
}
