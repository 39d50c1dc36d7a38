//! Which files of a folder are copied: Terragrunt's rules, its odd ones too.
//!
//! Hidden files and folders stay behind, `.terraform.lock.hcl` and `.tflint.hcl` excepted. What `include_in_copy`
//! finds comes along all the same, and so does a hidden folder on the way to it; what `exclude_from_copy` finds does
//! not, and neither does anything whose path merely begins with the path of what it found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::EngineError;
use super::tool::LOCK_FILE;
use crate::support::fs::FileError;
use crate::support::paths::clean;
use crate::terragrunt::copy_pattern;

/// Always comes along.
const TFLINT: &str = ".tflint.hcl";

/// The files to copy out of one folder.
pub struct CopiedFiles<'a> {
    folder: &'a Path,
    include: Vec<String>,
    exclude: Vec<String>,
}

impl<'a> CopiedFiles<'a> {
    /// Reads the patterns against what there is.
    pub fn new(folder: &'a Path, include: &[String], exclude: &[String]) -> Result<Self, EngineError> {
        let include = include.iter().map(String::as_str).chain([TFLINT]);
        Ok(Self {
            folder,
            include: expand(folder, include)?,
            exclude: expand(folder, exclude.iter().map(String::as_str))?,
        })
    }

    /// Their paths under the folder, in order.
    pub fn files(&self) -> Result<Vec<PathBuf>, EngineError> {
        let mut found = Vec::new();
        self.walk(self.folder, &mut Vec::new(), &mut found)?;
        found.sort();
        Ok(found)
    }

    fn walk(
        &self,
        folder: &Path,
        above: &mut Vec<PathBuf>,
        found: &mut Vec<PathBuf>,
    ) -> Result<(), EngineError> {
        // Links to folders are followed, but not round in a circle.
        let real = folder.canonicalize().map_err(FileError::on("read", folder))?;
        if above.contains(&real) {
            let source = std::io::Error::other("it is a link to a folder that it is in");
            return Err(FileError { action: "copy", path: folder.display().to_string(), source }.into());
        }
        above.push(real);
        for entry in std::fs::read_dir(folder).map_err(FileError::on("read", folder))? {
            let path = entry.map_err(FileError::on("read", folder))?.path();
            let below = path.strip_prefix(self.folder).unwrap_or(&path);
            if !self.takes(below) {
                continue;
            }
            if path.is_dir() {
                self.walk(&path, above, found)?;
            } else {
                found.push(below.to_owned());
            }
        }
        above.pop();
        Ok(())
    }

    fn takes(&self, below: &Path) -> bool {
        let text = below.to_string_lossy();
        if self.exclude.iter().any(|found| text.starts_with(found.as_str())) {
            return false;
        }
        // By the text: the beginning of a name is enough.
        if self.include.iter().any(|found| found.starts_with(&*text)) {
            return true;
        }
        let hidden = below.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
        !hidden || below.file_name().is_some_and(|name| name == LOCK_FILE)
    }
}

/// The paths that the patterns find, and all that is in the folders among them. As with Terragrunt, `**` does not go through
/// links; a link that is found itself, or named on the way, is the folder that it leads to.
fn expand<'p>(folder: &Path, patterns: impl Iterator<Item = &'p str>) -> Result<Vec<String>, EngineError> {
    let mut found = BTreeSet::new();
    let mut below: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for pattern in patterns {
        // Terragrunt joins the pattern to the folder, which takes slashes at its ends and dots in it away.
        let pattern = clean(Path::new(pattern.trim_matches('/')));
        let text = pattern.to_string_lossy();
        let is_glob = |text: &str| text.contains(['*', '{']);
        let hits = if is_glob(&text) {
            // What stands before the first sign is a path like any other.
            let named = pattern.iter().take_while(|part| !is_glob(&part.to_string_lossy()));
            let named: PathBuf = named.collect();
            // One that is none was refused with its place, as the unit was read.
            let Ok(regex) = copy_pattern::regex(&text) else { continue };
            if !below.contains_key(&named) {
                let mut list = Vec::new();
                list_below(folder, &named, None, &mut list)?;
                below.insert(named.clone(), list);
            }
            let all = below.get(&named).into_iter().flatten();
            all.filter(|path| regex.is_match(&path.to_string_lossy())).cloned().collect()
        } else if folder.join(&pattern).exists() {
            vec![pattern]
        } else {
            continue;
        };
        for hit in hits {
            let mut list = Vec::new();
            list_below(folder, &hit, Some(&mut Vec::new()), &mut list)?;
            let all = std::iter::once(hit).chain(list);
            found.extend(all.map(|path| path.to_string_lossy().into_owned()));
        }
    }
    Ok(found.into_iter().collect())
}

