//! A part of an estate.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::path::Path;

use super::{Edge, Estate, Stack, Unit, UnitIndex};
use slipway_hcl::diagnostic::Diagnostic;

impl Estate {
    /// The estate with these units only. What depended on one of the others depends on what that one depended on, so
    /// that the order stays.
    #[must_use]
    pub fn restricted(&self, wanted: &BTreeSet<UnitIndex>) -> Self {
        let place: HashMap<UnitIndex, UnitIndex> =
            wanted.iter().enumerate().map(|(place, unit)| (*unit, UnitIndex(place))).collect();
        let units = wanted.iter().map(|index| {
            let unit = self.unit(*index);
            let mut dependencies: Vec<Edge> = Vec::new();
            let mut seen = BTreeSet::from([*index]);
            let mut open: VecDeque<&Edge> = unit.dependencies.iter().collect();
            while let Some(edge) = open.pop_front() {
                match place.get(&edge.to) {
                    _ if !seen.insert(edge.to) => {}
                    Some(to) => dependencies.push(Edge { to: *to, ..edge.clone() }),
                    None => open.extend(&self.unit(edge.to).dependencies),
                }
            }
            Unit { dependencies, ..unit.clone() }
        });
        let stacks = self.stacks.iter().map(|stack| {
            let units = stack.units.iter().filter_map(|unit| place.get(unit).copied());
            Stack { units: units.collect(), ..stack.clone() }
        });
        // What is wrong with one of the others is none of theirs; what is wrong with a file that they share is.
        let others = self.iter().filter(|(index, _)| !place.contains_key(index));
        let others: HashSet<&Path> = others.map(|(_, unit)| unit.outline.file.as_path()).collect();
        let concerns = |diagnostic: &&Diagnostic| {
            diagnostic.location.as_ref().is_none_or(|location| !others.contains(location.file.path()))
        };
        Self {
            root: self.root.clone(),
            named_from: self.named_from.clone(),
            units: units.collect(),
            stacks: stacks.collect(),
            stack_units: self.stack_units.clone(),
            diagnostics: self.diagnostics.iter().filter(concerns).cloned().collect(),
            learnt: None,
        }
    }

    /// Units and all that they depend on, directly or not.
    #[must_use]
    pub fn with_dependencies(&self, units: &BTreeSet<UnitIndex>) -> BTreeSet<UnitIndex> {
        let mut found = units.clone();
        let mut open: Vec<UnitIndex> = units.iter().copied().collect();
        while let Some(unit) = open.pop() {
            let dependencies = self.unit(unit).dependencies.iter().map(|edge| edge.to);
            open.extend(dependencies.filter(|to| found.insert(*to)));
        }
        found
    }

    /// The units that depend on one of these and are none of them.
    #[must_use]
    pub fn dependents_beside(&self, units: &BTreeSet<UnitIndex>) -> BTreeSet<UnitIndex> {
        let others = self.iter().filter(|(index, _)| !units.contains(index));
        let dependents =
            others.filter(|(_, unit)| unit.dependencies.iter().any(|edge| units.contains(&edge.to)));
        dependents.map(|(index, _)| index).collect()
    }
}
