//! Clusters that wait until others are green: what of the estate waits with them, and what the others need first.
//!
//! What belongs to a cluster that waits is what its unit is made of and what stands on it, and whatever else lies in the
//! folder that leads to its unit and to no other cluster's. Of that, what the clusters before it need themselves waits for
//! nobody: it is shared, and was there first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::after::wrong;
use super::{Cluster, Project};
use crate::estate::{Estate, UnitIndex};
use crate::hcl::diagnostic::Diagnostic;
use crate::support::path_text;

type Units = BTreeSet<UnitIndex>;

/// A cluster that waits for others.
#[derive(Clone, Debug)]
pub struct Promotion {
    /// Its label.
    pub label: String,
    /// The labels of those that it waits for.
    pub after: Vec<String>,
    /// The units that wait with it.
    pub holds: Units,
    /// For each that it waits for, the units that its applications need.
    pub needed: Vec<Units>,
}

/// All clusters that wait for others.
#[derive(Clone, Debug, Default)]
pub struct Promotions {
    /// In the order of slipway.hcl.
    pub all: Vec<Promotion>,
    /// By label, the units that stand on a cluster and on one that waits for it: its applications come before them.
    later: BTreeMap<String, Units>,
}

impl Cluster {
    /// What a run calls the gate before anything of it; none where it waits for no other.
    pub fn promotion_name(&self) -> Option<String> {
        (!self.after.is_empty()).then(|| format!("promotion {}", self.label))
    }
}

impl Promotion {
    /// The units that wait for the gate themselves, of those in a run: the others wait for these.
    pub fn first_held(&self, estate: &Estate, selected: &Units) -> Vec<UnitIndex> {
        let held: Units = self.holds.intersection(selected).copied().collect();
        let is_first = |unit: &UnitIndex| {
            let mut dependencies = estate.unit(*unit).dependencies.iter();
            !dependencies.any(|edge| edge.to != *unit && held.contains(&edge.to))
        };
        held.iter().copied().filter(is_first).collect()
    }
}

impl Promotions {
    /// Those of an estate. An error says which clusters cannot be one after the other, as the estate is.
    pub fn of(project: &Project, estate: &Estate) -> Result<Self, Vec<Diagnostic>> {
        if project.clusters.iter().all(|cluster| cluster.after.is_empty()) {
            return Ok(Self::default());
        }
        let way = Way { project, estate };
        let waiting = || project.clusters.iter().filter(|cluster| !cluster.after.is_empty());
        let later: BTreeMap<String, Units> =
            project.clusters.iter().map(|cluster| (cluster.label.clone(), way.later(cluster))).collect();
        let needed: BTreeMap<&str, Units> = project
            .clusters
            .iter()
            .map(|cluster| (&*cluster.label, way.needed(cluster, later.get(&cluster.label))))
            .collect();
        let needed = |label: &str| needed.get(label).cloned().unwrap_or_default();
        let mut errors = Vec::new();
        let mut all = Vec::new();
        for cluster in waiting() {
            let unit = way.unit(cluster);
            let mut holds = way.belongs(cluster, unit);
            for before in way.before(cluster) {
                let needed = needed(&before.label);
                if unit.is_some_and(|unit| needed.contains(&unit)) {
                    errors.push(needs_it(cluster, before));
                }
                holds.retain(|unit| !needed.contains(unit));
            }
            let after = cluster.after.clone();
            let needed = after.iter().map(|label| needed(label)).collect();
            all.push(Promotion { label: cluster.label.clone(), after, holds, needed });
        }
        if errors.is_empty() {
            errors.extend(way.circle(&all, &needed));
        }
        if errors.is_empty() { Ok(Self { all, later }) } else { Err(errors) }
    }

    /// The units on a cluster that its applications do not wait for.
    pub fn later(&self, label: &str) -> Units {
        self.later.get(label).cloned().unwrap_or_default()
    }
}

fn needs_it(cluster: &Cluster, before: &Cluster) -> Diagnostic {
    let (label, before) = (&cluster.label, &before.label);
    let unit = cluster.unit.as_deref().map(path_text::shown).unwrap_or_default();
    let message = format!(
        "cluster \"{label}\" waits for \"{before}\", and \"{before}\" needs {unit}, which waits with it"
    );
    wrong(cluster, message).help(format!(
        "take \"{before}\" out of its `after`, or {unit} out of what \"{before}\" depends on or its Argo CD deploys to"
    ))
}

/// Finds its way between clusters and units.
struct Way<'a> {
    project: &'a Project,
    estate: &'a Estate,
}

impl<'a> Way<'a> {
    fn unit(&self, cluster: &Cluster) -> Option<UnitIndex> {
        self.project.unit_dir(cluster).and_then(|dir| self.estate.find(&dir))
    }

