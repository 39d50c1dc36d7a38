//! Whether a message names a file of the folder that the tool works in.
//!
//! A provider runs where its tool runs, so that `filename = "./lambda.zip"` means a file of the unit's. A process that
//! units share runs in no unit's folder. So a unit whose messages name something of its folder gets processes of its own,
//! which run there. No message is understood for that: whatever in it may be a text is looked at, whether it stands in
//! protobuf, in `MessagePack` or in JSON, and whatever it means.

use std::path::Path;

use super::protobuf::{Field, fields};

/// Deeper nobody looks; the messages have fewer levels.
const DEEPEST: usize = 8;
/// No path is longer.
const LONGEST: usize = 4096;

/// Providers whose purpose are files and programs of the machine: they are shared between the commands of a unit only, since
/// the name of a file that is to be made is the name of none yet.
const OF_FILES: &[&str] =
    &["ansible", "archive", "docker", "external", "git", "helm", "local", "shell", "template"];

/// Whether a provider's processes always run in the unit's folder, whatever its messages say: by its source, such as
/// `registry.terraform.io/hashicorp/archive`.
///
/// ```
/// assert!(slipway_providers::works_in_its_folder("registry.terraform.io/hashicorp/archive"));
/// assert!(!slipway_providers::works_in_its_folder("registry.terraform.io/hashicorp/aws"));
/// ```
pub fn works_in_its_folder(source: &str) -> bool {
    source.rsplit('/').next().is_some_and(|name| OF_FILES.contains(&name))
}

/// Whether a message may name something of a folder.
pub fn names_something_of(dir: &Path, message: &[u8]) -> bool {
    texts(message, DEEPEST, &mut |text| is_of(dir, text))
}

/// Whether a text may be a path from a folder: one that says so, or whose beginning is there.
pub fn is_of(dir: &Path, text: &str) -> bool {
    if text.is_empty() || text.len() > LONGEST || text.starts_with('/') || text.contains('\0') {
        return false;
    }
    let first = text.split('/').next().unwrap_or_default();
    matches!(first, "." | "..") || dir.join(first).symlink_metadata().is_ok()
}

/// Hands over all that may be a text, until one is what was looked for.
fn texts(bytes: &[u8], depth: usize, wanted: &mut impl FnMut(&str) -> bool) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    for field in fields(bytes).unwrap_or_default() {
        let Field::Bytes(_, value) = field else { continue };
        if std::str::from_utf8(value).is_ok_and(&mut *wanted)
            || packed(value, wanted)
            || json(value, wanted)
            || texts(value, depth, wanted)
        {
            return true;
        }
    }
    false
}

/// The texts of a value in `MessagePack`, whose parts follow each other.
fn packed(bytes: &[u8], wanted: &mut impl FnMut(&str) -> bool) -> bool {
    // A value of an object begins with a map or, where its schema says so, with a list.
    if !matches!(bytes.first(), Some(0x80..=0x9f | 0xdc..=0xdf)) {
        return false;
    }
    let mut rest = bytes;
    while let Some((kind, behind)) = rest.split_first() {
        let (wide, fixed) = match kind {
            0xa0..=0xbf => (0, usize::from(kind & 0x1f)),
            // Texts, bytes and what is of a kind of its own say how long they are.
            0xc4 | 0xd9 => (1, 0),
            0xc5 | 0xda => (2, 0),
            0xc6 | 0xdb => (4, 0),
            0xc7 => (1, 1),
            0xc8 => (2, 1),
            0xc9 => (4, 1),
            0xcc | 0xd0 => (0, 1),
            0xcd | 0xd1 | 0xd4 | 0xdc | 0xde => (0, 2),
            0xd5 => (0, 3),
            0xca | 0xce | 0xd2 | 0xdd | 0xdf => (0, 4),
            0xd6 => (0, 5),
            0xcb | 0xcf | 0xd3 => (0, 8),
            0xd7 => (0, 9),
            0xd8 => (0, 17),
            _ => (0, 0),
        };
        let Some((length, behind)) = behind.split_at_checked(wide) else { return false };
        let length = length.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
        let Some((value, behind)) = behind.split_at_checked(length.saturating_add(fixed)) else {
            return false;
        };
        let is_text = matches!(kind, 0xa0..=0xbf | 0xc4..=0xc6 | 0xd9..=0xdb);
        if is_text && std::str::from_utf8(value).is_ok_and(&mut *wanted) {
            return true;
        }
        rest = behind;
    }
    false
}

/// The texts of a value in JSON, as a state has it.
fn json(bytes: &[u8], wanted: &mut impl FnMut(&str) -> bool) -> bool {
    if !matches!(bytes.first(), Some(b'{' | b'[' | b'"')) {
        return false;
    }
    let Ok(whole) = serde_json::from_slice::<serde_json::Value>(bytes) else { return false };
    let mut waiting = vec![&whole];
    while let Some(value) = waiting.pop() {
        match value {
            serde_json::Value::String(text) if wanted(text) => return true,
            serde_json::Value::Array(values) => waiting.extend(values),
            serde_json::Value::Object(values) => waiting.extend(values.values()),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with a value in its second field, as most have their configuration.
    fn message(of: u8, value: &[u8]) -> Vec<u8> {
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
        let value = [&[of, length(value)], value].concat();
        [&[0x0a, 3, b'v', b'p', b'c', 0x12, length(&value)], value.as_slice()].concat()
    }

    fn packed_text(text: &str) -> Vec<u8> {
        // A map of a number, nothing, and the text.
        let head = [0x83, 0xa1, b'n', 0xcd, 1, 2, 0xa1, b'x', 0xc0, 0xa4, b'f', b'i', b'l', b'e', 0xd9];
        [&head[..], &[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    }

    #[test]
    fn a_text_that_is_a_path_from_the_folder_is_found_however_it_is_packed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("lambda.zip"), "").unwrap();
        std::fs::create_dir(dir.path().join("files")).unwrap();
        let found = |text: &str| {
            let in_message_pack = names_something_of(dir.path(), &message(0x0a, &packed_text(text)));
            let json = format!("{{\"n\": [1, {{\"f\": \"{text}\"}}]}}");
            let in_json = names_something_of(dir.path(), &message(0x12, json.as_bytes()));
            let plain = names_something_of(dir.path(), &message(0x0a, text.as_bytes()));
            assert_eq!((in_message_pack, in_json), (plain, plain), "{text}");
            plain
        };
        for text in ["./lambda.zip", "../lambda.zip", ".", "lambda.zip", "files/a/b", "./to-be-made"] {
            assert!(found(text), "{text}");
        }
        let absolute = dir.path().join("lambda.zip");
        for text in [absolute.to_str().unwrap(), "t3.micro", "10.0.0.0/16", ".hidden", "lambda.zi", ""] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn what_is_broken_names_nothing_and_ends() {
        let dir = tempfile::tempdir().unwrap();
        for bytes in [&[0xdb, 0xff, 0xff, 0xff, 0xff][..], &[0x81, 0xd9, 9, b'.'], &[0xff; 64], b"{\"a\": "] {
            assert!(!names_something_of(dir.path(), &message(0x0a, bytes)));
            assert!(!names_something_of(dir.path(), bytes));
        }
    }
}
