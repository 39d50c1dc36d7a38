//! Gates between units, for whoever shows the graph. Where they stand is said by whoever knows of clusters.

use super::UnitIndex;

/// What a gate makes sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateKind {
    /// The cluster is usable.
    Verify,
    /// Argo CD is there.
    Argocd,
    /// The applications are.
    Applications,
    /// Other clusters are green, which one waits for.
    Promotion,
}

impl GateKind {
    /// What holds once it is passed.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Verify => "the cluster is usable: control plane, nodes and add-ons",
            Self::Argocd => "Argo CD is installed and healthy",
            Self::Applications => "every Application is Synced and Healthy",
            Self::Promotion => "the clusters before this one are green at a commit",
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
    /// The gates that it waits for.
    pub after_gates: Vec<String>,
    /// The units that it waits for.
    pub after: Vec<UnitIndex>,
    /// The units that wait for it beside what they depend on.
    pub before: Vec<UnitIndex>,
}
