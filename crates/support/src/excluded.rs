//! Folders that are no part of an estate, though they lie in it: catalogues, templates, examples.

use std::path::{Path, PathBuf};

use super::glob::{Glob, GlobError};
use super::paths;

/// Patterns of folders under one folder. What a pattern matches is left out with all that is in it.
#[derive(Clone, Debug, Default)]
pub struct Excluded {
    root: PathBuf,
    patterns: Vec<Glob>,
}

/// Why a text is no pattern of folders.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no pattern at all.
    #[error("\"{0}\" is no pattern: {1}")]
    Glob(String, GlobError),
    /// It would leave out nothing, or all of it, or leads out.
    #[error("\"{0}\" names no folder in the estate")]
    Outside(String),
}

impl Excluded {
    /// Patterns such as `catalog`, `*/examples` or `**/_templates`, of paths from `root` (absolute).
    pub fn new(root: &Path, patterns: &[&str]) -> Result<Self, PatternError> {
        let mut all = Vec::new();
        for text in patterns {
            let path = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
            let is_inside = |part: &str| !matches!(part, "" | "." | "..");
            if !path.split('/').all(is_inside) {
                return Err(PatternError::Outside((*text).to_owned()));
            }
            // In the folder itself as well as in all below.
            for path in std::iter::once(path).chain(path.strip_prefix("**/")) {
                let glob = Glob::new(path);
                all.push(glob.map_err(|error| PatternError::Glob((*text).to_owned(), error))?);
            }
        }
        Ok(Self { root: root.to_path_buf(), patterns: all })
    }

    /// Whether a folder (absolute) is left out, or lies in one that is.
    pub fn holds(&self, folder: &Path) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        let Ok(inside) = folder.strip_prefix(&self.root) else { return false };
        let mut above = inside.ancestors().filter(|part| !part.as_os_str().is_empty());
        above.any(|part| self.patterns.iter().any(|pattern| pattern.matches(&part.to_string_lossy())))
    }

    /// What is excluded of a tree that stands at `to` and is here at `from`.
    #[must_use]
    pub fn moved(&self, from: &Path, to: &Path) -> Self {
        let root = paths::join(to, paths::relative(from, &self.root));
        Self { root, patterns: self.patterns.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_left_out_with_all_that_is_in_it() {
        let patterns = ["catalog", "./*/examples/", "**/_*", "envs/**"];
        let excluded = Excluded::new(Path::new("/l"), &patterns).unwrap();
        let held = |path: &str| excluded.holds(Path::new(path));
        assert!(held("/l/catalog") && held("/l/catalog/units/vpc") && held("/l/dev/examples/a"));
        assert!(held("/l/_t") && held("/l/a/b/_t/c") && held("/l/envs/dev"));
        assert!(
            !held("/l")
                && !held("/l/envs")
                && !held("/l/dev")
                && !held("/l/dev/catalog")
                && !held("/catalog")
        );
        assert!(!held("/l/examples") && !Excluded::default().holds(Path::new("/l")));
        let moved = excluded.moved(Path::new("/l/dev"), Path::new("/x/dev"));
        assert!(moved.holds(Path::new("/x/catalog")) && !moved.holds(Path::new("/l/catalog")));
    }

    #[test]
    fn what_names_no_folder_of_the_estate_is_no_pattern() {
        for text in ["", ".", "..", "../a", "/a", "a/../..", "a//b", "[", "a/["] {
            assert!(Excluded::new(Path::new("/l"), &[text]).is_err(), "{text}");
        }
    }
}
