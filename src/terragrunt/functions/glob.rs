//! `mark_glob_as_read`: files by a pattern.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use regex::Regex;

use super::{Answer, count, from_config_dir, list_of};
use crate::hcl::scope::CallError;
use crate::terragrunt::paths;
use crate::terragrunt::scope::FileScope;

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
    count("mark_glob_as_read", rest, 1, 1)?;
    let boundary = boundary
        .map(|folder| Arc::from(from_config_dir(scope, folder)))
        .or_else(|| scope.session.reader.repository_root(scope.config_dir()));
    let pattern = from_config_dir(scope, &rest[0]);
    let pattern = pattern.to_string_lossy();
    let start = literal_folder(&pattern);
    if let Some(boundary) = boundary
        && !start.starts_with(&boundary)
    {
        return Err(CallError::new(format!(
            "the pattern \"{}\" leads out of {}; widen it by \"{BOUNDARY}=/\" as the first argument",
            rest[0],
            boundary.display()
        )));
    }
    let regex = Regex::new(&regex_of(&pattern))
        .map_err(|_| CallError::new(format!("\"{}\" is not a pattern", rest[0])))?;
    let mut found = Vec::new();
    walk(&start, &regex, &mut found);
    found.sort();
    for file in &found {
        scope.session.mark_read(file.as_path());
    }
    Ok(list_of(found.iter().map(|file| file.display().to_string())))
}

/// The folder that a pattern starts in: what stands before its first wildcard.
fn literal_folder(pattern: &str) -> PathBuf {
    match pattern.find(['*', '?', '[', '{', '\\']) {
        Some(wild) => PathBuf::from(pattern[..wild].rfind('/').map_or("/", |slash| &pattern[..=slash])),
        None => paths::folder(Path::new(pattern)).to_path_buf(),
    }
}

fn walk(folder: &Path, regex: &Regex, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, regex, found),
            Ok(_) if regex.is_match(&path.to_string_lossy()) && path.is_file() => found.push(path),
            _ => {}
        }
    }
}

/// `**` is any text, `*` any without `/`, `?` one character, `[…]` a class, `{a,b}` either.
fn regex_of(pattern: &str) -> String {
    let mut regex = String::from("^");
    let mut characters = pattern.chars().peekable();
    let mut braces = 0_usize;
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.peek() == Some(&'*') => {
                characters.next();
                regex.push_str(".*");
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '{' => {
                braces += 1;
                regex.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                regex.push(')');
            }
            ',' if braces > 0 => regex.push('|'),
            '[' => {
                regex.push('[');
                if characters.peek() == Some(&'!') {
                    characters.next();
                    regex.push('^');
                }
            }
            ']' => regex.push(']'),
            '-' => regex.push('-'),
            '\\' => regex.extend(characters.next().map(|next| regex::escape(&next.to_string()))),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push('$');
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_terragrunt_reads_them() {
        let matches = |pattern: &str, path: &str| Regex::new(&regex_of(pattern)).unwrap().is_match(path);
        assert!(matches("/a/*.tf", "/a/main.tf"));
        assert!(!matches("/a/*.tf", "/a/b/main.tf"));
        assert!(matches("/a/**/*.tf", "/a/b/c/main.tf"));
        assert!(matches("/a/{*.tf,**/*.tf}", "/a/main.tf"));
        assert!(matches("/a/[!x].y", "/a/b.y"));
        assert_eq!(literal_folder("/a/b*/c"), Path::new("/a/"));
    }
}
