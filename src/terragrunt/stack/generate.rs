//! Stacks written to disk, as Terragrunt writes them.
//!
//! Everything is known before anything is written: an [`Expansion`] is without errors. The files that differ are
//! then written beside the stack and moved into place; where one cannot be moved, all are moved back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::manifest::{self, Entry, MANIFEST_FILE};
use super::{Expansion, Generated, Kind, STACK_DIR, STACK_FILE, VALUES_FILE};
use crate::hcl::diagnostic::Diagnostic;
use crate::support::fs::FileError;
use crate::terragrunt::paths::{UNIT_FILE, UNIT_FILE_JSON};

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

impl Content {
    fn bytes(&self) -> Result<Vec<u8>, FileError> {
        match self {
            Self::Copied(source) => fs::read(source).map_err(FileError::on("read", source)),
            Self::Text(text) => Ok(text.as_bytes().to_vec()),
            Self::Bytes(bytes) => Ok(bytes.clone()),
        }
    }
}

struct Wanted {
    content: Content,
    mode: u32,
}

/// What has to be there.
#[derive(Default)]
struct Layout {
    /// Folders with their modes, those above before those within.
    folders: BTreeMap<PathBuf, u32>,
    files: BTreeMap<PathBuf, Wanted>,
}

/// Generates a stack; `dir` is the folder of its file. On an error everything is as it was.
pub fn generate(expansion: &Expansion, dir: &Path) -> Result<Changes, FileError> {
    let layout = layout(expansion)?;
    let (different, kept) = different(&layout)?;
    let gone = no_longer_copied(expansion, &layout);
    let changes = Changes { written: different.len(), removed: gone.len(), kept };
    if different.is_empty() && gone.is_empty() && layout.folders.keys().all(|folder| folder.is_dir()) {
        return Ok(changes);
    }
    let staging = tempfile::Builder::new()
        .prefix(".terragrunt-stack-new-")
        .tempdir_in(dir)
        .map_err(FileError::on("write", dir))?;
    let mut staged = Vec::new();
    for (number, path) in different.into_iter().enumerate() {
        let wanted = &layout.files[path];
        let place = staging.path().join(number.to_string());
        fs::write(&place, wanted.content.bytes()?).map_err(FileError::on("write", path))?;
        fs::set_permissions(&place, Permissions::from_mode(wanted.mode))
            .map_err(FileError::on("write", path))?;
        staged.push((place, path.to_path_buf()));
    }
    let mut moving = Moving { staging, done: Vec::new() };
    match moving.all(&layout, staged, &gone) {
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
    let (different, _) = different(&layout).ok()?;
    let first = different.first().map(|path| path.to_path_buf());
    first.or_else(|| no_longer_copied(expansion, &layout).first().cloned())
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
        copy(&generated.source, generated.dir(), &mut layout, &mut Vec::new())?;
        for (name, text) in &generated.written {
            let wanted = Wanted { content: Content::Text(Arc::clone(text)), mode: WRITTEN };
            layout.files.insert(generated.dir().join(name), wanted);
        }
    }
    Ok(layout)
}

/// Everything in a folder, hidden files too, with what links lead to in their place.
fn copy(from: &Path, to: &Path, layout: &mut Layout, above: &mut Vec<PathBuf>) -> Result<(), FileError> {
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
        let target = to.join(&name);
        let found = fs::metadata(&path).map_err(FileError::on("read", &path))?;
        if found.is_dir() {
            layout.folders.entry(target.clone()).or_insert(0o755);
            copy(&path, &target, layout, above)?;
            copied.push(Entry { path: target, is_dir: true });
        } else if found.is_file() && name != MANIFEST_FILE {
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

/// The files that are not there as they are wanted, and how many are.
fn different(layout: &Layout) -> Result<(Vec<&Path>, usize), FileError> {
    let mut different = Vec::new();
    for (path, wanted) in &layout.files {
        let same_mode = fs::symlink_metadata(path)
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o777 == wanted.mode);
        let same = same_mode && fs::read(path).ok() == Some(wanted.content.bytes()?);
        if !same {
            different.push(path.as_path());
        }
    }
    let kept = layout.files.len() - different.len();
    Ok((different, kept))
}

/// Files of an earlier generation whose source is gone.
fn no_longer_copied(expansion: &Expansion, layout: &Layout) -> Vec<PathBuf> {
    let before = expansion.generated.iter().flat_map(|generated| manifest::copied_before(generated.dir()));
    let gone: BTreeSet<PathBuf> =
        before.filter(|path| !layout.files.contains_key(path) && path.symlink_metadata().is_ok()).collect();
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

struct Moving {
    staging: TempDir,
    done: Vec<Step>,
}

impl Moving {
    fn all(
        &mut self,
        layout: &Layout,
        staged: Vec<(PathBuf, PathBuf)>,
        gone: &[PathBuf],
    ) -> Result<(), FileError> {
        for (folder, mode) in &layout.folders {
            if !folder.is_dir() {
                DirBuilder::new().mode(*mode).create(folder).map_err(FileError::on("create", folder))?;
                self.done.push(Step::Made(folder.clone()));
            }
        }
        for (place, path) in staged {
            if path.symlink_metadata().is_ok() {
                self.put_aside(&path)?;
            }
            fs::rename(&place, &path).map_err(FileError::on("write", &path))?;
            self.done.push(Step::Put(path));
        }
        for path in gone {
            self.put_aside(path)?;
        }
        // A folder whose source is gone goes with the last file of it.
        let folders: BTreeSet<&Path> = gone.iter().filter_map(|path| path.parent()).collect();
        for folder in folders.into_iter().rev().filter(|folder| !layout.folders.contains_key(*folder)) {
            let _not_empty = fs::remove_dir(folder);
        }
        Ok(())
    }

    fn put_aside(&mut self, path: &Path) -> Result<(), FileError> {
        let aside = self.staging.path().join(format!("old-{}", self.done.len()));
        fs::rename(path, &aside).map_err(FileError::on("replace", path))?;
        self.done.push(Step::Aside(path.to_path_buf(), aside));
        Ok(())
    }

    /// Takes back what was done, the last first; what cannot be taken back is left as it is.
    fn undo(self) {
        for step in self.done.into_iter().rev() {
            let _as_it_is = match step {
                Step::Made(folder) => fs::remove_dir(folder),
                Step::Put(path) => fs::remove_file(path),
                Step::Aside(path, aside) => fs::rename(aside, path),
            };
        }
    }
}
