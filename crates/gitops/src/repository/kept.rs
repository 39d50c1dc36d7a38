//! A clone that is kept between commands, so that what was fetched once is not fetched again.
//!
//! ```text
//! .slipway/repositories/<digest of the address>-<sha1 or sha256>/   a bare repository; `slipway-address` says of what
//! ```
//! It is lent to the clone of each command as a second place of objects. That clone asks the remote for its branch as ever, with
//! the login of whoever asks, and is sent what is in neither. So nothing counts as fresh that the remote has not said at that
//! moment, and nobody is shown anything whom the remote does not let in.
//!
//! It only grows: what a clone has fetched is moved in by whole packs, and after that the reference. Several may read, and one adds;
//! whoever uses it holds it by a shared `flock` on the folder, so that nobody takes it away. One that is broken is thrown away.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tracing::debug;

use slipway_support::confined::{Kind, PRIVATE, PRIVATE_FOLDER, Root};
use slipway_support::digest::sha256;
use slipway_support::fs::{FileError, open_regular, read_text};
use slipway_support::git::{Git, GitError, bare};
use slipway_support::scratch::Scratch;

/// Their folder, in our own.
pub const REPOSITORIES: &str = "repositories";
/// Of what it is a clone, for whoever lists them.
pub const ADDRESS: &str = "slipway-address";
/// Held by whoever adds to it.
const LOCK: &str = "slipway.lock";
/// Where what is taken away comes to lie before it is deleted.
const GONE: &str = "gone";
/// Where a clone reads of its second place of objects.
const ALTERNATES: &str = "objects/info/alternates";
/// Where a repository's history was cut.
const SHALLOW: &str = "shallow";
/// What was known last of what holds images.
const HOLDS: &str = "slipway-holds";
/// The folder of packs in a repository.
const PACKS: &str = "objects/pack";
/// More of them make each question slower.
const MOST_PACKS: usize = 24;

/// Why a clone is not kept, or not used. That is said in the debug log alone: without it everything is fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeptError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Git(#[from] GitError),
}

/// One that is kept, held while this is there.
#[derive(Debug)]
pub(super) struct Kept {
    /// Our own folder.
    ours: Root,
    /// Where it is in that.
    place: PathBuf,
    folder: Root,
    _held: File,
}

impl Kept {
    /// The one of an address, where there is one.
    pub fn find(home: &Path, url: &str, format: &str) -> Option<Self> {
        let found = Self::hold(home, url, format, false);
        let found = found.inspect_err(|error| debug!(%error, url, "the clone that is kept is not used"));
        let kept = found.ok().flatten()?;
        if !matches!(kept.folder.kind(Path::new("HEAD")), Ok(Some(Kind::File))) {
            return None;
        }
        // Git would pass over a pack that is cut short, and fetch what is in it each time.
        if !kept.has_whole_packs() && !kept.has_whole_packs_alone() {
            kept.throw_away("a pack is not whole");
            return None;
        }
        Some(kept)
    }

    /// The same once nobody adds to it.
    fn has_whole_packs_alone(&self) -> bool {
        let lock = self.folder.update(Path::new(LOCK));
        let _alone = lock.ok().filter(|lock| lock.lock().is_ok());
        self.has_whole_packs()
    }

    /// Whether each index has its pack, which ends with the digest that the index has of it.
    fn has_whole_packs(&self) -> bool {
        let folder = self.folder.path().join(PACKS);
        let length = if self.place.as_os_str().as_bytes().ends_with(b"-sha256") { 32 } else { 20 };
        let is_whole = |path: &PathBuf| {
            let of_pack = end_of(&path.with_extension("pack"), length);
            let of_index = end_of(&path.with_extension("idx"), 2 * length);
            of_pack.zip(of_index).is_some_and(|(of_pack, of_index)| of_index.starts_with(&of_pack))
        };
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        files.filter(|path| path.extension().is_some_and(|end| end == "idx")).all(|path| is_whole(&path))
    }

    /// One of an address, made where there is none.
    pub fn make(home: &Path, url: &str, format: &str) -> Option<Self> {
        let made = Self::made(home, url, format);
        made.inspect_err(|error| debug!(%error, url, "no clone is kept")).ok().flatten()
    }

