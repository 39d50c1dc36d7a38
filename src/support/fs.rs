//! Files written whole or not at all, and read only where that comes to an end.

use std::io::{Error, ErrorKind, Read, Write};
use std::path::Path;

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
}

/// The most bytes of a file that is read whole: 256 MiB. Configurations are a thousandth of that.
pub const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Reads a regular file whole. A named pipe or a device would block or never end, and is refused, as is a file of
/// more than [`MOST_BYTES`]; a file that grows meanwhile is read up to there.
pub fn read_regular(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::os::unix::fs::OpenOptionsExt;
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "it is a folder, not a file"));
    }
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is a pipe or a device, not a regular file"));
    }
    let too_large = || Error::new(ErrorKind::FileTooLarge, format!("it has more than {MOST_BYTES} bytes"));
    if metadata.len() > MOST_BYTES {
        return Err(too_large());
    }
    let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    file.take(MOST_BYTES + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MOST_BYTES { Err(too_large()) } else { Ok(content) }
}

/// Writes a file so that a reader sees the old text or the new one, never a part of it.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = match tempfile::NamedTempFile::new_in(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(folder).map_err(FileError::on("create", folder))?;
            tempfile::NamedTempFile::new_in(folder)
        }
        file => file,
    }
    .map_err(FileError::on("write", path))?;
    file.write_all(content).map_err(FileError::on("write", path))?;
    file.persist(path).map_err(|error| FileError::on("write", path)(error.error))?;
    Ok(())
}

/// Writes a file only where its content differs; returns whether it did.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<bool, FileError> {
    if std::fs::read(path).is_ok_and(|current| current == content) {
        return Ok(false);
    }
    write_atomically(path, content)?;
    Ok(true)
}

/// A folder only its owner can read, for what may hold state or plans.
pub fn create_private_dir(path: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(FileError::on("create", path))
}

#[cfg(test)]
mod tests {
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
        std::fs::File::create(&large).unwrap().set_len(MOST_BYTES + 1).unwrap();
        assert_eq!(read_regular(&large).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_file_is_written_only_where_it_differs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/file");
        assert!(write_if_changed(&path, b"one").unwrap());
        assert!(!write_if_changed(&path, b"one").unwrap());
        assert!(write_if_changed(&path, b"two").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
    }
}
