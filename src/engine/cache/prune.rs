//! What is taken away: by age, and what was used least lately until the rest is small enough.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::entries::{Entry, Kind, entries, linked_at_work, total};
use super::{GONE, GONE_FOR_TERRAGRUNT, LOCK, PROVIDERS, PROVIDERS_LOCK};
use crate::engine::source::kept;
use crate::support::confined::{PRIVATE_FOLDER, Root};
use crate::support::fs::FileError;

/// What goes. What a killed fetch has left always does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// What was not used since then.
    pub unused_since: Option<SystemTime>,
    /// What was used least lately, until no more bytes than these are left.
    pub most: Option<u64>,
}

/// What went, and what would have gone.
#[derive(Debug, Default)]
pub struct Pruned {
    /// What was taken away; with a dry run, what would be.
    pub removed: Vec<Entry>,
    /// What stays because a process uses it.
    pub in_use: Vec<Entry>,
    /// How much is left.
    pub left: u64,
}

impl Pruned {
    /// How much of the disk is free for it: what units share with the cache is still theirs.
    pub fn freed(&self) -> u64 {
        self.removed.iter().map(|entry| entry.own_bytes).sum()
    }
}

/// Takes away what the rules say, and is in no process's use. `goes_on` is asked before each: a person may want to stop.
pub fn prune(
    home: &Path,
    rules: Rules,
    dry_run: bool,
    goes_on: &dyn Fn() -> bool,
) -> Result<Pruned, FileError> {
    let mut pruned = Pruned::default();
    if home.symlink_metadata().is_err() {
        return Ok(pruned);
    }
    let ours = Root::own(home)?;
    let _lock = if dry_run { None } else { Some(alone(&ours)?) };
    if !dry_run {
        // What somebody was killed over.
        ours.remove_all(Path::new(GONE))?;
    }
    let all = entries(home)?;
    pruned.left = total(&all);
    for entry in all {
        let is_old = rules.unused_since.is_some_and(|since| entry.used < since);
        let is_over = rules.most.is_some_and(|most| pruned.left > most);
        if !(entry.kind == Kind::Unfinished || is_old || is_over) {
            continue;
        }
        if !goes_on() {
            break;
        }
        if entry.in_use || (!dry_run && !take_away(&ours, &entry)?) {
            pruned.in_use.push(entry);
            continue;
        }
        pruned.left = pruned.left.saturating_sub(entry.bytes);
        pruned.removed.push(entry);
    }
    if !dry_run {
        kept::forget(&ours, &pruned.removed.iter().map(|entry| entry.path.as_path()).collect::<Vec<_>>())?;
        ours.remove_all(Path::new(GONE))?;
    }
    Ok(pruned)
}

/// Takes one away; false where a process uses it, or has used it since it was looked at.
fn take_away(ours: &Root, entry: &Entry) -> Result<bool, FileError> {
    let lock = match entry.kind {
        // Whoever uses one holds the folder.
        Kind::Module | Kind::Repository => None,
        Kind::Unfinished => match kept::unfinished(entry.path.file_name().unwrap_or_default()) {
            Some(lock) => Some(ours.update(&lock)?),
            None => None,
        },
        Kind::Provider => Some(ours.update(Path::new(PROVIDERS_LOCK))?),
    };
    if let Some(lock) = &lock
        && !is_ours(lock, ours.path())?
    {
        return Ok(false);
    }
    let Some(folder) = ours.open_folder(&entry.path)? else { return Ok(true) };
    let itself = folder.itself()?;
    let used = || itself.metadata().and_then(|found| found.modified());
    if !is_ours(&itself, folder.path())? || used().is_ok_and(|used| used != entry.used) {
        return Ok(false);
    }
    // Nobody begins with a provider meanwhile; a tool that goes on after its run was killed has begun before.
    if entry.kind == Kind::Provider && linked_at_work(ours.path()).contains(&entry.path) {
        return Ok(false);
    }
    let gone = Path::new(GONE_FOR_TERRAGRUNT).join(uuid::Uuid::new_v4().simple().to_string());
    ours.create_dir_all(Path::new(GONE_FOR_TERRAGRUNT), PRIVATE_FOLDER)?;
    // In one step: whoever comes finds all of it, or nothing.
    ours.rename(&entry.path, &gone)?;
    if entry.kind == Kind::Provider {
        remove_empty(ours, &entry.path);
    }
    ours.remove_all(&gone)?;
    Ok(true)
}

/// Waits until nobody else takes anything away.
fn alone(ours: &Root) -> Result<File, FileError> {
    let lock = ours.update(Path::new(LOCK))?;
    lock.lock().map_err(FileError::on("lock", &ours.path().join(LOCK)))?;
    Ok(lock)
}

/// Locks what nobody else has locked.
fn is_ours(file: &File, path: &Path) -> Result<bool, FileError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(FileError::on("lock", path)(error)),
    }
}

/// The folders above a provider that hold nothing any more. `OpenTofu` leaves a lock beside it, which stays: it may be waited
/// for.
fn remove_empty(ours: &Root, path: &Path) {
    let above = path.ancestors().skip(1).take_while(|above| *above != Path::new(PROVIDERS));
    let above: Vec<PathBuf> = above.map(Path::to_path_buf).collect();
    for folder in above {
        if ours.remove_dir(&folder).is_err() {
            return;
        }
    }
}
