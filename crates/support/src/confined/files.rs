//! Files below a root: written, copied, opened, looked at, linked and moved.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FcntlArg, OFlag, fcntl, openat, readlinkat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstatat};
use nix::unistd::{UnlinkatFlags, linkat, symlinkat, unlinkat};

use super::Root;
use super::walk::{Missing, bits};
use crate::fs::{FileError, Obstacle, are_equal, copy_bounded, open_regular};

/// The mode of a file that only its owner can read.
pub const PRIVATE: u32 = 0o600;
/// The mode of a file that everybody can read.
pub const EVERYBODY: u32 = 0o644;
/// The mode of a program that only its owner can run.
pub const PROGRAM: u32 = 0o700;

/// What there is at a place, no link followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, to whatever.
    Link,
    /// A pipe, a socket or a device.
    Other,
}

impl Root {
    /// Writes a file so that a reader sees the old text or the new one, never a part of it. Folders on the way are made.
    /// A link in its place is replaced, not followed.
    pub fn write(&self, below: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
        self.put(below, mode, |file| file.write_all(content)).map_err(self.on("write", below))
    }

    /// Writes a file as [`Self::write`] does, only where something changes; returns whether it does.
    pub fn write_if_changed(&self, below: &Path, content: &[u8], mode: u32) -> Result<bool, FileError> {
        let size = content.len() as u64;
        let same = |mut file: File| -> io::Result<bool> {
            let mut current = Vec::with_capacity(content.len());
            Ok(file.metadata()?.len() == size
                && Read::take(&mut file, size + 1).read_to_end(&mut current).is_ok()
                && current == content)
        };
        if self.open(below).and_then(same).unwrap_or_default() {
            return Ok(false);
        }
        self.write(below, content, mode).map(|()| true)
    }

    /// Copies a regular file to a place, only where something changes; returns whether it does.
    pub fn copy_if_changed(&self, from: &Path, below: &Path, mode: u32) -> Result<bool, FileError> {
        let mut source = open_regular(from).map_err(FileError::on("read", from))?;
        if let Ok(mut file) = self.open(below)
            && are_equal(&mut file, &mut source).map_err(FileError::on("read", from))?
        {
            return Ok(false);
        }
        let copied = self.put(below, mode, |file| copy_bounded(&mut source, file));
        copied.map(|()| true).map_err(FileError::on("copy", from))
    }

    /// Writes a file, and returns when it is on disk.
    pub fn write_durably(&self, below: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
        self.put(below, mode, |file| file.write_all(content).and_then(|()| file.sync_all()))
            .map_err(self.on("write", below))
    }

    fn put(
        &self,
        below: &Path,
        mode: u32,
        content: impl FnMut(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        let content = std::cell::RefCell::new(content);
        self.in_folder(below, Missing::Made, |folder, name| {
            let (mut file, aside) = beside(folder)?;
            let filled = (content.borrow_mut())(&mut file)
                .and_then(|()| Ok(fchmod(&file, bits(mode))?))
                .and_then(|()| Ok(renameat(folder, aside.as_os_str(), folder, name)?));
            if filled.is_err() {
                let _as_it_is = unlinkat(folder, aside.as_os_str(), UnlinkatFlags::NoRemoveDir);
            }
            filled
        })
    }

    /// Opens a regular file to read it.
    pub fn open(&self, below: &Path) -> io::Result<File> {
        self.open_as(below, OFlag::O_RDONLY, Missing::Told)
    }

    /// Opens a regular file to read it and to append to it, and makes it where it is missing.
    pub fn append(&self, below: &Path) -> Result<File, FileError> {
        let flags = OFlag::O_RDWR | OFlag::O_APPEND | OFlag::O_CREAT;
        self.open_as(below, flags, Missing::Made).map_err(self.on("open", below))
    }

    /// Opens a regular file to read and write it from its beginning, and makes it where it is missing. What it holds stays.
    pub fn update(&self, below: &Path) -> Result<File, FileError> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT;
        self.open_as(below, flags, Missing::Made).map_err(self.on("open", below))
    }

    /// Makes a file where nothing is, to append to it.
    pub fn create_new(&self, below: &Path) -> Result<File, FileError> {
        let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_EXCL;
        self.open_as(below, flags, Missing::Made).map_err(self.on("create", below))
    }

