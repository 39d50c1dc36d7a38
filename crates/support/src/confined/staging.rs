//! Folders in which something is put together that is then moved to its place beside them.
//!
//! One is locked by `flock` while it is used; the lock goes with the process, however that ends. What a killed process has
//! left is taken away by the next one that puts something together in that place.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat, mkdirat};
use nix::unistd::geteuid;

use super::files::fresh;
use super::walk::bits;
use super::{Kind, PRIVATE_FOLDER, Root};
use crate::fs::FileError;

/// A folder below a root that only its owner can enter, gone with all that is left in it when this is dropped.
#[derive(Debug)]
pub struct Staging<'a> {
    root: &'a Root,
    name: PathBuf,
    /// The folder itself, locked.
    _lock: File,
}

impl Root {
    /// An empty one, under a name that begins so. Those of killed processes, known by that beginning, are taken away.
    pub fn staging(&self, beginning: &str) -> Result<Staging<'_>, FileError> {
        // Where others may not be listed there are none that could be taken away.
        let making = self.alone().ok();
        if let Some(alone) = &making {
            self.take_away(beginning, alone);
        }
        let (name, lock) = self.make(beginning).map_err(self.on("create", Path::new(beginning)))?;
        Ok(Staging { root: self, name: name.into(), _lock: lock })
    }

    /// Takes away what killed processes have left of such folders.
    pub fn sweep(&self, beginning: &str) {
        // What cannot be taken away now is by the next one.
        if let Ok(alone) = self.alone() {
            self.take_away(beginning, &alone);
        }
    }

    /// The folder of the root, held while one is made in it and while old ones are taken away: nobody takes one away
    /// between its making and its own lock.
    fn alone(&self) -> io::Result<File> {
        let folder = opened(&self.folder, OsStr::new("."))?;
        match folder.lock() {
            // Some file systems have no locks; then there is nobody to be told from.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(folder),
            locked => locked.map(|()| folder),
        }
    }

    fn make(&self, beginning: &str) -> io::Result<(OsString, File)> {
        loop {
            let name = OsString::from(format!("{beginning}{}", fresh()));
            match mkdirat(&self.folder, name.as_os_str(), bits(PRIVATE_FOLDER)) {
                Ok(()) => {
                    let folder = opened(&self.folder, &name)?;
                    let _unsupported = folder.try_lock();
                    return Ok((name, folder));
                }
                Err(Errno::EEXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take_away(&self, beginning: &str, folder: &File) {
        let Ok(names) = names_in(folder) else { return };
        for name in names.iter().filter(|name| name.as_bytes().starts_with(beginning.as_bytes())) {
            let is_folder = self.kind(Path::new(name)).is_ok_and(|kind| kind == Some(Kind::Folder));
            if is_folder && opened(&self.folder, name).is_ok_and(|folder| is_left(&folder)) {
                let _left = self.remove_all(Path::new(name));
            }
        }
    }
}

impl Staging<'_> {
    /// Its name below the root.
    pub fn name(&self) -> &Path {
        &self.name
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        let _moved_or_gone = self.root.remove_all(&self.name);
    }
}

/// Whether a folder is one of ours that nobody has: no repository brings one that only its owner can enter.
fn is_left(folder: &File) -> bool {
    let is_ours = fstat(folder).is_ok_and(|found| {
        found.st_uid == geteuid().as_raw() && found.st_mode & 0o777 == bits(PRIVATE_FOLDER).bits()
    });
    is_ours && folder.try_lock().is_ok()
}

fn opened(above: &impl AsFd, name: &OsStr) -> io::Result<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(above, name, flags, Mode::empty())?.into())
}

fn names_in(folder: &File) -> nix::Result<Vec<OsString>> {
    let mut listed = nix::dir::Dir::openat(folder, ".", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    listed.iter().map(|entry| Ok(OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_used_stays_and_what_a_killed_process_left_goes() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::at(dir.path()).unwrap();
        let used = root.staging(".new-").unwrap();
        let place = dir.path().join(used.name());
        assert_eq!(place.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let [left, open, other] = [".new-0", ".new-open", "other"].map(|name| dir.path().join(name));
        for (folder, mode) in [(&left, 0o700), (&open, 0o755), (&other, 0o700)] {
            std::fs::create_dir_all(folder.join("deep")).unwrap();
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::fs::write(dir.path().join(".new-file"), "").unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join(".new-link")).unwrap();
        let another = root.staging(".new-").unwrap();
        assert!(place.is_dir() && dir.path().join(another.name()).is_dir());
        assert!(!left.exists(), "nobody has it");
        assert!(open.exists() && other.join("deep").exists(), "only what is made like ours is ours");
        assert!(dir.path().join(".new-file").exists() && dir.path().join(".new-link").exists());
        drop(used);
        assert!(!place.exists());
        let kept = another.name().to_owned();
        root.sweep(".new-");
        assert!(dir.path().join(&kept).exists(), "it is used");
    }
}
