//! Folders under which files are written, and never outside of them.
//!
//! What is in a repository, a module, an archive or a Git tree was chosen by whoever made that, and any name in it may
//! be a symbolic link to anywhere. So whatever is written, made, renamed or removed below such a place is reached from
//! folder to folder by descriptors, no step of which follows a link (`openat` with `O_NOFOLLOW`): a folder that is
//! swapped for a link between two steps leads nowhere. A link in the way is an error that names it.
//!
//! The steps are taken one by one and not by `openat2`, which some sandboxes and older kernels do not have: with a way
//! around it there would be two ways to hold instead of one.

mod files;
mod named;
mod remove;
mod staging;
mod walk;

#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

pub use self::files::{EVERYBODY, Kind, PRIVATE, PROGRAM};
pub use self::named::Named;
pub use self::staging::Staging;
use super::fs::FileError;

/// The mode of a folder that only its owner can read.
pub const PRIVATE_FOLDER: u32 = 0o700;
/// The mode of a folder that the user's mask decides about.
pub const FOLDER: u32 = 0o777;

/// A folder under which files are written.
///
/// Paths are given from it, or absolute and beginning with its own; those that are neither, or hold `..`, are refused.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    folder: OwnedFd,
    inner_links: bool,
}

impl Root {
    /// A folder that is there, reached however its path leads to it: for places that the user named.
    pub fn at(path: &Path) -> Result<Self, FileError> {
        let open = || Ok(walk::open(path)?);
        Self::from(path, open().map_err(FileError::on("open", path)))
    }

    /// A folder of ours in a place that the user named, made where it is missing so that only its owner can read it. It
    /// is a folder itself and no link to one.
    pub fn own(path: &Path) -> Result<Self, FileError> {
        let above = match path.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
        let Some(name) = path.file_name() else { return Self::at(path) };
        let open = || {
            let above = match walk::open(above) {
                Err(nix::Error::ENOENT) => {
                    super::fs::create_dir_all(above)?;
                    walk::open(above)?
                }
                above => above?,
            };
            walk::enter(&above, name, Some(PRIVATE_FOLDER))
                .map_err(|error| walk::told(&above, name, path, error))
        };
        Self::from(path, open().map_err(FileError::on("open", path)))
    }

    fn from(path: &Path, folder: Result<OwnedFd, FileError>) -> Result<Self, FileError> {
        Ok(Self { path: path.to_owned(), folder: folder?, inner_links: false })
    }

    /// This folder, in which links are gone through that lead to another part of it. What they lead to is found out
    /// first, and then gone to without following any.
    #[must_use]
    pub fn through_inner_links(self) -> Self {
        Self { inner_links: true, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder below it, made with that mode where it is missing, as are those on the way.
    pub fn folder(&self, below: &Path, mode: u32) -> Result<Self, FileError> {
        let path = self.path.join(below);
        let folder = self.way(below, walk::Place::Behind, |parts| self.walk(parts, Some(mode)));
        Self::from(&path, folder.map_err(FileError::on("create", &path)))
    }

    /// A folder below it, where there is one.
    pub fn open_folder(&self, below: &Path) -> Result<Option<Self>, FileError> {
        let path = self.path.join(below);
        match self.way(below, walk::Place::Behind, |parts| self.walk(parts, None)) {
            Ok(folder) => Self::from(&path, Ok(folder)).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::on("open", &path)(error)),
        }
    }

    /// Returns when the names in it are on disk, which is another thing than what is in the files.
    pub fn sync(&self) -> Result<(), FileError> {
        self.itself()?.sync_all().map_err(FileError::on("write", &self.path))
    }

    /// The folder as a file, to lock it, or to note when it was used.
    pub fn itself(&self) -> Result<std::fs::File, FileError> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let opened = openat(&self.folder, ".", flags, Mode::empty()).map_err(io::Error::from);
        opened.map(std::fs::File::from).map_err(FileError::on("open", &self.path))
    }

    /// Makes a folder, and those on the way to it, where they are missing.
    pub fn create_dir_all(&self, below: &Path, mode: u32) -> Result<(), FileError> {
        self.folder(below, mode).map(drop)
    }
}