    /// The clusters that one waits for, and those that these wait for.
    fn before(&self, cluster: &Cluster) -> Vec<&'a Cluster> {
        let mut found: Vec<&Cluster> = Vec::new();
        let mut open: Vec<&String> = cluster.after.iter().collect();
        while let Some(label) = open.pop() {
            let Some(before) = self.project.cluster(label) else { continue };
            if found.iter().all(|known| known.label != before.label) {
                found.push(before);
                open.extend(&before.after);
            }
        }
        found
    }

    /// What stands on clusters that wait for one.
    fn later(&self, cluster: &Cluster) -> Units {
        let waits = |other: &&Cluster| self.before(other).iter().any(|before| before.label == cluster.label);
        let others = self.project.clusters.iter().filter(waits);
        others.filter_map(|other| self.unit(other)).flat_map(|unit| on_and(self.estate, unit)).collect()
    }

    /// What the applications of a cluster need: itself, what stands on it, the clusters that its Argo CD deploys to, and all
    /// that these depend on.
    fn needed(&self, cluster: &Cluster, later: Option<&Units>) -> Units {
        let unit = self.unit(cluster);
        let on_it = unit.into_iter().flat_map(|unit| on_and(self.estate, unit));
        let on_it =
            on_it.filter(|on_it| unit == Some(*on_it) || later.is_none_or(|later| !later.contains(on_it)));
        let others = self.project.clusters.iter().filter(|other| cluster.registers(&other.label));
        self.with_dependencies(on_it.chain(others.filter_map(|other| self.unit(other))))
    }

    /// What is a cluster's own, or shared with others; its unit need not be among what is looked at.
    fn belongs(&self, cluster: &Cluster, unit: Option<UnitIndex>) -> Units {
        let on_it = unit.into_iter().flat_map(|unit| on_and(self.estate, unit));
        let mut found = self.with_dependencies(on_it);
        if let Some(folder) = self.folder(cluster) {
            let inside = self.estate.iter().filter(|(_, unit)| unit.dir.starts_with(&folder));
            found.extend(inside.map(|(index, _)| index));
        }
        found
    }

    /// The highest folder that leads to a cluster's unit and to no other's; none where there is no other to tell it from.
    fn folder(&self, cluster: &Cluster) -> Option<PathBuf> {
        let dir = self.project.unit_dir(cluster)?;
        let others = self.project.clusters.iter().filter(|other| other.label != cluster.label);
        let others: Vec<PathBuf> =
            others.filter_map(|other| self.project.unit_dir(other)).filter(|other| *other != dir).collect();
        let is_own = |folder: &&Path| !others.iter().any(|other| other.starts_with(folder));
        let folders = dir.ancestors().take_while(is_own).filter(|_| !others.is_empty());
        folders.last().map(Path::to_path_buf)
    }

    fn with_dependencies(&self, units: impl IntoIterator<Item = UnitIndex>) -> Units {
        let mut found = Units::new();
        let mut open: Vec<UnitIndex> = units.into_iter().collect();
        while let Some(unit) = open.pop() {
            if found.insert(unit) {
                open.extend(self.estate.unit(unit).dependencies.iter().map(|edge| edge.to));
            }
        }
        found
    }

    /// Clusters that share units in such a way that each waits for the next, and none could be the first.
    fn circle(&self, all: &[Promotion], needed: &dyn Fn(&str) -> Units) -> Option<Diagnostic> {
        // A cluster is green behind those that anything waits for that it needs.
        let waits_for = |label: &str| -> BTreeSet<&str> {
            let needed = needed(label);
            let held = all.iter().filter(|one| !one.holds.is_disjoint(&needed));
            held.flat_map(|one| one.after.iter().map(String::as_str)).collect()
        };
        all.iter().find_map(|one| {
            let mut found = BTreeSet::new();
            let mut open: Vec<&str> = waits_for(&one.label).into_iter().collect();
            while let Some(label) = open.pop() {
                if found.insert(label) {
                    open.extend(waits_for(label));
                }
            }
            if !found.contains(&*one.label) {
                return None;
            }
            let cluster = self.project.cluster(&one.label)?;
            let others: Vec<String> = found
                .iter()
                .filter(|label| **label != one.label)
                .map(|label| format!("\"{label}\""))
                .collect();
            let message = format!(
                "cluster \"{}\" waits for itself, by units that it shares with {}",
                one.label,
                others.join(" and ")
            );
            Some(
                wrong(cluster, message).help("take one of them out of an `after`, or let them share nothing"),
            )
        })
    }
}

/// A unit and what depends on it, over any number of steps; also where there is no order, since some go in a circle.
pub(super) fn on_and(estate: &Estate, unit: UnitIndex) -> Units {
    let mut found = Units::from([unit]);
    let mut wave = estate.dependents_beside(&found);
    while !wave.is_empty() {
        found.extend(wave);
        wave = estate.dependents_beside(&found);
    }
    found
}

#[cfg(test)]
mod tests;