/// All paths below a folder, where it is one. Links to folders are followed where there is a list of the folders above, for
/// which not to go round in a circle; whoever copies tells of one.
fn list_below(
    root: &Path,
    folder: &Path,
    mut above: Option<&mut Vec<PathBuf>>,
    found: &mut Vec<PathBuf>,
) -> Result<(), EngineError> {
    let place = root.join(folder);
    if !place.is_dir() {
        return Ok(());
    }
    if let Some(above) = &mut above {
        let real = place.canonicalize().map_err(FileError::on("read", &place))?;
        if above.contains(&real) {
            return Ok(());
        }
        above.push(real);
    }
    for entry in std::fs::read_dir(&place).map_err(FileError::on("read", &place))? {
        let entry = entry.map_err(FileError::on("read", &place))?;
        if entry.file_name() == ".terragrunt-cache" {
            continue;
        }
        let path = folder.join(entry.file_name());
        let goes_in = match &above {
            Some(_) => entry.path().is_dir(),
            None => entry.file_type().is_ok_and(|kind| kind.is_dir()),
        };
        found.push(path.clone());
        if goes_in {
            list_below(root, &path, above.as_deref_mut(), found)?;
        }
    }
    if let Some(above) = above {
        above.pop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(include: &[&str], exclude: &[&str]) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            "main.tf",
            "README.md",
            ".hidden",
            ".tflint.hcl",
            ".terraform.lock.hcl",
            ".config/deep/a.yaml",
            ".config/b.yaml",
            "docs/a.md",
            "docs/deep/b.md",
            "docs-old/c.md",
            "sub/.env",
            "sub/x.tf",
            ".terragrunt-cache/q/main.tf",
        ] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let selection = CopiedFiles::new(dir.path(), &texts(include), &texts(exclude)).unwrap();
        selection.files().unwrap().iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn hidden_files_stay_behind_but_for_the_two_that_every_module_may_have() {
        assert_eq!(
            selected(&[], &[]),
            [
                ".terraform.lock.hcl",
                ".tflint.hcl",
                "README.md",
                "docs/a.md",
                "docs/deep/b.md",
                "docs-old/c.md",
                "main.tf",
                "sub/x.tf"
            ]
        );
    }

    #[test]
    fn what_is_included_comes_along_with_its_folders() {
        let files = selected(&[".config", "sub/.env"], &[]);
        assert!(
            [".config/b.yaml", ".config/deep/a.yaml", "sub/.env"]
                .iter()
                .all(|file| files.contains(&(*file).to_owned())),
            "{files:?}"
        );
        let files = selected(&[".config/*.yaml"], &[]);
        assert!(
            files.contains(&".config/b.yaml".to_owned())
                && !files.contains(&".config/deep/a.yaml".to_owned()),
            "{files:?}"
        );
    }

    #[test]
    fn what_is_excluded_takes_all_that_begins_like_it_along() {
        let files = selected(&[], &["docs"]);
        assert_eq!(files, [".terraform.lock.hcl", ".tflint.hcl", "README.md", "main.tf", "sub/x.tf"]);
        let files = selected(&[], &["**/*.md"]);
        assert!(!files.iter().any(|file| file.contains(".md")), "{files:?}");
        // Excluding goes before including.
        assert!(!selected(&[".hidden"], &[".hid*"]).contains(&".hidden".to_owned()));
    }

    #[test]
    fn links_to_folders_are_what_they_lead_to_where_they_are_named_or_found() {
        let dir = tempfile::tempdir().unwrap();
        let module = dir.path().join("module");
        for file in ["module/main.tf", "else/stuff", "else/.deep/x", "else/.deep/.y"] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        std::os::unix::fs::symlink("../else", module.join(".linked")).unwrap();
        std::os::unix::fs::symlink("../../else", dir.path().join("else/.deep/back")).unwrap();
        let selected = |include: &[&str]| {
            let include: Vec<String> = include.iter().map(|&text| text.to_owned()).collect();
            let selection = CopiedFiles::new(&module, &include, &[]).unwrap();
            selection
                .files()
                .map(|files| files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(selected(&[]).unwrap(), ["main.tf"]);
        assert_eq!(selected(&[".linked/stuff"]).unwrap(), [".linked/stuff", "main.tf"]);
        assert_eq!(selected(&[".linked/s*"]).unwrap(), [".linked/stuff", "main.tf"]);
        assert_eq!(selected(&["**/stuff"]).unwrap(), ["main.tf"], "as with Terragrunt");
        // Whole, it would go round in a circle, which is said.
        let circle = selected(&[".linked"]).unwrap_err().to_string();
        assert!(circle.contains("it is a link to a folder that it is in"), "{circle}");
        std::fs::remove_file(dir.path().join("else/.deep/back")).unwrap();
        let all = [".linked/.deep/.y", ".linked/.deep/x", ".linked/stuff", "main.tf"];
        assert_eq!(selected(&[".linked"]).unwrap(), all);
        for pattern in [".link*", ".linked/**", ".linked/*", "/.linked/"] {
            assert_eq!(selected(&[pattern]).unwrap(), all, "{pattern}");
        }
        assert_eq!(selected(&[".linked/.deep"]).unwrap(), [".linked/.deep/.y", ".linked/.deep/x", "main.tf"]);
    }
}
