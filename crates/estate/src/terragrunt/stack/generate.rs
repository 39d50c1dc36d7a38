//! Stacks written to disk, as Terragrunt writes them.
//!
//! Everything is known before anything is written: an [`Expansion`] is without errors. The files that differ are
//! then written beside the stack and moved into place; where one cannot be moved, all are moved back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::manifest::{self, Entry, MANIFEST_FILE};
use super::{Expansion, Generated, Kind, STACK_DIR, STACK_FILE, VALUES_FILE};
use crate::terragrunt::paths::{UNIT_FILE, UNIT_FILE_JSON};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_support::confined::{FOLDER, Kind as Found, Root};
use slipway_support::fs::{FileError, Obstacle, are_equal, open_regular, read_whole};

/// The mode of what Terragrunt itself writes.
const WRITTEN: u32 = 0o644;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that are new or another now.
    pub written: usize,
    /// Files that are gone, because their source is.
    pub removed: usize,
    /// Files that were already as they have to be.
    pub kept: usize,
}

/// Where the bytes of a file come from.
enum Content {
    Copied(PathBuf),
    Text(Arc<str>),
    Bytes(Vec<u8>),
}

/// No unit or stack has more files and folders than this; links could make of a few as many as there are grains of sand.
const MOST_ENTRIES: usize = 500_000;

impl Content {
    /// Whether a file below a root holds this.
    fn is_in(&self, root: &Root, path: &Path) -> Result<bool, FileError> {
        let Ok(mut found) = root.open(path) else { return Ok(false) };
        let same = match self {
            Self::Copied(source) => {
                let mut source = open_regular(source).map_err(FileError::on("read", source))?;
                are_equal(&mut found, &mut source)
            }
            Self::Text(text) => read_whole(found).map(|found| found == text.as_bytes()),
            Self::Bytes(bytes) => read_whole(found).map(|found| found == *bytes),
        };
        Ok(same.unwrap_or_default())
    }

    /// Writes it into a file that is not there yet.
    fn write(&self, root: &Root, place: &Path, mode: u32) -> Result<(), FileError> {
        match self {
            Self::Copied(source) => root.copy_if_changed(source, place, mode).map(drop),
            Self::Text(text) => root.write(place, text.as_bytes(), mode),
            Self::Bytes(bytes) => root.write(place, bytes, mode),
        }
    }
}

struct Wanted {
    content: Content,
    mode: u32,
}

/// How the name of the folder begins in which a stack is put together.
const STAGING: &str = ".terragrunt-stack-new-";

/// What has to be there.
#[derive(Default)]
struct Layout {
    /// Folders with their modes, those above before those within.
    folders: BTreeMap<PathBuf, u32>,
    files: BTreeMap<PathBuf, Wanted>,
}

/// Generates a stack; `dir` is the folder of its file. On an error everything is as it was.
///
/// Nothing is written through a link: one that is in the way below the stack's folder is an error that names it.
pub fn generate(expansion: &Expansion, dir: &Path) -> Result<Changes, FileError> {
    let layout = layout(expansion)?;
    let root = Root::at(dir)?;
    let missing = missing(&root, &layout)?;
    let (different, kept) = different(&root, &layout)?;
    let gone = no_longer_copied(&root, expansion, &layout);
    let changes = Changes { written: different.len(), removed: gone.len(), kept };
    // What a killed process left goes, also where it had done all its work.
    root.sweep(STAGING);
    if different.is_empty() && gone.is_empty() && missing.is_empty() {
        return Ok(changes);
    }
    let staging = root.staging(STAGING)?;
    let mut moving = Moving { root: &root, staging: staging.name(), done: Vec::new() };
    let mut staged = Vec::new();
    for (number, path) in different.into_iter().enumerate() {
        let Some(wanted) = layout.files.get(path) else { continue };
        let place = moving.staging.join(number.to_string());
        wanted.content.write(&root, &place, wanted.mode)?;
        staged.push((place, path.to_path_buf()));
    }
    match moving.all(&layout, &missing, staged, &gone) {
        Ok(()) => Ok(changes),
        Err(error) => {
            moving.undo();
            Err(error)
        }
    }
}

