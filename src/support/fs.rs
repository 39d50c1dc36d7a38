//! Files written whole or not at all.

use std::io::Write;
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
    pub source: std::io::Error,
}

impl FileError {
    /// For `map_err`: names what was tried on which path.
    pub fn on(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self { action, path, source }
    }
}

/// Writes a file so that a reader sees the old text or the new one, never a part of it.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(FileError::on("create", folder))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(FileError::on("write", path))?;
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
    fn a_file_is_written_only_where_it_differs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/file");
        assert!(write_if_changed(&path, b"one").unwrap());
        assert!(!write_if_changed(&path, b"one").unwrap());
        assert!(write_if_changed(&path, b"two").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
    }
}
