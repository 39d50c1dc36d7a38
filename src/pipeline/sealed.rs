//! Saved plans in one encrypted file, on their way from the job that plans to the one that applies.
//!
//! The file is `slipway-sealed-1\n`, 16 bytes of salt, 12 of nonce, and a tar archive of the folder, encrypted by AES-256-GCM. Its
//! key is made of the secret by PBKDF2 with SHA-256. So whoever has not got the secret can neither read a plan nor make one up.

use std::io::Read as _;
use std::num::NonZeroU32;
use std::path::{Component, Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{pbkdf2, rand};

use crate::engine::plan::folder::MANIFEST;
use crate::support::confined::{Named, PRIVATE, PRIVATE_FOLDER};
use crate::support::fs::{FileError, read_regular};
use crate::support::secret::Secret;

/// The variable with the secret.
pub const KEY: &str = "SLIPWAY_PLANS_KEY";
/// How many characters it has at least.
pub const SHORTEST_KEY: usize = 16;
/// The name of the file in what a job hands on.
pub const SEALED: &str = "plans.sealed";
const MARK: &[u8] = b"slipway-sealed-1\n";
const SALT: usize = 16;
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(599_999);
/// No folder of plans is larger, in bytes.
const LARGEST: u64 = 1 << 30;

/// Why plans could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Nothing was planned there.
    #[error("{} holds no saved plans", .0.display())]
    NoPlans(PathBuf),
    /// The library refused.
    #[error("the plans could not be encrypted")]
    Crypto,
    /// Not by this key, or not as it was.
    #[error("the sealed plans are not sealed with this key, or were changed since")]
    Opened,
    /// What was sealed is no folder of plans.
    #[error("the sealed plans hold {0}")]
    Content(String),
}

/// Seals a folder of saved plans.
pub fn seal(folder: &Path, secret: &Secret) -> Result<Vec<u8>, SealedError> {
    if !folder.join(MANIFEST).is_file() {
        return Err(SealedError::NoPlans(folder.to_owned()));
    }
    let mut archive = tar::Builder::new(Vec::new());
    for file in files(folder, folder)? {
        let content = read_regular(&folder.join(&file)).map_err(FileError::on("read", &file))?;
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(PRIVATE);
        archive.append_data(&mut header, &file, &*content).map_err(FileError::on("pack", &file))?;
    }
    let mut text = archive.into_inner().map_err(FileError::on("pack", folder))?;
    let (mut salt, mut nonce) = ([0; SALT], [0; NONCE_LEN]);
    rand::fill(&mut salt).and_then(|()| rand::fill(&mut nonce)).map_err(|_| SealedError::Crypto)?;
    key(secret, &salt)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(MARK), &mut text)
        .map_err(|_| SealedError::Crypto)?;
    Ok([MARK, &salt, &nonce, &text].concat())
}

/// Opens sealed plans into a new folder.
pub fn open(sealed: &[u8], secret: &Secret, to: &Named) -> Result<(), SealedError> {
    let rest = sealed.strip_prefix(MARK).ok_or(SealedError::Opened)?;
    let (salt, rest) = rest.split_at_checked(SALT).ok_or(SealedError::Opened)?;
    let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(SealedError::Opened)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealedError::Opened)?;
    let mut text = text.to_vec();
    let archive = key(secret, salt)?
        .open_in_place(nonce, Aad::from(MARK), &mut text)
        .map_err(|_| SealedError::Opened)?;
    let (root, name) = to.folder()?;
    let folder = root.folder(&name, PRIVATE_FOLDER)?;
    let mut archive = tar::Archive::new(&*archive);
    let broken = |error: std::io::Error| SealedError::Content(format!("something else: {error}"));
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_plain || entry.header().entry_type() != tar::EntryType::Regular {
            return Err(SealedError::Content(format!("{}, which is no file below", path.display())));
        }
        let mut content = Vec::new();
        entry.take(LARGEST).read_to_end(&mut content).map_err(broken)?;
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            folder.create_dir_all(above, PRIVATE_FOLDER)?;
        }
        folder.write(&path, &content, PRIVATE)?;
    }
    Ok(())
}

/// The regular files below a folder, from `base`, in order; anything else is none of a plan's.
fn files(base: &Path, folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(FileError::on("read", folder))? {
        let entry = entry.map_err(FileError::on("read", folder))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(FileError::on("read", folder))?);
        if kind.is_dir() {
            found.extend(files(base, &path)?);
        } else if kind.is_file() {
            found.push(path.strip_prefix(base).unwrap_or(&path).to_owned());
        }
    }
    found.sort();
    Ok(found)
}

fn key(secret: &Secret, salt: &[u8]) -> Result<LessSafeKey, SealedError> {
    let mut bytes = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, secret.expose().as_bytes(), &mut bytes);
    UnboundKey::new(&AES_256_GCM, &bytes).map(LessSafeKey::new).map_err(|_| SealedError::Crypto)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("plans")).unwrap();
        std::fs::write(folder.path().join(MANIFEST), "{}").unwrap();
        std::fs::write(folder.path().join("plans/a.tfplan"), "a password").unwrap();
        folder
    }

    fn opened(bytes: &[u8], secret: &str) -> Result<tempfile::TempDir, SealedError> {
        let to = tempfile::tempdir().unwrap();
        open(bytes, &Secret::new(secret), &Named::new(&to.path().join("opened"), &[]).unwrap())?;
        Ok(to)
    }

    #[test]
    fn what_is_sealed_is_opened_by_its_key_and_by_no_other() {
        let secret = "canary-of-sealed-plans";
        let bytes = seal(folder().path(), &Secret::new(secret)).unwrap();
        assert!(!bytes.windows(10).any(|window| window == b"a password"));
        let to = opened(&bytes, secret).unwrap();
        assert_eq!(std::fs::read(to.path().join("opened/plans/a.tfplan")).unwrap(), b"a password");
        assert!(matches!(opened(&bytes, "canary-of-other-plans!"), Err(SealedError::Opened)));
        for place in [0, MARK.len(), MARK.len() + SALT, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(matches!(opened(&changed, secret), Err(SealedError::Opened)), "byte {place}");
        }
        for end in [0, 5, MARK.len() + 3, MARK.len() + SALT + 3, bytes.len() - 1] {
            assert!(matches!(opened(&bytes[..end], secret), Err(SealedError::Opened)), "{end} bytes");
        }
        // Twice the same is not the same: nobody sees that a plan did not change.
        assert_ne!(bytes, seal(folder().path(), &Secret::new(secret)).unwrap());
    }

    #[test]
    fn what_holds_no_plans_is_not_sealed() {
        let empty = tempfile::tempdir().unwrap();
        let sealed = seal(empty.path(), &Secret::new("canary-of-sealed-plans"));
        assert!(matches!(sealed, Err(SealedError::NoPlans(_))));
    }
}
