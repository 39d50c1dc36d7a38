//! `.slipway`, our own folder in a project: whether it is ours, and what becomes of one that is not.
//!
//! What is kept there is taken as it is: modules by their digests, providers, the folders that the tools work in, what a
//! run has done. So a folder that came with the repository is refused, and of one that came otherwise (out of an archive, a
//! cache of a pipeline, a copy of the tree, from an older version) nothing is kept but what cannot be had again and is data
//! by itself: states, and the records of runs, which are not gone on with.

use std::path::{Path, PathBuf};

use super::last_looks::LOOKS;
use crate::support::confined::{Kind, PRIVATE, PRIVATE_FOLDER, Root};
use crate::support::fs::{FileError, read_regular};
use crate::support::git::{Git, top_of};
use crate::support::paths;
use crate::support::seal::Sealer;
use crate::support::work_folder::WorkFolder;
use crate::terraform::files;
use crate::terraform::state::is_state;

/// Its name in the project's folder.
pub const HOME: &str = ".slipway";
/// Where what was read of large estates is kept in it.
pub const OUTLINES: &str = "outlines";
/// The file in the folder of a run that was not begun in this folder by this user.
const ELSEWHERE: &str = "elsewhere";
/// Held while it is found out whose the folder is.
const LOCK: &str = "seal.lock";
/// What runs fetch, and make anew where it is missing.
const FETCHED: &[&str] =
    &["argocd", "gone", LOOKS, "modules", OUTLINES, "providers", "repositories", "shims"];
/// Where the tools work: the folders of the units, today's and those of earlier versions.
const WORK: &[&str] = &["units", "work"];
/// In which earlier versions listed what they had brought into a folder: by it a folder is known to be one unit's.
const LISTS: &[&str] = &[".slipway-files"];

/// Why the folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// It could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Git has it.
    #[error("{} came with the repository: Git tracks {file}", .home.display())]
    Tracked {
        /// The folder.
        home: PathBuf,
        /// One of its files.
        file: String,
    },
    /// Somebody else's.
    #[error("{} belongs to another user ({owner})", .home.display())]
    Owner {
        /// The folder.
        home: PathBuf,
        /// The owner's number.
        owner: u32,
    },
    /// A tool that an earlier run has started works in it.
    #[error("a tool still works in {}, and the folder was not made here", .0.display())]
    AtWork(PathBuf),
}

impl HomeError {
    /// The way out.
    pub fn advice(&self) -> String {
        match self {
            Self::File(error) => error.advice().unwrap_or_else(|| {
                "name a folder of yours outside of the repository in XDG_STATE_HOME, or make the one that is named writable"
                    .to_owned()
            }),
            Self::Tracked { .. } => format!(
                "what is in it would stand in for what was fetched and done here: `git rm -r --cached {HOME}`, delete \
                 the folder, and commit that"
            ),
            Self::Owner { .. } => "delete it, or run this as that user".to_owned(),
            Self::AtWork(_) => "wait until it has ended, or stop it".to_owned(),
        }
    }

    /// Whether it is a refusal: nothing is broken, it would not have been safe.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::File(_))
    }
}

/// Refuses a folder that came with the repository, or is somebody else's; one that is not there is nobody's. Root may take
/// over anyone's, as file systems over a network and containers show folders under owners of their own.
pub fn look(home: &Path) -> Result<(), HomeError> {
    use std::os::unix::fs::MetadataExt;
    let Ok(metadata) = home.symlink_metadata() else { return Ok(()) };
    let (owner, us) = (metadata.uid(), nix::unistd::geteuid());
    if owner != us.as_raw() && !us.is_root() {
        return Err(HomeError::Owner { home: home.to_owned(), owner });
    }
    match tracked(home) {
        Some(file) => Err(HomeError::Tracked { home: home.to_owned(), file }),
        None => Ok(()),
    }
}

/// Makes the folder ours, before anything is written into it or taken from it. Returns whether it was another's: then all
/// that was fetched is gone from it. `tree` is the root of the repository, or of the project.
pub fn make_ours(home: &Path, tree: &Path) -> Result<bool, HomeError> {
    look(home)?;
    let sealer = Sealer::of_this_machine(tree)?;
    if sealer.has_sealed(home) {
        return Ok(false);
    }
    let root = Root::own(home)?;
    let lock = root.update(Path::new(LOCK))?;
    lock.lock().map_err(FileError::on("lock", &home.join(LOCK)))?;
    // Whoever was waited for may have done it.
    if sealer.has_sealed(home) {
        return Ok(false);
    }
    Root::at(paths::folder(home))?.set_mode(Path::new(HOME), PRIVATE_FOLDER)?;
    let was_used = clear(&root)?;
    root.write_if_changed(Path::new(".gitignore"), b"*\n", PRIVATE)?;
    sealer.seal(&root)?;
    Ok(was_used)
}

/// Whether the folder is ours as it is; nothing is made, and nothing taken away.
pub fn is_ours(home: &Path, tree: &Path) -> bool {
    Sealer::of_this_machine(tree).is_ok_and(|sealer| sealer.has_sealed(home))
}

