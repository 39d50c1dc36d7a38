//! The gates that `up` puts between the units, for whoever only looks at the graph.

use std::collections::BTreeSet;

use super::{Cluster, Estate, Project, UnitIndex};

/// A gate, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedGate {
    /// What a run calls it, such as `verify dev`.
    pub name: String,
    /// The gate that it waits for.
    pub after_gate: Option<String>,
    /// The units that it waits for.
    pub after: Vec<UnitIndex>,
    /// The units that wait for it beside what they depend on.
    pub before: Vec<UnitIndex>,
}

impl Cluster {
    /// What a run calls its gates: the check of the cluster, then, where it gets one, Argo CD and the applications.
    pub fn gate_names(&self) -> (String, Option<(String, String)>) {
        let name = |kind: &str| format!("{kind} {}", self.label);
        (name("verify"), self.has_argocd().then(|| (name("argocd"), name("applications"))))
    }
}

/// The gates of a run of `up` over the units in `selected`, in the order of slipway.hcl: those of the clusters whose unit
/// is among them.
pub fn planned_gates(project: &Project, estate: &Estate, selected: &BTreeSet<UnitIndex>) -> Vec<PlannedGate> {
    let mut gates = Vec::new();
    for cluster in &project.clusters {
        let unit = project.unit_dir(cluster).and_then(|dir| estate.find(&dir));
        let Some(unit) = unit.filter(|unit| selected.contains(unit)) else { continue };
        let on_it: BTreeSet<UnitIndex> =
            standing_on(estate, unit).into_iter().filter(|unit| selected.contains(unit)).collect();
        let depends = |dependent: &UnitIndex| {
            estate.unit(*dependent).dependencies.iter().any(|dependency| dependency.to == unit)
        };
        let (verify, argocd) = cluster.gate_names();
        let before = on_it.iter().copied().filter(depends).collect();
        gates.push(PlannedGate { name: verify.clone(), after_gate: None, after: vec![unit], before });
        if let Some((argocd, applications)) = argocd {
            let after_gate = Some(verify);
            gates.push(PlannedGate { name: argocd.clone(), after_gate, after: vec![], before: vec![] });
            gates.push(PlannedGate {
                name: applications,
                after_gate: Some(argocd),
                after: on_it.into_iter().collect(),
                before: vec![],
            });
        }
    }
    gates
}

/// What depends on a unit, over any number of steps; also where there is no order, since some go in a circle.
fn standing_on(estate: &Estate, unit: UnitIndex) -> BTreeSet<UnitIndex> {
    let mut found = BTreeSet::from([unit]);
    let mut wave = estate.dependents_beside(&found);
    while !wave.is_empty() {
        found.extend(wave);
        wave = estate.dependents_beside(&found);
    }
    found.remove(&unit);
    found
}
