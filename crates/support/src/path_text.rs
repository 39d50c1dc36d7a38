//! Paths as text. Paths are bytes; people, JSON, logs and tables take text.
//!
//! Bytes that are no UTF-8, characters that a terminal would obey or nobody would see, and the backslash itself are
//! written as escapes; everything else stands for itself. So no two paths are the same text, and each text leads back to
//! its path.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A path as text that no other path has.
pub fn shown(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let is_plain = bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\');
    match path.to_str() {
        Some(text) if is_plain => text.to_owned(),
        _ => escaped(bytes),
    }
}

/// A path in JSON whose shape is Terragrunt's: what is text stands for itself there, since JSON has escapes of its own.
pub fn in_json(path: &Path) -> String {
    path.to_str().map_or_else(|| shown(path), str::to_owned)
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                _ if super::shown::is_hidden(character) => text.extend(character.escape_unicode()),
                _ => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The path that [`shown`] made a text of. What is no escape stands for itself.
pub fn parse(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (written, behind) = unescaped(after).unwrap_or((Cow::Borrowed(b"\\"), after));
        bytes.extend_from_slice(&written);
        rest = behind;
    }
    bytes.extend_from_slice(rest.as_bytes());
    PathBuf::from(OsString::from_vec(bytes))
}

/// What an escape stands for, and what comes behind it; `text` begins after the backslash.
fn unescaped(text: &str) -> Option<(Cow<'static, [u8]>, &str)> {
    if let Some(rest) = text.strip_prefix('\\') {
        return Some((Cow::Borrowed(b"\\"), rest));
    }
    if let Some(rest) = text.strip_prefix('x') {
        let (digits, rest) = rest.split_at_checked(2)?;
        return Some((Cow::Owned(vec![u8::from_str_radix(digits, 16).ok()?]), rest));
    }
    let (digits, rest) = text.strip_prefix("u{")?.split_once('}')?;
    let character = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    Some((Cow::Owned(character.to_string().into_bytes()), rest))
}

/// A path in JSON, for `#[serde(with = …)]`.
pub mod serde_path {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes it as text.
    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::shown(path))
    }

    /// Reads such a text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        String::deserialize(deserializer).map(|text| super::parse(&text))
    }
}

/// A path that need not be there, the same way.
pub mod serde_optional {
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes it as text or null.
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(super::shown).serialize(serializer)
    }

    /// Reads such a text or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(|text| super::parse(&text)))
    }
}

/// A map whose keys are paths, the same way.
pub mod serde_keys {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the keys as texts.
    pub fn serialize<V: Serialize, S: Serializer>(
        map: &BTreeMap<PathBuf, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(map.iter().map(|(path, value)| (super::shown(path), value)))
    }

    /// Reads such a map.
    pub fn deserialize<'de, V: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<PathBuf, V>, D::Error> {
        let map = BTreeMap::<String, V>::deserialize(deserializer)?;
        Ok(map.into_iter().map(|(text, value)| (super::parse(&text), value)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use proptest::prelude::*;

    use super::*;

    fn bytes(bytes: &[u8]) -> PathBuf {
        PathBuf::from(OsStr::from_bytes(bytes))
    }

    #[test]
    fn ordinary_paths_stand_for_themselves() {
        for path in ["live/dev/vpc", "../other/vpc", "größe/Ünit", "a b", "v1..2", "_-", "日本"] {
            assert_eq!(shown(Path::new(path)), path);
        }
    }

    #[test]
    fn what_is_no_text_or_would_be_obeyed_is_written_as_an_escape() {
        assert_eq!(shown(&bytes(b"a\xff/b")), r"a\xff/b");
        assert_eq!(shown(Path::new(r"a\xff/b")), r"a\\xff/b");
        assert_eq!(shown(Path::new("a\u{1b}[2J\n\u{202e}")), r"a\u{1b}[2J\u{a}\u{202e}");
    }

    #[test]
    fn paths_in_json_come_back_as_they_were() {
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        struct Paths {
            #[serde(with = "serde_path")]
            path: PathBuf,
            #[serde(with = "serde_optional")]
            tool: Option<PathBuf>,
            #[serde(with = "serde_keys")]
            files: std::collections::BTreeMap<PathBuf, u8>,
        }
        let odd = bytes(b"/a\xff\n\\x");
        let paths = Paths { path: odd.clone(), tool: Some(odd.clone()), files: [(odd, 1)].into() };
        let text = serde_json::to_string(&paths).unwrap();
        assert_eq!(serde_json::from_str::<Paths>(&text).unwrap(), paths);
        // What earlier versions wrote.
        assert_eq!(parse("/a/b c"), Path::new("/a/b c"));
        assert_eq!(parse(r"C:\new"), Path::new(r"C:\new"));
    }

    proptest! {
        #[test]
        fn a_text_leads_back_to_the_bytes(path in proptest::collection::vec(any::<u8>(), 0..40)) {
            let path = bytes(&path);
            let text = shown(&path);
            prop_assert!(!text.chars().any(crate::shown::is_hidden));
            prop_assert_eq!(parse(&text), path);
        }
    }
}
