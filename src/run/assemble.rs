//! The graph of a run: units as the estate orders them, gates between them.
//!
//! Upwards, a cluster's `verify` gate stands between its unit and what depends on it; Argo CD comes after
//! that gate, and the applications are waited for when Argo CD and everything on the cluster is there.
//! Downwards, a cluster's applications and its Argo CD go before anything under them is touched.

use std::sync::Arc;

use super::event::NodeKind;
use super::node::{Node, Work};

/// A unit on its way into the graph.
pub struct UnitSpec {
    /// Its name.
    pub name: String,
    /// The units it depends on, by index among the units; only those of the run.
    pub dependencies: Vec<usize>,
    /// What is done with it.
    pub work: Arc<dyn Work>,
}

/// A gate of one cluster.
pub struct GateSpec {
    /// Its name, such as `verify dev`.
    pub name: String,
    /// What it does.
    pub work: Arc<dyn Work>,
}

/// The gates of one cluster on the way up.
pub struct ClusterGates {
    /// The cluster's unit, by index among the units.
    pub unit: usize,
    /// The check that stands before what depends on the cluster.
    pub verify: GateSpec,
    /// Argo CD, where the cluster gets one, and the wait for its applications.
    pub argocd: Option<(GateSpec, GateSpec)>,
}

/// The graph upwards. Units come in an order in which each stands behind its dependencies.
pub fn upwards(units: Vec<UnitSpec>, clusters: Vec<ClusterGates>) -> Vec<Node> {
    let mut nodes = Nodes::default();
    let on_cluster: Vec<_> = clusters.iter().map(|cluster| dependents_of(cluster.unit, &units)).collect();
    let mut clusters: Vec<_> = clusters.into_iter().map(|cluster| (cluster.unit, Some(cluster))).collect();
    // What a dependent of each unit waits for: the unit itself, or the gate behind it.
    let mut passage = Vec::with_capacity(units.len());
    let mut place = Vec::with_capacity(units.len());
    let mut argocd = Vec::new();
    for (index, unit) in units.into_iter().enumerate() {
        let after = unit.dependencies.iter().map(|dependency| passage[*dependency]).collect();
        let node = nodes.add(unit.name, NodeKind::Unit, after, unit.work);
        place.push(node);
        passage.push(node);
        for (position, (_, cluster)) in
            clusters.iter_mut().enumerate().filter(|(_, (unit, _))| *unit == index)
        {
            let Some(ClusterGates { verify, argocd: gates, .. }) = cluster.take() else { continue };
            let verified = nodes.add(verify.name, NodeKind::Gate, vec![node], verify.work);
            passage[index] = verified;
            argocd.extend(gates.map(|gates| (position, verified, gates)));
        }
    }
    for (cluster, verified, (bootstrap, applications)) in argocd {
        let bootstrapped = nodes.add(bootstrap.name, NodeKind::Gate, vec![verified], bootstrap.work);
        let on_it = on_cluster[cluster].iter().map(|unit| place[*unit]);
        let after = std::iter::once(bootstrapped).chain(on_it).collect();
        nodes.add(applications.name, NodeKind::Gate, after, applications.work);
    }
    nodes.0
}

/// The same graph with a gate before all of it.
pub fn behind(gate: GateSpec, nodes: Vec<Node>) -> Vec<Node> {
    let first = Node { name: gate.name, kind: NodeKind::Gate, after: Vec::new(), work: gate.work };
    let moved = nodes.into_iter().map(|node| {
        let after = std::iter::once(0).chain(node.after.iter().map(|index| index + 1)).collect();
        Node { after, ..node }
    });
    std::iter::once(first).chain(moved).collect()
}

/// The graph downwards. Units come in the same order as upwards; each waits for its dependents.
pub fn downwards(units: Vec<UnitSpec>, clusters: Vec<(usize, GateSpec)>) -> Vec<Node> {
    let mut nodes = Nodes::default();
    let mut before: Vec<Vec<usize>> = units.iter().map(|_| Vec::new()).collect();
    for (unit, gate) in clusters {
        let mut under = dependents_of(unit, &units);
        under.push(unit);
        let node = nodes.add(gate.name, NodeKind::Gate, Vec::new(), gate.work);
        for unit in under {
            before[unit].push(node);
        }
    }
    for (index, unit) in units.into_iter().enumerate().rev() {
        let node = nodes.add(unit.name, NodeKind::Unit, std::mem::take(&mut before[index]), unit.work);
        for dependency in unit.dependencies {
            before[dependency].push(node);
        }
    }
    nodes.0
}

/// All units that stand on one, directly or not.
fn dependents_of(unit: usize, units: &[UnitSpec]) -> Vec<usize> {
    let mut stands = vec![false; units.len()];
    if let Some(root) = stands.get_mut(unit) {
        *root = true;
    }
    // One pass is enough: each unit comes behind its dependencies.
    for (index, spec) in units.iter().enumerate() {
        if spec.dependencies.iter().any(|dependency| stands[*dependency]) {
            stands[index] = true;
        }
    }
    (0..units.len()).filter(|index| stands[*index] && *index != unit).collect()
}

#[derive(Default)]
struct Nodes(Vec<Node>);

impl Nodes {
    fn add(&mut self, name: String, kind: NodeKind, mut after: Vec<usize>, work: Arc<dyn Work>) -> usize {
        after.sort_unstable();
        after.dedup();
        self.0.push(Node { name, kind, after, work });
        self.0.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::run::event::Outcome;
    use crate::run::node::Reporter;
    use crate::run::scheduler::announce;

    struct Nothing;

    #[async_trait]
    impl Work for Nothing {
        async fn run(&self, _reporter: &Reporter) -> Outcome {
            Outcome::Planned
        }
    }

    fn unit(name: &str, dependencies: &[usize]) -> UnitSpec {
        UnitSpec { name: name.to_owned(), dependencies: dependencies.to_vec(), work: Arc::new(Nothing) }
    }

    fn gate(name: &str) -> GateSpec {
        GateSpec { name: name.to_owned(), work: Arc::new(Nothing) }
    }

    fn estate() -> Vec<UnitSpec> {
        vec![unit("networking", &[]), unit("bucket", &[]), unit("cluster", &[0]), unit("identity", &[0, 2])]
    }

    fn printed(nodes: &[Node]) -> String {
        let line =
            |node: crate::run::event::NodeInfo| format!("{} <- {}\n", node.name, node.after.join(", "));
        announce(nodes).into_iter().map(line).collect()
    }

    #[test]
    fn upwards_the_gate_stands_before_what_depends_on_the_cluster() {
        let argocd = Some((gate("argocd dev"), gate("applications dev")));
        let gates = vec![ClusterGates { unit: 2, verify: gate("verify dev"), argocd }];
        insta::assert_snapshot!(printed(&upwards(estate(), gates)), @r"
        networking <- 
        bucket <- 
        cluster <- networking
        verify dev <- cluster
        identity <- networking, verify dev
        argocd dev <- verify dev
        applications dev <- identity, argocd dev
        ");
    }

    #[test]
    fn downwards_argocd_goes_before_anything_under_it() {
        insta::assert_snapshot!(printed(&downwards(estate(), vec![(2, gate("argocd dev"))])), @r"
        argocd dev <- 
        identity <- argocd dev
        cluster <- argocd dev, identity
        bucket <- 
        networking <- identity, cluster
        ");
    }
}
