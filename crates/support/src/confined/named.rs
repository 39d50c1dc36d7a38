//! Places to write that the user named.

use std::path::{Path, PathBuf};

use super::{FOLDER, Kind, Root};
use crate::fs::{FileError, Obstacle, create_dir_all};

/// A file or folder that the user named, to be written.
#[derive(Debug)]
pub struct Named {
    root: Root,
    below: PathBuf,
}

impl Named {
    /// A place that is reached without following links from the first of `bounds` (folders that somebody else may fill, such
    /// as the project) that it lies in. Where it lies in none, the way to it is the user's own, and followed; its folder is
    /// made where it is missing.
    pub fn new(path: &Path, bounds: &[&Path]) -> Result<Self, FileError> {
        for bound in bounds {
            if let Ok(below) = path.strip_prefix(bound)
                && !below.as_os_str().is_empty()
            {
                return Ok(Self { root: Root::at(bound)?, below: below.to_owned() });
            }
        }
        let Some(name) = path.file_name() else {
            let outside = Obstacle::Outside(path.to_owned());
            return Err(FileError::on("write", path)(outside.into()));
        };
        let above = match path.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
        create_dir_all(above).map_err(FileError::on("create", above))?;
        Ok(Self { root: Root::at(above)?, below: PathBuf::from(name) })
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.root.path().join(&self.below)
    }

    /// The folder that it is in, made where it is missing, and its name there.
    pub fn folder(&self) -> Result<(Root, PathBuf), FileError> {
        let above = self.below.parent().unwrap_or(Path::new(""));
        let name = PathBuf::from(self.below.file_name().unwrap_or_default());
        Ok((self.root.folder(above, FOLDER)?, name))
    }

    /// Fails where a file could not be written there.
    pub fn try_writing(&self) -> Result<(), FileError> {
        let (folder, name) = self.folder()?;
        if folder.kind(&name)? == Some(Kind::Folder) {
            let is_folder = std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a folder");
            return Err(FileError::on("write", &self.path())(is_folder));
        }
        folder.staging(".slipway-try-").map(drop)
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, content: &[u8], mode: u32) -> Result<(), FileError> {
        self.root.write(&self.below, content, mode)
    }
}