/// The first file of a generated stack that is not as its stack file has it now; none where the stack was never
/// generated.
pub fn stale(expansion: &Expansion, dir: &Path) -> Option<PathBuf> {
    if !dir.join(STACK_DIR).is_dir() {
        return None;
    }
    let layout = layout(expansion).ok()?;
    let root = Root::at(dir).ok()?;
    let (different, _) = different(&root, &layout).ok()?;
    let first = different.first().map(|path| path.to_path_buf());
    first.or_else(|| no_longer_copied(&root, expansion, &layout).first().cloned())
}

/// What earlier generations left that the stack no longer makes. It stays: there may be state in it, or in what
/// it was applied to.
pub fn left_over(expansion: &Expansion, dir: &Path) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for generated in &expansion.generated {
        let values = generated.dir().join(VALUES_FILE);
        let copied = generated.source.join(VALUES_FILE).is_file();
        if !generated.written.contains_key(VALUES_FILE) && !copied && values.is_file() {
            let message = format!(
                "{} hands over no values, but {} is there",
                generated.block.title(),
                values.display()
            );
            warnings.push(
                Diagnostic::warning("stack::left_over", message)
                    .at(generated.block.location.clone())
                    .help("an earlier generation left it, and Terragrunt reads it: delete it"),
            );
        }
    }
    let made: BTreeSet<&Path> = expansion.generated.iter().map(Generated::dir).collect();
    let mut open = vec![dir.join(STACK_DIR)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_dir && name != ".terragrunt-cache" && name != ".terraform" && name != ".git" {
                open.push(entry.path());
            }
            let component = name == UNIT_FILE || name == UNIT_FILE_JSON || name == STACK_FILE;
            // Inside of what is generated there may be folders that were copied.
            let known = made.contains(folder.as_path())
                || made
                    .iter()
                    .any(|made| folder.strip_prefix(made).is_ok_and(|inside| !inside.starts_with(STACK_DIR)));
            if component && !known {
                let kind = if name == STACK_FILE { Kind::Stack } else { Kind::Unit };
                let message =
                    format!("{} is a {} that its stack no longer makes", folder.display(), kind.name());
                warnings.push(Diagnostic::warning("stack::left_over", message).help(
                    "destroy what it made, then delete the folder; `slipway stack clean` deletes all that is \
                     generated",
                ));
            }
        }
    }
    warnings
}

fn layout(expansion: &Expansion) -> Result<Layout, FileError> {
    let mut layout = Layout::default();
    for generated in &expansion.generated {
        // Terragrunt keeps the folders that it makes itself to their owner.
        for above in generated.dir().ancestors().take_while(|above| *above != generated.stack) {
            layout.folders.entry(above.to_path_buf()).or_insert(0o700);
        }
        let mut left = MOST_ENTRIES;
        copy(&generated.source, generated.dir(), &mut layout, &mut Vec::new(), &mut left)?;
        for (name, text) in &generated.written {
            let wanted = Wanted { content: Content::Text(Arc::clone(text)), mode: WRITTEN };
            layout.files.insert(generated.dir().join(name), wanted);
        }
    }
    Ok(layout)
}

/// Everything in a folder, hidden files too, with what links lead to in their place; without what tools work in.
fn copy(
    from: &Path,
    to: &Path,
    layout: &mut Layout,
    above: &mut Vec<PathBuf>,
    left: &mut usize,
) -> Result<(), FileError> {
    let real = from.canonicalize().map_err(FileError::on("read", from))?;
    if above.contains(&real) {
        let circle = std::io::Error::other("its symbolic links lead in a circle");
        return Err(FileError::on("copy", from)(circle));
    }
    above.push(real);
    let mut entries: Vec<_> = fs::read_dir(from)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .map_err(FileError::on("read", from))?
        .into_iter()
        .map(|entry| (entry.file_name(), entry.path()))
        .collect();
    entries.sort();
    let mut copied = Vec::new();
    for (name, path) in entries {
        // What tools have at work there is no source, and made anew where it is needed.
        if name == ".terraform" || name == ".terragrunt-cache" {
            continue;
        }
        *left = left.checked_sub(1).ok_or_else(|| {
            let many = format!(
                "there are more than {MOST_ENTRIES} files and folders to copy, with those behind links"
            );
            FileError::on("copy", from)(std::io::Error::other(many))
        })?;
        let target = to.join(&name);
        let found = fs::metadata(&path).map_err(FileError::on("read", &path))?;
        if found.is_dir() {
            layout.folders.entry(target.clone()).or_insert(0o755);
            copy(&path, &target, layout, above, left)?;
            copied.push(Entry { path: target, is_dir: true });
        } else if !found.is_file() {
            return Err(FileError::on("copy", &path)(Obstacle::Endless.into()));
        } else if name != MANIFEST_FILE {
            let mode = found.permissions().mode() & 0o777;
            layout.files.insert(target.clone(), Wanted { content: Content::Copied(path), mode });
            copied.push(Entry { path: target, is_dir: false });
        }
    }
    above.pop();
    let manifest = Wanted { content: Content::Bytes(manifest::encode(&copied)), mode: WRITTEN };
    layout.files.insert(to.join(MANIFEST_FILE), manifest);
    Ok(())
}

