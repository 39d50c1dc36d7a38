//! Where the outlines of large estates are kept from one list to the next: `.slipway/outlines`, a file for each part of the tree
//! that was listed. Each may be deleted at any time.

use std::ffi::OsString;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tracing::debug;

use super::workspace::Workspace;
use crate::run::home::{self, OUTLINES};
use crate::support::confined::{PRIVATE, PRIVATE_FOLDER, Root};
use crate::support::fs::{FileError, read_regular};
use crate::terragrunt::OutlineStore;

/// How many files are kept: those that were written last.
const MOST_FILES: usize = 16;

/// The folder, in the project of a workspace.
pub struct KeptOutlines {
    home: PathBuf,
    tree: PathBuf,
}

impl KeptOutlines {
    /// The one of a workspace.
    pub fn of(workspace: &Workspace) -> Self {
        Self { home: workspace.home_path().to_owned(), tree: workspace.tree().to_owned() }
    }

    /// Whether there is a folder of ours. What came with the tree is never believed here, and a list does not clear it away
    /// as a run does.
    fn is_ours(&self) -> bool {
        home::is_ours(&self.home, &self.tree)
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), FileError> {
        let root = Root::own(&self.home)?;
        let folder = root.folder(Path::new(OUTLINES), PRIVATE_FOLDER)?;
        folder.write(Path::new(name), content, PRIVATE)?;
        for file in oldest(folder.path()) {
            folder.remove(Path::new(&file))?;
        }
        Ok(())
    }
}

impl OutlineStore for KeptOutlines {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        // Of most estates nothing is kept: whose the folder is need not be found out for them.
        let content = read_regular(&self.home.join(OUTLINES).join(name)).ok()?;
        self.is_ours().then_some(content)
    }

    fn keep(&self, name: &str, content: &[u8]) {
        if self.home.symlink_metadata().is_err()
            && let Err(error) = home::make_ours(&self.home, &self.tree)
        {
            debug!(%error, "there is no place to keep outlines in");
        }
        if !self.is_ours() {
            return;
        }
        if let Err(error) = self.write(name, content) {
            // The next list reads once more what it would not have to.
            debug!(%error, "outlines could not be kept");
        }
    }
}

/// The names of the files that are too many.
fn oldest(folder: &Path) -> Vec<OsString> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let written = |entry: &DirEntry| entry.metadata().and_then(|found| found.modified());
    let mut files: Vec<(SystemTime, OsString)> =
        entries.filter_map(|entry| Some((written(&entry).ok()?, entry.file_name()))).collect();
    files.sort();
    let too_many = files.len().saturating_sub(MOST_FILES);
    files.into_iter().take(too_many).map(|(_, name)| name).collect()
}
