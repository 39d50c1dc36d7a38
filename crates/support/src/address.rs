//! Addresses of repositories, archives, buckets and servers: they may hold secrets, and show themselves without.
//!
//! Whatever shows an address, or hands it on to somebody who does, has an [`Address`]; whoever connects asks for
//! [`Address::expose`]. What may be shown is a list, what may not is the rest: of user names those that are the same for
//! everybody, of parameters those that say which content is meant.

mod same;
pub(crate) mod spans;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use self::same::{Sameness, sameness};
use self::spans::{EVERYBODY, in_address, is_doubtful, is_secret};
pub use self::spans::{HIDDEN, percent_decode};
use super::{environment, redact};

/// An address as it was written. `Display`, `Debug` and serde show it without its secrets.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// Takes an address of any kind: an URL, `user@host:path`, `git::https://…?ref=…`, a path. Its secrets are masked
    /// from now on in whatever this process shows.
    pub fn new(text: impl Into<String>) -> Self {
        let address = Self(text.into());
        let found = in_address(&address.0);
        let text = |range: &Range<usize>| address.0.get(range.clone()).unwrap_or_default();
        let is_doubtful = found.iter().any(|range| text(range).contains('/') && is_doubtful(text(range)));
        let certain = found.into_iter().filter(|range| !is_doubtful && address.is_certain(range));
        let certain: Vec<_> = certain.collect();
        // What is a word like any other is hidden in its address only.
        for secret in address.secrets_at(&certain).iter().filter(|secret| !environment::is_word(secret)) {
            redact::known().add(secret);
        }
        address
    }

    /// The address itself: for whoever connects, never for a message, a file or an argument.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something of it is not shown.
    pub fn has_secrets(&self) -> bool {
        !in_address(&self.0).is_empty()
    }

    /// The texts that must not be shown, as they are written and as they are meant: `p%40ss` is `p@ss`.
    pub fn secrets(&self) -> Vec<String> {
        self.secrets_at(&in_address(&self.0))
    }

    /// Whether a part that is not shown is a secret by all that is known, and not only one that may be.
    fn is_certain(&self, range: &Range<usize>) -> bool {
        let before = self.0.get(..range.start).unwrap_or_default();
        let Some(before) = before.strip_suffix('=') else { return true };
        let name = before.rsplit(['?', '&', ';', '#']).next().unwrap_or_default();
        let value = self.0.get(range.clone()).unwrap_or_default();
        is_secret(&percent_decode(name)) || environment::looks_random(value)
    }

    fn secrets_at(&self, ranges: &[Range<usize>]) -> Vec<String> {
        let mut secrets = Vec::new();
        for range in ranges {
            let Some(written) = self.0.get(range.clone()) else { continue };
            secrets.push(written.to_owned());
            secrets.push(percent_decode(written));
            secrets.push(percent_decode(&written.replace('+', " ")));
            // As a request would carry it.
            if let Some(login) = self.login_around(range) {
                secrets.push(STANDARD.encode(percent_decode(login)));
            }
        }
        secrets.sort_unstable();
        secrets.dedup();
        secrets.retain(|secret| !secret.is_empty());
        secrets
    }

    /// `user:password`, where the range is the password of it.
    fn login_around(&self, range: &Range<usize>) -> Option<&str> {
        let before = self.0.get(..range.start)?.strip_suffix(':')?;
        let user = before.rfind(['/', ':', '@']).map_or(0, |index| index + 1);
        (self.0.get(range.end..)?.starts_with('@')).then(|| self.0.get(user..range.end)).flatten()
    }

    /// A text, such as what a program said that connected, without the secrets of this address. Short ones are
    /// masked only where they stand as words of their own.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut secrets = self.secrets();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut clean = Cow::Borrowed(text);
        for secret in secrets.iter().filter(|secret| !EVERYBODY.contains(&secret.as_str())) {
            if clean.contains(secret.as_str()) {
                clean = Cow::Owned(redact::without_word(&clean, secret, HIDDEN));
            }
        }
        clean
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hidden(&self.0, &in_address(&self.0)))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&url::Url> for Address {
    fn from(url: &url::Url) -> Self {
        Self::new(url.as_str())
    }
}

fn hidden<'a>(text: &'a str, ranges: &[Range<usize>]) -> Cow<'a, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        shown.push_str(text.get(from..range.start).unwrap_or_default());
        shown.push_str(HIDDEN);
        from = range.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(shown)
}
