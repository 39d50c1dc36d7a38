//! What no digest of a module is taken of: files that Slipway and the tools write while units are worked on, each at
//! the one place where they write it. No name leaves a file out: whatever else lies in a module, the module can read.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::engine::plan_place;
use crate::engine::state_places::{StatePlace, place_of};
use crate::engine::tool::LOCK_FILE;
use crate::support::git;
use crate::support::paths::clean;
use crate::terragrunt::Reader;
use crate::terragrunt::config::{RemoteState, UnitConfig};
use crate::terragrunt::outputs::UnknownOutputs;
use crate::terragrunt::paths::unit_file;

/// The files of a run that are held to something else: states to their lineage and serial, lock files to a digest of
/// their own, the plans that are applied to the digests in their folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
    /// The folder of the checkout, with links resolved and as it is named.
    places: BTreeSet<PathBuf>,
}

impl LeftOut {
    /// The lock files of units, by the units' folders, and the files of their states.
    pub fn new(dirs: impl IntoIterator<Item = PathBuf>, states: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut left_out = Self::default();
        for dir in dirs {
            left_out.add(&dir.join(LOCK_FILE));
        }
        for state in states {
            left_out.add_state(&state);
        }
        left_out
    }

    /// What is left out, and where the repository lies that `dir` is in: another machine has it somewhere else.
    #[must_use]
    pub fn with_place(mut self, dir: &Path) -> Self {
        let root = git::top_of(dir).unwrap_or(dir);
        self.places.extend([clean(root), root.canonicalize().unwrap_or_else(|_| real(root))]);
        self
    }

    /// Whether something lies in the repository.
    pub fn is_of_repository(&self, path: &Path) -> bool {
        self.places.iter().any(|place| path.starts_with(place))
    }

    /// A text without the place of the repository in it.
    pub fn wherever<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut found = Cow::Borrowed(text);
        for place in self.places.iter().rev() {
            let place = format!("{}/", place.display());
            if found.contains(&place) {
                found = Cow::Owned(found.replace(&place, "<repository>/"));
            }
        }
        found
    }

    /// What is left out, and the folder of the plans that are applied, all of which was looked at before.
    #[must_use]
    pub fn with_folder(mut self, folder: &Path) -> Self {
        self.folders.insert(folder.canonicalize().unwrap_or_else(|_| real(folder)));
        self
    }

    /// What is left out, and what one unit has: the lock files of its folder and of its module, its state, and the plan that its
    /// arguments want somewhere.
    #[must_use]
    pub fn with_unit(mut self, config: &UnitConfig, module: &Path) -> Self {
        self.add(&config.dir.join(LOCK_FILE));
        self.add(&module.join(LOCK_FILE));
        for state in config.remote_state.iter().filter_map(local_state) {
            self.add_state(&state);
        }
        if let Some(plan) = plan_place::wanted(config).filter(|plan| plan.is_absolute()) {
            self.add(&clean(&plan));
        }
        self
    }

    /// Whether the file at `below` of a folder is one; `root` is the folder with its links resolved.
    pub fn holds(&self, root: &Path, below: &Path) -> bool {
        let file = root.join(below);
        self.files.contains(&file) || file.ancestors().skip(1).any(|above| self.folders.contains(above))
    }

    fn add(&mut self, file: &Path) {
        self.files.insert(real(file));
    }

    /// The state, the copy that the tool makes of it before it writes, and the note of who holds its lock.
    fn add_state(&mut self, state: &Path) {
        let Some(name) = state.file_name() else { return };
        let [mut backup, mut lock] = [name.to_owned(), OsString::from(".")];
        backup.push(".backup");
        lock.push(name);
        lock.push(".lock.info");
        for name in [name.to_owned(), backup, lock] {
            self.add(&state.with_file_name(name));
        }
    }
}

/// The states of the units in these folders that are files on this machine, as far as that can be told without the
/// outputs of others.
pub fn local_states(reader: &Reader, dirs: &[PathBuf]) -> BTreeSet<PathBuf> {
    let state = |dir: &PathBuf| {
        let file = unit_file(dir);
        // Most states are elsewhere, which one attribute tells.
        if reader.backend(&file).is_some_and(|backend| backend != "local") {
            return None;
        }
        local_state(reader.evaluate(&file, &UnknownOutputs).ok()?.remote_state.as_ref()?)
    };
    dirs.iter().filter_map(state).collect()
}

/// The file of a state, also of one of another workspace.
fn local_state(state: &RemoteState) -> Option<PathBuf> {
    if state.backend != "local" {
        return None;
    }
    let workspace = std::env::var_os("TF_WORKSPACE").filter(|name| !name.is_empty() && name != "default");
    if let Some(workspace) = workspace {
        let folder = state.config.get("workspace_dir").and_then(crate::hcl::value::Value::as_str)?;
        return Some(clean(&Path::new(folder).join(workspace).join("terraform.tfstate")));
    }
    match place_of(state)? {
        StatePlace::File(path) => Some(clean(&path)),
        StatePlace::Object { .. } => None,
    }
}

/// A path with the links on the way to it resolved; its last part need not be there and stays as it is.
fn real(path: &Path) -> PathBuf {
    let resolved = path.parent().and_then(|parent| parent.canonicalize().ok());
    match (resolved, path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_repository_is_left_out_wherever_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("r/.git")).unwrap();
        std::fs::create_dir_all(root.join("r/live")).unwrap();
        std::os::unix::fs::symlink("r", root.join("link")).unwrap();
        let left_out = LeftOut::default().with_place(&root.join("link/live"));
        for place in ["r", "link"] {
            let text = format!("x={0}/live/a:{0}/b", root.join(place).display());
            assert_eq!(left_out.wherever(&text), "x=<repository>/live/a:<repository>/b");
        }
        let other = format!("{}/rest", root.display());
        assert_eq!(left_out.wherever(&other), other);
    }

    #[test]
    fn files_are_left_out_by_their_places_and_by_no_name() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("states")).unwrap();
        std::os::unix::fs::symlink("states", root.join("link")).unwrap();
        let left_out =
            LeftOut::new([root.join("unit")], [root.join("link/a.tfstate")]).with_folder(&root.join("saved"));
        let holds = |below: &str| left_out.holds(&root, Path::new(below));
        for below in
            ["states/a.tfstate", "states/a.tfstate.backup", "states/.a.tfstate.lock.info", "saved/plans/a"]
        {
            assert!(holds(below), "{below}");
        }
        for below in ["states/b.tfstate", "a.tfstate", "states/a.tfstate.more", "saved", "x/saved/plans/a"] {
            assert!(!holds(below), "{below}");
        }
    }
}
