//! What was found out of a large estate the last time, so that it need not be read again where nothing has changed.
//!
//! Kept are the outlines of units, and which folders a walk goes through. Nothing of it is believed for its age or its name: a
//! record lists all that it rests on, and each of these is looked at before any of it is used. That is
//!
//! - of every folder that was walked, and every file that was read, its [`Stamp`](stamp::Stamp): device, inode, size and times.
//!   In a folder that has been touched it is looked for what a walk goes by;
//! - every other path that was asked for, and the answer: most of all for what is *not* there, which a stamp of the folder
//!   answers for;
//! - where folders really are, behind symbolic links.
//!
//! A file with another content makes those outlines void that rest on it. What has come or gone makes all of them void, since
//! nobody knows who would have found it. Not kept at all: what was changed within the last seconds, so that its next change
//! might go unseen; outlines with a mistake or a warning; those that rest on a program, the environment, the clock or a
//! listing; and anything on file systems that other machines write to.

mod check;
mod learn;
mod outline;
mod record;
mod stamp;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::check::{Holding, holding};
pub(in crate::estate) use self::learn::Learnt;
use self::learn::{Asked, record};
use self::outline::Outlines;
use self::record::Record;
use self::stamp::Stamp;
use super::Estate;
use super::walk::{Folders, Walked, in_order};
use crate::terragrunt::{Outline, Reader, ReaderOptions};
use slipway_support::digest::sha256;
use slipway_support::excluded::Excluded;
use slipway_support::parallel;

/// The fewest units that are kept: fewer are read within some hundredths of a second.
const FEWEST: usize = 1000;

/// What is known of an estate that is about to be read.
#[derive(Default)]
pub(super) struct Kept {
    /// Under which name it is kept, and who reads now; none where nobody keeps it.
    name: Option<(String, String)>,
    /// What was known before, where it still holds but for files that have another content.
    record: Option<Vec<u8>>,
    walked: Option<Walked>,
    outlines: HashMap<OsString, Box<Outline>>,
    /// Whether there is something to be learnt.
    is_news: bool,
}

impl Kept {
    /// What is known of the estate around a folder.
    pub fn of(reader: &Reader, around: &Path, excluded: Option<&Arc<Excluded>>) -> Self {
        let Some(store) = reader.options().outlines.as_ref().filter(|_| !reader.sees_more()) else {
            return Self::default();
        };
        let Some(program) = program() else { return Self::default() };
        let name = sha256(name(reader.options(), around, excluded).as_bytes());
        let bytes = store.load(&name).unwrap_or_default();
        let record = Record::of(&bytes).filter(|record| record.reader == program);
        let held = record.and_then(|record| Some((holding(&record, excluded)?, record)));
        let kept = Self { name: Some((name, program)), is_news: true, ..Self::default() };
        match held {
            Some((holding, record)) => {
                let known = kept.with(&record, &holding);
                Self { record: Some(bytes), ..known }
            }
            None => kept,
        }
    }

    /// With what of a record still holds.
    fn with(self, record: &Record<'_>, holding: &Holding) -> Self {
        let outlines = Outlines::of(record, !holding.is_same);
        let is_unchanged = |(file, _): &(u32, bool)| !holding.changed.contains(file);
        let unchanged = record.outlines.iter().filter(|kept| kept.rests_on.iter().all(is_unchanged));
        let unchanged: Vec<_> = unchanged.collect();
        let known =
            parallel::map(&unchanged, |kept| outlines.outline(kept).map(Box::new)).into_iter().flatten();
        let known = known.map(|outline| (outline.file.clone().into_os_string(), outline)).collect();
        let walked = holding.walk.then(|| walked(record, !holding.is_same));
        Self { walked, outlines: known, is_news: !holding.is_same, ..self }
    }

    /// What the walk would find, where that is known.
    pub fn walked(&mut self) -> Option<Walked> {
        self.walked.take()
    }

    /// What the unit of a configuration says, where that is known.
    pub fn outline(&mut self, file: &Path) -> Option<Box<Outline>> {
        self.outlines.remove(file.as_os_str())
    }

    /// What is to be kept of this reading; none where nothing is new, or nobody keeps it.
    pub fn learnt(
        self,
        reader: &Reader,
        around: PathBuf,
        folders: Folders,
        stacks: Vec<PathBuf>,
    ) -> Option<Box<Learnt>> {
        let (name, program) = self.name.filter(|_| self.is_news && !reader.sees_more())?;
        let asked = Asked {
            questions: reader.questions(),
            in_repositories: reader.in_repositories(),
            began: reader.began(),
        };
        Some(Box::new(Learnt { name, program, around, folders, stacks, before: self.record, asked }))
    }
}

/// What a walk would find; the folders only where they are to be kept once more.
fn walked(record: &Record<'_>, with_folders: bool) -> Walked {
    let with_links = record.folders.iter().filter(|folder| folder.has_links);
    let folders = with_folders.then(|| Folders {
        all: record.walked_folders().map(PathBuf::from).collect(),
        with_links: with_links.map(|folder| PathBuf::from(folder.path)).collect(),
    });
    Walked {
        units: in_order(record.walked_units().map(PathBuf::from).collect()),
        stacks: in_order(record.stacks.iter().map(PathBuf::from).collect()),
        folders: folders.unwrap_or_default(),
        ..Walked::default()
    }
}

impl Estate {
    /// Keeps what was learnt by reading this estate with `reader`, where there is something new, the estate is a large one, and
    /// the reader was told of somebody who keeps it.
    pub fn keep_outlines(&self, reader: &Reader) {
        self.keep_more_than(FEWEST, reader);
    }

    fn keep_more_than(&self, fewest: usize, reader: &Reader) {
        let (Some(learnt), Some(store)) = (&self.learnt, &reader.options().outlines) else { return };
        if self.units.len() < fewest {
            return;
        }
        let outlines: Vec<&Outline> = self.units.iter().map(|unit| &*unit.outline).collect();
        if let Some(bytes) = record(learnt, &outlines) {
            store.keep(&learnt.name, &bytes);
        }
    }
}

/// What makes other outlines of the same files.
fn name(options: &ReaderOptions, around: &Path, excluded: Option<&Arc<Excluded>>) -> String {
    let own = (around, excluded, &options.terraform_command, &options.terraform_cli_args, &options.source);
    format!("{own:?} {:?}", (&options.features, &options.experiments, options.exec, options.aws.is_some()))
}

/// This program: a newer one may read the same differently.
fn program() -> Option<String> {
    let stamp = Stamp::of(&std::env::current_exe().ok()?)?;
    Some(format!("{} {stamp:?}", env!("CARGO_PKG_VERSION")))
}
