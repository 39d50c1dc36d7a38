//! Files read only where that comes to an end.
//!
//! Whose place or content somebody else chose may be a pipe that nobody writes to, a device without end, or larger than
//! memory. Nothing of ours reads a file in another way than this; what is written is written below a
//! [`Root`](super::confined::Root), or where the user said.

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} {path}: {source}")]
pub struct FileError {
    /// `read`, `write`, `create`, ….
    pub action: &'static str,
    /// The file or folder.
    pub path: String,
    /// Why.
    pub source: Error,
}

impl FileError {
    /// For `map_err`: names what was tried on which path.
    pub fn on(action: &'static str, path: &Path) -> impl FnOnce(Error) -> Self {
        let path = path.display().to_string();
        move |source| Self { action, path, source }
    }

    /// What was in the way, where it was not safe to go on: a link, a pipe, a file without end.
    pub fn obstacle(&self) -> Option<&Obstacle> {
        Obstacle::of(&self.source)
    }

    /// The way out, where one is known.
    pub fn advice(&self) -> Option<String> {
        self.obstacle().map(|obstacle| obstacle.advice().to_owned())
    }
}

/// What keeps a file from being read, or from being written where it was meant to go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// A symbolic link is in the way.
    #[error("{} is a symbolic link to {}, and nothing is written through links", .link.display(), .target.display())]
    Link {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A folder would have to be where something else is.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// A file would have to be where something else is.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The path leads elsewhere.
    #[error("it is not inside of {}", .0.display())]
    Outside(PathBuf),
    /// It would block, or never end.
    #[error("it is a pipe or a device, not a regular file")]
    Endless,
    /// It is larger than any file that is meant to work.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
}

impl Obstacle {
    /// What an error is about, where it is one.
    pub fn of(error: &Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// The way out.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Link { .. } => "put a folder in the link's place, or name the place that it leads to",
            Self::NotAFolder(_) | Self::NotAFile(_) => "move it out of the way",
            Self::Outside(_) => "name a place inside, without `..`",
            Self::Endless => "put a regular file in its place",
            Self::TooLarge(_) => "check whether it is the file that was meant",
        }
    }
}

impl From<Obstacle> for Error {
    fn from(obstacle: Obstacle) -> Self {
        let kind = match obstacle {
            Obstacle::Link { .. } | Obstacle::NotAFolder(_) => ErrorKind::NotADirectory,
            Obstacle::NotAFile(_) | Obstacle::Outside(_) | Obstacle::Endless => ErrorKind::InvalidInput,
            Obstacle::TooLarge(_) => ErrorKind::FileTooLarge,
        };
        Self::new(kind, obstacle)
    }
}

/// The most bytes of a file that is read whole: 256 MiB. Configurations are a thousandth of that.
pub const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// The most bytes of a file that is copied, or whose digest is taken: 4 GiB, as of a whole archive.
pub const MOST_COPIED: u64 = 4 << 30;

/// Refuses what cannot be read to its end: a named pipe or a device would block or never end.
fn must_be_regular(metadata: &Metadata) -> std::io::Result<()> {
    if metadata.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "it is a folder, not a file"));
    }
    if metadata.is_file() { Ok(()) } else { Err(Obstacle::Endless.into()) }
}

/// Whether there is a file that somebody wants to be read, or what is in its place and is told by whoever reads it: a
/// pipe, a device. What is passed over in silence would be a setting that does not hold.
pub fn is_there(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_dir())
}

/// Whether a path is on a file system of a kind that only this machine writes to: what others write may be seen late here, and
/// with the times of their clocks. Of a kind that is not known, it is not.
#[cfg(target_os = "linux")]
pub fn is_on_local_disk(path: &Path) -> bool {
    use nix::sys::statfs::{
        BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, FsType, OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC, statfs,
    };
    // By statfs(2) and OpenZFS; nix does not have them for every target.
    const XFS: FsType = FsType(0x5846_5342);
    const ZFS: FsType = FsType(0x2fc1_2fc1);
    let local = [EXT4_SUPER_MAGIC, XFS, BTRFS_SUPER_MAGIC, ZFS, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC];
    statfs(path).is_ok_and(|found| local.contains(&found.filesystem_type()))
}

/// Whether a path is on a file system of a kind that only this machine writes to.
#[cfg(not(target_os = "linux"))]
pub fn is_on_local_disk(path: &Path) -> bool {
    nix::sys::statfs::statfs(path)
        .is_ok_and(|found| ["apfs", "hfs", "ufs", "zfs"].contains(&found.filesystem_type_name()))
}

/// Opens a regular file to read it.
pub fn open_regular(path: &Path) -> std::io::Result<File> {
    opened(path).map(|(file, _)| file)
}

#[expect(clippy::disallowed_methods, reason = "here it is looked at what is opened")]
fn opened(path: &Path) -> std::io::Result<(File, Metadata)> {
    use std::os::unix::fs::OpenOptionsExt;
    // Before it is opened: that alone has effects on some devices, and on whoever writes into a pipe.
    must_be_regular(&std::fs::metadata(path)?)?;
    // Without O_NONBLOCK, opening a pipe that has come meanwhile would wait for its other end.
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let metadata = file.metadata()?;
    must_be_regular(&metadata)?;
    Ok((file, metadata))
}

