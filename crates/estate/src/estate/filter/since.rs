//! What a change in Git affects: the units for which anything that they are made of differs.
//!
//! Wider than a range between two commits, which is held to what Terragrunt notices: it looks at the work tree as it
//! is, at every file that any function read, and at the modules that a module calls.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::generated::Makers;
use super::situation::{RangeUnits, Reason, Situation, View};
use super::syntax::GitRange;
use crate::estate::{Estate, UnitIndex};
use crate::terragrunt::stack::STACK_FILE;
use crate::terragrunt::{Footprint, Reader};
use slipway_support::git::GitError;
use slipway_support::git::changes::{self, ChangeKind, FileChange};
use slipway_support::parallel;

const OWN: &str = "it lies in the unit's folder";
const READ: &str = "the unit reads it";
const MODULE: &str = "it belongs to the unit's module";
const READ_BY_MODULE: &str = "the unit's module reads it";
const HANDED: &str = "the unit's inputs name it";
const GENERATED: &str = "the unit is generated from it";
const UNKNOWN: &str = "the unit reads a file whose name is known only when it runs";
const BROKEN: &str = "the unit cannot be evaluated, so that nobody knows what it reads";

/// What differs between the commit where this work left `range.from` and the work tree.
pub(super) fn since(situation: &Situation<'_>, range: &GitRange) -> Result<RangeUnits, GitError> {
    let repository = &situation.repository;
    let from = changes::commit_of(repository, &range.from)?;
    let base = changes::merge_base(repository, &from, "HEAD")?;
    let changes = changes::since(repository, &base)?;
    let here = situation.view(situation.estate);
    let mut affected = Affected { view: &here, reasons: BTreeMap::new() };
    let mut elsewhere = Vec::new();
    if !changes.is_empty() {
        let all: Vec<&FileChange> = changes.iter().collect();
        let footprints = footprints(situation.estate, situation.reader);
        affected.own(&all);
        affected.made_of(&all, &footprints, &here.root, Some, true);
        affected.generated(&all, &Makers::of(situation.estate, situation.reader));
    }
    let removed: Vec<&FileChange> =
        changes.iter().filter(|change| change.kind == ChangeKind::Removed).collect();
    if !removed.is_empty() {
        // What was read at the base and is gone can only be seen there.
        let (snapshot, estate) = situation.at(&base)?;
        let reader = situation.reader_at(&snapshot);
        let footprints = footprints(&estate, &reader);
        let to_here = |unit: UnitIndex| situation.here(&estate, unit);
        affected.made_of(&removed, &footprints, snapshot.path(), to_here, false);
        let gone = estate.iter().filter(|(index, unit)| !unit.external && to_here(*index).is_none());
        elsewhere.extend(gone.map(|(index, _)| situation.outline_here(&estate, index)));
    }
    let stacks =
        changes.iter().filter(|change| change.path.file_name().is_some_and(|name| name == STACK_FILE));
    let stacks = stacks.filter_map(|change| situation.stack_here(&change.path)).collect();
    Ok(RangeUnits { range: range.clone(), changed: affected.finish(), stacks, elsewhere })
}

/// Which units have to do with which files of the repository, as it is here.
pub struct FileOwners<'e> {
    view: View<'e>,
    footprints: Vec<(UnitIndex, Footprint)>,
    makers: Makers,
}

impl<'e> FileOwners<'e> {
    /// Looks at what each unit is made of.
    pub fn of(situation: &Situation<'e>) -> Self {
        let Situation { estate, reader, .. } = situation;
        Self {
            view: situation.view(estate),
            footprints: footprints(estate, reader),
            makers: Makers::of(estate, reader),
        }
    }

    /// The units that are made of any of these files, whose paths are from the root of the repository; what is in them is not
    /// looked at.
    pub fn units(&self, files: &[PathBuf]) -> BTreeSet<UnitIndex> {
        let change = |path: &PathBuf| FileChange { path: path.clone(), kind: ChangeKind::Changed };
        let changes: Vec<FileChange> = files.iter().map(change).collect();
        let all: Vec<&FileChange> = changes.iter().collect();
        let mut affected = Affected { view: &self.view, reasons: BTreeMap::new() };
        affected.own(&all);
        affected.made_of(&all, &self.footprints, &self.view.root, Some, false);
        affected.generated(&all, &self.makers);
        affected.finish().into_keys().collect()
    }
}

