//! What must not be shown of a plan: what the tools call sensitive, wherever else the same text stands.
//!
//! The tools mark places, not values: `terraform_data` keeps a sensitive `input` a second time as its `output`,
//! unmarked, and a provider may write a password into a connection string. So a text that is sensitive in one place
//! is masked in every other, too.

use std::collections::BTreeSet;

use serde_json::Value;

/// Shorter ones are masked only where they are the whole text: they stand in too many words.
const LEAST_WITHIN: usize = 6;

/// What stands where a secret was.
const MASK: &str = "(sensitive)";

/// The sensitive texts of one plan.
#[derive(Default)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Takes every text of a value at the places that are marked: `true` marks all below it.
    pub fn take(&mut self, value: Option<&Value>, marks: Option<&Value>) {
        let (Some(value), Some(marks)) = (value, marks) else { return };
        match (value, marks) {
            (value, Value::Bool(true)) => self.take_all(value),
            (Value::Object(values), Value::Object(marks)) => {
                for (key, value) in values {
                    self.take(Some(value), marks.get(key));
                }
            }
            (Value::Array(values), Value::Array(marks)) => {
                for (value, marks) in values.iter().zip(marks) {
                    self.take(Some(value), Some(marks));
                }
            }
            _ => {}
        }
    }

    /// Takes every text of a value.
    pub fn take_all(&mut self, value: &Value) {
        match value {
            Value::Object(values) => values.values().for_each(|value| self.take_all(value)),
            Value::Array(values) => values.iter().for_each(|value| self.take_all(value)),
            Value::String(text) if !text.is_empty() => {
                self.0.insert(text.clone());
                // Within a JSON document it stands with its quotes and line ends escaped.
                let escaped = Value::from(text.as_str()).to_string();
                self.0.extend(escaped.get(1..escaped.len() - 1).map(str::to_owned));
            }
            Value::Number(number) => {
                self.0.insert(number.to_string());
            }
            Value::String(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    /// Whether a value, or anything in it, may not be shown.
    pub fn are_in(&self, value: &Value) -> bool {
        match value {
            Value::Object(values) => values.values().any(|value| self.are_in(value)),
            Value::Array(values) => values.iter().any(|value| self.are_in(value)),
            Value::String(text) => self.0.contains(text) || self.stand_within(text),
            Value::Number(number) => {
                number.to_string().len() >= LEAST_WITHIN && self.0.contains(&number.to_string())
            }
            Value::Bool(_) | Value::Null => false,
        }
    }

    /// The text with every secret in it masked; short ones only where they stand as a word of their own.
    pub fn redact(&self, text: &str) -> String {
        let mut secrets: Vec<&String> = self.0.iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut text = text.to_owned();
        for secret in secrets {
            if secret.len() >= LEAST_WITHIN {
                text = text.replace(secret.as_str(), MASK);
            } else if text.contains(secret.as_str()) {
                text = without_word(&text, secret);
            }
        }
        text
    }

    fn stand_within(&self, text: &str) -> bool {
        self.0.iter().any(|secret| secret.len() >= LEAST_WITHIN && text.contains(secret.as_str()))
    }
}

fn without_word(text: &str, word: &str) -> String {
    let inside =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, behind) = (&rest[..at], &rest[at + word.len()..]);
        masked.push_str(before);
        let within = inside(masked.chars().next_back()) || inside(behind.chars().next());
        masked.push_str(if within { word } else { MASK });
        rest = behind;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sensitive_in_one_place_is_masked_in_all() {
        let mut secrets = Secrets::default();
        let value = json!({"password": "hunter2!\"", "user": "admin", "pin": [1, 22], "open": "yes"});
        let marks = json!({"password": true, "user": true, "pin": [false, true]});
        secrets.take(Some(&value), Some(&marks));
        assert!(secrets.are_in(&json!("hunter2!\"")));
        assert!(secrets.are_in(&json!({"url": "db://admin:hunter2!\"@host"})));
        assert!(secrets.are_in(&json!(r#"{"password":"hunter2!\""}"#)), "escaped in a document");
        assert!(secrets.are_in(&json!(["admin"])));
        assert!(!secrets.are_in(&json!("administrator")), "short ones count only as a whole");
        assert!(!secrets.are_in(&json!("yes")));
    }

    #[test]
    fn secrets_in_a_message_are_masked() {
        let mut secrets = Secrets::default();
        secrets.take_all(&json!(["hunter2-long", "1234"]));
        let told = secrets.redact("db://u:hunter2-long@host has pin 1234, not 12345");
        assert_eq!(told, "db://u:(sensitive)@host has pin (sensitive), not 12345");
    }
}
