//! Files and folders below a root taken away, no link followed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::Root;
use super::files::{fresh, is_absent};
use super::walk::Missing;
use crate::fs::FileError;

/// How many folders within each other are held open at once. What lies deeper is moved up first.
const DEEPEST: usize = 100;

impl Root {
    /// Removes a file, or a link and not what it leads to; returns whether there was one.
    pub fn remove(&self, below: &Path) -> Result<bool, FileError> {
        self.removed(below, |folder, name| Ok(unlinkat(folder, name, UnlinkatFlags::NoRemoveDir)?))
    }

    /// Removes a folder that is empty; returns whether there was one.
    pub fn remove_dir(&self, below: &Path) -> Result<bool, FileError> {
        self.removed(below, |folder, name| Ok(unlinkat(folder, name, UnlinkatFlags::RemoveDir)?))
    }

    /// Removes whatever is at a place, a folder with all that is in it; returns whether there was anything.
    pub fn remove_all(&self, below: &Path) -> Result<bool, FileError> {
        self.removed(below, |folder, name| Ok(remove_tree(folder, name)?))
    }

    fn removed(
        &self,
        below: &Path,
        remove: impl Fn(&super::walk::Above<'_>, &OsStr) -> io::Result<()>,
    ) -> Result<bool, FileError> {
        match self.in_folder(below, Missing::Told, remove) {
            Ok(()) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(self.on("remove", below)(error)),
        }
    }
}

fn remove_tree(folder: &impl AsFd, name: &OsStr) -> nix::Result<()> {
    let mut waiting = vec![name.to_owned()];
    while let Some(name) = waiting.pop() {
        remove_one(folder, folder, &name, 0, &mut waiting)?;
    }
    Ok(())
}

fn remove_one(
    top: &impl AsFd,
    folder: &impl AsFd,
    name: &OsStr,
    depth: usize,
    waiting: &mut Vec<OsString>,
) -> nix::Result<()> {
    let refused = match unlinkat(folder, name, UnlinkatFlags::NoRemoveDir) {
        // What is a folder; the second is what other systems say.
        Err(error @ (Errno::EISDIR | Errno::EPERM)) => error,
        done => return done,
    };
    if depth == DEEPEST {
        let moved = OsString::from(format!(".slipway-gone-{}", fresh()));
        renameat(folder, name, top, moved.as_os_str())?;
        waiting.push(moved);
        return Ok(());
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut inner = match Dir::openat(folder, name, flags, Mode::empty()) {
        Err(Errno::ENOTDIR | Errno::ELOOP) => return Err(refused),
        opened => opened?,
    };
    // All names first: a listing that changes while it is read may leave some out.
    let names: Vec<OsString> = inner
        .iter()
        .map(|entry| Ok(OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned()))
        .filter(|name| !matches!(name.as_deref().map(OsStr::as_bytes), Ok(b"." | b"..")))
        .collect::<nix::Result<_>>()?;
    for entry in names {
        remove_one(top, &inner, &entry, depth + 1, waiting)?;
    }
    unlinkat(folder, name, UnlinkatFlags::RemoveDir)
}
