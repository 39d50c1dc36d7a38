//! `mark_glob_as_read`: files by a pattern.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Answer, from_config_dir, list_of, one};
use crate::terragrunt::evaluation::scope::FileScope;
use crate::terragrunt::paths;
use slipway_hcl::budget::take;
use slipway_hcl::limits::check_values;
use slipway_hcl::scope::CallError;
use slipway_hcl::stack::with_room;
use slipway_support::glob::Glob;

/// The steps of looking at an entry of a folder.
const ENTRY_STEPS: u64 = 16;
const BOUNDARY: &str = "--terragrunt-boundary";

/// Marks every file that matches, and answers with their paths. Patterns that lead out of the repository are
/// refused, unless another boundary is given: an empty variable in a pattern must not walk the whole disk.
pub(super) fn mark_glob_as_read(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    let (boundary, rest) = match arguments {
        [flag, folder, rest @ ..] if flag == BOUNDARY => (Some(folder.as_str()), rest),
        [flag, rest @ ..] if flag.starts_with(BOUNDARY) => {
            (flag.strip_prefix(BOUNDARY).and_then(|value| value.strip_prefix('=')), rest)
        }
        rest => (None, rest),
    };
    let given = one("mark_glob_as_read", rest)?;
    let boundary = boundary
        .map(|folder| Arc::from(from_config_dir(scope, folder)))
        .or_else(|| scope.session.reader.repository_root(scope.config_dir()));
    let pattern = from_config_dir(scope, given);
    let pattern = pattern.to_string_lossy();
    let start = literal_folder(&pattern);
    if let Some(boundary) = boundary
        && !start.starts_with(&boundary)
    {
        return Err(CallError::new(format!(
            "the pattern \"{given}\" leads out of {}; widen it by \"{BOUNDARY}=/\" as the first argument",
            boundary.display()
        )));
    }
    let glob = Glob::new(&pattern)
        .map_err(|error| CallError::new(format!("\"{given}\" is not a pattern: {error}")))?;
    let mut found = Vec::new();
    let reader = scope.session.reader;
    if let Some(refused) = reader.refused(&start) {
        return Err(CallError::Inside(Box::new(refused)));
    }
    walk(&start, &glob, &mut found)?;
    found.retain(|file| reader.refusal(file).is_none());
    found.sort();
    for file in &found {
        scope.session.mark_read(file.as_path());
    }
    Ok(list_of(found.iter().map(|file| file.display().to_string())))
}

/// The folder that a pattern starts in: what stands before its first wildcard.
fn literal_folder(pattern: &str) -> PathBuf {
    match pattern.find(['*', '?', '[', '{', '\\']) {
        Some(wild) => {
            let (before, _) = pattern.split_at(wild);
            PathBuf::from(before.rfind('/').map_or("/", |slash| pattern.split_at(slash + 1).0))
        }
        None => paths::folder(Path::new(pattern)).to_path_buf(),
    }
}

fn walk(folder: &Path, glob: &Glob, found: &mut Vec<PathBuf>) -> Result<(), CallError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        take(ENTRY_STEPS)?;
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => with_room(|| walk(&path, glob, found))?,
            Ok(_) if glob.matches(&path.to_string_lossy()) && path.is_file() => {
                found.push(path);
                check_values(found.len())?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_terragrunt_reads_them() {
        let matches = |pattern: &str, path: &str| Glob::new(pattern).unwrap().matches(path);
        assert!(matches("/a/*.tf", "/a/main.tf"));
        assert!(!matches("/a/*.tf", "/a/b/main.tf"));
        assert!(matches("/a/**/*.tf", "/a/b/c/main.tf"));
        assert!(matches("/a/{*.tf,**/*.tf}", "/a/main.tf"));
        assert!(matches("/a/[!x].y", "/a/b.y"));
        assert_eq!(literal_folder("/a/b*/c"), Path::new("/a/"));
    }
}