/// The folders that are not there, those above before those within.
fn missing<'l>(root: &Root, layout: &'l Layout) -> Result<Vec<(&'l Path, u32)>, FileError> {
    let mut missing = Vec::new();
    for (folder, mode) in &layout.folders {
        match root.kind(folder)? {
            Some(Found::Folder) => {}
            None => missing.push((folder.as_path(), *mode)),
            // It says what is in the way.
            Some(_) => root.create_dir_all(folder, FOLDER)?,
        }
    }
    Ok(missing)
}

/// The files that are not there as they are wanted, and how many are.
fn different<'l>(root: &Root, layout: &'l Layout) -> Result<(Vec<&'l Path>, usize), FileError> {
    let mut different = Vec::new();
    for (path, wanted) in &layout.files {
        let found = root.look(path)?;
        let same_mode = found.is_some_and(|found| found.st_mode & 0o777 == wanted.mode);
        if !same_mode || !wanted.content.is_in(root, path)? {
            different.push(path.as_path());
        }
    }
    let kept = layout.files.len() - different.len();
    Ok((different, kept))
}

/// Files of an earlier generation whose source is gone.
fn no_longer_copied(root: &Root, expansion: &Expansion, layout: &Layout) -> Vec<PathBuf> {
    let generated = expansion.generated.iter();
    let before = generated.flat_map(|generated| manifest::copied_before(root, generated.dir()));
    let gone: BTreeSet<PathBuf> = before.filter(|path| !layout.files.contains_key(path)).collect();
    gone.into_iter().collect()
}

/// One step that can be taken back.
enum Step {
    /// A folder that was made.
    Made(PathBuf),
    /// A file that was put where there was none.
    Put(PathBuf),
    /// A file that was put aside: from where, to where.
    Aside(PathBuf, PathBuf),
}

struct Moving<'r> {
    root: &'r Root,
    /// A folder beside what is generated.
    staging: &'r Path,
    done: Vec<Step>,
}

impl Moving<'_> {
    fn all(
        &mut self,
        layout: &Layout,
        missing: &[(&Path, u32)],
        staged: Vec<(PathBuf, PathBuf)>,
        gone: &[PathBuf],
    ) -> Result<(), FileError> {
        for (folder, mode) in missing {
            self.root.create_dir_all(folder, *mode)?;
            self.done.push(Step::Made(folder.to_path_buf()));
        }
        for (place, path) in staged {
            if self.root.kind(&path)?.is_some() {
                self.put_aside(&path)?;
            }
            self.root.rename(&place, &path)?;
            self.done.push(Step::Put(path));
        }
        for path in gone {
            self.put_aside(path)?;
        }
        // A folder whose source is gone goes with the last file of it.
        let folders: BTreeSet<&Path> = gone.iter().filter_map(|path| path.parent()).collect();
        for folder in folders.into_iter().rev().filter(|folder| !layout.folders.contains_key(*folder)) {
            let _not_empty = self.root.remove_dir(folder);
        }
        Ok(())
    }

    fn put_aside(&mut self, path: &Path) -> Result<(), FileError> {
        let aside = self.staging.join(format!("old-{}", self.done.len()));
        self.root.rename(path, &aside)?;
        self.done.push(Step::Aside(path.to_path_buf(), aside));
        Ok(())
    }

    /// Takes back what was done, the last first; what cannot be taken back is left as it is.
    fn undo(&mut self) {
        for step in std::mem::take(&mut self.done).into_iter().rev() {
            let _as_it_is = match step {
                Step::Made(folder) => self.root.remove_dir(&folder).map(drop),
                Step::Put(path) => self.root.remove(&path).map(drop),
                Step::Aside(path, aside) => self.root.rename(&aside, &path),
            };
        }
    }
}
