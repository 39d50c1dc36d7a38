//! Secrets that are known, and what looks like one, taken out of whatever is shown or written down.
//!
//! There is one [`known`] for the whole process: what one part of it has learned to be a secret is shown by no other.
//! In it from the start is what the environment holds (see [`super::environment`]); every [`super::address::Address`]
//! adds its own, every run the sensitive values that it meets.

mod text;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::{LazyLock, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::environment;

/// What stands in the place of a secret.
pub const MASK: &str = "(sensitive)";
/// Shorter texts are found everywhere by chance: masking `true` would hide a run from its owner.
const SHORTEST: usize = 6;
/// So many secrets are looked for one by one before they are put together, beside a half of those that were.
const FEW: usize = 16;

/// The secrets of this process.
pub fn known() -> &'static Redactor {
    static KNOWN: LazyLock<Redactor> = LazyLock::new(|| {
        let redactor = Redactor::default();
        environment::secrets().for_each(|(name, value)| redactor.add_variable(&name, &value));
        redactor
    });
    &KNOWN
}

/// A text without any secret that is known, and without what has the form of one: logins in addresses, passwords in
/// connection strings.
pub fn clean(text: &str) -> Cow<'_, str> {
    masked(text, &spans(text))
}

/// A text without the logins of the addresses in it; nothing else is taken out.
pub fn addresses(text: &str) -> Cow<'_, str> {
    if text.contains("://") { masked(text, &joined(text::logins(text))) } else { Cow::Borrowed(text) }
}

/// Takes the secrets out of all texts inside of something, names of fields included. What is the same without is left as it is.
pub fn clean_deep<T: Serialize + DeserializeOwned>(value: &mut T) {
    let Ok(text) = serde_json::to_string(value) else { return };
    // Most hold none: then nothing is built anew.
    if let Cow::Owned(redacted) = clean(&text)
        && let Ok(clean) = serde_json::from_str(&redacted)
    {
        *value = clean;
    }
}

/// Takes the secrets out of all texts of a JSON value.
pub fn clean_json(value: &mut serde_json::Value) {
    use serde_json::Value as Json;
    match value {
        Json::String(text) => {
            if let Cow::Owned(redacted) = clean(text) {
                *text = redacted;
            }
        }
        Json::Array(elements) => elements.iter_mut().for_each(clean_json),
        Json::Object(fields) => fields.values_mut().for_each(clean_json),
        _ => {}
    }
}

/// Where the secrets of a text are, in their order and apart from each other, each with what is shown for it.
pub fn spans(text: &str) -> Vec<Span> {
    let mut found: Vec<Span> = text::secrets(text);
    found.extend(known().spans(text));
    joined(found)
}

/// A secret within a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its bytes.
    pub range: Range<usize>,
    /// What is shown in its place.
    pub mask: &'static str,
}

/// Secrets, as they become known.
#[derive(Default)]
pub struct Redactor(RwLock<Known>);

#[derive(Default)]
struct Known {
    seen: HashSet<String>,
    texts: Vec<Text>,
    /// The first of the texts, put together; the others are not yet.
    together: Option<AhoCorasick>,
    settled: usize,
}

/// A text that is looked for.
struct Text {
    whole: String,
    /// So many bytes of it are only there to know it by.
    lead: usize,
    /// So many at its end as well.
    tail: usize,
}

impl Redactor {
    /// Remembers a secret, and its lines where it has several: logs come by the line.
    pub fn add(&self, secret: &str) {
        let lines = secret.lines().map(str::trim).chain([secret.trim()]);
        // As it is, as it stands inside of JSON, and within an address.
        let texts = lines.flat_map(|line| [line.to_owned(), escaped(line), encoded(line)]);
        let long = texts.filter(|text| text.len() >= SHORTEST);
        self.take(long.map(|text| Text { whole: text, lead: 0, tail: 0 }));
    }

    /// Remembers what a variable, or a setting of that name, holds, as far as it is a secret. Where the value is a word
    /// like any other, it is one only where the name stands beside it.
    pub fn add_variable(&self, name: &str, value: &str) {
        for secret in environment::secrets_of(name, value) {
            self.add_setting(name, &secret);
        }
    }

    /// Remembers what a setting holds that is a secret whatever its name is.
    pub fn add_setting(&self, name: &str, secret: &str) {
        if secret.len() >= SHORTEST && !environment::is_word(secret) {
            self.add(secret);
        } else if !secret.is_empty() {
            let forms =
                [("=", ""), ("=\"", "\""), ("='", "'"), (": ", ""), ("\":\"", "\""), ("\": \"", "\"")];
            self.take(forms.into_iter().map(|(before, behind)| {
                let lead = name.len() + before.len();
                Text { whole: format!("{name}{before}{secret}{behind}"), lead, tail: behind.len() }
            }));
        }
    }

    fn take(&self, texts: impl Iterator<Item = Text>) {
        let read = || self.0.read().unwrap_or_else(PoisonError::into_inner);
        let fresh: Vec<Text> = {
            let known = read();
            texts.filter(|text| !known.seen.contains(&text.whole)).collect()
        };
        if fresh.is_empty() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for text in fresh {
            if known.seen.insert(text.whole.clone()) {
                known.texts.push(text);
            }
        }
        known.settle();
    }

