//! Whether what a record rests on is still there as it was.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record::{Folder, Record};
use super::stamp::Stamp;
use crate::estate::walk::counts;
use slipway_support::excluded::Excluded;
use slipway_support::parallel;

/// What of a record still holds.
pub(super) struct Holding {
    /// Whether a walk would find the same.
    pub walk: bool,
    /// The files that have another content.
    pub changed: HashSet<u32>,
    /// Whether all is as it was, to the last stamp.
    pub is_same: bool,
}

/// What of a record still holds; none where something has come or gone that was asked for, so that nobody knows what rests on it.
pub(super) fn holding(record: &Record<'_>, excluded: Option<&Arc<Excluded>>) -> Option<Holding> {
    let is_real =
        |(folder, real): &(&str, &str)| real_place(Path::new(folder)).as_deref() == Some(Path::new(real));
    if !record.real.iter().all(is_real) {
        return None;
    }
    let paths = record.folders.iter().map(|folder| Path::new(folder.path));
    let paths: Vec<&Path> = paths.chain(record.files.iter().map(|file| Path::new(file.path))).collect();
    let mut now = parallel::map(&paths, |path| Stamp::of(path)).into_iter();
    let mut touched: HashSet<u32> = HashSet::new();
    for (index, (folder, now)) in (0..).zip(record.folders.iter().zip(now.by_ref())) {
        // What was found through it would have to be looked for elsewhere.
        let now = now?;
        if folder.stamp != Some(now) {
            touched.insert(index);
        }
    }
    let mut changed = HashSet::new();
    for (index, (file, now)) in (0..).zip(record.files.iter().zip(now)) {
        if file.stamp.is_some() != now.is_some() {
            return None;
        }
        if file.stamp != now {
            changed.insert(index);
        }
    }
    let still_lacks =
        |lacking| record.lacking_path(lacking).is_some_and(|(path, question)| !question.ask(&path));
    let mut doubtful = record.lacking.iter().filter(|(folder, ..)| touched.contains(folder));
    let mut asked = record.asked.iter();
    if !doubtful.all(still_lacks)
        || !asked.all(|(path, question, answer)| question.ask(Path::new(path)) == *answer)
    {
        return None;
    }
    let walk = touched.is_empty() || {
        let known = record.walked_folders().chain(record.walked_files()).collect();
        let mut touched = touched.iter().filter_map(|index| record.folders.get(*index as usize));
        touched.all(|folder| holds_the_same(folder, &known, excluded))
    };
    let is_same = touched.is_empty() && changed.is_empty() && !record.is_early;
    Some(Holding { walk, changed, is_same })
}

/// Where a folder, or the first one above it that is there, really is.
pub(super) fn real_place(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find_map(|above| above.canonicalize().ok())
}

/// Whether a walk would go by the same entries of a folder: something in it has come, gone or got another name.
fn holds_the_same(folder: &Folder<'_>, known: &HashSet<&str>, excluded: Option<&Arc<Excluded>>) -> bool {
    let Ok(entries) = std::fs::read_dir(folder.path) else { return false };
    let mut found = 0;
    for entry in entries {
        let Ok(entry) = entry else { return false };
        let Ok(kind) = entry.file_type() else { return false };
        if counts(Path::new(folder.path), &entry.file_name(), kind.is_dir(), excluded) {
            let is_known = entry.path().to_str().is_some_and(|path| known.contains(path));
            found += u32::from(is_known);
            if !is_known {
                return false;
            }
        }
    }
    found == folder.entries
}
