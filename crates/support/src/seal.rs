//! Whether a folder was made by this user on this machine.
//!
//! What we keep beside a configuration (`.slipway`) is trusted: modules by their digests, providers, work folders, the
//! record of what a run has done. A folder of that name can also come with the repository, with an archive, or out of a
//! cache that others write. So the one that we make gets a seal that nobody else can make: a digest of which folder it is,
//! keyed by a secret that lies outside of any tree.
//!
//! The secret is `$XDG_STATE_HOME/slipway/secret` (`~/.local/state/slipway/secret`), made at its first use. Where that is
//! not to be written, or lies in the repository itself, it is kept in a folder of ours among the temporary ones: then
//! what it has sealed is unknown after it was cleaned away, which costs no more than to fetch things again.

use std::fs::Metadata;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::confined::{PRIVATE, Root};
use super::digest::hex;
use super::fs::{FileError, read_text};
use super::secret::Secret;

/// The seal's name in the folder.
pub const SEAL: &str = "seal";
/// The secret's name in its folder.
const SECRET: &str = "secret";
/// The secret's length in bytes.
const LENGTH: usize = 32;

/// Makes seals, and knows its own.
pub struct Sealer(Secret);

impl Sealer {
    /// The one of this user on this machine; `tree` is the repository that is worked in, which can hold no secret of ours.
    pub fn of_this_machine(tree: &Path) -> Result<Self, FileError> {
        let tree = tree.canonicalize().unwrap_or_else(|_| tree.to_path_buf());
        let mut last = None;
        for folder in places() {
            let beginning = folder.ancestors().find_map(|above| above.canonicalize().ok());
            if beginning.is_some_and(|beginning| beginning.starts_with(&tree)) {
                continue;
            }
            match Self::kept_in(&folder) {
                Ok(sealer) => return Ok(sealer),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            let nowhere = std::io::Error::new(
                ErrorKind::NotFound,
                "there is no place for it outside of the repository",
            );
            FileError::on("keep", Path::new("the secret of this machine"))(nowhere)
        }))
    }

    /// The one whose secret is in a folder, made where there is none.
    fn kept_in(folder: &Path) -> Result<Self, FileError> {
        if let Some(above) = folder.parent() {
            super::fs::create_dir_all(above).map_err(FileError::on("create", above))?;
        }
        let root = Root::own(folder)?;
        must_be_private(folder, &folder.metadata().map_err(FileError::on("read", folder))?)?;
        let name = Path::new(SECRET);
        let file = root.update(name)?;
        let on = |error| FileError::on("read", &folder.join(SECRET))(error);
        file.lock().map_err(on)?;
        let metadata = file.metadata().map_err(on)?;
        must_be_private(&folder.join(SECRET), &metadata)?;
        let mut text = String::new();
        (&file).take(4 * LENGTH as u64).read_to_string(&mut text).map_err(on)?;
        let kept = text.trim();
        if kept.len() == 2 * LENGTH {
            return Ok(Self(Secret::new(kept)));
        }
        // A new one, or one that was cut short when it was written: what it would have sealed is not known yet.
        let fresh: Vec<u8> = (0..2).flat_map(|_| *uuid::Uuid::new_v4().as_bytes()).collect();
        let fresh = hex(&fresh);
        file.set_len(0).and_then(|()| std::io::Seek::rewind(&mut &file)).map_err(on)?;
        (&file).write_all(format!("{fresh}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(on)?;
        Ok(Self(Secret::new(fresh)))
    }

    /// Whether a folder has a seal of ours, and is its owner's alone to write.
    pub fn has_sealed(&self, folder: &Path) -> bool {
        let Ok(metadata) = folder.symlink_metadata() else { return false };
        let is_private = metadata.is_dir() && metadata.mode() & 0o022 == 0;
        is_private
            && read_text(&folder.join(SEAL)).is_ok_and(|seal| equal(seal.trim(), &self.seal_of(&metadata)))
    }

    /// Seals a folder.
    pub fn seal(&self, folder: &Root) -> Result<(), FileError> {
        let path = folder.path();
        let metadata = path.symlink_metadata().map_err(FileError::on("read", path))?;
        folder.write(Path::new(SEAL), format!("{}\n", self.seal_of(&metadata)).as_bytes(), PRIVATE)
    }

    /// Of this folder and no other: a copy of it is one that somebody may have written into.
    fn seal_of(&self, metadata: &Metadata) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose().as_bytes()) else {
            return String::new();
        };
        mac.update(b"slipway folder 1\0");
        mac.update(&metadata.ino().to_le_bytes());
        mac.update(&metadata.uid().to_le_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

/// Where the secret may be kept, the best place first.
fn places() -> Vec<PathBuf> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(absolute);
    let home = std::env::home_dir().filter(absolute).map(|home| home.join(".local/state"));
    let user = nix::unistd::geteuid();
    let temporary = std::env::temp_dir().join(format!("slipway-state-{user}"));
    state.or(home).map(|folder| folder.join("slipway")).into_iter().chain([temporary]).collect()
}

/// Whose secret others can read, or put there, is none.
fn must_be_private(path: &Path, found: &Metadata) -> Result<(), FileError> {
    if found.uid() == nix::unistd::geteuid().as_raw() && found.mode() & 0o777 & !0o700 == 0 {
        return Ok(());
    }
    let open = std::io::Error::new(ErrorKind::PermissionDenied, "others can read or write it; remove it");
    Err(FileError::on("trust", path)(open))
}

/// In a time that tells nothing of where they differ.
fn equal(one: &str, other: &str) -> bool {
    let differing = one.bytes().zip(other.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b));
    !other.is_empty() && one.len() == other.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_seal_is_of_one_folder_and_one_secret() {
        let dir = tempfile::tempdir().unwrap();
        let sealer = Sealer::kept_in(&dir.path().join("state")).unwrap();
        let (ours, copy) = (dir.path().join("ours"), dir.path().join("copy"));
        let root = Root::own(&ours).unwrap();
        assert!(!sealer.has_sealed(&ours));
        sealer.seal(&root).unwrap();
        assert!(sealer.has_sealed(&ours));
        assert!(Sealer::kept_in(&dir.path().join("state")).unwrap().has_sealed(&ours), "the secret is kept");
        assert!(!Sealer::kept_in(&dir.path().join("other")).unwrap().has_sealed(&ours));

        std::fs::create_dir(&copy).unwrap();
        set_mode(&copy, 0o700);
        std::fs::copy(ours.join(SEAL), copy.join(SEAL)).unwrap();
        assert!(!sealer.has_sealed(&copy), "a copy is another folder");
        std::fs::write(ours.join(SEAL), "").unwrap();
        assert!(!sealer.has_sealed(&ours));
        sealer.seal(&root).unwrap();
        set_mode(&ours, 0o770);
        assert!(!sealer.has_sealed(&ours), "others could have written into it");
    }

    #[test]
    fn a_secret_that_others_can_read_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        drop(Sealer::kept_in(&state).unwrap());
        assert_eq!(state.join(SECRET).metadata().unwrap().permissions().mode() & 0o777, 0o600);
        set_mode(&state.join(SECRET), 0o644);
        assert!(Sealer::kept_in(&state).is_err());
        set_mode(&state.join(SECRET), 0o600);
        set_mode(&state, 0o755);
        assert!(Sealer::kept_in(&state).is_err());
    }
}
