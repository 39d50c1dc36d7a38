//! Conversions between types, where cty has them.

use super::number::Number;
use super::value::Value;
use std::sync::Arc;

/// The text of a string, number or bool; `None` for everything else.
pub fn to_string(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(Arc::clone(text)),
        Value::Number(number) => Some(Arc::from(number.to_string())),
        Value::Bool(truth) => Some(Arc::from(if *truth { "true" } else { "false" })),
        Value::Sensitive(inner) => to_string(inner),
        _ => None,
    }
}

/// The number of a number or of a string that holds one.
pub fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => text.parse().ok(),
        Value::Sensitive(inner) => to_number(inner),
        _ => None,
    }
}

/// The truth of a bool or of the strings `true` and `false`.
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
