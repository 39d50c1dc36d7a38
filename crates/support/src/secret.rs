//! A value that must not be seen.

use std::fmt;

use super::{environment, redact};

/// A password or token: usable through [`Secret::expose`], never shown by `Debug`, and without `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `value`, which is masked from now on in whatever this process shows.
    pub fn new(value: impl Into<String>) -> Self {
        let secret = Self(value.into());
        // A word like any other would be masked wherever it stands.
        if !environment::is_word(&secret.0) {
            redact::known().add(&secret.0);
        }
        secret
    }

    /// The value itself: for the wire and for a child's environment, never for a message or an argument.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it, as with a variable that is set but empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` with every occurrence of the secret replaced by `[secret]`.
    pub fn redact(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "[secret]") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_neither_in_debug_nor_in_redacted_text() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{:?}", Some(&secret)), "Some([secret])");
        assert_eq!(secret.redact("fatal: https://u:hunter2@host"), "fatal: https://u:[secret]@host");
    }

    #[test]
    fn an_empty_secret_redacts_nothing() {
        assert_eq!(Secret::new("").redact("text"), "text");
    }
}
