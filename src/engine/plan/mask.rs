//! What must not be shown of a plan: what the tools call sensitive, wherever else the same text stands.
//!
//! The tools mark places, not values: `terraform_data` keeps a sensitive `input` a second time as its `output`,
//! unmarked, and a provider may write a password into a connection string. So a text that is sensitive in one place
//! is masked in every other, too.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

/// Shorter ones are masked only where they are the whole text: they stand in too many words.
const LEAST_WITHIN: usize = 6;

/// What stands where a secret was.
const MASK: &str = "(sensitive)";

/// The sensitive texts of one plan.
#[derive(Default)]
pub struct Secrets {
    texts: BTreeSet<String>,
    /// All of them put together, so that each text is looked through once, however many there are.
    together: OnceLock<Together>,
}

struct Together {
    /// Those that are masked wherever they stand.
    long: Option<AhoCorasick>,
    /// Those that are masked as words.
    short: Option<AhoCorasick>,
}

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
                self.insert(text.clone());
                // Within a JSON document it stands with its quotes and line ends escaped.
                let escaped = Value::from(text.as_str()).to_string();
                if let Some(escaped) = escaped.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                    self.insert(escaped.to_owned());
                }
            }
            Value::Number(number) => {
                self.insert(number.to_string());
            }
            Value::String(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    /// Takes those of another plan as well.
    pub fn join(&mut self, other: Self) {
        self.texts.extend(other.texts);
        self.together = OnceLock::new();
    }

    /// Whether a value, or anything in it, may not be shown.
    pub fn are_in(&self, value: &Value) -> bool {
        match value {
            Value::Object(values) => values.values().any(|value| self.are_in(value)),
            Value::Array(values) => values.iter().any(|value| self.are_in(value)),
            Value::String(text) => self.texts.contains(text) || self.stand_within(text),
            Value::Number(number) => {
                number.to_string().len() >= LEAST_WITHIN && self.texts.contains(&number.to_string())
            }
            Value::Bool(_) | Value::Null => false,
        }
    }

    /// The text with every secret in it masked; short ones only where they stand as a word of their own.
    pub fn redact(&self, text: &str) -> String {
        let Together { long, short } = self.together();
        let text = masked(text, long.as_ref(), |_, _| true);
        masked(&text, short.as_ref(), |before, behind| {
            let inside =
                |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
            !inside(before.chars().next_back()) && !inside(behind.chars().next())
        })
    }

    fn stand_within(&self, text: &str) -> bool {
        self.together().long.as_ref().is_some_and(|long| long.is_match(text))
    }

    fn insert(&mut self, text: String) {
        self.texts.insert(text);
        self.together = OnceLock::new();
    }

    fn together(&self) -> &Together {
        self.together.get_or_init(|| {
            let (long, short): (Vec<&String>, Vec<&String>) =
                self.texts.iter().partition(|text| text.len() >= LEAST_WITHIN);
            // The longest of those that begin at a place is the one that is meant.
            let all = |texts: Vec<&String>| {
                AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts).ok()
            };
            Together { long: all(long), short: all(short) }
        })
    }
}

/// A text with what is found masked where `is_meant` says so of what stands before and behind it.
fn masked(text: &str, secrets: Option<&AhoCorasick>, is_meant: impl Fn(&str, &str) -> bool) -> String {
    let Some(secrets) = secrets else { return text.to_owned() };
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for hit in secrets.find_iter(text) {
        let before = text.get(..hit.start()).unwrap_or_default();
        if is_meant(before, text.get(hit.end()..).unwrap_or_default()) {
            shown.push_str(before.get(from..).unwrap_or_default());
            shown.push_str(MASK);
            from = hit.end();
        }
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    shown
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

    #[test]
    fn thousands_of_secrets_and_texts_take_one_look_each() {
        let mut secrets = Secrets::default();
        for number in 0..5_000 {
            secrets.take_all(&json!(format!("kept-{number:05}")));
        }
        // Held against each other one by one these would be a hundred million comparisons of texts.
        for number in 0..20_000 {
            assert!(!secrets.are_in(&json!(format!("open-{number:05} and some more of it"))));
        }
        assert!(secrets.are_in(&json!("x kept-04999 x")));
    }
}
