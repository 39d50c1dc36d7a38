//! A module's files in a unit's folder, shared with the cache by hard links.
//!
//! Files that the tool writes in place are copied. Everything else that writes here, ours and the tool's, puts a new
//! file in the old one's place, which leaves the cache as it is; and the files are read-only, so that what would
//! write through a link is told so.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::SourceError;
use crate::support::confined::{EVERYBODY, Kind, Root};
use crate::support::fs::{FileError, Obstacle, read_regular};
use crate::support::tool_files::{is_lock_file, is_state};

/// Links files of `from`, by their paths under it, into the root `to`.
///
/// Symbolic links are made anew: the tool may read what they lead to, as with Terragrunt, and nothing of ours writes
/// through them. In the places of what a tool writes there is none.
pub fn share(from: &Path, files: &[PathBuf], to: &Root) -> Result<(), SourceError> {
    for below in files {
        let file = from.join(below);
        let metadata = file.symlink_metadata().map_err(FileError::on("read", &file))?;
        if metadata.is_symlink() {
            if !is_written_in_place(below) {
                link_symbolically(&file, to, below)?;
            }
        } else if is_written_in_place(below) {
            // A state that is there is the tool's by now.
            if is_lock_file(below) || to.kind(below)?.is_none() {
                let content = read_regular(&file).map_err(FileError::on("read", &file))?;
                to.write_if_changed(below, &content, EVERYBODY)?;
            }
        } else {
            link(&file, &metadata, to, below)?;
        }
    }
    Ok(())
}

/// Local states, which the tool opens and writes over, and its lock file.
fn is_written_in_place(path: &Path) -> bool {
    is_lock_file(path) || path.iter().any(is_state)
}

fn link(from: &Path, metadata: &Metadata, to: &Root, below: &Path) -> Result<(), SourceError> {
    let there = to.look(below)?;
    if there.is_some_and(|there| there.st_dev == metadata.dev() && there.st_ino == metadata.ino()) {
        return Ok(());
    }
    make_room(to, below)?;
    match to.hard_link(from, below) {
        Ok(()) => Ok(()),
        Err(error) if Obstacle::of(&error).is_some() => {
            Err(FileError::on("link", &to.path().join(below))(error).into())
        }
        // Another file system, or more links than it bears.
        Err(_) => Ok(to.copy_if_changed(from, below, metadata.permissions().mode() & 0o777).map(drop)?),
    }
}

fn link_symbolically(from: &Path, to: &Root, below: &Path) -> Result<(), SourceError> {
    let target = std::fs::read_link(from).map_err(FileError::on("read", from))?;
    if to.link_target(below).is_none_or(|there| there != target) {
        make_room(to, below)?;
        to.symlink(&target, below)?;
    }
    // What is behind it is read where it stands now.
    let link = to.path().join(below);
    match std::fs::metadata(&link) {
        Ok(found) if !found.is_file() && !found.is_dir() => {
            Err(FileError::on("read", &link)(Obstacle::Endless.into()).into())
        }
        _ => Ok(()),
    }
}

/// A folder in the place holds what no module brought: that is somebody's to move.
fn make_room(to: &Root, below: &Path) -> Result<(), SourceError> {
    if to.kind(below)? == Some(Kind::Folder) && to.remove_dir(below).is_err() {
        let place = to.path().join(below);
        return Err(FileError::on("link", &place)(Obstacle::NotAFile(place.clone()).into()).into());
    }
    to.remove(below)?;
    Ok(())
}
