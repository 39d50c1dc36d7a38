//! A module's files in a unit's folder, shared with the cache by hard links.
//!
//! Files that the tool writes in place are copied. Everything else that writes here, ours and the tool's, puts a new
//! file in the old one's place, which leaves the cache as it is; and the files are read-only, so that what would
//! write through a link is told so.

use std::collections::BTreeSet;
use std::fs::{Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::SourceError;
use super::cache::files;
use crate::support::fs::{FileError, write_if_changed};

/// Links every file of `from` into `to` but those that `without` names by their path under `from`, and adds their
/// places to `brought`.
pub fn share(
    from: &Path,
    to: &Path,
    without: fn(&Path) -> bool,
    brought: &mut BTreeSet<PathBuf>,
) -> Result<(), SourceError> {
    let mut folder = PathBuf::new();
    for file in files(from)? {
        let below = file.strip_prefix(from).unwrap_or(&file);
        if without(below) {
            continue;
        }
        let target = to.join(below);
        let parent = target.parent().unwrap_or(to);
        if parent != folder {
            std::fs::create_dir_all(parent).map_err(FileError::on("create", parent))?;
            parent.clone_into(&mut folder);
        }
        let metadata = file.symlink_metadata().map_err(FileError::on("read", &file))?;
        if metadata.is_symlink() {
            link_symbolically(&file, &target)?;
        } else if is_written_in_place(&target) {
            let content = std::fs::read(&file).map_err(FileError::on("read", &file))?;
            write_if_changed(&target, &content)?;
        } else {
            link(&file, &metadata, &target)?;
        }
        brought.insert(target);
    }
    Ok(())
}

/// Local states, which the tool opens and writes over, and its lock file.
fn is_written_in_place(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name == ".terraform.lock.hcl" || name.contains(".tfstate")
}

fn link(from: &Path, metadata: &Metadata, to: &Path) -> Result<(), SourceError> {
    let there = to.symlink_metadata();
    if there.as_ref().is_ok_and(|there| there.dev() == metadata.dev() && there.ino() == metadata.ino()) {
        return Ok(());
    }
    if there.is_ok() {
        clear(to)?;
    }
    if std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    // Another file system, or more links than it bears.
    std::fs::copy(from, to).map_err(FileError::on("copy", from))?;
    let set = std::fs::set_permissions(to, Permissions::from_mode(metadata.permissions().mode()));
    Ok(set.map_err(FileError::on("protect", to))?)
}

fn link_symbolically(from: &Path, to: &Path) -> Result<(), SourceError> {
    let target = std::fs::read_link(from).map_err(FileError::on("read", from))?;
    if std::fs::read_link(to).is_ok_and(|there| there == target) {
        return Ok(());
    }
    if to.symlink_metadata().is_ok() {
        clear(to)?;
    }
    Ok(symlink(&target, to).map_err(FileError::on("link", to))?)
}

/// Makes room: what was a folder in the module may be a file now.
fn clear(path: &Path) -> Result<(), SourceError> {
    let is_dir = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    let removed = if is_dir { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    Ok(removed.map_err(FileError::on("remove", path))?)
}
