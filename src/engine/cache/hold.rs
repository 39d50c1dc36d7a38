//! What this process uses of a cache: held until it ends, so that nobody takes it away meanwhile.
//!
//! A folder is held by a shared `flock` on itself: it goes with the folder wherever that is moved, the kernel lets go of it
//! however the process ends, and nothing has to be kept beside it. Its time is when it was used last.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::PROVIDERS;
use crate::support::confined::Root;
use crate::support::fs::FileError;
use crate::support::paths::clean;
use crate::support::tool_files::DATA_FOLDER;

/// By the file system and the number that a folder has there.
static HELD: Mutex<Option<HashMap<(u64, u64), File>>> = Mutex::new(None);

/// Holds a folder of a cache, and notes that it was used; false where it is being taken away, or is gone by now.
pub fn hold(folder: &Root) -> Result<bool, FileError> {
    let itself = folder.itself()?;
    let held = take(folder.path(), &itself);
    held.map_err(FileError::on("lock", folder.path()))
}

fn take(path: &Path, itself: &File) -> io::Result<bool> {
    let number = |found: &std::fs::Metadata| (found.dev(), found.ino());
    let own = number(&itself.metadata()?);
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let held = held.get_or_insert_default();
    if let Entry::Vacant(place) = held.entry(own) {
        match itself.try_lock_shared() {
            // Where folders cannot be locked they all count as in use, and nothing is taken away.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Ok(false),
        }
        // Somebody may have taken it away before it was locked.
        if path.symlink_metadata().map_or(true, |there| number(&there) != own) {
            return Ok(false);
        }
        place.insert(itself.try_clone()?);
    }
    // Where the time cannot be set it is taken for older than it is, and goes sooner.
    let _as_it_is = itself.set_modified(SystemTime::now());
    Ok(true)
}

/// Holds the providers that the unit in `folder` uses of the cache in `home`. One that is gone is asked for by the tool.
pub fn hold_providers(home: &Path, folder: &Path) -> Result<(), FileError> {
    let linked = linked_providers(home, folder);
    if linked.is_empty() {
        return Ok(());
    }
    let ours = Root::own(home)?;
    for provider in linked {
        // Out of a mirror of folders a tool links to what lies there, which is nothing of the cache's.
        if let Ok(Some(provider)) = ours.open_folder(&provider) {
            hold(&provider)?;
        }
    }
    Ok(())
}

/// The folders of the provider cache that the links of a unit lead to, from `home`.
pub fn linked_providers(home: &Path, folder: &Path) -> BTreeSet<PathBuf> {
    let mut linked = BTreeSet::new();
    let mut waiting = vec![folder.join(DATA_FOLDER).join("providers")];
    while let Some(place) = waiting.pop() {
        for entry in std::fs::read_dir(&place).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                waiting.push(path);
            } else if let Ok(target) = std::fs::read_link(&path) {
                let target = clean(&place.join(target));
                let below = target.strip_prefix(home).ok().filter(|below| below.starts_with(PROVIDERS));
                linked.extend(below.map(Path::to_path_buf));
            }
        }
    }
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_known_to_others_wherever_it_is_moved() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("a")).unwrap();
        let root = Root::at(dir.path()).unwrap();
        let folder = root.open_folder(Path::new("a")).unwrap().unwrap();
        assert!(hold(&folder).unwrap() && hold(&folder).unwrap(), "twice is once");
        std::fs::rename(dir.path().join("a"), dir.path().join("b")).unwrap();
        let other = File::open(dir.path().join("b")).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
    }

    #[test]
    fn what_is_being_taken_away_or_gone_is_not_held() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("a")).unwrap();
        let root = Root::at(dir.path()).unwrap();
        let folder = root.open_folder(Path::new("a")).unwrap().unwrap();
        let other = File::open(dir.path().join("a")).unwrap();
        other.lock().unwrap();
        assert!(!hold(&folder).unwrap(), "somebody takes it away");
        drop(other);
        std::fs::rename(dir.path().join("a"), dir.path().join("b")).unwrap();
        std::fs::create_dir(dir.path().join("a")).unwrap();
        assert!(!hold(&folder).unwrap(), "another one lies in its place");
    }

    #[test]
    fn the_links_of_a_unit_lead_to_the_providers_that_it_uses() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join(".slipway");
        let unit = home.join("work/a/module");
        let links = unit.join(".terraform/providers/registry.opentofu.org/x/aws/1.0.0");
        std::fs::create_dir_all(&links).unwrap();
        let target = home.join("providers/registry.opentofu.org/x/aws/1.0.0/linux_amd64");
        std::os::unix::fs::symlink(&target, links.join("linux_amd64")).unwrap();
        std::os::unix::fs::symlink("/elsewhere/providers", links.join("other")).unwrap();
        let expected = Path::new("providers/registry.opentofu.org/x/aws/1.0.0/linux_amd64").to_path_buf();
        assert_eq!(linked_providers(&home, &unit), BTreeSet::from([expected]));
    }
}
