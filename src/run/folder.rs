//! A run's folder: `.slipway/runs/<id>/` with its journal, logs and plans. Only its owner can read it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::support::fs::{FileError, create_private_dir, write_if_changed};
use crate::support::paths::as_file_name;

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// The run's id.
    pub id: String,
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run.
    pub fn create(home: &Path) -> Result<Self, FileError> {
        let now = Timestamp::now();
        // Runs of one second are in order as well: the first four letters are the part of the second that is over.
        let part = u64::from(now.subsec_nanosecond().unsigned_abs()) * 0x1_0000 / 1_000_000_000;
        let random = uuid::Uuid::new_v4().simple().to_string();
        let second = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d-%H%M%S").to_string();
        let id = format!("{second}-{part:04x}{}", &random[..2]);
        let folder = Self { path: home.join("runs").join(&id), id };
        create_private_dir(&folder.logs())?;
        create_private_dir(&folder.plans())?;
        // Plans and logs are nothing to commit, whoever runs this first in a tree.
        write_if_changed(&home.join(".gitignore"), b"*\n")?;
        Ok(folder)
    }

    /// The folders of all runs, newest first.
    pub fn all(home: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(home.join("runs")).into_iter().flatten().flatten();
        let mut folders: Vec<Self> = entries
            .map(|entry| Self { id: entry.file_name().to_string_lossy().into_owned(), path: entry.path() })
            .filter(|folder| folder.journal().is_file())
            .collect();
        folders.sort_by(|a, b| b.id.cmp(&a.id));
        folders
    }

    /// The run whose id begins so; the newest one where nothing is said.
    pub fn find(home: &Path, id: Option<&str>) -> Option<Self> {
        Self::all(home).into_iter().find(|folder| id.is_none_or(|id| folder.id.starts_with(id)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// The folder of the logs.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// The folder of the plans.
    pub fn plans(&self) -> PathBuf {
        self.path.join("plans")
    }

    /// The log of one node.
    pub fn log(&self, node: &str) -> PathBuf {
        self.logs().join(format!("{}.log", as_file_name(node)))
    }

    /// The saved plan of one unit.
    pub fn plan(&self, node: &str) -> PathBuf {
        self.plans().join(format!("{}.tfplan", as_file_name(node)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_run_comes_first() {
        let home = tempfile::tempdir().unwrap();
        let run = RunFolder::create(home.path()).unwrap();
        assert!(RunFolder::all(home.path()).is_empty(), "a folder without a journal is no run");
        std::fs::write(run.journal(), "").unwrap();
        assert_eq!(RunFolder::all(home.path())[0].id, run.id);
    }
}
