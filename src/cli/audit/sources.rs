//! When the commits were made that images are built of: as the pipeline said, or as a clone of the source knows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::Timestamp;

use crate::gitops::{ImageRecord, said_commit, said_time};
use crate::support::git::Git;

/// An application, and where its source is cloned.
#[derive(Clone, Debug)]
pub(super) struct Source {
    app: String,
    folder: PathBuf,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((app, folder)) if !app.is_empty() && !folder.is_empty() => {
                Ok(Self { app: app.to_owned(), folder: folder.into() })
            }
            _ => Err("write it like app-a=../app-a".to_owned()),
        }
    }
}

/// The clones, by application.
pub(super) struct Sources(BTreeMap<String, PathBuf>);

impl Sources {
    pub(super) fn of(sources: &[Source], working_dir: &Path) -> Self {
        Self(sources.iter().map(|one| (one.app.clone(), working_dir.join(&one.folder))).collect())
    }

    /// When the commit was made that was built; none where nobody knows.
    pub(super) fn built(&self, record: &ImageRecord, root: &str) -> Option<Timestamp> {
        said_time(record).or_else(|| {
            let (folder, commit) = (self.0.get(&record.app(root))?, said_commit(record)?);
            let asked = [
                "show",
                "--no-patch",
                "--no-show-signature",
                "--format=%cI",
                "--end-of-options",
                commit,
                "--",
            ];
            Git::new(folder).ask(&asked).ok()?.trim().parse().ok()
        })
    }
}
