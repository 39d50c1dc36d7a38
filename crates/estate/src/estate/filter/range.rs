//! The units that differ between two commits, as Terragrunt tells them: without work trees, though.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use super::situation::{RangeUnits, Reason, Situation, View};
use super::syntax::GitRange;
use crate::estate::reading::Readings;
use crate::estate::{Estate, UnitIndex};
use crate::terragrunt::paths;
use crate::terragrunt::stack::STACK_FILE;
use slipway_support::git::changes::{self, ChangeKind, FileChange};
use slipway_support::git::{self, GitError};

impl Situation<'_> {
    /// What differs between two commits.
    pub(super) fn between(&self, range: &GitRange, to: &str) -> Result<RangeUnits, GitError> {
        let from = changes::commit_of(&self.repository, &range.from)?;
        let to = changes::commit_of(&self.repository, to)?;
        let changes = changes::between(&self.repository, &from, &to)?;
        let mut found = RangeUnits {
            range: range.clone(),
            changed: BTreeMap::new(),
            stacks: BTreeSet::new(),
            elsewhere: Vec::new(),
        };
        if changes.is_empty() {
            return Ok(found);
        }
        let is_head = to == git::head_commit(&self.repository)?;
        let here = self.view(self.estate);
        if is_head && !git::is_dirty(&self.repository)? {
            self.compare(&here, &from, &changes, &mut found)?;
        } else {
            // What is not committed is not in the range.
            let (snapshot, estate) = self.at(&to)?;
            let view = View { estate: &estate, root: snapshot.path().to_path_buf() };
            self.compare(&view, &from, &changes, &mut found)?;
        }
        Ok(found)
    }

    /// The units of `to` that own or read what differs, and those of `from` that are gone.
    fn compare(
        &self,
        to: &View<'_>,
        from: &str,
        changes: &[FileChange],
        found: &mut RangeUnits,
    ) -> Result<(), GitError> {
        let units = to.units();
        let mut read: Vec<&FileChange> = Vec::new();
        let mut gone: Vec<&FileChange> = Vec::new();
        for change in changes {
            let folder = to.root.join(paths::folder(&change.path));
            let is_config = paths::is_unit_file(&change.path);
            if change.path.file_name().is_some_and(|name| name == STACK_FILE) {
                found.stacks.extend(self.stack_here(&change.path));
            } else if let Some(unit) = units.get(folder.as_path()) {
                self.add(to.estate, *unit, change, "it lies beside the unit's configuration", found);
            } else if change.kind == ChangeKind::Removed {
                gone.push(change);
            } else if !is_config {
                read.push(change);
            }
        }
        let readings = Readings::default();
        self.add_readers(to, to, &readings, &read, found);
        if !gone.is_empty() {
            let (snapshot, estate) = self.at(from)?;
            let before = View { estate: &estate, root: snapshot.path().to_path_buf() };
            let (configs, others): (Vec<&FileChange>, Vec<&FileChange>) =
                gone.into_iter().partition(|change| paths::is_unit_file(&change.path));
            let units = before.units();
            for change in configs {
                if let Some(unit) = units.get(before.root.join(paths::folder(&change.path)).as_path()) {
                    found.elsewhere.push(self.outline_here(before.estate, *unit));
                }
            }
            self.add_readers(&before, to, &readings, &others, found);
        }
        Ok(())
    }

    /// Adds the units of `to` that, as they were in `view`, read one of the files.
    fn add_readers(
        &self,
        view: &View<'_>,
        to: &View<'_>,
        readings: &Readings,
        changes: &[&FileChange],
        found: &mut RangeUnits,
    ) {
        if changes.is_empty() {
            return;
        }
        let changes: HashMap<PathBuf, &FileChange> =
            changes.iter().map(|change| (view.root.join(&change.path), *change)).collect();
        let units = to.units();
        for unit in view.estate.units.iter().filter(|unit| !unit.external) {
            let there = to.estate.root.join(&unit.path);
            let Some(index) = units.get(there.as_path()) else { continue };
            for file in readings.of(&unit.outline) {
                if let Some(change) = changes.get(&file) {
                    self.add(to.estate, *index, change, "the unit reads it", found);
                }
            }
        }
    }

    /// Adds a unit of another view of the estate, by its path.
    fn add(
        &self,
        estate: &Estate,
        unit: UnitIndex,
        change: &FileChange,
        because: &'static str,
        found: &mut RangeUnits,
    ) {
        let file = self.view(self.estate).root.join(&change.path);
        let reason = Reason { file, kind: change.kind, because };
        match self.here(estate, unit) {
            Some(index) => found.changed.entry(index).or_default().push(reason),
            None => found.elsewhere.push(self.outline_here(estate, unit)),
        }
    }
}
