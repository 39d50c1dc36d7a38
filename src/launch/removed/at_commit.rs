//! The files of a commit, which stand for those of the work tree.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::Engine;
use crate::launch::workspace::Workspace;
use crate::run::unit_loader::UnitLoader;
use crate::support::git::GitError;
use crate::support::git::snapshot::Snapshot;
use crate::terragrunt::paths::join;
use crate::terragrunt::{Reader, ReaderOptions};

/// The files of a commit, laid out in a private folder.
pub struct AtCommit {
    /// The files, as long as they are needed.
    pub snapshot: Snapshot,
    /// The estate's root in them.
    pub root: PathBuf,
    /// What reads them.
    pub reader: Arc<Reader>,
    /// Their folder, and the repository that it stands for.
    pub stands_for: (PathBuf, PathBuf),
}

impl AtCommit {
    /// Those of a commit; `way` leads from the root of the repository to that of the estate, and `exec` says whether functions that
    /// start programs are evaluated.
    pub fn of(
        workspace: &Workspace,
        (repository, way): (&Path, &Path),
        commit: &str,
        exec: bool,
    ) -> Result<Self, GitError> {
        let snapshot = Snapshot::of(repository, commit)?;
        let here = snapshot.path().canonicalize().unwrap_or_else(|_| snapshot.path().to_path_buf());
        let root = join(&here, way);
        let options = workspace.reader_options("plan");
        let excluded = Arc::new(options.excluded.moved(&join(repository, way), &root));
        let (working_dir, estate_root) = (root.clone(), Some(root.clone()));
        let options = ReaderOptions { working_dir, estate_root, exec, excluded, ..options };
        let reader = Arc::new(Reader::new(options));
        Ok(Self { snapshot, root, reader, stands_for: (here, repository.to_path_buf()) })
    }

    /// What makes its units ready, with their states where the work tree would have them.
    pub fn loader(&self, engine: &Arc<dyn Engine>) -> UnitLoader {
        let loader = UnitLoader::new(Arc::clone(engine), Arc::clone(&self.reader), self.root.clone());
        loader.standing_for(Some(self.stands_for.clone()))
    }
}
