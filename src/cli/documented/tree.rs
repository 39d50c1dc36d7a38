//! Files of an example, in a folder of their own.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::terragrunt::ReaderOptions;

/// A Git repository of files.
pub struct Tree {
    _guard: TempDir,
    root: PathBuf,
}

impl Tree {
    /// Files by path.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let guard = TempDir::new().unwrap();
        let root = guard.path().canonicalize().unwrap();
        std::fs::create_dir(root.join(".git")).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self { _guard: guard, root }
    }

    /// A path in it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Options that see nothing of this process's environment but PATH.
    pub fn options(&self, command: &str) -> ReaderOptions {
        let path = std::env::var("PATH").unwrap_or_default();
        ReaderOptions::new(&self.root, command).environment([("PATH", path)])
    }
}