/// Whether a run was begun elsewhere: what its journal says of it was written by somebody else.
pub fn is_from_elsewhere(run: &Path) -> bool {
    run.join(ELSEWHERE).symlink_metadata().is_ok()
}

/// A file of the folder that Git has in its index. Where it cannot be asked, there is none.
fn tracked(home: &Path) -> Option<String> {
    let project = home.parent()?;
    top_of(project)?;
    let listed = Git::new(project).bytes(&["ls-files", "-z", "--", HOME]).ok()?;
    let first = listed.split(|byte| *byte == 0).next().filter(|file| !file.is_empty())?;
    Some(String::from_utf8_lossy(first).into_owned())
}

/// Takes away what others may have made; returns whether anything was there.
fn clear(root: &Root) -> Result<bool, HomeError> {
    let mut was_used = false;
    for place in work_places(root.path()) {
        if WorkFolder::is_taken(&place) {
            return Err(HomeError::AtWork(place));
        }
    }
    for name in FETCHED {
        was_used |= root.remove_all(Path::new(name))?;
    }
    for name in WORK {
        if root.kind(Path::new(name))? == Some(Kind::Folder) {
            keep_states(root, Path::new(name))?;
            was_used = true;
        }
    }
    for run in names(&root.path().join("runs")) {
        let run = Path::new("runs").join(run);
        if root.kind(&run)? == Some(Kind::Folder) {
            root.write_if_changed(&run.join(ELSEWHERE), b"", PRIVATE)?;
            was_used = true;
        }
    }
    Ok(was_used)
}

/// The folders of the units that are worked on.
fn work_places(home: &Path) -> Vec<PathBuf> {
    let work = home.join("work");
    names(&work).into_iter().map(|name| work.join(name)).collect()
}

/// Removes everything in a folder but states, which cannot be had again: without its state a unit would be made a second
/// time. A state is known by what is in it, and never by a name that the tool would read as configuration.
fn keep_states(root: &Root, folder: &Path) -> Result<(), HomeError> {
    for name in names(&root.path().join(folder)) {
        let place = folder.join(&name);
        match root.kind(&place)? {
            Some(Kind::Folder) if name != ".terraform" => {
                keep_states(root, &place)?;
                // What has a state in it stays.
                let _in_use = root.remove_dir(&place);
            }
            Some(Kind::File) if is_kept(&root.path().join(&place)) => {}
            Some(_) => {
                root.remove_all(&place)?;
            }
            None => {}
        }
    }
    Ok(())
}

fn is_kept(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if LISTS.contains(&&*name) {
        return true;
    }
    let is_read = files::is_code(&name) || files::is_variable_file(&name);
    !is_read && read_regular(file).is_ok_and(|content| is_state(&content))
}

fn names(folder: &Path) -> Vec<std::ffi::OsString> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::seal::SEAL;

    #[test]
    fn of_a_folder_that_others_have_made_states_and_records_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join(HOME);
        let state = r#"{"version": 4, "serial": 3, "lineage": "l", "resources": []}"#;
        let write = |name: &str, text: &str| {
            let file = home.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        let kept = [
            "work/a/module/terraform.tfstate",
            "work/a/module/terraform.tfstate.d/dev/terraform.tfstate",
            "work/a/module/own-name",
            "units/old/x/terraform.tfstate.backup",
        ];
        for name in kept {
            write(name, state);
        }
        let gone = [
            "work/a/module/.terraform/terraform.tfstate",
            "work/a/module/terraform.tfvars.json",
            "work/a/module/evil.tf.json",
        ];
        for name in gone {
            write(name, state);
        }
        let code = [
            "work/a/module/main.tf",
            "work/a/module/x.tfstate",
            "modules/index/k.json",
            "providers/p",
            "shims/s/t",
        ];
        for name in code {
            write(name, "{}");
        }
        write("runs/r/journal.jsonl", "");
        std::os::unix::fs::symlink("/", home.join("work/a/module/link")).unwrap();
        assert!(make_ours(&home, Path::new("/nowhere")).unwrap());
        for name in kept {
            assert!(home.join(name).exists(), "{name}");
        }
        for name in gone.iter().chain(&code) {
            assert!(!home.join(name).exists(), "{name}");
        }
        assert!(home.join("work/a/module/link").symlink_metadata().is_err());
        assert!(is_from_elsewhere(&home.join("runs/r")));

        // From now on it is ours, and left as it is.
        write("modules/index/k.json", "{}");
        write("runs/s/journal.jsonl", "");
        assert!(!make_ours(&home, Path::new("/nowhere")).unwrap());
        assert!(home.join("modules/index/k.json").exists());
        assert!(!is_from_elsewhere(&home.join("runs/s")));
    }

    #[test]
    fn a_folder_that_is_new_is_ours_and_was_nobodys() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join(HOME);
        assert!(!make_ours(&home, Path::new("/nowhere")).unwrap());
        assert!(home.join(SEAL).is_file());
    }
}
