//! The gates that `up` puts between the units, for whoever only looks at the graph.

use std::collections::BTreeSet;

use super::{Cluster, Estate, Project, UnitIndex};

/// What a gate makes sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateKind {
    /// The cluster is usable.
    Verify,
    /// Argo CD is there.
    Argocd,
    /// The applications are.
    Applications,
}

impl GateKind {
    /// What holds once it is passed.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Verify => "the cluster is usable: control plane, nodes and add-ons",
            Self::Argocd => "Argo CD is installed and healthy",
            Self::Applications => "every Application is Synced and Healthy",
        }
    }
}

/// A gate, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedGate {
    /// What it makes sure of.
    pub kind: GateKind,
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
        let kind = GateKind::Verify;
        gates.push(PlannedGate { kind, name: verify.clone(), after_gate: None, after: vec![unit], before });
        if let Some((argocd, applications)) = argocd {
            let after_gate = Some(verify);
            let kind = GateKind::Argocd;
            gates.push(PlannedGate { kind, name: argocd.clone(), after_gate, after: vec![], before: vec![] });
            gates.push(PlannedGate {
                kind: GateKind::Applications,
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
