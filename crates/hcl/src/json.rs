//! Values from JSON and to JSON.

use serde_json::Value as Json;

use super::limits::{MOST_TEXT, TooLarge};
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

/// The values that a JSON text holds at most, by its signs outside of strings.
pub fn most_values(text: &str) -> usize {
    let mut count = 1;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            b',' | b'[' | b'{' => count += 1,
            _ => {}
        }
    }
    count
}

/// The text that `jsonencode` gives: no spaces, keys in order, and `<`, `>` and `&` escaped for use in HTML;
/// `None` where something is unknown.
pub fn encode(value: &Value) -> Option<String> {
    encode_within(value, usize::MAX).ok()
}

/// A value as JSON, where that is no longer than a text may be.
pub(super) fn encode_text(value: &Value) -> Result<Option<String>, TooLarge> {
    match encode_within(value, MOST_TEXT) {
        Ok(text) => Ok(Some(text)),
        Err(Unwritable::Unknown) => Ok(None),
        Err(Unwritable::TooLong) => Err(TooLarge::Text),
    }
}

/// Why a value has no text.
enum Unwritable {
    Unknown,
    TooLong,
}

fn encode_within(value: &Value, most: usize) -> Result<String, Unwritable> {
    let mut writer = Writer { text: String::new(), most };
    writer.value(value)?;
    Ok(writer.text)
}

struct Writer {
    text: String,
    most: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), Unwritable> {
        if self.text.len() > self.most {
            return Err(Unwritable::TooLong);
        }
        match value {
            Value::Null => self.text.push_str("null"),
            Value::Unknown => return Err(Unwritable::Unknown),
            Value::Bool(truth) => self.text.push_str(if *truth { "true" } else { "false" }),
            Value::Number(number) => self.text.push_str(&number.to_string()),
            Value::String(string) => self.string(string)?,
            Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
                self.text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        self.text.push(',');
                    }
                    self.value(element)?;
                }
                self.text.push(']');
            }
            Value::Object(fields) | Value::Map(fields) => {
                self.text.push('{');
                for (index, (key, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        self.text.push(',');
                    }
                    self.string(key)?;
                    self.text.push(':');
                    self.value(value)?;
                }
                self.text.push('}');
            }
            Value::Sensitive(inner) => self.value(inner)?,
        }
        Ok(())
    }

    fn string(&mut self, string: &str) -> Result<(), Unwritable> {
        self.text.push('"');
        for letter in string.chars() {
            match letter {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                    // One letter becomes six.
                    if self.text.len() > self.most {
                        return Err(Unwritable::TooLong);
                    }
                    let escaped = format!("\\u{:04x}", u32::from(letter));
                    self.text.push_str(&escaped);
                }
                plain => self.text.push(plain),
            }
        }
        self.text.push('"');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings_only() {
        assert_eq!(most_values(r#"{"a,b": [1, "x,\"[,"], "c": {}}"#), 6);
        assert_eq!(most_values("1"), 1);
        assert_eq!(most_values(&"[".repeat(500)), 501);
    }

    #[test]
    fn a_text_that_grows_while_it_is_written_ends_at_its_limit() {
        let value = Value::string("<".repeat(MOST_TEXT / 5));
        assert_eq!(encode_text(&value), Err(TooLarge::Text));
        let half = Value::string("x".repeat(MOST_TEXT / 2));
        assert_eq!(
            encode_text(&Value::tuple([half.clone(), half.clone(), half.clone(), half])),
            Err(TooLarge::Text)
        );
        assert_eq!(encode_text(&Value::Unknown), Ok(None));
    }
}
