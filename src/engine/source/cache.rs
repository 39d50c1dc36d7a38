//! What was fetched, kept by its content and shared by all units.
//!
//! ```text
//! .slipway/modules/.terragrunt-cache/<digest>/   the files, read-only; the name is the digest of all of them
//! .slipway/modules/.terragrunt-cache/of-<key>/   where it is put together; a killed run leaves it, the next one empties it
//! .slipway/modules/index/<key>.json              which tree a commit, a version or an archive is
//! .slipway/modules/locks/<key>                   held while that is being fetched
//! ```
//! Terragrunt passes over folders of that name; in any other it would take the units of a fetched catalogue for its
//! own and run them.
//!
//! A tree appears by one rename and is never written again. It is checked against its name when it is used, so that
//! one which somebody has written into is fetched anew instead of being run. Whoever uses one holds it, so that it is not
//! taken away meanwhile (see `src/engine/cache/`).

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SourceError;
use crate::engine::cache::{has_come, hold};
use crate::support::confined::{Kind, PRIVATE, PRIVATE_FOLDER, Root};
use crate::support::digest::{hex, sha256};
use crate::support::fs::{FileError, open_regular, read_regular};
use crate::support::interrupt::{GivenUp, Waiting};

/// The folder of it all, in our own.
pub(super) const MODULES: &str = "modules";
/// The folder of the trees, in that.
pub(super) const TREES: &str = ".terragrunt-cache";
/// How the name of a folder begins in which something is put together; its key follows.
pub(super) const UNFINISHED: &str = "of-";
/// Which tree is what.
pub(super) const INDEX: &str = "index";
/// The locks of those who fetch.
pub(super) const LOCKS: &str = "locks";
/// How often a lock that someone else holds is tried again.
const LOCK_POLL: Duration = Duration::from_millis(25);
/// How often it is tried to put a tree in the place of one that is being taken away: for some seconds.
const MOST_TRIES: usize = 200;

/// Where fetched modules are kept.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    /// Our own folder.
    home: PathBuf,
    root: PathBuf,
}

/// What is known of a thing that was fetched.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The address for people, without credentials.
    pub source: String,
    /// The commit, version or digest that it stood for.
    pub resolved: String,
    /// The digest of its files.
    pub tree: String,
    /// The server's mark of this content, to ask whether it is still the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When the server says it was changed, in the server's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// An entry, and the folder that its files are in.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub entry: Entry,
    pub folder: PathBuf,
    /// When it was fetched.
    pub fetched: SystemTime,
}

/// Held while one thing is fetched; the kernel lets go of it when the process ends, however it ends.
#[derive(Clone)]
pub(super) struct Lock {
    _file: Arc<File>,
    key: String,
}

