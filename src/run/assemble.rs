//! The graph of a run: units as the estate orders them, gates between them.
//!
//! Upwards, a cluster's `verify` gate stands between its unit and what depends on it; Argo CD comes after
//! that gate, and the applications are waited for when Argo CD and everything on the cluster is there.
//! Downwards, a cluster's applications and its Argo CD go before anything under them is touched.

use std::sync::Arc;

use super::event::NodeKind;
use super::node::{Node, NodeIndex, Nodes, Work};
use crate::support::slots::{Slots, slot};

/// The units of a run, in an order in which each stands behind its dependencies.
pub type UnitSpecs = Slots<SpecIndex, UnitSpec>;

/// A unit by its place among those of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecIndex(pub usize);

slot!(SpecIndex);

/// A unit on its way into the graph.
pub struct UnitSpec {
    /// Its name.
    pub name: String,
    /// The units it depends on; only those of the run.
    pub dependencies: Vec<SpecIndex>,
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
    /// The cluster's unit.
    pub unit: SpecIndex,
    /// The check that stands before what depends on the cluster.
    pub verify: GateSpec,
    /// Argo CD, where the cluster gets one, and the wait for its applications.
    pub argocd: Option<(GateSpec, GateSpec)>,
    /// The units of the other clusters that its Argo CD deploys to.
    pub others: Vec<SpecIndex>,
}

/// The graph upwards.
pub fn upwards(units: UnitSpecs, clusters: Vec<ClusterGates>) -> Nodes {
    let mut nodes = Nodes::default();
    let mut clusters: Vec<_> = clusters
        .into_iter()
        .map(|cluster| (cluster.unit, Some((dependents_of(cluster.unit, &units), cluster))))
        .collect();
    // What a dependent of each unit waits for: the unit itself, or the gate behind it.
    let mut passage: Slots<SpecIndex, NodeIndex> = Slots::default();
    let mut place: Slots<SpecIndex, NodeIndex> = Slots::default();
    let mut argocd = Vec::new();
    for unit in units {
        let after = unit.dependencies.iter().map(|dependency| passage[*dependency]).collect();
        let node = add(&mut nodes, unit.name, NodeKind::Unit, after, unit.work);
        place.push(node);
        let index = passage.push(node);
        for (_, cluster) in clusters.iter_mut().filter(|(unit, _)| *unit == index) {
            let Some((on_it, ClusterGates { verify, argocd: gates, others, .. })) = cluster.take() else {
                continue;
            };
            let verified = add(&mut nodes, verify.name, NodeKind::Gate, vec![node], verify.work);
            passage[index] = verified;
            argocd.extend(gates.map(|gates| (on_it, others, verified, gates)));
        }
    }
    for (on_it, others, verified, (bootstrap, applications)) in argocd {
        // What it is to know of another cluster is there once that is.
        let others = others.iter().map(|unit| passage[*unit]);
        let after = std::iter::once(verified).chain(others).collect();
        let bootstrapped = add(&mut nodes, bootstrap.name, NodeKind::Gate, after, bootstrap.work);
        let on_it = on_it.iter().map(|unit| place[*unit]);
        let after = std::iter::once(bootstrapped).chain(on_it).collect();
        add(&mut nodes, applications.name, NodeKind::Gate, after, applications.work);
    }
    nodes
}

/// A graph with gates beside it, which wait for nothing.
pub fn beside(mut nodes: Nodes, gates: Vec<GateSpec>) -> Nodes {
    for gate in gates {
        add(&mut nodes, gate.name, NodeKind::Gate, Vec::new(), gate.work);
    }
    nodes
}

/// A graph with a gate before all of it.
pub fn behind(gate: GateSpec, nodes: Nodes) -> Nodes {
    let first = Node { name: gate.name, kind: NodeKind::Gate, after: Vec::new(), work: gate.work };
    let moved = nodes.into_iter().map(|node| {
        let after = node.after.iter().map(|before| NodeIndex(before.0 + 1));
        let after = std::iter::once(NodeIndex(0)).chain(after).collect();
        Node { after, ..node }
    });
    std::iter::once(first).chain(moved).collect()
}

