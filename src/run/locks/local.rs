//! The locks of runs on one machine: a file a run under `.slipway/locks/`, with the names of its units, locked as long as
//! the run lives. The kernel releases it, however the run ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Conflict;
use super::holder::Holder;
use crate::support::fs::{FileError, create_private_dir};

/// The lock of one run; it is released when this is dropped.
#[derive(Debug)]
pub struct LocalLock {
    _file: File,
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Content {
    holder: Holder,
    units: Vec<String>,
}

impl LocalLock {
    /// Locks units for a run, or says who holds one of them.
    pub fn take(home: &Path, holder: &Holder, units: &[String]) -> Result<Result<Self, Conflict>, FileError> {
        let folder = home.join("locks");
        create_private_dir(&folder)?;
        // One at a time looks and takes, for a moment.
        let guard = open(&folder.join("guard"))?;
        guard.lock().map_err(FileError::on("lock", &folder))?;
        if let Some(conflict) = conflict(&folder, units) {
            return Ok(Err(conflict));
        }
        let path = folder.join(format!("{}.json", holder.run));
        let mut file = open(&path)?;
        file.try_lock().map_err(|error| FileError::on("lock", &path)(error.into()))?;
        let content = Content { holder: holder.clone(), units: units.to_vec() };
        let text =
            serde_json::to_vec(&content).map_err(|error| FileError::on("write", &path)(error.into()))?;
        let written = file.set_len(0).and_then(|()| file.write_all(&text));
        written.map_err(FileError::on("write", &path))?;
        Ok(Ok(Self { _file: file, path }))
    }
}

impl Drop for LocalLock {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> Result<File, FileError> {
    let options =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path);
    options.map_err(FileError::on("open", path))
}

/// A living run that holds one of the units. What a dead one has left is cleared away.
fn conflict(folder: &Path, units: &[String]) -> Option<Conflict> {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Ok(mut file) = File::open(&path) else { continue };
        match file.try_lock_shared() {
            Ok(()) => {
                let _gone = std::fs::remove_file(&path);
                continue;
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
        let mut text = Vec::new();
        let read =
            file.read_to_end(&mut text).ok().and_then(|_| serde_json::from_slice::<Content>(&text).ok());
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
