//! Secrets that are known, taken out of whatever is shown or written down.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

/// What stands in the place of a secret.
const MASK: &str = "(sensitive)";
/// Shorter texts are found everywhere by chance: masking `true` would hide a run from its owner.
const SHORTEST: usize = 6;

/// The secrets of a run, as they become known.
#[derive(Default)]
pub struct Redactor(RwLock<Vec<String>>);

impl Redactor {
    /// Remembers a secret, and its lines where it has several: logs come by the line.
    pub fn add(&self, secret: &str) {
        let lines = secret.lines().map(str::trim).chain([secret.trim()]);
        // As it is, and as it stands inside of JSON.
        let texts = lines.flat_map(|line| [line.to_owned(), escaped(line)]);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for text in texts {
            if text.len() >= SHORTEST && !known.contains(&text) {
                known.push(text);
            }
        }
        // A secret may be a part of another one: the longest goes first.
        known.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// The text without any secret that is known.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut clean = Cow::Borrowed(text);
        for secret in known.iter() {
            if clean.contains(secret.as_str()) {
                clean = Cow::Owned(clean.replace(secret.as_str(), MASK));
            }
        }
        clean
    }

    /// Whether nothing is known yet.
    pub fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

fn escaped(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default().to_owned()
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_whole_and_by_the_line() {
        let redactor = Redactor::default();
        redactor.add("hunter2-long");
        redactor.add("hunter2");
        redactor.add("-----BEGIN KEY-----\nMIIB\"x\n-----END KEY-----\n");
        assert_eq!(redactor.redact("MIIB\"x"), "(sensitive)");
        assert_eq!(redactor.redact("\"MIIB\\\"x\""), "\"(sensitive)\"");
        assert_eq!(format!("{redactor:?}"), "Redactor");
    }

    #[test]
    fn short_texts_stay() {
        let redactor = Redactor::default();
        redactor.add("true");
        redactor.add("");
        assert!(redactor.is_empty());
        assert_eq!(redactor.redact("it is true"), "it is true");
    }
}
