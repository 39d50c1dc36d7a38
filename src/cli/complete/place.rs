//! Where a command would look that is called as the line says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::words::Words;
use crate::launch::refuse_anothers_file;
use crate::project::{Needs, Project};
use crate::run::home::HOME;
use crate::support::excluded::Excluded;
use crate::terragrunt::{ReaderOptions, paths};

/// A project, as far as it can be read.
pub struct Place {
    /// The folder one stands in, or `-C`.
    pub working_dir: PathBuf,
    /// `slipway.hcl`, where there is one.
    pub file: Option<PathBuf>,
    /// What it says; none where it is wrong.
    pub project: Option<Project>,
}

impl Place {
    /// Reads it; nothing of it is started.
    pub fn of(words: &Words) -> Option<Self> {
        let working_dir = words.working_dir()?;
        let named =
            words.value("--config", "SLIPWAY_CONFIG").map(|file| paths::join(&working_dir, Path::new(&file)));
        if named.is_none() && refuse_anothers_file(&working_dir).is_err() {
            return Some(Self { working_dir, file: None, project: None });
        }
        let file = named.or_else(|| Project::file_above(&working_dir));
        let options = ReaderOptions { exec: false, ..ReaderOptions::new(&working_dir, "plan") };
        let project = match &file {
            Some(file) => Project::read_for(file, options, Needs::ESTATE),
            None => Project::find_for(&working_dir, options, Needs::ESTATE),
        };
        Some(Self { working_dir, file, project: project.ok() })
    }

    /// Where paths of units begin: here, and under the estate's root.
    pub fn bases(&self) -> Vec<&Path> {
        let root = self.project.as_ref().map(|project| project.estate_root.as_path());
        let root = root.filter(|root| *root != self.working_dir);
        std::iter::once(self.working_dir.as_path()).chain(root).collect()
    }

    /// The folders that are no part of the estate.
    pub fn excluded(&self) -> Arc<Excluded> {
        self.project.as_ref().map(|project| Arc::clone(&project.excluded)).unwrap_or_default()
    }

    /// Where runs are kept.
    pub fn home(&self) -> Option<PathBuf> {
        let dir = self.project.as_ref().map(|project| project.dir.as_path());
        let dir = dir.or_else(|| self.file.as_deref().map(paths::folder));
        dir.map(|dir| dir.join(HOME))
    }
}