    fn open_as(&self, below: &Path, flags: OFlag, missing: Missing) -> io::Result<File> {
        let place = self.path.join(below);
        self.in_folder(below, missing, |folder, name| {
            // Without O_NONBLOCK, opening a pipe would wait for its other end.
            let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
            let opened = openat(folder, name, flags, bits(PRIVATE)).map_err(|error| match error {
                Errno::ELOOP | Errno::EMLINK => match readlinkat(folder, name) {
                    Ok(target) => Obstacle::Link { link: place.clone(), target: target.into() }.into(),
                    Err(error) => error.into(),
                },
                Errno::EISDIR | Errno::ENXIO => Obstacle::NotAFile(place.clone()).into(),
                error => io::Error::from(error),
            })?;
            let file = File::from(opened);
            if !file.metadata()?.is_file() {
                return Err(Obstacle::NotAFile(place.clone()).into());
            }
            // Whoever inherits it should find what is usual.
            let flags = OFlag::from_bits_truncate(fcntl(&file, FcntlArg::F_GETFL)?);
            fcntl(&file, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))?;
            Ok(file)
        })
    }

    /// What is at a place; none where nothing is.
    pub fn kind(&self, below: &Path) -> Result<Option<Kind>, FileError> {
        Ok(self.look(below)?.map(|found| kind_of(&found)))
    }

    /// What the system says of a place, no link followed; none where nothing is.
    pub fn look(&self, below: &Path) -> Result<Option<FileStat>, FileError> {
        let looked = self.in_folder(below, Missing::Told, |folder, name| {
            Ok(fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW)?)
        });
        match looked {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.on("read", below)(error)),
        }
    }

    /// Where a link leads, as it is written; none where there is no link.
    pub fn link_target(&self, below: &Path) -> Option<OsString> {
        self.in_folder(below, Missing::Told, |folder, name| Ok(readlinkat(folder, name)?)).ok()
    }

    /// Makes a symbolic link where nothing is. It may lead anywhere: nothing of ours follows it.
    pub fn symlink(&self, target: &Path, below: &Path) -> Result<(), FileError> {
        let made = self.in_folder(below, Missing::Made, |folder, name| Ok(symlinkat(target, folder, name)?));
        made.map_err(self.on("link", below))
    }

    /// Makes a hard link to a file where nothing is; the file is not followed where it is a link itself.
    pub fn hard_link(&self, from: &Path, below: &Path) -> io::Result<()> {
        self.in_folder(below, Missing::Made, |folder, name| {
            Ok(linkat(AT_FDCWD, from, folder, name, AtFlags::empty())?)
        })
    }

    /// Moves what is at one place to another; a file there is replaced.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        self.rename_into(from, self, to)
    }

    /// Moves what is at a place to a place below another root.
    pub fn rename_into(&self, from: &Path, root: &Self, to: &Path) -> Result<(), FileError> {
        let moved = self.in_folder(from, Missing::Told, |above, name| {
            root.in_folder(to, Missing::Made, |other, to| Ok(renameat(above, name, other, to)?))
        });
        moved.map_err(self.on("move", from))
    }

    /// Gives a file or folder a mode; a link is not followed.
    pub fn set_mode(&self, below: &Path, mode: u32) -> Result<(), FileError> {
        let set = self.in_folder(below, Missing::Told, |folder, name| {
            let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
            let file = openat(folder, name, flags, Mode::empty())?;
            Ok(fchmod(file, bits(mode))?)
        });
        set.map_err(self.on("protect", below))
    }

    pub(super) fn on(
        &self,
        action: &'static str,
        below: &Path,
    ) -> impl FnOnce(io::Error) -> FileError + use<> {
        let place = self.path.join(below);
        move |error| FileError::on(action, &place)(error)
    }
}

/// What kind of thing the system describes.
pub(super) fn kind_of(found: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(found.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFREG => Kind::File,
        SFlag::S_IFDIR => Kind::Folder,
        SFlag::S_IFLNK => Kind::Link,
        _ => Kind::Other,
    }
}

/// Whether a place is not there, also because what would be its folder is a file.
pub(super) fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || matches!(Obstacle::of(error), Some(Obstacle::NotAFolder(_)))
}

/// A new file in a folder, under a name that nothing has.
fn beside(folder: &impl AsFd) -> io::Result<(File, OsString)> {
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    loop {
        let name = OsString::from(format!(".slipway-new-{}", fresh()));
        match openat(folder, name.as_os_str(), flags, bits(PRIVATE)) {
            Ok(file) => return Ok((file.into(), name)),
            // A run that was killed has left it.
            Err(Errno::EEXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The end of a name that this process uses once.
pub(super) fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:x}-{:x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
