//! What is in the caches: each module, each provider and each clone, how much it takes, and when it was used last.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::PROVIDERS;
use super::hold::linked_providers;
use crate::engine::source::kept;
use crate::gitops::{KEPT_ADDRESS, KEPT_REPOSITORIES};
use crate::support::confined::Root;
use crate::support::fs::{FileError, read_text};
use crate::support::tool_files::DATA_FOLDER;
use crate::support::work_folder::WorkFolder;

/// Under the folder of the providers: host, namespace, name, version, platform.
const DEPTH_OF_PROVIDERS: usize = 5;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A module that was fetched.
    Module,
    /// A provider that a tool has installed.
    Provider,
    /// A clone of a manifests repository.
    Repository,
    /// What a fetch was at that was killed, or is still.
    Unfinished,
}

/// One thing in a cache.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Where, from our own folder.
    pub path: PathBuf,
    /// What it is to people: sources with what they stood for, or a provider with its version.
    pub names: Vec<String>,
    /// How much it takes.
    pub bytes: u64,
    /// How much of that is nobody's but the cache's: files of modules are shared with the folders of units.
    pub own_bytes: u64,
    /// When it was used last, or came.
    pub used: SystemTime,
    /// Whether a process uses it now.
    pub in_use: bool,
}

/// Everything in the caches of `home`, what was used least lately first; nothing where there is no such folder.
pub fn entries(home: &Path) -> Result<Vec<Entry>, FileError> {
    let mut entries = modules(home)?;
    entries.extend(providers(home)?);
    entries.extend(repositories(home)?);
    entries.sort_by(|one, other| (one.used, &one.path).cmp(&(other.used, &other.path)));
    Ok(entries)
}

/// How much they take.
pub fn total(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.bytes).sum()
}

fn modules(home: &Path) -> Result<Vec<Entry>, FileError> {
    let mut found = Vec::new();
    let mut names = kept::names(home);
    for (name, metadata) in folders(&home.join(kept::trees()))? {
        let path = kept::trees().join(&name);
        let text = name.to_string_lossy().into_owned();
        if kept::unfinished(&name).is_none() && !kept::is_module(&name) {
            continue;
        }
        let (kind, in_use) = match kept::unfinished(&name) {
            Some(lock) => (Kind::Unfinished, is_locked_file(home, &lock)),
            None => (Kind::Module, is_locked(home, &path)),
        };
        let names = names.remove(&text).unwrap_or_default();
        found.push(entry(home, kind, path, names, &metadata, in_use));
    }
    Ok(found)
}

fn providers(home: &Path) -> Result<Vec<Entry>, FileError> {
    let mut places = vec![PathBuf::from(PROVIDERS)];
    for _ in 0..DEPTH_OF_PROVIDERS {
        let mut below = Vec::new();
        for place in places {
            below.extend(folders(&home.join(&place))?.into_iter().map(|(name, _)| place.join(name)));
        }
        places = below;
    }
    let linked = linked_at_work(home);
    let mut found = Vec::new();
    for path in places {
        let Ok(metadata) = home.join(&path).symlink_metadata() else { continue };
        let in_use = linked.contains(&path) || is_locked(home, &path);
        found.push(entry(home, Kind::Provider, path.clone(), vec![name_of(&path)], &metadata, in_use));
    }
    Ok(found)
}

fn repositories(home: &Path) -> Result<Vec<Entry>, FileError> {
    let mut found = Vec::new();
    for (name, metadata) in folders(&home.join(KEPT_REPOSITORIES))? {
        let path = Path::new(KEPT_REPOSITORIES).join(name);
        let address = read_text(&home.join(&path).join(KEPT_ADDRESS)).unwrap_or_default();
        let names = address.lines().next().map(str::to_owned).into_iter().collect();
        let in_use = is_locked(home, &path);
        found.push(entry(home, Kind::Repository, path, names, &metadata, in_use));
    }
    Ok(found)
}

/// `registry.opentofu.org/hashicorp/aws 5.0.0 (linux_amd64)`.
fn name_of(path: &Path) -> String {
    let parts: Vec<_> = path.iter().skip(1).map(|part| part.to_string_lossy()).collect();
    match parts.as_slice() {
        [host, namespace, name, version, platform] => {
            format!("{host}/{namespace}/{name} {version} ({platform})")
        }
        _ => path.display().to_string(),
    }
}

fn entry(
    home: &Path,
    kind: Kind,
    path: PathBuf,
    names: Vec<String>,
    metadata: &Metadata,
    in_use: bool,
) -> Entry {
    let (bytes, own_bytes) = size(&home.join(&path));
    let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Entry { kind, path, names, bytes, own_bytes, used, in_use }
}

/// The folders in a folder; links are none.
fn folders(folder: &Path) -> Result<Vec<(std::ffi::OsString, Metadata)>, FileError> {
    if folder.symlink_metadata().map_or(true, |found| !found.is_dir()) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(FileError::on("read", folder))? {
        let entry = entry.map_err(FileError::on("read", folder))?;
        // Of a link this is what is said of itself.
        if let Ok(metadata) = entry.metadata()
            && metadata.is_dir()
        {
            found.push((entry.file_name(), metadata));
        }
    }
    Ok(found)
}

/// How much is in a folder, without what links lead to; and how much of it has no other name elsewhere.
fn size(folder: &Path) -> (u64, u64) {
    let (mut bytes, mut own) = (0, 0);
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                waiting.push(entry.path());
                continue;
            }
            bytes += metadata.len();
            own += if metadata.nlink() > 1 { 0 } else { metadata.len() };
        }
    }
    (bytes, own)
}

/// Whether a process holds a folder.
pub(super) fn is_locked(home: &Path, path: &Path) -> bool {
    let folder = Root::own(home).and_then(|ours| ours.open_folder(path));
    let Ok(Some(folder)) = folder else { return false };
    folder.itself().is_ok_and(|itself| itself.try_lock().is_err())
}

fn is_locked_file(home: &Path, path: &Path) -> bool {
    let ours = Root::own(home);
    ours.is_ok_and(|ours| ours.open(path).is_ok_and(|file| file.try_lock().is_err()))
}

/// The providers of units that somebody works on: a tool may have outlived whoever started it.
pub(super) fn linked_at_work(home: &Path) -> BTreeSet<PathBuf> {
    let work = home.join("work");
    let places = std::fs::read_dir(work).into_iter().flatten().flatten().map(|place| place.path());
    let taken = places.filter(|place| WorkFolder::is_taken(place));
    taken.flat_map(|place| linked_below(home, &place)).collect()
}

/// Those of every module in a folder: which of them is run is the source's to say.
fn linked_below(home: &Path, place: &Path) -> BTreeSet<PathBuf> {
    let mut linked = BTreeSet::new();
    let mut waiting = vec![place.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        let below = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        for entry in below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            if entry.file_name() == OsStr::new(DATA_FOLDER) {
                linked.extend(linked_providers(home, &folder));
            } else {
                waiting.push(entry.path());
            }
        }
    }
    linked
}
