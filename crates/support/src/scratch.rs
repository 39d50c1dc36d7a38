//! Folders for what is put together and taken away again: clones, keys, files of a commit.
//!
//! They lie under one folder of the user's own, `slipway-<uid>` in the folder for temporary files, which nobody else can
//! look into. Each is locked by `flock` while it is used; the lock goes with the process, however that ends. Whoever
//! makes the first one of a process takes away those whose process is gone.

#![expect(clippy::disallowed_methods, reason = "nobody else can put anything in the way here")]

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

use nix::unistd::geteuid;

use super::fs::open_folder;

/// Only its owner can enter.
const PRIVATE: u32 = 0o700;
/// What others may.
const OTHERS: u32 = 0o077;

/// Those of this process.
static USED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder of our own, gone when this is dropped, or with the next run where this one is killed.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    /// The folder itself, locked.
    _lock: File,
}

impl Scratch {
    /// An empty one; `purpose` begins its name.
    pub fn new(purpose: &str) -> Result<Self> {
        static SWEPT: Once = Once::new();
        let home = home()?;
        let mut swept = Ok(());
        SWEPT.call_once(|| swept = locked(&home).map(|_alone| sweep(&home)));
        swept?;
        let _making = locked(&home)?;
        Self::make(&home, &format!("{purpose}-"))
    }

    /// Makes one in a folder that is locked: nobody takes it away between its making and its own lock.
    fn make(home: &Path, beginning: &str) -> Result<Self> {
        let folder = home.join(format!("{beginning}{}", uuid::Uuid::new_v4().simple()));
        DirBuilder::new().mode(PRIVATE).create(&folder)?;
        let lock = open_folder(&folder)?;
        lock.try_lock().map_err(Error::from)?;
        USED.lock().unwrap_or_else(PoisonError::into_inner).push(folder.clone());
        Ok(Self { folder, _lock: lock })
    }

    /// Writes a new file in it, which nobody else can read; returns its path.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.folder.join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(content)?;
        Ok(path)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        USED.lock().unwrap_or_else(PoisonError::into_inner).retain(|used| *used != self.folder);
        take_away(&self.folder);
    }
}

/// Takes away all of this process, which ends now: nobody drops them any more.
pub fn take_all_away() {
    for folder in std::mem::take(&mut *USED.lock().unwrap_or_else(PoisonError::into_inner)) {
        take_away(&folder);
    }
}

/// What cannot be taken away now is by the next run. A program that outlived whoever started it may still be making
/// files in there, so that a folder fills again while it is emptied.
fn take_away(folder: &Path) {
    const TRIES: usize = 5;
    let is_full = |error: &Error| error.kind() == ErrorKind::DirectoryNotEmpty;
    for _ in 0..TRIES {
        if !std::fs::remove_dir_all(folder).is_err_and(|error| is_full(&error)) {
            return;
        }
    }
}

/// The folder that all of them are in.
fn home() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("slipway-{}", geteuid()));
    make_home(&folder)?;
    Ok(folder)
}

/// Makes it where it is not there. One that somebody else has put there, or that others can enter, is not used: whoever
/// made it could put another folder in the place of ours.
fn make_home(folder: &Path) -> Result<()> {
    match DirBuilder::new().mode(PRIVATE).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = std::fs::symlink_metadata(folder)?;
    let is_ours = found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & OTHERS == 0;
    if is_ours {
        return Ok(());
    }
    let message = format!(
        "{} is not a folder that is yours alone; remove it, or set TMPDIR to another folder",
        folder.display()
    );
    Err(Error::new(ErrorKind::PermissionDenied, message))
}

/// A folder, held while one is made in it and while old ones are taken away.
fn locked(folder: &Path) -> Result<File> {
    let file = open_folder(folder)?;
    file.lock()?;
    Ok(file)
}

/// Takes away what killed processes have left in a folder that is locked.
fn sweep(home: &Path) {
    for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        // Where nobody has it, and something in it cannot be removed, nothing is lost by that.
        if open_folder(&path).is_ok_and(|folder| folder.try_lock().is_ok()) {
            take_away(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn nobody_else_can_look_into_it_and_it_goes_when_it_is_dropped() {
        let scratch = Scratch::new("a-test").unwrap();
        let folder = scratch.path().to_owned();
        assert_eq!((mode(&folder), mode(folder.parent().unwrap())), (0o700, 0o700));
        assert_eq!(mode(&scratch.write("file", b"x").unwrap()), 0o600);
        drop(scratch);
        assert!(!folder.exists());
    }

    #[test]
    fn what_is_used_stays_and_what_a_killed_process_left_goes() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        make_home(&home).unwrap();
        let used = Scratch::make(&home, "used-").unwrap();
        let left = home.join("left-0");
        std::fs::create_dir_all(left.join("deep")).unwrap();
        sweep(&home);
        assert!(used.path().is_dir() && !left.exists());
    }

    #[test]
    fn a_place_that_others_have_prepared_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        let open = dir.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        for place in [link, open, file] {
            let error = make_home(&place).unwrap_err().to_string();
            assert!(error.contains(&*place.to_string_lossy()) && error.contains("TMPDIR"), "{error}");
        }
    }
}
