//! What lies around a tree, by its digests: nobody may change it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// All that lies in some folders, each with what would show a change.
#[derive(Clone, PartialEq, Eq)]
pub struct Outside(BTreeMap<PathBuf, String>);

impl Outside {
    /// Looks at folders as they are now, and at what lies beside each other in the first one's parent.
    pub fn look(case: &Path, folders: &[PathBuf]) -> Self {
        let mut found = BTreeMap::new();
        for folder in folders {
            walk(folder, &mut found);
        }
        for entry in std::fs::read_dir(case).unwrap().flatten() {
            found.insert(entry.path(), "there".to_owned());
        }
        Self(found)
    }

    /// What has changed since.
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let gone = self
            .0
            .keys()
            .filter(|path| !now.0.contains_key(*path))
            .map(|path| format!("{} is gone", path.display()));
        let others = now.0.iter().filter_map(|(path, what)| match self.0.get(path) {
            None => Some(format!("{} was made", path.display())),
            Some(before) if before != what => Some(format!("{} was {before} and is {what}", path.display())),
            Some(_) => None,
        });
        gone.chain(others).collect()
    }
}

fn walk(path: &Path, found: &mut BTreeMap<PathBuf, String>) {
    let Ok(metadata) = path.symlink_metadata() else { return };
    let kind = metadata.file_type();
    let content = if kind.is_file() {
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    } else if kind.is_symlink() {
        std::fs::read_link(path).unwrap_or_default().display().to_string()
    } else {
        String::new()
    };
    found.insert(path.to_owned(), format!("{:o} {content:?}", metadata.mode()));
    if kind.is_dir() {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            walk(&entry.path(), found);
        }
    }
}
