//! Laying files into a folder: all that are missing, or none, and nothing that is there is touched.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::{File, Scaffold};
use crate::support::confined::{EVERYBODY, FOLDER, Kind, Root};
use crate::support::fs::{FileError, create_dir_all};

/// The beginning of the folder in which files are put together.
const STAGING: &str = ".slipway-init-";

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum LayError {
    /// A file could not be looked at or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder stands where a file has to be, or something else that is no file.
    #[error("{} is in the way: it is no file", .0.display())]
    InTheWay(PathBuf),
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was not there, and is written.
    Written,
    /// It was there, and is as it was.
    Kept,
}

/// The files with what became of them, in the order of the scaffold.
#[derive(Clone, Debug, Default)]
pub struct Laid {
    /// Each with its path from the folder.
    pub files: Vec<(PathBuf, Fate)>,
}

/// Says what [`lay`] would do, and writes nothing.
pub fn look(scaffold: &Scaffold, folder: &Path) -> Result<Laid, LayError> {
    if is_missing(folder) {
        let all = scaffold.files.iter().map(|file| (file.path.clone(), Fate::Written));
        return Ok(Laid { files: all.collect() });
    }
    let root = Root::at(folder)?;
    let fates = scaffold.files.iter().map(|file| Ok((file.path.clone(), fate(&root, file)?)));
    Ok(Laid { files: fates.collect::<Result<_, LayError>>()? })
}

/// Writes what is missing. Where that fails, what was written before is taken away again.
pub fn lay(scaffold: &Scaffold, folder: &Path) -> Result<Laid, LayError> {
    let looked = look(scaffold, folder)?;
    let is_new = is_missing(folder);
    create_dir_all(folder).map_err(FileError::on("create", folder))?;
    let root = Root::at(folder)?;
    let mut put = Put { root: &root, files: Vec::new(), folders: Vec::new() };
    let laid = put.all(scaffold, &looked);
    if laid.is_err() {
        put.take_back();
        if is_new && let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) {
            // Only where it is empty, as it was made.
            let _left = Root::at(above).and_then(|above| above.remove_dir(Path::new(name)));
        }
    }
    laid
}

fn is_missing(folder: &Path) -> bool {
    folder.symlink_metadata().is_err()
}

fn fate(root: &Root, file: &File) -> Result<Fate, LayError> {
    // A file in the place of a folder on the way is found here, and not when half is written.
    let on_the_way = file.path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
    for above in on_the_way.collect::<Vec<_>>().into_iter().rev() {
        if matches!(root.kind(above)?, Some(Kind::File | Kind::Link | Kind::Other)) {
            return Err(LayError::InTheWay(root.path().join(above)));
        }
    }
    match root.kind(&file.path)? {
        None => Ok(Fate::Written),
        Some(Kind::File | Kind::Link) => Ok(Fate::Kept),
        Some(Kind::Folder | Kind::Other) => Err(LayError::InTheWay(root.path().join(&file.path))),
    }
}

/// What was put into place so far.
struct Put<'a> {
    root: &'a Root,
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Put<'_> {
    fn all(&mut self, scaffold: &Scaffold, looked: &Laid) -> Result<Laid, LayError> {
        // Together first: a full disk is noticed before anything is in its place.
        let staging = self.root.staging(STAGING)?;
        let missing: BTreeSet<&PathBuf> =
            looked.files.iter().filter(|(_, fate)| *fate == Fate::Written).map(|(path, _)| path).collect();
        let staged = |number: usize| staging.name().join(number.to_string());
        let files = scaffold.files.iter().enumerate().filter(|(_, file)| missing.contains(&file.path));
        for (number, file) in files.clone() {
            self.root.write(&staged(number), file.text.as_bytes(), EVERYBODY)?;
        }
        let mut kept = BTreeSet::new();
        for (number, file) in files {
            if !self.one(&staged(number), &file.path)? {
                kept.insert(&file.path);
            }
        }
        let fates = looked.files.iter().map(|(path, fate)| {
            let fate = if kept.contains(path) { Fate::Kept } else { *fate };
            (path.clone(), fate)
        });
        Ok(Laid { files: fates.collect() })
    }

    /// Returns whether it is ours: somebody may have made it meanwhile.
    fn one(&mut self, staged: &Path, path: &Path) -> Result<bool, LayError> {
        let above = path.parent().unwrap_or(Path::new(""));
        let missing: Vec<&Path> = above
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty())
            .take_while(|folder| matches!(self.root.kind(folder), Ok(None)))
            .collect();
        self.folders.extend(missing.into_iter().rev().map(Path::to_owned));
        if !above.as_os_str().is_empty() {
            self.root.create_dir_all(above, FOLDER)?;
        }
        match self.root.hard_link(&self.root.path().join(staged), path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            // Some file systems have no hard links.
            Err(_) => self.root.rename(staged, path)?,
        }
        self.files.push(path.to_owned());
        Ok(true)
    }

    fn take_back(&self) {
        for file in &self.files {
            let _left = self.root.remove(file);
        }
        for folder in self.folders.iter().rev() {
            // One that somebody has put something into stays.
            let _left = self.root.remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second file would be below the first one, which is seen only when that is in its place.
    #[test]
    fn what_was_written_before_a_failure_is_taken_back() {
        let files = ["kept/of/somebody", "kept/new/file", "kept/new/file/below"];
        let file = |path: &&str| File { path: path.into(), text: "ours".to_owned() };
        let scaffold = Scaffold { files: files.iter().map(file).collect(), next: Vec::new() };
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("kept/of")).unwrap();
        std::fs::write(folder.path().join("kept/of/somebody"), "theirs").unwrap();
        assert!(lay(&scaffold, folder.path()).is_err());
        assert!(!folder.path().join("kept/new").exists(), "neither the file nor the folder made for it");
        assert_eq!(std::fs::read_to_string(folder.path().join("kept/of/somebody")).unwrap(), "theirs");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        // A folder that was made for it goes as well.
        let new = folder.path().join("new");
        assert!(lay(&scaffold, &new).is_err());
        assert!(!new.exists());
    }
}
