//! Names of commits in the Git repository that one stands in.

use std::ffi::OsStr;
use std::path::Path;

use clap_complete::engine::CompletionCandidate;

use super::candidate::starting;
use super::words::Words;
use crate::support::git::Git;

/// So many names are looked at, those that moved last first.
const MOST: &str = "--count=500";

/// Branches and tags.
pub fn revisions(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(dir) = Words::typed().working_dir() else { return Vec::new() };
    starting(current, names(&dir))
}

/// The names in a repository, each with what it is.
pub fn names(dir: &Path) -> Vec<(String, String)> {
    let kinds = [("refs/heads/", "branch"), ("refs/tags/", "tag"), ("refs/remotes/", "remote branch")];
    let mut arguments = vec!["for-each-ref", "--sort=-creatordate", MOST, "--format=%(refname)"];
    arguments.extend(kinds.iter().map(|(prefix, _)| *prefix));
    let refs = Git::new(dir).ask(&arguments).unwrap_or_default();
    let mut found: Vec<(String, String)> = Vec::new();
    for (prefix, kind) in kinds {
        let names = refs.lines().filter_map(|name| name.strip_prefix(prefix));
        found.extend(
            names.filter(|name| !name.ends_with("/HEAD")).map(|name| (name.to_owned(), kind.to_owned())),
        );
    }
    if !found.is_empty() {
        found.push(("HEAD".to_owned(), "the commit that is checked out".to_owned()));
    }
    found
}
