//! `.terragrunt-stack-manifest`: which files of a folder were copied, so that the next generation can take away
//! those that are no longer in the source. Terragrunt writes and reads the same file, so both can take turns.
//!
//! The format is Go's `encoding/gob` of a struct of a path and a truth, one after the other.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use slipway_support::confined::{Kind, Root};
use slipway_support::fs::read_whole;
use slipway_support::tool_files::is_of_a_tool;

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

/// The files below `root` that an earlier generation copied into `folder`, as far as they are there, those of folders
/// within among them. The files of lists are written by whoever can write the folder: what they name elsewhere is none of
/// ours, and what a tool wrote stays.
pub(super) fn copied_before(root: &Root, folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let manifest = folder.join(MANIFEST_FILE);
        let Ok(bytes) = root.open(&manifest).and_then(read_whole) else { continue };
        files.push(manifest);
        for entry in decode(&bytes) {
            let inside = entry.path.parent() == Some(&folder) && entry.path.file_name().is_some();
            let place = folder.join(entry.path.file_name().unwrap_or_default());
            if !inside || place != entry.path || is_of_a_tool(&place) {
                continue;
            }
            match (entry.is_dir, root.kind(&place)) {
                (true, Ok(Some(Kind::Folder))) => open.push(place),
                (false, Ok(Some(Kind::File | Kind::Link))) => files.push(place),
                _ => {}
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

    #[test]
    fn a_list_names_nothing_elsewhere_and_nothing_of_a_tool() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("stack/unit");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        std::fs::create_dir_all(world.path().join("outside")).unwrap();
        let names = ["unit/a", "unit/terraform.tfstate", "unit/.terraform.lock.hcl", "other", "unit/sub/b"];
        for name in names {
            std::fs::write(world.path().join("stack").join(name), "").unwrap();
        }
        std::fs::write(world.path().join("outside/kept"), "").unwrap();
        std::os::unix::fs::symlink(world.path().join("outside"), folder.join("link")).unwrap();
        let entry = |path: &str, is_dir| Entry { path: folder.join(path), is_dir };
        let listed = [
            entry("a", false),
            entry("terraform.tfstate", false),
            entry(".terraform.lock.hcl", false),
            entry("../other", false),
            entry("..", true),
            entry("sub/../../other", false),
            entry("link", true),
            entry("link/kept", false),
            entry("sub", false),
            Entry { path: world.path().join("outside/kept"), is_dir: false },
            Entry { path: "relative".into(), is_dir: false },
            Entry { path: "/".into(), is_dir: true },
        ];
        std::fs::write(folder.join(MANIFEST_FILE), encode(&listed)).unwrap();
        // Where the way up or the link would lead, there is more of the same.
        let more = [
            Entry { path: folder.join("../other"), is_dir: false },
            Entry { path: folder.join("link/kept"), is_dir: false },
        ];
        for place in ["stack", "outside"] {
            std::fs::write(world.path().join(place).join(MANIFEST_FILE), encode(&more)).unwrap();
        }
        let root = Root::at(&world.path().join("stack")).unwrap();
        assert_eq!(copied_before(&root, &folder), [folder.join(MANIFEST_FILE), folder.join("a")]);
    }
}