impl Cache {
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), root: home.join(MODULES) }
    }

    /// The folder, to write in: nothing goes through a link in it.
    fn folder(&self) -> Result<Root, FileError> {
        Root::own(&self.home)?.folder(Path::new(MODULES), PRIVATE_FOLDER)
    }

    /// What is kept under a key, where its files are what they were.
    pub async fn find(&self, key: &str) -> Result<Option<Found>, SourceError> {
        let (cache, key) = (self.clone(), sha256(key.as_bytes()));
        blocking(move |given_up| cache.look_up(&key, given_up)).await
    }

    fn look_up(&self, key: &str, given_up: &GivenUp) -> Result<Option<Found>, SourceError> {
        let file = self.index(key);
        let Ok(text) = read_regular(&file) else { return Ok(None) };
        // An entry that cannot be read is as good as none: it is fetched again and written anew.
        let Ok(entry) = serde_json::from_slice::<Entry>(&text) else { return Ok(None) };
        let folder = self.trees().join(&entry.tree);
        // A name that is no digest would be a way elsewhere, and so would a link in the tree's place.
        let is_digest = entry.tree.len() == 64 && entry.tree.bytes().all(|letter| letter.is_ascii_hexdigit());
        let is_there = is_digest && folder.symlink_metadata().is_ok_and(|found| found.is_dir());
        if !is_there || !self.hold(&folder)? || digest_of(&folder, given_up)? != entry.tree {
            return Ok(None);
        }
        let written = std::fs::metadata(&file).and_then(|metadata| metadata.modified());
        Ok(Some(Found { entry, folder, fetched: written.unwrap_or(SystemTime::UNIX_EPOCH) }))
    }

    /// Holds a tree, or what is to be one; false where it is being taken away.
    fn hold(&self, folder: &Path) -> Result<bool, FileError> {
        match self.folder()?.open_folder(folder)? {
            Some(tree) => hold(&tree),
            None => Ok(false),
        }
    }

    /// Waits until nobody else fetches the same.
    pub async fn lock(&self, key: &str) -> Result<Lock, SourceError> {
        let key = sha256(key.as_bytes());
        let path = self.root.join(LOCKS).join(&key);
        let file = self.folder()?.update(&path)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: Arc::new(file), key }),
                Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(LOCK_POLL).await,
                Err(std::fs::TryLockError::Error(error)) => {
                    return Err(FileError::on("lock", &path)(error).into());
                }
            }
        }
    }

    /// An empty folder to put something together in.
    pub async fn scratch(&self, lock: &Lock) -> Result<PathBuf, SourceError> {
        let (cache, folder) = (self.clone(), self.scratch_folder(lock));
        blocking(move |_| {
            let ours = cache.folder()?;
            ours.remove_all(&folder)?;
            ours.create_dir_all(&folder, PRIVATE_FOLDER)?;
            Ok(folder)
        })
        .await
    }

    /// Takes a folder in under a key, and removes the scratch folder.
    pub async fn keep(
        &self,
        lock: &Lock,
        key: &str,
        folder: &Path,
        entry: Entry,
    ) -> Result<Found, SourceError> {
        // The lock goes along: nobody may empty the folder while this is at work in it, also where nobody waits for it.
        let (cache, lock) = (self.clone(), lock.clone());
        let (key, folder) = (key.to_owned(), folder.to_owned());
        blocking(move |given_up| cache.take_in(&lock, &key, &folder, entry, given_up)).await
    }

    fn take_in(
        &self,
        lock: &Lock,
        key: &str,
        folder: &Path,
        entry: Entry,
        given_up: &GivenUp,
    ) -> Result<Found, SourceError> {
        let ours = self.folder()?;
        protect(&ours, folder)?;
        let tree = digest_of(folder, given_up)?;
        let place = self.trees().join(&tree);
        let there = ours.kind(&place)?;
        if there.is_some_and(|kind| kind != Kind::Folder)
            || there.is_some() && digest_of(&place, given_up)? != tree
        {
            // Somebody has written into it, or in its place: out of the way with it.
            ours.rename(&place, &self.scratch_folder(lock).join("damaged"))?;
        }
        self.put_in_place(&ours, folder, &place)?;
        has_come();
        let entry = Entry { tree, ..entry };
        self.write(&sha256(key.as_bytes()), &entry)?;
        ours.remove_all(&self.scratch_folder(lock))?;
        Ok(Found { entry, folder: place, fetched: SystemTime::now() })
    }

    /// Moves a tree to its place, or leaves the same that lies there; either is held from here on.
    fn put_in_place(&self, ours: &Root, folder: &Path, place: &Path) -> Result<(), SourceError> {
        // Before it can be seen: what nobody holds may be taken away.
        self.hold(folder)?;
        for _ in 0..MOST_TRIES {
            let Err(error) = ours.rename(folder, place) else { return Ok(()) };
            match ours.kind(place)? {
                // The same files came from elsewhere before.
                Some(Kind::Folder) if self.hold(place)? => return Ok(()),
                // Somebody takes them away at this moment.
                Some(Kind::Folder) | None => std::thread::sleep(LOCK_POLL),
                Some(_) => return Err(error.into()),
            }
        }
        Ok(ours.rename(folder, place)?)
    }

    /// Notes that something which moves (a tag, the newest version) stood for `resolved` when it was last asked for.
    pub fn note(&self, name: &str, resolved: &str) -> Result<(), SourceError> {
        let key = sha256(name.as_bytes());
        let noted = self.noted(name).is_some_and(|before| before == resolved);
        let entry = Entry { source: name.to_owned(), resolved: resolved.to_owned(), ..Entry::default() };
        if noted { Ok(()) } else { self.write(&key, &entry) }
    }

    /// What was noted last.
    pub fn noted(&self, name: &str) -> Option<String> {
        let text = read_regular(&self.index(&sha256(name.as_bytes()))).ok()?;
        Some(serde_json::from_slice::<Entry>(&text).ok()?.resolved)
    }

    fn write(&self, key: &str, entry: &Entry) -> Result<(), SourceError> {
        let mut text = serde_json::to_vec_pretty(entry).unwrap_or_default();
        text.push(b'\n');
        Ok(self.folder()?.write(&self.index(key), &text, PRIVATE)?)
    }

    fn index(&self, key: &str) -> PathBuf {
        self.root.join(INDEX).join(format!("{key}.json"))
    }

    fn trees(&self) -> PathBuf {
        self.root.join(TREES)
    }

    fn scratch_folder(&self, lock: &Lock) -> PathBuf {
        self.trees().join(format!("{UNFINISHED}{}", lock.key))
    }
}

