//! The way to a place below a root, step by step.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat, readlinkat};
use nix::sys::stat::{Mode, mkdirat};

use super::{FOLDER, Root};
use crate::fs::Obstacle;

/// How a folder on the way is opened: to go on from there, not to read it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const STEP: OFlag = OFlag::O_PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const STEP: OFlag = OFlag::O_RDONLY;

/// A folder on the way: the root itself, or one that was opened.
pub(super) enum Above<'a> {
    Root(BorrowedFd<'a>),
    Opened(OwnedFd),
}

impl AsFd for Above<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Root(folder) => *folder,
            Self::Opened(folder) => folder.as_fd(),
        }
    }
}

/// A folder that the user named: links on the way to it are the user's own.
pub(super) fn open(path: &Path) -> nix::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    openat(AT_FDCWD, path, STEP | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
}

/// A folder in another one, and no link to one; made with that mode where it is missing.
pub(super) fn enter(above: &impl AsFd, name: &OsStr, mode: Option<u32>) -> nix::Result<OwnedFd> {
    let flags = STEP | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let step = || openat(above, name, flags, Mode::empty());
    match (step(), mode) {
        (Err(Errno::ENOENT), Some(mode)) => match mkdirat(above, name, bits(mode)) {
            // Somebody else may have made it at this moment.
            Ok(()) | Err(Errno::EEXIST) => step(),
            Err(error) => Err(error),
        },
        (entered, _) => entered,
    }
}

/// An error on the way, told by what is there.
pub(super) fn told(above: &impl AsFd, name: &OsStr, place: &Path, error: Errno) -> io::Error {
    match error {
        Errno::ELOOP | Errno::ENOTDIR | Errno::EMLINK => match readlinkat(above, name) {
            Ok(target) => Obstacle::Link { link: place.to_owned(), target: PathBuf::from(target) }.into(),
            Err(_) => Obstacle::NotAFolder(place.to_owned()).into(),
        },
        error => error.into(),
    }
}

/// A mode as the system takes it.
pub(super) fn bits(mode: u32) -> Mode {
    #[expect(clippy::useless_conversion, reason = "it is another type on other systems")]
    Mode::from_bits_truncate(mode.try_into().unwrap_or_default())
}

impl Root {
    /// The names on the way from here to a place, which leads nowhere else.
    pub(super) fn parts<'p>(&self, below: &'p Path) -> Result<Vec<&'p OsStr>, Obstacle> {
        let outside = || Obstacle::Outside(self.path.clone());
        let below =
            if below.is_absolute() { below.strip_prefix(&self.path).map_err(|_| outside())? } else { below };
        let mut parts = Vec::new();
        for component in below.components() {
            match component {
                Component::Normal(name) => parts.push(name),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
        }
        Ok(parts)
    }

    /// Goes into folder after folder; those that are missing are made where a mode is given.
    pub(super) fn walk(&self, parts: &[&OsStr], mode: Option<u32>) -> io::Result<OwnedFd> {
        let mut folder = self.folder.try_clone()?;
        let mut place = self.path.clone();
        for name in parts {
            place.push(name);
            folder = enter(&folder, name, mode).map_err(|error| told(&folder, name, &place, error))?;
        }
        Ok(folder)
    }

    /// Does something with the names on the way to a place; once more with those behind a link, where links to other
    /// parts of the root are gone through.
    pub(super) fn way<T>(
        &self,
        below: &Path,
        place: Place,
        work: impl Fn(&[&OsStr]) -> io::Result<T>,
    ) -> io::Result<T> {
        let parts = self.parts(below)?;
        match work(&parts) {
            Err(error) if self.inner_links && is_link(&error) => match self.behind_links(&parts, place) {
                Some(real) => work(&self.parts(&real)?),
                None => Err(error),
            },
            done => done,
        }
    }

    /// Does something in the folder of a place, with the place's own name.
    pub(super) fn in_folder<T>(
        &self,
        below: &Path,
        missing: Missing,
        work: impl Fn(&Above<'_>, &OsStr) -> io::Result<T>,
    ) -> io::Result<T> {
        self.way(below, Place::Itself, |parts| {
            let Some((name, above)) = parts.split_last() else {
                return Err(Obstacle::Outside(self.path.clone()).into());
            };
            let mode = (missing == Missing::Made).then_some(FOLDER);
            if above.is_empty() {
                work(&Above::Root(self.folder.as_fd()), name)
            } else {
                work(&Above::Opened(self.walk(above, mode)?), name)
            }
        })
    }

    /// Where a place really is whose folder is reached by links: inside of the root, or nowhere.
    fn behind_links(&self, parts: &[&OsStr], place: Place) -> Option<PathBuf> {
        let below: PathBuf = parts.iter().collect();
        let root = self.path.canonicalize().ok()?;
        // The last folder that is there; what is behind it has yet to be made.
        let (real, rest) = below.ancestors().skip(usize::from(place == Place::Itself)).find_map(|above| {
            let real = self.path.join(above).canonicalize().ok()?;
            Some((real, below.strip_prefix(above).ok()?))
        })?;
        Some(real.strip_prefix(root).ok()?.join(rest))
    }
}

fn is_link(error: &io::Error) -> bool {
    matches!(Obstacle::of(error), Some(Obstacle::Link { .. }))
}

/// What is meant by a place that is a link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The link.
    Itself,
    /// The folder that it leads to.
    Behind,
}

/// What happens to folders that are missing on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// They are made.
    Made,
    /// The place is not there.
    Told,
}
