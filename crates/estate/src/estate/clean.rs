//! Generated stacks taken away.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use crate::terragrunt::stack::STACK_DIR;
use slipway_support::confined::Root;
use slipway_support::fs::FileError;

fn walk(
    root: &Path,
    keep: impl Fn(&DirEntry) -> bool + Send + Sync + 'static,
) -> impl Iterator<Item = DirEntry> {
    WalkBuilder::new(root).standard_filters(false).filter_entry(keep).build().flatten()
}

/// The `.terragrunt-stack` folders under `root`, those within another left out, in the order of their paths.
pub fn generated_folders(root: &Path) -> Vec<PathBuf> {
    let inside = |entry: &DirEntry| {
        let parent = entry.path().parent().and_then(Path::file_name);
        entry.depth() == 0 || parent != Some(OsStr::new(STACK_DIR)) && entry.file_name() != ".git"
    };
    let folders = walk(root, inside).filter(|entry| {
        entry.file_name() == STACK_DIR && entry.file_type().is_some_and(|kind| kind.is_dir())
    });
    let mut folders: Vec<PathBuf> = folders.map(DirEntry::into_path).collect();
    folders.sort();
    folders
}

/// State files in folders: what they stand for is lost with them.
pub fn state_files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let files = folders.iter().flat_map(|folder| walk(folder, |_| true));
    let states = files.filter(|entry| {
        let file = entry.file_type().is_some_and(|kind| kind.is_file());
        // What a backend elsewhere is remembered by has the same name, in a folder of the tool's.
        let of_the_tool = entry.path().components().any(|part| part.as_os_str() == ".terraform");
        file && !of_the_tool && entry.file_name().to_string_lossy().ends_with(".tfstate")
    });
    states.map(DirEntry::into_path).collect()
}

/// Deletes folders under `root` with all that is in them; what links in them lead to stays.
pub fn clean_stacks(root: &Path, folders: &[PathBuf]) -> Result<(), FileError> {
    let root = Root::at(root)?;
    folders.iter().try_for_each(|folder| root.remove_all(folder).map(drop))
}