/// Opens a folder, to lock it; what is none is an error and not waited for.
#[expect(clippy::disallowed_methods, reason = "what is no folder is not opened")]
pub fn open_folder(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().read(true).custom_flags(nix::fcntl::OFlag::O_DIRECTORY.bits()).open(path)
}

/// Reads a regular file whole, of at most [`MOST_BYTES`]; one that grows meanwhile is read up to there.
pub fn read_regular(path: &Path) -> std::io::Result<Vec<u8>> {
    read_regular_within(path, MOST_BYTES)
}

/// Reads a regular file whole, of at most so many bytes.
pub fn read_regular_within(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let (file, metadata) = opened(path)?;
    read_within(file, metadata.len(), most)
}

/// Reads a file that is open by now, to the limit of its size.
pub fn read_whole(file: File) -> std::io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    read_within(file, length, MOST_BYTES)
}

/// `length` is what it had when it was opened: it may have grown since.
fn read_within(file: File, length: u64, most: u64) -> std::io::Result<Vec<u8>> {
    if length > most {
        return Err(Obstacle::TooLarge(most).into());
    }
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(most + 1).read_to_end(&mut content)?;
    if content.len() as u64 > most { Err(Obstacle::TooLarge(most).into()) } else { Ok(content) }
}

/// Reads a regular file that holds UTF-8 text.
pub fn read_text(path: &Path) -> std::io::Result<String> {
    let not_text = |_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(read_regular(path)?).map_err(not_text)
}

/// Looks whether a file that a tool is about to read could be read here: a regular one, and not too large. One that is
/// not there is told by whoever wants it.
pub fn refuse_unreadable(path: &Path) -> Result<(), FileError> {
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    let checked = must_be_regular(&metadata).and_then(|()| match metadata.len() {
        0..=MOST_BYTES => Ok(()),
        _ => Err(Obstacle::TooLarge(MOST_BYTES).into()),
    });
    checked.map_err(FileError::on("read", path))
}

/// Hands a file over piece by piece, up to [`MOST_COPIED`] bytes of it.
pub fn pieces(file: &mut File, mut take: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut left = MOST_COPIED;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        left = left.checked_sub(read as u64).ok_or(Obstacle::TooLarge(MOST_COPIED))?;
        take(buffer.get(..read).unwrap_or_default())?;
    }
}

/// Copies what is in one file into another, up to [`MOST_COPIED`] bytes of it.
pub fn copy_bounded(from: &mut File, to: &mut File) -> std::io::Result<()> {
    if from.metadata()?.len() > MOST_COPIED {
        return Err(Obstacle::TooLarge(MOST_COPIED).into());
    }
    // Within one file system the system does it without reading anything.
    std::io::copy(&mut Read::take(from, MOST_COPIED), to).map(drop)
}

/// Whether two files hold the same, from their beginnings on.
pub fn are_equal(one: &mut File, other: &mut File) -> std::io::Result<bool> {
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let mut same = true;
    let mut buffer = Vec::new();
    pieces(one, |piece| {
        buffer.clear();
        Read::take(&mut *other, piece.len() as u64).read_to_end(&mut buffer)?;
        same &= buffer == piece;
        Ok(())
    })?;
    one.rewind()?;
    other.rewind()?;
    Ok(same)
}

/// Makes a folder that the user named, and those on the way to it.
#[expect(clippy::disallowed_methods, reason = "the whole path is the user's own")]
pub fn create_dir_all(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_would_never_end_is_refused_and_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [&pipe, Path::new("/dev/zero")] {
            assert_eq!(read_regular(path).unwrap_err().kind(), ErrorKind::InvalidInput, "{}", path.display());
        }
        assert_eq!(read_regular(dir.path()).unwrap_err().kind(), ErrorKind::IsADirectory);
        let large = dir.path().join("large");
        File::create(&large).unwrap().set_len(MOST_BYTES + 1).unwrap();
        assert_eq!(read_regular(&large).unwrap_err().kind(), ErrorKind::FileTooLarge);
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [&pipe, &socket, &large, Path::new("/dev/zero")] {
            let error = refuse_unreadable(path).unwrap_err();
            assert!(
                error.to_string().contains(&path.display().to_string()) && error.advice().is_some(),
                "{error}"
            );
            assert!(read_text(path).is_err());
        }
        refuse_unreadable(&dir.path().join("not-there")).unwrap();
        assert!(
            read_text(Path::new("/proc/self/status")).unwrap().contains("Pid:"),
            "its length is said to be none"
        );
    }

    #[test]
    fn files_are_copied_and_compared_piece_by_piece() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = dir.path().join(name);
            File::options().create(true).truncate(false).read(true).write(true).open(path).unwrap()
        };
        let (mut one, mut other) = (file("one"), file("other"));
        one.write_all(&vec![b'x'; 200_000]).unwrap();
        one.rewind().unwrap();
        copy_bounded(&mut one, &mut other).unwrap();
        one.rewind().unwrap();
        other.rewind().unwrap();
        assert!(are_equal(&mut one, &mut other).unwrap());
        assert!(are_equal(&mut one, &mut other).unwrap(), "from their beginnings again");
        other.seek(std::io::SeekFrom::Start(150_000)).unwrap();
        other.write_all(b"y").unwrap();
        other.rewind().unwrap();
        assert!(!are_equal(&mut one, &mut other).unwrap());
        one.set_len(MOST_COPIED + 1).unwrap();
        assert_eq!(copy_bounded(&mut one, &mut other).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }
}
