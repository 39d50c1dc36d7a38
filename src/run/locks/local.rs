//! The locks of runs on one machine: a file a run under `.slipway/locks/`, with the names of its units, locked as long as
//! the run lives. The kernel releases it, however the run ends.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::conflict::Conflict;
use super::holder::Holder;
use crate::support::confined::{PRIVATE_FOLDER, Root};
use crate::support::fs::{FileError, read_whole};

/// The lock of one run; it is released when this is dropped.
#[derive(Debug)]
pub struct LocalLock {
    _file: File,
    folder: Root,
    name: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Content {
    holder: Holder,
    units: Vec<String>,
}

impl LocalLock {
    /// Locks units for a run, or says who holds one of them.
    pub fn take(home: &Path, holder: &Holder, units: &[String]) -> Result<Result<Self, Conflict>, FileError> {
        let folder = Root::own(home)?.folder(Path::new("locks"), PRIVATE_FOLDER)?;
        // One at a time looks and takes, for a moment.
        let guard = folder.update(Path::new("guard"))?;
        guard.lock().map_err(FileError::on("lock", folder.path()))?;
        if let Some(conflict) = conflict(&folder, units) {
            return Ok(Err(conflict));
        }
        let name = PathBuf::from(format!("{}.json", holder.run));
        let path = folder.path().join(&name);
        let mut file = folder.update(&name)?;
        file.try_lock().map_err(|error| FileError::on("lock", &path)(error.into()))?;
        let content = Content { holder: holder.clone(), units: units.to_vec() };
        let text =
            serde_json::to_vec(&content).map_err(|error| FileError::on("write", &path)(error.into()))?;
        let written = file.set_len(0).and_then(|()| file.write_all(&text));
        written.map_err(FileError::on("write", &path))?;
        Ok(Ok(Self { _file: file, folder, name }))
    }
}

impl Drop for LocalLock {
    fn drop(&mut self) {
        let _gone = self.folder.remove(&self.name);
    }
}

/// A living run that holds one of the units. What a dead one has left is cleared away.
fn conflict(folder: &Root, units: &[String]) -> Option<Conflict> {
    for entry in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
        let name = PathBuf::from(entry.file_name());
        if name.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Ok(file) = folder.open(&name) else { continue };
        match file.try_lock_shared() {
            Ok(()) => {
                let _gone = folder.remove(&name);
                continue;
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
        let read = read_whole(file).ok().and_then(|text| serde_json::from_slice::<Content>(&text).ok());
        let Some(Content { holder, units: theirs }) = read else { continue };
        let common: Vec<String> = units.iter().filter(|unit| theirs.contains(unit)).cloned().collect();
        if !common.is_empty() {
            return Some(Conflict { units: common, holder: Box::new(holder), alive: true });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_may_not_share_a_unit_as_long_as_the_first_one_lives() {
        let home = tempfile::tempdir().unwrap();
        let units = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let take = |run: &str, names: &[&str]| {
            LocalLock::take(home.path(), &Holder::ours(run, "apply"), &units(names)).unwrap()
        };
        let first = take("one", &["a", "b"]).unwrap();
        let other = take("two", &["c"]).unwrap();
        let conflict = take("three", &["d", "b"]).unwrap_err();
        assert_eq!((conflict.units.as_slice(), conflict.holder.run.as_str()), (&["b".to_owned()][..], "one"));
        drop(first);
        take("three", &["d", "b"]).unwrap();
        drop(other);
        // A run that was killed leaves its file, but no lock on it.
        std::fs::write(home.path().join("locks/dead.json"), "{}").unwrap();
        take("four", &["a"]).unwrap();
        assert!(!home.path().join("locks/dead.json").exists());
    }
}
