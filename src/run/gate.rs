//! Gates: steps of the graph that are no unit, one cluster each.

pub mod argocd;
mod context;
mod drift;
mod greens;
mod history;
mod neighbours;
mod promotion;
mod verify;

use std::path::Path;
use std::sync::Arc;

pub use self::context::{GateContext, GateError, Neighbour};
pub use self::greens::Greens;
pub use self::history::History;
pub use self::neighbours::others;
pub use verify::VerifyGate;

use self::argocd::{ApplicationsGate, BootstrapGate, UninstallGate};
use self::drift::DriftGate;
use self::promotion::PromotionGate;
use super::assemble::{ClusterGates, GateSpec, SpecIndex};
use super::node::Work;
use crate::project::DriftRules;

/// The gates of a cluster on the way up; `unit` is its unit's place in the run, `others` those of clusters that its Argo CD
/// deploys to, `later` those of units on it that come after its applications.
pub fn up(
    unit: SpecIndex,
    others: Vec<SpecIndex>,
    later: Vec<SpecIndex>,
    context: GateContext,
    cache: &Path,
) -> ClusterGates {
    let (verify, argocd) = context.cluster.gate_names();
    let context = Arc::new(context);
    let gate = |name: String, work: Arc<dyn Work>| GateSpec { name, work };
    let verify = gate(verify, Arc::new(VerifyGate(Arc::clone(&context))));
    let argocd = argocd.map(|(argocd, applications)| {
        let bootstrap = BootstrapGate { context: Arc::clone(&context), cache: cache.to_owned() };
        (gate(argocd, Arc::new(bootstrap)), gate(applications, Arc::new(ApplicationsGate(context))))
    });
    ClusterGates { unit, verify, argocd, others, later }
}

/// The gate before a cluster that waits for others.
pub fn promotion(name: String, label: &str, before: Vec<GateContext>, greens: Arc<Greens>) -> GateSpec {
    GateSpec { name, work: Arc::new(PromotionGate { label: label.to_owned(), before, greens }) }
}

/// What looks at the applications of a cluster, where it has an Argo CD.
pub fn drift(context: GateContext, rules: DriftRules, detailed: bool) -> Option<GateSpec> {
    let (_, argocd) = context.cluster.gate_names();
    let (_, name) = argocd?;
    Some(GateSpec { name, work: Arc::new(DriftGate { context: Arc::new(context), rules, detailed }) })
}

/// The gate of a cluster on the way down, where it has an Argo CD.
pub fn down(context: GateContext, cache: &Path) -> Option<GateSpec> {
    let name = format!("argocd {}", context.cluster.label);
    let wanted = context.cluster.has_argocd();
    let work = UninstallGate { context: Arc::new(context), cache: cache.to_owned() };
    wanted.then(|| GateSpec { name, work: Arc::new(work) })
}