    /// Where in a text secrets are that are known.
    fn spans(&self, text: &str) -> Vec<Span> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        let mut take = |which: &Text, start: usize| {
            let boundary =
                |at: Option<char>| at.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
            let end = start + which.whole.len();
            // Of a word that is known by what stands before it, no more than the whole is meant.
            let whole = which.lead == 0
                || which.tail > 0
                || boundary(text.get(end..).and_then(|rest| rest.chars().next()));
            if whole {
                found.push(Span { range: start + which.lead..end - which.tail, mask: MASK });
            }
        };
        if let Some(together) = &known.together {
            for hit in together.find_overlapping_iter(text) {
                if let Some(which) = known.texts.get(hit.pattern().as_usize()) {
                    take(which, hit.start());
                }
            }
        }
        for which in known.texts.iter().skip(known.settled) {
            text.match_indices(which.whole.as_str()).for_each(|(start, _)| take(which, start));
        }
        found
    }

    /// The text without any secret that is known.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        masked(text, &joined(self.spans(text)))
    }
}

impl Known {
    /// Puts all of them together where many are not: the work is that of a constant for each secret, however many come
    /// one by one.
    fn settle(&mut self) {
        if self.texts.len() - self.settled <= FEW + self.settled / 2 {
            return;
        }
        let all = self.texts.iter().map(|text| text.whole.as_str());
        // It fails on gigabytes of secrets only: then they are looked for one by one.
        if let Ok(together) = AhoCorasick::builder().match_kind(MatchKind::Standard).build(all) {
            self.together = Some(together);
            self.settled = self.texts.len();
        }
    }
}

/// These places in order, with those put together that touch.
fn joined(mut found: Vec<Span>) -> Vec<Span> {
    found.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
    let mut apart: Vec<Span> = Vec::with_capacity(found.len());
    for span in found {
        match apart.last_mut() {
            Some(last) if span.range.start < last.range.end => {
                last.range.end = last.range.end.max(span.range.end);
            }
            _ => apart.push(span),
        }
    }
    apart
}

fn masked<'a>(text: &'a str, spans: &[Span]) -> Cow<'a, str> {
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        shown.push_str(text.get(from..span.range.start).unwrap_or_default());
        shown.push_str(span.mask);
        from = span.range.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(shown)
}

/// A text with a secret masked; a short one only where it stands as a word of its own.
pub fn without_word(text: &str, secret: &str, mask: &str) -> String {
    if secret.len() >= SHORTEST {
        return text.replace(secret, mask);
    }
    let inside =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(secret) {
        masked.push_str(before);
        let within = inside(masked.chars().next_back()) || inside(behind.chars().next());
        masked.push_str(if within { secret } else { mask });
        rest = behind;
    }
    masked.push_str(rest);
    masked
}

fn escaped(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default().to_owned()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::HIDDEN;

    #[test]
    fn secrets_are_masked_whole_and_by_the_line() {
        let redactor = Redactor::default();
        redactor.add("hunter2-long");
        redactor.add("hunter2");
        redactor.add("-----BEGIN KEY-----\nMIIB\"x\n-----END KEY-----\n");
        assert_eq!(redactor.redact("MIIB\"x"), "(sensitive)");
        assert_eq!(redactor.redact("\"MIIB\\\"x\""), "\"(sensitive)\"");
        assert_eq!(redactor.redact("u=hunter2-long&p=hunter2"), "u=(sensitive)&p=(sensitive)");
        assert_eq!(format!("{redactor:?}"), "Redactor");
    }

    #[test]
    fn secrets_that_lie_over_each_other_are_masked_to_their_ends() {
        let redactor = Redactor::default();
        redactor.add("abcdef");
        redactor.add("defghi");
        assert_eq!(redactor.redact("xabcdefghix"), "x(sensitive)x");
    }

    #[test]
    fn short_texts_stay() {
        let redactor = Redactor::default();
        redactor.add("true");
        redactor.add("");
        assert_eq!(redactor.redact("it is true"), "it is true");
    }

    #[test]
    fn a_password_that_is_a_word_is_masked_beside_its_name_only() {
        let redactor = Redactor::default();
        redactor.add_variable("DB_PASSWORD", "postgres");
        redactor.add_variable("DB_PASS", "ab1");
        assert_eq!(redactor.redact("DB_PASSWORD=postgres"), "DB_PASSWORD=(sensitive)");
        assert_eq!(redactor.redact("{\"DB_PASS\":\"ab1\"}"), "{\"DB_PASS\":\"(sensitive)\"}");
        assert_eq!(redactor.redact("DB_PASS=ab12 is another"), "DB_PASS=ab12 is another");
        assert_eq!(redactor.redact("image postgres:16, lab1"), "image postgres:16, lab1");
    }

    #[test]
    fn thousands_of_secrets_are_all_found_however_they_came() {
        let redactor = Redactor::default();
        let secret = |number: usize| format!("secret-{number:05}-x");
        for number in 0..3_000 {
            redactor.add(&secret(number));
            if number % 500 == 0 {
                assert_eq!(redactor.redact(&secret(number)), MASK);
            }
        }
        let text: String = (0..3_000).map(|number| secret(number) + "\n").collect();
        assert_eq!(redactor.redact(&text), format!("{MASK}\n").repeat(3_000));
    }

    #[test]
    fn everything_inside_of_something_is_cleaned() {
        let mut value = vec!["see https://u:hunter2@h/x".to_owned(), "fine".to_owned()];
        clean_deep(&mut value);
        assert_eq!(value, [format!("see https://{HIDDEN}:{HIDDEN}@h/x"), "fine".to_owned()]);
    }
}
