//! `.terragrunt-stack-manifest`: which files of a folder were copied, so that the next generation can take away
//! those that are no longer in the source. Terragrunt writes and reads the same file, so both can take turns.
//!
//! The format is Go's `encoding/gob` of a struct of a path and a truth, one after the other.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The name of the file.
pub(super) const MANIFEST_FILE: &str = ".terragrunt-stack-manifest";

/// The type of the entries, as gob describes it before the first one.
const TYPE: &[u8] = b"\x31\x7f\x03\x01\x01\x11fileManifestEntry\x01\xff\x80\x00\x01\x02\x01\x04Path\x01\x0c\x00\x01\x05IsDir\x01\x02\x00\x00\x00";
/// The number of that type.
const ENTRY: &[u8] = b"\xff\x80";

/// A file or folder that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub path: PathBuf,
    pub is_dir: bool,
}

/// The file's bytes.
pub(super) fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        if bytes.is_empty() {
            bytes.extend_from_slice(TYPE);
        }
        let path = entry.path.as_os_str().as_bytes();
        let mut message = [ENTRY, b"\x01"].concat();
        write_number(&mut message, path.len());
        message.extend_from_slice(path);
        if entry.is_dir {
            message.extend_from_slice(b"\x01\x01");
        }
        message.push(0);
        write_number(&mut bytes, message.len());
        bytes.extend_from_slice(&message);
    }
    bytes
}

/// The entries of a file, up to the first that is not understood: what is left stays where it is.
pub(super) fn decode(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((length, behind)) = read_number(rest) {
        let Some((message, next)) = behind.split_at_checked(length) else { break };
        rest = next;
        // A description of a type.
        if message.first() == Some(&0x7f) {
            continue;
        }
        let Some(entry) = decode_entry(message) else { break };
        entries.push(entry);
    }
    entries
}

fn decode_entry(message: &[u8]) -> Option<Entry> {
    let fields = message.strip_prefix(ENTRY)?.strip_prefix(b"\x01")?;
    let (length, fields) = read_number(fields)?;
    let (path, fields) = fields.split_at_checked(length)?;
    Some(Entry { path: PathBuf::from(OsStr::from_bytes(path)), is_dir: fields == b"\x01\x01\x00" })
}

/// Below 128 as it is; else the negated count of its bytes before them.
fn write_number(bytes: &mut Vec<u8>, number: usize) {
    if let Ok(small @ 0..128) = u8::try_from(number) {
        return bytes.push(small);
    }
    let all = number.to_be_bytes();
    let digits: Vec<u8> = all.into_iter().skip_while(|byte| *byte == 0).collect();
    bytes.push(u8::try_from(digits.len()).unwrap_or(8).wrapping_neg());
    bytes.extend(digits);
}

fn read_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 128 {
        return Some((usize::from(*first), rest));
    }
    let count = usize::from(first.wrapping_neg());
    let (digits, rest) = rest.split_at_checked(count).filter(|_| count <= size_of::<usize>())?;
    Some((digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit)), rest))
}

/// The files that an earlier generation copied into `folder`, those of folders within among them.
pub(super) fn copied_before(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let manifest = folder.join(MANIFEST_FILE);
        let Ok(bytes) = std::fs::read(&manifest) else { continue };
        files.push(manifest);
        // What lies elsewhere is none of ours, whatever the file says.
        for entry in decode(&bytes).into_iter().filter(|entry| entry.path.parent() == Some(&folder)) {
            let link = entry.path.symlink_metadata().is_ok_and(|found| found.is_symlink());
            match entry.is_dir {
                true if link => {}
                true => open.push(entry.path),
                false => files.push(entry.path),
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_terragrunt() {
        let entry = Entry { path: PathBuf::from("/live/here/terragrunt.hcl"), is_dir: false };
        let expected = [TYPE, b"\x1e\xff\x80\x01\x19/live/here/terragrunt.hcl\x00"].concat();
        assert_eq!(encode(std::slice::from_ref(&entry)), expected);
        assert_eq!(encode(&[]), b"");
    }

    #[test]
    fn entries_come_back_as_they_were_and_rubbish_ends_them() {
        let entries = [
            Entry { path: PathBuf::from(format!("/{}", "long".repeat(100))), is_dir: true },
            Entry { path: PathBuf::from("/a/b"), is_dir: false },
        ];
        let mut bytes = encode(&entries);
        assert_eq!(decode(&bytes), entries);
        bytes.extend_from_slice(b"\xfe\xff");
        assert_eq!(decode(&bytes), entries);
        assert_eq!(decode(b"\x05hello"), []);
    }
}
