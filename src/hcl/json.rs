//! Values from JSON and to JSON.

use serde_json::Value as Json;

use super::number::MOST_DIGITS;
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

/// A number that JSON can write and nobody can work with, such as `1e999999999`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number of more than {MOST_DIGITS} digits, counted as it is written out")]
pub struct NumberTooLong;

/// The value of a JSON text as `jsondecode` types it: arrays are tuples, objects are objects.
pub fn from_json(json: &Json) -> Result<Value, NumberTooLong> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::Number(number.as_str().parse().map_err(|_| NumberTooLong)?),
        Json::String(text) => Value::string(text),
        Json::Array(elements) => Value::tuple(elements.iter().map(from_json).collect::<Result<Vec<_>, _>>()?),
        Json::Object(fields) => {
            let each = fields.iter().map(|(key, value)| Ok((key, from_json(value)?)));
            Value::object(each.collect::<Result<Vec<_>, _>>()?)
        }
    })
}

/// The text that `jsonencode` gives: no spaces, keys in order, and `<`, `>` and `&` escaped for use in HTML;
/// `None` where something is unknown.
pub fn encode(value: &Value) -> Option<String> {
    let mut text = String::new();
    push_value(&mut text, value)?;
    Some(text)
}

fn push_value(text: &mut String, value: &Value) -> Option<()> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Unknown => return None,
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(string) => push_string(text, string),
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                push_value(text, element)?;
            }
            text.push(']');
        }
        Value::Object(fields) | Value::Map(fields) => {
            text.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                push_string(text, key);
                text.push(':');
                push_value(text, value)?;
            }
            text.push('}');
        }
        Value::Sensitive(inner) => push_value(text, inner)?,
    }
    Some(())
}

fn push_string(text: &mut String, string: &str) {
    text.push('"');
    for letter in string.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let escaped = format!("\\u{:04x}", u32::from(letter));
                text.push_str(&escaped);
            }
            plain => text.push(plain),
        }
    }
    text.push('"');
}