/// A digest of all files of a folder: their paths, whether they can be run, and what is in them.
pub(super) fn digest_of(folder: &Path, given_up: &GivenUp) -> Result<String, SourceError> {
    let mut digest = Sha256::new();
    for path in files(folder)? {
        let below = path.strip_prefix(folder).unwrap_or(&path).as_os_str().as_bytes();
        let metadata = path.symlink_metadata().map_err(FileError::on("read", &path))?;
        let (kind, content) = if metadata.is_symlink() {
            let target = std::fs::read_link(&path).map_err(FileError::on("read", &path))?;
            (b'l', Sha256::digest(target.as_os_str().as_bytes()))
        } else {
            let kind = if metadata.permissions().mode() & 0o100 == 0 { b'f' } else { b'x' };
            (kind, content_digest(&path, given_up)?)
        };
        digest.update(below.len().to_le_bytes());
        digest.update(below);
        digest.update([kind]);
        digest.update(content);
    }
    Ok(hex(&digest.finalize()))
}

fn content_digest(path: &Path, given_up: &GivenUp) -> Result<sha2::digest::Output<Sha256>, SourceError> {
    let mut file = open_regular(path).map_err(FileError::on("open", path))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if given_up.is() {
            let source = std::io::Error::other("it was given up");
            return Err(FileError::on("read", path)(source).into());
        }
        match file.read(&mut buffer).map_err(FileError::on("read", path))? {
            0 => return Ok(digest.finalize()),
            read => digest.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Every file and link of a folder, in a fixed order; what is neither is left out.
pub(in crate::engine) fn files(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), SourceError> {
    for entry in std::fs::read_dir(folder).map_err(FileError::on("read", folder))? {
        let entry = entry.map_err(FileError::on("read", folder))?;
        let kind = entry.file_type().map_err(FileError::on("read", folder))?;
        if kind.is_dir() {
            collect(&entry.path(), found)?;
        } else if kind.is_file() || kind.is_symlink() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// Takes the right to write from every file: a link to it must not be written through.
fn protect(ours: &Root, folder: &Path) -> Result<(), SourceError> {
    for path in files(folder)? {
        let metadata = path.symlink_metadata().map_err(FileError::on("read", &path))?;
        if !metadata.is_symlink() {
            let mode = if metadata.permissions().mode() & 0o100 == 0 { 0o444 } else { 0o555 };
            ours.set_mode(&path, mode)?;
        }
    }
    Ok(())
}

/// Work on files that may take a while, away from the threads that wait for the network. It is told when nobody waits
/// for it any more, and has to look.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&GivenUp) -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let waiting = Waiting::default();
    let given_up = waiting.given_up();
    tokio::task::spawn_blocking(move || work(&given_up)).await.unwrap_or_else(|error| {
        let source = std::io::Error::other(error.to_string());
        Err(FileError { action: "read", path: "a source".to_owned(), source }.into())
    })
}
