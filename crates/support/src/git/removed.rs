//! Files that a repository had once, and has no more. Blocking.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::changes::{self, ChangeKind, path_of};
use super::{Git, GitError};

/// Marks a commit among the names that `git log` prints.
const MARK: u8 = 1;

/// A file that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Its path, from the root of the repository.
    pub path: PathBuf,
    /// The last commit that had it.
    pub last: String,
}

/// The files of these names under a folder (from the root of the repository) that are in some commit before this one
/// and not in the work tree; each once, in the order of their paths. `limit` says how many of the newest commits are
/// looked at, where not all are.
pub fn removed(
    repository: &Path,
    folder: &Path,
    names: &[&str],
    limit: Option<usize>,
) -> Result<Vec<Removed>, GitError> {
    let git = Git::new(repository);
    let mut gone: BTreeMap<PathBuf, String> = BTreeMap::new();
    let head = super::head_commit(repository)?;
    let wanted = |path: &Path| {
        path.starts_with(folder)
            && path.file_name().is_some_and(|name| names.iter().any(|wanted| name == *wanted))
    };
    for change in changes::since(repository, &head)? {
        if change.kind == ChangeKind::Removed && wanted(&change.path) {
            gone.insert(change.path, head.clone());
        }
    }
    let mut arguments: Vec<String> =
        ["log", "--diff-filter=D", "--no-renames", "--name-only", "-z", "--format=%x01%H"]
            .map(str::to_owned)
            .into();
    if let Some(limit) = limit {
        arguments.push(format!("{head}~{limit}..{head}"));
        // A history that is not as long is looked at whole.
        let oldest = arguments.last().map(|range| range.split("..").next().unwrap_or_default().to_owned());
        if oldest.is_some_and(|oldest| changes::commit_of(repository, &oldest).is_err()) {
            arguments.pop();
            arguments.push(head.clone());
        }
    } else {
        arguments.push(head.clone());
    }
    arguments.push("--".to_owned());
    for name in names {
        arguments.push(format!(":(top,glob){}", folder.join("**").join(name).display()));
    }
    let mut commit = String::new();
    for word in git.bytes(&arguments)?.split(|byte| *byte == 0) {
        let word = word.strip_prefix(b"\n").unwrap_or(word);
        match word.split_first() {
            Some((&MARK, found)) => commit = format!("{}^", String::from_utf8_lossy(found).trim()),
            // The newest removal comes first.
            Some(_) if wanted(&path_of(word)) => {
                gone.entry(path_of(word)).or_insert_with(|| commit.clone());
            }
            _ => {}
        }
    }
    gone.retain(|path, _| !repository.join(path).exists());
    let resolved = gone
        .into_iter()
        .map(|(path, last)| Ok(Removed { path, last: changes::commit_of(repository, &last)? }));
    resolved.collect()
}
