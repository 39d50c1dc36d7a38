//! What has the form of a secret within a text that somebody else has written.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{MASK, Span};
use crate::address::spans::{self, HIDDEN};

/// What comes before a secret. The first is the beginning of an address.
const SIGNS: &[&str] = &[
    "://",
    "password=",
    "passwd=",
    "passphrase=",
    "pwd=",
    "accountkey=",
    "sharedaccesskey=",
    "client_secret=",
    "clientsecret=",
    "authorization: basic ",
    "authorization: bearer ",
];

static SIGNS_TOGETHER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(SIGNS).ok());

/// Logins and secret parameters of addresses, passwords of connection strings, logins of HTTP.
pub fn secrets(text: &str) -> Vec<Span> {
    let Some(signs) = &*SIGNS_TOGETHER else { return Vec::new() };
    let mut found = Vec::new();
    for hit in signs.find_iter(text) {
        let from = hit.end();
        let rest = text.get(from..).unwrap_or_default();
        if hit.pattern().as_usize() == 0 {
            let parts = spans::in_text(rest).into_iter();
            found.extend(parts.map(|part| Span { range: part.start + from..part.end + from, mask: HIDDEN }));
        } else if let Some((start, end)) = value(rest) {
            found.push(Span { range: from + start..from + end, mask: MASK });
        }
    }
    found
}

/// Logins and secret parameters of addresses.
pub fn logins(text: &str) -> Vec<Span> {
    secrets(text).into_iter().filter(|span| span.mask == HIDDEN).collect()
}

/// Where the value is that begins a text; none where it is clear that it is no secret: a folder, a reference.
fn value(rest: &str) -> Option<(usize, usize)> {
    let quote = rest.chars().next().filter(|letter| matches!(letter, '"' | '\''));
    let start = quote.map_or(0, char::len_utf8);
    let inner = rest.get(start..)?;
    let ends = |letter: char| match quote {
        Some(quote) => letter == quote,
        None => letter.is_whitespace() || letter.is_control() || ";&\"'`<>\\,)".contains(letter),
    };
    let value = inner.get(..inner.find(ends).unwrap_or(inner.len()))?;
    let is_none = value.is_empty() || value.starts_with(['/', '$', '(', '<', '…', '*']);
    (!is_none).then_some((start, start + value.len()))
}

#[cfg(test)]
mod tests {
    use super::super::{joined, masked};
    use super::secrets;

    fn clean(text: &str) -> String {
        masked(text, &joined(secrets(text))).into_owned()
    }

    #[test]
    fn logins_in_addresses_are_masked_wherever_they_stand() {
        for (text, wanted) in [
            ("psql postgres://app:hunter2@db:5432/x", "psql postgres://…:…@db:5432/x"),
            ("'https://u:hunter2@h/r.git/': no", "'https://…:…@h/r.git/': no"),
            ("https://git@h/r and https://h/@x?tab=a", "https://git@h/r and https://h/@x?tab=a"),
            ("GET https://h/x?X-Amz-Signature=hunter2&a=b", "GET https://h/x?X-Amz-Signature=…&a=b"),
            ("{\"url\":\"amqp://u:hunter2@h\"}", "{\"url\":\"amqp://…:…@h\"}"),
            ("on https://u:1234/5@h.example/r", "on https://…:…@h.example/r"),
            ("GET http://h.example:80/a@b.example/c", "GET http://h.example:80/a@b.example/c"),
            ("mail a@b.example.com, see http://h:80/", "mail a@b.example.com, see http://h:80/"),
        ] {
            assert_eq!(clean(text), wanted);
        }
    }

    #[test]
    fn passwords_of_connection_strings_are_masked() {
        for (text, wanted) in [
            ("Server=h;Password=hunter2;Encrypt=true", "Server=h;Password=(sensitive);Encrypt=true"),
            ("host=h password='hunter 2' dbname=x", "host=h password='(sensitive)' dbname=x"),
            ("AccountName=a;AccountKey=aGVsbG8=;X=y", "AccountName=a;AccountKey=(sensitive);X=y"),
            ("> Authorization: Basic dXNlcjpodW50ZXIy", "> Authorization: Basic (sensitive)"),
            ("OLDPWD=/root PWD=/root", "OLDPWD=/root PWD=/root"),
            ("password=$PASSWORD", "password=$PASSWORD"),
            ("password=(sensitive)", "password=(sensitive)"),
        ] {
            assert_eq!(clean(text), wanted);
        }
    }
}