    fn made(home: &Path, url: &str, format: &str) -> Result<Option<Self>, KeptError> {
        let Some(kept) = Self::hold(home, url, format, true)? else { return Ok(None) };
        bare::make(&kept.folder, format)?;
        kept.folder.write_if_changed(Path::new(ADDRESS), format!("{url}\n").as_bytes(), PRIVATE)?;
        Ok(Some(kept))
    }

    /// The one for the commits alone of an address, made where there is none; nobody else adds to it while the file is held.
    pub fn commits(home: &Path, url: &str, format: &str) -> Option<(Self, File)> {
        let made = Self::made_for_commits(home, url, format);
        made.inspect_err(|error| debug!(%error, url, "its commits are not kept")).ok().flatten()
    }

    fn made_for_commits(home: &Path, url: &str, format: &str) -> Result<Option<(Self, File)>, KeptError> {
        let place = format!("{format}-commits");
        let Some(kept) = Self::hold(home, url, &place, true)? else { return Ok(None) };
        let alone = kept.folder.update(Path::new(LOCK))?;
        alone.lock()?;
        if !matches!(kept.folder.kind(Path::new("HEAD")), Ok(Some(Kind::File))) {
            bare::make(&kept.folder, format)?;
            kept.folder.write_if_changed(Path::new(ADDRESS), format!("{url}\n").as_bytes(), PRIVATE)?;
        }
        Ok(Some((kept, alone)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn hold(home: &Path, url: &str, format: &str, makes: bool) -> Result<Option<Self>, KeptError> {
        let ours = Root::own(home)?;
        let place = Path::new(REPOSITORIES).join(format!("{}-{format}", sha256(url.as_bytes())));
        if makes {
            ours.create_dir_all(&place, PRIVATE_FOLDER)?;
        }
        let Some(folder) = ours.open_folder(&place)? else { return Ok(None) };
        let held = folder.itself()?;
        match held.try_lock_shared() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Where folders cannot be locked they all count as in use.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        // Somebody may have taken it away before it was locked.
        let number = |found: &std::fs::Metadata| (found.dev(), found.ino());
        let own = number(&held.metadata()?);
        if folder.path().symlink_metadata().map_or(true, |there| number(&there) != own) {
            return Ok(None);
        }
        // Where the time cannot be set it is taken for older than it is, and goes sooner.
        let _as_it_is = held.set_modified(SystemTime::now());
        Ok(Some(Self { ours, place, folder, _held: held }))
    }

    /// Lends its objects to the clone in a folder.
    pub fn lend(&self, scratch: &Scratch) -> bool {
        // What it has of the history may be cut.
        if let Ok(cut) = read_text(&self.folder.path().join(SHALLOW))
            && scratch.write(SHALLOW, cut.as_bytes()).is_err()
        {
            return false;
        }
        let objects = self.folder.path().join("objects");
        let mut path = objects.as_os_str().as_bytes().to_vec();
        // Git has no way to write such a path there.
        if path.contains(&b'\n') || path.starts_with(b"\"") || path.starts_with(b"#") {
            return false;
        }
        path.push(b'\n');
        scratch.write(ALTERNATES, &path).is_ok()
    }

    /// Takes its objects from the clone in a folder.
    pub fn take_back(scratch: &Path) -> Result<(), FileError> {
        Root::at(scratch)?.remove(Path::new(ALTERNATES)).map(drop)
    }

    /// Takes the references from a repository whose objects are gone, or that cannot be read.
    pub fn clear_references(scratch: &Path) -> Result<(), FileError> {
        let root = Root::at(scratch)?;
        for name in ["packed-refs", SHALLOW] {
            root.remove(Path::new(name))?;
        }
        root.remove_all(Path::new("refs"))?;
        root.create_dir_all(Path::new("refs/heads"), PRIVATE_FOLDER)
    }

    /// Takes in what a clone has fetched of a branch. `is_short` says that its history was cut by us, and not by the remote.
    pub async fn keep(&self, scratch: &Path, seen: (&str, &str), is_short: bool) {
        if let Err(error) = self.take_in(scratch, seen, is_short).await {
            debug!(%error, folder = %self.folder.path().display(), "what was fetched is not kept");
        }
    }

    async fn take_in(
        &self,
        scratch: &Path,
        (branch, tip): (&str, &str),
        is_short: bool,
    ) -> Result<(), KeptError> {
        let cut = read_text(&scratch.join(SHALLOW)).ok();
        // What a shallow remote has is no history to build on.
        if cut.is_some() && !is_short {
            return Ok(());
        }
        let lock = self.folder.update(Path::new(LOCK))?;
        if lock.try_lock().is_err() {
            return Ok(());
        }
        let is_cut = self.folder.kind(Path::new(SHALLOW))?.is_some();
        if let Some(cut) = &cut {
            // One that is whole stays that.
            if !is_cut && self.packs()? > 0 {
                return Ok(());
            }
            self.folder.write_if_changed(Path::new(SHALLOW), cut.as_bytes(), PRIVATE)?;
        }
        let packs = scratch.join(PACKS);
        let mut names: Vec<_> = std::fs::read_dir(&packs)?.flatten().map(|entry| entry.file_name()).collect();
        // An index without its pack would be taken for a pack: it comes last.
        names.sort_by_key(|name| name.as_bytes().ends_with(b".idx"));
        for name in names.iter().filter(|name| !name.as_bytes().ends_with(b".keep")) {
            let (from, to) = (packs.join(name), Path::new(PACKS).join(name));
            match self.folder.hard_link(&from, &to) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                // On another file system it is copied.
                Err(_) => drop(self.folder.copy_if_changed(&from, &to, PRIVATE)?),
                Ok(()) => {}
            }
        }
        self.note_tip(branch, tip)?;
        if cut.is_none() && is_cut {
            self.folder.remove(Path::new(SHALLOW))?;
        }
        if self.packs()? > MOST_PACKS {
            // Whoever reads one that is gone looks for what it had in the others.
            let git = Git::scratch(self.folder.path());
            git.run(&["repack", "--geometric=2", "-d", "--quiet"], &[]).await?;
        }
        Ok(())
    }

    /// Notes the tip of a branch as Git does, in a file that comes before what is packed: it only says what need not be sent.
    fn note_tip(&self, branch: &str, tip: &str) -> Result<(), FileError> {
        let (file, line) = (Path::new("refs/heads").join(branch), format!("{tip}\n"));
        if self.folder.write_if_changed(&file, line.as_bytes(), PRIVATE).is_err() {
            // A branch that is gone may be in the way: `a` where there is `a/b` now.
            Self::clear_references(self.folder.path())?;
            self.folder.write(&file, line.as_bytes(), PRIVATE)?;
        }
        Ok(())
    }

    /// What was known last of what holds images.
    pub fn remembered(&self) -> Option<String> {
        read_text(&self.folder.path().join(HOLDS)).ok()
    }

    /// Takes that in for the next one.
    pub fn remember(&self, text: &str) {
        if let Err(error) = self.folder.write_if_changed(Path::new(HOLDS), text.as_bytes(), PRIVATE) {
            debug!(%error, "what holds images is not kept");
        }
    }

    fn packs(&self) -> std::io::Result<usize> {
        let names = std::fs::read_dir(self.folder.path().join(PACKS))?.flatten();
        Ok(names.filter(|entry| entry.file_name().as_bytes().ends_with(b".pack")).count())
    }

    /// Throws it away: out of the way in one step, and then deleted.
    pub fn throw_away(self, reason: &str) {
        debug!(reason, folder = %self.folder.path().display(), "the clone that is kept is broken and fetched anew");
        let gone = Path::new(GONE).join(uuid::Uuid::new_v4().simple().to_string());
        let thrown = self.ours.create_dir_all(Path::new(GONE), PRIVATE_FOLDER);
        let thrown = thrown.and_then(|()| self.ours.rename(&self.place, &gone));
        if let Err(error) = thrown.and_then(|()| self.ours.remove_all(&gone)) {
            debug!(%error, "it is not deleted");
        }
    }
}

/// The last bytes of a file.
fn end_of(path: &Path, length: usize) -> Option<Vec<u8>> {
    let mut file = open_regular(path).ok()?;
    file.seek(SeekFrom::End(-i64::try_from(length).ok()?)).ok()?;
    let mut bytes = Vec::with_capacity(length);
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
