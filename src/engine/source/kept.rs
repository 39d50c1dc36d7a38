//! What is kept of modules, for whoever lists it or takes some of it away.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::cache::{Entry, INDEX, LOCKS, MODULES, TREES, UNFINISHED};
use crate::support::confined::Root;
use crate::support::fs::{FileError, read_regular};
use crate::support::git::short;

/// The folder of the modules, from our own.
pub fn trees() -> PathBuf {
    Path::new(MODULES).join(TREES)
}

/// Whether a folder of that name is a module.
pub fn is_module(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.len() == 64 && name.iter().all(u8::is_ascii_hexdigit)
}

/// The lock of whoever puts something together in a folder of that name; none where nobody would.
pub fn unfinished(name: &OsStr) -> Option<PathBuf> {
    let key = name.to_str()?.strip_prefix(UNFINISHED)?;
    Some(Path::new(MODULES).join(LOCKS).join(key))
}

/// What each module is, by the name of its folder: sources without credentials, with what they stood for.
pub fn names(home: &Path) -> BTreeMap<String, Vec<String>> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, entry) in index(home) {
        let resolved = short(&entry.resolved);
        let name = if resolved.is_empty() { entry.source } else { format!("{} {resolved}", entry.source) };
        names.entry(entry.tree).or_default().push(name);
    }
    for of_one in names.values_mut() {
        of_one.sort();
        of_one.dedup();
    }
    names
}

/// Forgets what led to folders that are gone, given by their paths from our own.
pub fn forget(ours: &Root, gone: &[&Path]) -> Result<(), FileError> {
    let gone: BTreeSet<&OsStr> = gone.iter().filter_map(|path| path.file_name()).collect();
    if gone.is_empty() {
        return Ok(());
    }
    for (file, _) in
        index(ours.path()).into_iter().filter(|(_, entry)| gone.contains(OsStr::new(&entry.tree)))
    {
        ours.remove(&file)?;
    }
    Ok(())
}

/// The entries of the index with their files; what cannot be read leads nowhere.
fn index(home: &Path) -> Vec<(PathBuf, Entry)> {
    let files = std::fs::read_dir(home.join(MODULES).join(INDEX)).into_iter().flatten().flatten();
    let read = |file: PathBuf| {
        let entry = serde_json::from_slice(&read_regular(&file).ok()?).ok()?;
        Some((file, entry))
    };
    files.filter_map(|file| read(file.path())).collect()
}
