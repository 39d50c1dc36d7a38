//! The walk: which units and stacks lie under a folder.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::terragrunt::Reader;
use crate::terragrunt::paths::{self, UNIT_FILE, UNIT_FILE_JSON};
use crate::terragrunt::stack::STACK_FILE;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_support::excluded::Excluded;

/// Folders that hold copies, caches and state, never units. Other hidden folders are walked, as Terragrunt
/// does: generated stacks live in one.
pub(super) const PASSED_OVER: &[&str] = &[".git", ".slipway", ".terraform", ".terragrunt-cache"];

/// The stack files under `root` (absolute), in the order of their paths, and what cannot be read there.
pub(super) fn stack_files(root: &Path, reader: &Reader) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let walked = walk(root, excluded(reader, root));
    (walked.stacks, walked.diagnostics)
}

/// The configurations of the units under `root` (absolute), and what cannot be read there.
pub fn unit_files(root: &Path, reader: &Reader) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let root = paths::clean(root);
    let walked = walk(&root, excluded(reader, &root));
    (walked.units, walked.diagnostics)
}

/// The folders that are passed over under `root`: none where it lies in such a folder itself, since whoever names it
/// means it.
pub(super) fn excluded<'r>(reader: &'r Reader, root: &Path) -> Option<&'r Arc<Excluded>> {
    Some(&reader.options().excluded).filter(|excluded| !excluded.holds(root))
}

/// What lies under a folder.
#[derive(Default)]
pub(super) struct Walked {
    /// The configurations of units.
    pub units: Vec<PathBuf>,
    /// The configurations of stacks.
    pub stacks: Vec<PathBuf>,
    /// The folders that were gone through, and those of them that hold links.
    pub folders: Folders,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// The folders that were gone through.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// All of them.
    pub all: Vec<PathBuf>,
    /// Those of them that hold symbolic links, which are not followed.
    pub with_links: HashSet<PathBuf>,
}

/// One thread of the walk: what it finds goes to the others' at its end, at once.
struct Walker<'a> {
    found: Walked,
    all: &'a Mutex<Walked>,
}

impl Walker<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) {
        if let Ok(entry) = &entry
            && entry.file_type().is_some_and(|kind| kind.is_symlink())
        {
            self.found.folders.with_links.insert(paths::folder(entry.path()).to_path_buf());
        }
        match entry {
            Ok(entry) if is_dir(&entry) => self.found.folders.all.push(entry.into_path()),
            Ok(entry) if is_unit_file(entry.file_name()) => self.found.units.push(entry.into_path()),
            Ok(entry) if entry.file_name() == STACK_FILE => self.found.stacks.push(entry.into_path()),
            Ok(_) => {}
            Err(error) => {
                let message = format!("a folder cannot be read: {error}");
                self.found.diagnostics.push(Diagnostic::error("estate::unreadable", message));
            }
        }
    }
}

impl Drop for Walker<'_> {
    fn drop(&mut self) {
        let found = std::mem::take(&mut self.found);
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.units.extend(found.units);
        all.stacks.extend(found.stacks);
        all.folders.all.extend(found.folders.all);
        all.folders.with_links.extend(found.folders.with_links);
        all.diagnostics.extend(found.diagnostics);
    }
}

/// Goes through the folders under `root` (absolute).
pub(super) fn walk(root: &Path, excluded: Option<&Arc<Excluded>>) -> Walked {
    if !root.is_dir() {
        let message = format!("there is no folder {}", root.display());
        let diagnostics = vec![Diagnostic::error("estate::no_folder", message)];
        return Walked { diagnostics, ..Walked::default() };
    }
    let all = Mutex::new(Walked::default());
    // Ignored files count: whether Git looks after a unit says nothing about whether it is deployed.
    let excluded = excluded.cloned().unwrap_or_default();
    let is_walked =
        move |entry: &DirEntry| is_walked(entry) && !(is_dir(entry) && excluded.holds(entry.path()));
    let walker = WalkBuilder::new(root).standard_filters(false).filter_entry(is_walked).build_parallel();
    walker.run(|| {
        let mut walker = Walker { found: Walked::default(), all: &all };
        Box::new(move |entry| {
            walker.visit(entry);
            WalkState::Continue
        })
    });
    let mut found = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.units = in_order(found.units);
    found.stacks = in_order(found.stacks);
    let both = only_one_each(&mut found.units);
    found.diagnostics.extend(both);
    found
}

/// Where a folder holds a configuration in both syntaxes, Terragrunt finds units by the `terragrunt.hcl`, and reads
/// the JSON one when it works in the folder: that is said, and discovery goes by the first too.
fn only_one_each(files: &mut Vec<PathBuf>) -> Vec<Diagnostic> {
    let both = files.iter().filter(|file| file.file_name().is_some_and(|name| name == UNIT_FILE));
    let jsons = both.map(|file| file.with_file_name(UNIT_FILE_JSON));
    let is_there =
        |json: &PathBuf| files.binary_search_by(|file| by_names(file.as_os_str(), json.as_os_str())).is_ok();
    let both: Vec<PathBuf> = jsons.filter(is_there).collect();
    if both.is_empty() {
        return Vec::new();
    }
    let twice: HashSet<&PathBuf> = both.iter().collect();
    files.retain(|file| !twice.contains(file));
    both.into_iter()
        .map(|json| {
            let message = format!("{} is there beside {UNIT_FILE}", json.display());
            Diagnostic::warning("estate::two_configurations", message).help(
                "keep one of the two: Terragrunt lists the unit by terragrunt.hcl, but reads the JSON in its folder",
            )
        })
        .collect()
}

/// Paths in their order, which is that of the names on the way, each once.
pub(super) fn in_order(mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
    paths.sort_by(|one, other| by_names(one.as_os_str(), other.as_os_str()));
    paths.dedup_by(|one, other| one.as_os_str() == other.as_os_str());
    paths
}

/// As clean paths compare themselves, which takes many times as long: by the text, with `/` before every other character.
pub(super) fn by_names(one: &OsStr, other: &OsStr) -> Ordering {
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { u16::from(*byte) + 1 };
    one.as_bytes().iter().map(rank).cmp(other.as_bytes().iter().map(rank))
}

/// Whether an entry of a folder that was gone through decides what the walk finds: a folder that it goes through, or a
/// configuration.
pub(super) fn counts(folder: &Path, name: &OsStr, is_folder: bool, excluded: Option<&Arc<Excluded>>) -> bool {
    if is_folder {
        let is_excluded = excluded.is_some_and(|excluded| excluded.holds(&folder.join(name)));
        return !is_passed_over(name) && !is_excluded;
    }
    is_unit_file(name) || name == STACK_FILE
}

fn is_unit_file(name: &OsStr) -> bool {
    name == UNIT_FILE || name == UNIT_FILE_JSON
}

fn is_passed_over(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| PASSED_OVER.contains(&name))
}

fn is_dir(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

fn is_walked(entry: &DirEntry) -> bool {
    !(is_dir(entry) && entry.depth() > 0 && is_passed_over(entry.file_name()))
}
