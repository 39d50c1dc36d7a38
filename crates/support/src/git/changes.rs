//! What differs between two commits, or between a commit and the work tree. Blocking.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Git, GitError};

/// The names of what differs. In a submodule Git would start another one to look for what is not committed there, for
/// which the submodule's own settings count.
const DIFF: [&str; 7] = [
    "diff",
    "--name-status",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=dirty",
    "-z",
];

/// One file that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileChange {
    /// Its path, from the root of the repository.
    pub path: PathBuf,
    /// How.
    pub kind: ChangeKind,
}

/// How a file differs. A file that moved is gone at one place and new at another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was not there.
    Added,
    /// Its contents or its mode differ.
    Changed,
    /// It is not there any more.
    Removed,
}

impl ChangeKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "new",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// The commit (40 hexadecimal digits) that a name stands for.
pub fn commit_of(repository: &Path, name: &str) -> Result<String, GitError> {
    let wanted = format!("{name}^{{commit}}");
    let found = Git::new(repository).ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]);
    match found {
        Ok(commit) => Ok(commit.trim().to_owned()),
        Err(GitError::Failed { command, .. }) => {
            Err(GitError::Failed { command, message: format!("there is no commit \"{name}\"") })
        }
        Err(other) => Err(other),
    }
}

/// The files that differ between two commits, in the order of their paths.
pub fn between(repository: &Path, from: &str, to: &str) -> Result<Vec<FileChange>, GitError> {
    let arguments = [&DIFF[..], &["--end-of-options", from, to, "--"]].concat();
    Ok(statuses(&Git::new(repository).bytes(&arguments)?))
}

/// The files that differ between a commit and the work tree, with those that Git does not know yet, unless it
/// ignores them. `repository` is the root of the work tree.
pub fn since(repository: &Path, commit: &str) -> Result<Vec<FileChange>, GitError> {
    let git = Git::new(repository);
    let arguments = [&DIFF[..], &["--end-of-options", commit, "--"]].concat();
    let mut changes = statuses(&git.bytes(&arguments)?);
    let untracked = git.bytes(&["ls-files", "--others", "--exclude-standard", "-z"])?;
    changes
        .extend(fields(&untracked).map(|path| FileChange { path: path_of(path), kind: ChangeKind::Added }));
    changes.sort();
    Ok(changes)
}

/// The files that moved between a commit and the work tree as far as Git knows that, by the paths that they had: those that are alike.
pub fn renamed(repository: &Path, commit: &str) -> Result<BTreeMap<PathBuf, PathBuf>, GitError> {
    let options = DIFF.map(|option| if option == "--no-renames" { "--find-renames" } else { option });
    let arguments = [&options[..], &["--diff-filter=R", "--end-of-options", commit, "--"]].concat();
    let output = Git::new(repository).bytes(&arguments)?;
    let mut fields = fields(&output);
    let mut renamed = BTreeMap::new();
    while let (Some(_), Some(before), Some(now)) = (fields.next(), fields.next(), fields.next()) {
        renamed.insert(path_of(before), path_of(now));
    }
    Ok(renamed)
}

/// The commit where two lines of work parted.
pub fn merge_base(repository: &Path, one: &str, other: &str) -> Result<String, GitError> {
    let found = Git::new(repository).ask(&["merge-base", one, other]);
    let parted = |error| match error {
        GitError::Failed { command, message } if message.is_empty() => {
            let message = "the two share no commit; in a shallow clone, fetch more of the history".to_owned();
            GitError::Failed { command, message }
        }
        other => other,
    };
    Ok(found.map_err(parted)?.trim().to_owned())
}

/// The name of the main branch: the remote's, as the clone knows it, else `main` or `master`, here or at the remote.
pub fn main_branch(repository: &Path) -> Option<String> {
    let git = Git::new(repository);
    let remote = git.ask(&["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]);
    let remote = remote.ok().map(|name| name.trim().to_owned());
    let candidates = ["origin/main", "origin/master", "main", "master"].map(str::to_owned);
    remote.into_iter().chain(candidates).find(|name| commit_of(repository, name).is_ok())
}

/// The output of `git diff --name-status -z`: a letter and a path, in turn.
fn statuses(output: &[u8]) -> Vec<FileChange> {
    let mut fields = fields(output);
    let mut changes = Vec::new();
    while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
        let kind = match status.first() {
            Some(b'A') => ChangeKind::Added,
            Some(b'D') => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        };
        changes.push(FileChange { path: path_of(path), kind });
    }
    changes
}

/// What is ended by a nought each.
pub(super) fn fields(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.split(|byte| *byte == 0).filter(|field| !field.is_empty())
}

pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}