/// The graph downwards: each unit waits for its dependents.
pub fn downwards(units: UnitSpecs, clusters: Vec<(Vec<SpecIndex>, GateSpec)>) -> Nodes {
    let mut nodes = Nodes::default();
    let mut before: Slots<SpecIndex, Vec<NodeIndex>> = Slots::for_each_of(&units, Vec::new());
    for (of_clusters, gate) in clusters {
        let on_them = of_clusters.iter().flat_map(|unit| dependents_of(*unit, &units));
        let mut under: Vec<SpecIndex> = of_clusters.clone();
        for unit in on_them {
            if !under.contains(&unit) {
                under.push(unit);
            }
        }
        let node = add(&mut nodes, gate.name, NodeKind::Gate, Vec::new(), gate.work);
        for unit in under {
            before[unit].push(node);
        }
    }
    let slots = units.slots().rev();
    for (index, unit) in slots.zip(units.into_iter().rev()) {
        let after = std::mem::take(&mut before[index]);
        let node = add(&mut nodes, unit.name, NodeKind::Unit, after, unit.work);
        for dependency in unit.dependencies {
            before[dependency].push(node);
        }
    }
    nodes
}

/// All units that stand on one, directly or not.
fn dependents_of(unit: SpecIndex, units: &UnitSpecs) -> Vec<SpecIndex> {
    let mut stands = Slots::for_each_of(units, false);
    stands[unit] = true;
    // One pass is enough: each unit comes behind its dependencies.
    for (index, spec) in units.pairs() {
        if spec.dependencies.iter().any(|dependency| stands[*dependency]) {
            stands[index] = true;
        }
    }
    units.slots().filter(|index| stands[*index] && *index != unit).collect()
}

fn add(
    nodes: &mut Nodes,
    name: String,
    kind: NodeKind,
    mut after: Vec<NodeIndex>,
    work: Arc<dyn Work>,
) -> NodeIndex {
    after.sort_unstable();
    after.dedup();
    nodes.push(Node { name, kind, after, work })
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
        let dependencies = dependencies.iter().copied().map(SpecIndex).collect();
        UnitSpec { name: name.to_owned(), dependencies, work: Arc::new(Nothing) }
    }

    fn gate(name: &str) -> GateSpec {
        GateSpec { name: name.to_owned(), work: Arc::new(Nothing) }
    }

    fn estate() -> UnitSpecs {
        [unit("networking", &[]), unit("bucket", &[]), unit("cluster", &[0]), unit("identity", &[0, 2])]
            .into_iter()
            .collect()
    }

    fn printed(nodes: &Nodes) -> String {
        let line =
            |node: crate::run::event::NodeInfo| format!("{} <- {}\n", node.name, node.after.join(", "));
        announce(nodes).into_iter().map(line).collect()
    }

    #[test]
    fn upwards_the_gate_stands_before_what_depends_on_the_cluster() {
        let argocd = Some((gate("argocd dev"), gate("applications dev")));
        let gates = vec![ClusterGates {
            unit: SpecIndex(2),
            verify: gate("verify dev"),
            argocd,
            others: vec![SpecIndex(1)],
        }];
        insta::assert_snapshot!(printed(&upwards(estate(), gates)), @r"
        networking <- 
        bucket <- 
        cluster <- networking
        verify dev <- cluster
        identity <- networking, verify dev
        argocd dev <- bucket, verify dev
        applications dev <- identity, argocd dev
        ");
    }

    #[test]
    fn downwards_argocd_goes_before_anything_under_it() {
        insta::assert_snapshot!(printed(&downwards(estate(), vec![(vec![SpecIndex(2)], gate("argocd dev"))])), @r"
        argocd dev <- 
        identity <- argocd dev
        cluster <- argocd dev, identity
        bucket <- 
        networking <- identity, cluster
        ");
    }
}
