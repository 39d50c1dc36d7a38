//! The dialect where it meets the world: states, programs, AWS, the command line.

mod outside;
mod render;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::slipway::{Ended, Slipway};

/// Files in a folder that counts as a Git repository.
struct Tree {
    _guard: TempDir,
    root: PathBuf,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let guard = TempDir::new().unwrap();
        let root = guard.path().canonicalize().unwrap();
        let tree = Self { _guard: guard, root };
        std::fs::create_dir(tree.root.join(".git")).unwrap();
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn slipway(&self) -> Slipway {
        Slipway::new(&self.root, Path::new("/nowhere/tofu")).env("SLIPWAY_FORMAT", "json")
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.slipway().run(arguments)
    }
}
