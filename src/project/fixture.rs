//! A tree of files with a slipway.hcl.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::hcl::diagnostic::Diagnostic;
use crate::terragrunt::{Reader, ReaderOptions};

/// A tree of files that goes when it is dropped.
pub struct Tree {
    _guard: TempDir,
    root: PathBuf,
}

impl Tree {
    /// Files by path; the root counts as a Git repository.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let guard = TempDir::new().unwrap();
        let root = guard.path().canonicalize().unwrap();
        let tree = Self { _guard: guard, root };
        std::fs::create_dir(tree.path(".git")).unwrap();
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Options that see nothing of this process's environment but PATH.
    pub fn options(&self, command: &str) -> ReaderOptions {
        let path = std::env::var("PATH").unwrap_or_default();
        ReaderOptions::new(&self.root, command).environment([("PATH", path)])
    }

    pub fn reader(&self, command: &str) -> Reader {
        Reader::new(self.options(command))
    }
}

/// Diagnostics as text: place, message, help and the way there.
pub fn told(diagnostics: &[Diagnostic]) -> String {
    let tell = |diagnostic: &Diagnostic| {
        let help = diagnostic.help.iter().map(|help| format!("\n  help: {help}"));
        let trace = diagnostic.trace.iter();
        let trace = trace.map(|frame| format!("\n  via: {} at {}", frame.message, frame.location));
        std::iter::once(diagnostic.to_string()).chain(help).chain(trace).collect::<String>()
    };
    diagnostics.iter().map(tell).collect::<Vec<_>>().join("\n")
}
