//! What of this machine a configuration that nobody trusts may read: the files of its own repository.
//!
//! A file is the repository's where it lies in its work tree, links resolved, and Git tracks it: what else lies in the tree
//! of a pipeline (the credentials that a step before has left, the plans of another run) is this machine's.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use slipway_support::git::{Git, top_of};

/// Folders that are in the tree, and of this machine.
const OF_THE_MACHINE: &[&str] = &[".git", ".slipway"];

/// The files of one repository.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// The root, links resolved.
    root: PathBuf,
    /// The files that Git tracks, from the root; none where all that lies there counts.
    tracked: Option<HashSet<PathBuf>>,
}

impl Boundary {
    /// The repository that a folder is in; the folder itself where there is none.
    pub fn of_repository(dir: &Path) -> Self {
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
        let Some(root) = top_of(&dir) else { return Self { root: dir, tracked: None } };
        let listed = Git::new(root).bytes(&["ls-files", "--cached", "--recurse-submodules", "-z"]);
        // Where Git cannot say, it tracks nothing.
        let listed = listed.unwrap_or_default();
        let files = listed.split(|byte| *byte == 0).filter(|file| !file.is_empty());
        let tracked = files.map(|file| PathBuf::from(OsStr::from_bytes(file))).collect();
        Self { root: root.to_path_buf(), tracked: Some(tracked) }
    }

    /// A folder with all that is in it, such as one that a commit was laid out in.
    pub fn of_folder(dir: &Path) -> Self {
        Self { root: dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf()), tracked: None }
    }

    /// Why what is at `path` (absolute) is not read; none where it may be. What is not there is nobody's, but where it would
    /// be counts.
    pub fn refusal(&self, path: &Path) -> Option<&'static str> {
        let there = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
        let (above, real) = there?;
        let Ok(below) = real.strip_prefix(&self.root) else { return Some("it is outside of the repository") };
        if below.iter().any(|part| OF_THE_MACHINE.iter().any(|name| part == *name)) {
            return Some("it is this machine's, although it is in the tree");
        }
        let tracked = self.tracked.as_ref()?;
        let is_file = above == path && !real.is_dir();
        (is_file && !tracked.contains(below)).then_some("Git does not track it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_git_tracks_is_the_repositorys() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "").unwrap();
        let root = dir.path().join("repository");
        for folder in ["live", ".slipway"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["live/a.hcl", "credentials.json", ".slipway/plan"] {
            std::fs::write(root.join(file), "").unwrap();
        }
        let link = |target: &Path, name: &str| std::os::unix::fs::symlink(target, root.join(name)).unwrap();
        link(&outside.path().join("secret"), "live/out");
        link(Path::new("a.hcl"), "live/in");
        link(outside.path(), "live/folder");
        let git = Git::new(&root);
        git.ask(&["init", "-q"]).unwrap();
        git.ask(&["add", "live"]).unwrap();
        let boundary = Boundary::of_repository(&root.join("live"));
        let refusal = |below: &str| boundary.refusal(&root.join(below));
        for below in ["live/a.hcl", "live/in", "live", "live/none", "none/at/all"] {
            assert_eq!(refusal(below), None, "{below}");
        }
        for below in ["live/out", "live/folder/secret", "live/folder", "live/folder/none", "../x"] {
            assert_eq!(refusal(below), Some("it is outside of the repository"), "{below}");
        }
        for below in [".git/config", ".git", ".slipway/plan"] {
            assert!(refusal(below).unwrap().starts_with("it is this machine's"), "{below}");
        }
        assert_eq!(refusal("credentials.json"), Some("Git does not track it"));
        assert_eq!(Boundary::of_folder(&root).refusal(&root.join("credentials.json")), None);
    }
}