struct Affected<'v> {
    view: &'v View<'v>,
    reasons: BTreeMap<UnitIndex, BTreeSet<Reason>>,
}

impl Affected<'_> {
    /// A file belongs to the unit in the nearest folder above it.
    fn own(&mut self, changes: &[&FileChange]) {
        let units = self.view.units();
        for change in changes {
            let file = self.view.root.join(&change.path);
            if let Some(unit) = file.ancestors().skip(1).find_map(|above| units.get(above)) {
                self.add(*unit, change, OWN);
            }
        }
    }

    /// Adds the units that read one of the files, or whose module holds it; `root` is that of the repository whose
    /// footprints these are.
    fn made_of(
        &mut self,
        changes: &[&FileChange],
        footprints: &[(UnitIndex, Footprint)],
        root: &Path,
        to_here: impl Fn(UnitIndex) -> Option<UnitIndex>,
        cautious: bool,
    ) {
        let by_path: HashMap<PathBuf, &FileChange> =
            changes.iter().map(|change| (root.join(&change.path), *change)).collect();
        let by_place = by_place(&by_path, root);
        for (unit, footprint) in footprints {
            let Some(unit) = to_here(*unit) else { continue };
            for change in footprint.files.iter().filter_map(|file| by_path.get(file)) {
                self.add(unit, change, READ);
            }
            let modules = &footprint.modules;
            let places =
                [(&modules.folders, MODULE), (&modules.reads, READ_BY_MODULE), (&footprint.handed, HANDED)];
            for (places, because) in places {
                for change in places.iter().filter_map(|place| by_place.get(place)).flatten() {
                    self.add(unit, change, because);
                }
            }
            let doubt = if footprint.broken { Some(BROKEN) } else { footprint.unknown.then_some(UNKNOWN) };
            if let (true, Some(because), Some(first)) = (cautious, doubt, changes.first())
                && !self.reasons.contains_key(&unit)
            {
                self.add(unit, first, because);
            }
        }
    }

    /// Adds the units that stacks make, where one of the files is what they are made of.
    fn generated(&mut self, changes: &[&FileChange], makers: &Makers) {
        let root = self.view.root.clone();
        let by_path: HashMap<PathBuf, &FileChange> =
            changes.iter().map(|change| (root.join(&change.path), *change)).collect();
        let by_place = by_place(&by_path, &root);
        for (unit, found) in self.view.estate.iter() {
            for made in makers.of_unit(&found.dir) {
                let places = made.folders.iter().filter_map(|folder| by_place.get(folder)).flatten();
                let files = made.files.iter().filter_map(|file| by_path.get(file));
                places.chain(files).for_each(|change| self.add(unit, change, GENERATED));
            }
        }
    }

    fn add(&mut self, unit: UnitIndex, change: &FileChange, because: &'static str) {
        let file = self.view.root.join(&change.path);
        let reasons = self.reasons.entry(unit).or_default();
        // One reason a file is enough.
        if !reasons.iter().any(|reason| reason.file == file) {
            reasons.insert(Reason { file, kind: change.kind, because });
        }
    }

    fn finish(self) -> BTreeMap<UnitIndex, Vec<Reason>> {
        self.reasons.into_iter().map(|(unit, reasons)| (unit, reasons.into_iter().collect())).collect()
    }
}

/// The changes at each place of the repository: a file itself, or whatever lies in a folder, at any depth.
fn by_place<'c>(
    changes: &HashMap<PathBuf, &'c FileChange>,
    root: &Path,
) -> HashMap<PathBuf, Vec<&'c FileChange>> {
    let mut places: HashMap<PathBuf, Vec<&FileChange>> = HashMap::new();
    for (file, change) in changes {
        for above in file.ancestors().take_while(|above| above.starts_with(root)) {
            places.entry(above.to_path_buf()).or_default().push(change);
        }
    }
    places
}

/// What each unit is made of, several at once.
fn footprints(estate: &Estate, reader: &Reader) -> Vec<(UnitIndex, Footprint)> {
    let units: Vec<UnitIndex> = estate.iter().map(|(index, _)| index).collect();
    parallel::map(&units, |index| (*index, reader.footprint(&estate.unit(*index).outline.file)))
}
