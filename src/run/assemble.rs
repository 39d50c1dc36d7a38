//! The graph of a run: units as the estate orders them, gates between them.
//!
//! Upwards, a cluster's `verify` gate stands between its unit and what depends on it; Argo CD comes after
//! that gate, and the applications are waited for when Argo CD and everything on the cluster is there.
//! What waits for other clusters to be green stands before all that is changed of its own.
//! Downwards, a cluster's applications and its Argo CD go before anything under them is touched.

use std::collections::BTreeSet;
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
    /// The units on it that its applications do not wait for, since they come after those.
    pub later: Vec<SpecIndex>,
}

/// What holds units back until the applications of other clusters are green.
pub struct PromotionSpec {
    /// The gate.
    pub gate: GateSpec,
    /// The units of those clusters, which have gates of their own in the run.
    pub clusters: Vec<SpecIndex>,
    /// What else it waits for.
    pub after: Vec<SpecIndex>,
    /// The units that wait for it.
    pub holds: Vec<SpecIndex>,
}

/// The gates of a run upwards.
#[derive(Default)]
pub struct UpGates {
    /// Those of clusters.
    pub clusters: Vec<ClusterGates>,
    /// Those between clusters.
    pub promotions: Vec<PromotionSpec>,
}

/// Nodes that wait for each other, so that none of them can ever begin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("these wait for each other: {}", .0.join(", "))]
pub struct Circle(pub Vec<String>);

/// The units alone, upwards.
pub fn alone(units: UnitSpecs) -> Nodes {
    let node = |unit: UnitSpec| Node {
        name: unit.name,
        kind: NodeKind::Unit,
        after: unit.dependencies.iter().map(|dependency| NodeIndex(dependency.0)).collect(),
        work: unit.work,
    };
    units.into_iter().map(node).map(sorted).collect()
}

/// The graph upwards.
pub fn upwards(units: UnitSpecs, gates: UpGates) -> Result<Nodes, Circle> {
    let UpGates { clusters, promotions } = gates;
    let mut drafts: Slots<NodeIndex, Node> = Slots::default();
    let mut held: Slots<SpecIndex, Vec<NodeIndex>> = Slots::for_each_of(&units, Vec::new());
    let mut waiting = Vec::new();
    for PromotionSpec { gate, clusters, after, holds } in promotions {
        // What it waits for has no place yet.
        let node = add(&mut drafts, gate.name, NodeKind::Gate, Vec::new(), gate.work);
        for unit in holds {
            held[unit].push(node);
        }
        waiting.push((node, clusters, after));
    }
    let mut clusters: Vec<_> = clusters
        .into_iter()
        .map(|cluster| (cluster.unit, Some((dependents_of(cluster.unit, &units), cluster))))
        .collect();
    // What a dependent of each unit waits for: the unit itself, or the gate behind it.
    let mut passage: Slots<SpecIndex, NodeIndex> = Slots::default();
    let mut place: Slots<SpecIndex, NodeIndex> = Slots::default();
    // What says of a cluster that it is green.
    let mut green: Slots<SpecIndex, Option<NodeIndex>> = Slots::for_each_of(&units, None);
    let mut argocd = Vec::new();
    for unit in units {
        let after = unit.dependencies.iter().map(|dependency| passage[*dependency]);
        let after = after.chain(std::mem::take(&mut held[SpecIndex(place.len())])).collect();
        let node = add(&mut drafts, unit.name, NodeKind::Unit, after, unit.work);
        place.push(node);
        let index = passage.push(node);
        for (_, cluster) in clusters.iter_mut().filter(|(unit, _)| *unit == index) {
            let Some((on_it, ClusterGates { verify, argocd: gates, others, later, .. })) = cluster.take()
            else {
                continue;
            };
            let verified = add(&mut drafts, verify.name, NodeKind::Gate, vec![node], verify.work);
            passage[index] = verified;
            let on_it: Vec<SpecIndex> = on_it.into_iter().filter(|unit| !later.contains(unit)).collect();
            argocd.extend(gates.map(|gates| (index, on_it, others, verified, gates)));
        }
    }
    for (unit, on_it, others, verified, (bootstrap, applications)) in argocd {
        // What it is to know of another cluster is there once that is.
        let others = others.iter().map(|unit| passage[*unit]);
        let after = std::iter::once(verified).chain(others).collect();
        let bootstrapped = add(&mut drafts, bootstrap.name, NodeKind::Gate, after, bootstrap.work);
        let on_it = on_it.iter().map(|unit| place[*unit]);
        let after = std::iter::once(bootstrapped).chain(on_it).collect();
        green[unit] = Some(add(&mut drafts, applications.name, NodeKind::Gate, after, applications.work));
    }
    for (node, clusters, after) in waiting {
        let clusters = clusters.iter().map(|unit| green[*unit].unwrap_or(passage[*unit]));
        drafts[node].after = clusters.chain(after.iter().map(|unit| place[*unit])).collect();
    }
    in_order(drafts)
}

/// The nodes with each behind those that it waits for, and otherwise in the order that they have.
fn in_order(drafts: Slots<NodeIndex, Node>) -> Result<Nodes, Circle> {
    let mut open: Slots<NodeIndex, usize> = drafts.iter().map(|node| node.after.len()).collect();
    let mut behind: Slots<NodeIndex, Vec<NodeIndex>> = Slots::for_each_of(&drafts, Vec::new());
    for (index, node) in drafts.pairs() {
        for before in &node.after {
            behind[*before].push(index);
        }
    }
    let mut ready: BTreeSet<NodeIndex> =
        open.pairs().filter(|(_, open)| **open == 0).map(|(index, _)| index).collect();
    let mut places: Slots<NodeIndex, Option<NodeIndex>> = Slots::for_each_of(&drafts, None);
    let mut order = Vec::new();
    while let Some(index) = ready.pop_first() {
        places[index] = Some(NodeIndex(order.len()));
        order.push(index);
        for next in &behind[index] {
            open[*next] -= 1;
            if open[*next] == 0 {
                ready.insert(*next);
            }
        }
    }
    let mut drafts: Slots<NodeIndex, Option<Node>> = drafts.into_iter().map(Some).collect();
    let nodes = order.iter().filter_map(|index| drafts[*index].take());
    let in_place = |node: Node| {
        let after = node.after.iter().filter_map(|before| places[*before]).collect();
        sorted(Node { after, ..node })
    };
    let nodes: Nodes = nodes.map(in_place).collect();
    let left: Vec<String> = drafts.iter().flatten().map(|node| node.name.clone()).collect();
    if left.is_empty() { Ok(nodes) } else { Err(Circle(left)) }
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
    after: Vec<NodeIndex>,
    work: Arc<dyn Work>,
) -> NodeIndex {
    nodes.push(sorted(Node { name, kind, after, work }))
}

fn sorted(mut node: Node) -> Node {
    node.after.sort_unstable();
    node.after.dedup();
    node
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
            later: Vec::new(),
        }];
        let gates = UpGates { clusters: gates, promotions: Vec::new() };
        insta::assert_snapshot!(printed(&upwards(estate(), gates).unwrap()), @r"
        networking <- 
        bucket <- 
        cluster <- networking
        verify dev <- cluster
        identity <- networking, verify dev
        argocd dev <- bucket, verify dev
        applications dev <- identity, argocd dev
        ");
    }

    /// Two clusters on one network, each with something on it, and something on both.
    fn two() -> UnitSpecs {
        [
            unit("shared", &[]),
            unit("prod/cluster", &[0]),
            unit("prod/identity", &[1]),
            unit("dev/cluster", &[0]),
            unit("peering", &[1, 3]),
            unit("dev/identity", &[3]),
        ]
        .into_iter()
        .collect()
    }

    fn gates_of(unit: usize, label: &str, later: &[usize]) -> ClusterGates {
        let argocd = (gate(&format!("argocd {label}")), gate(&format!("applications {label}")));
        ClusterGates {
            unit: SpecIndex(unit),
            verify: gate(&format!("verify {label}")),
            argocd: Some(argocd),
            others: Vec::new(),
            later: later.iter().copied().map(SpecIndex).collect(),
        }
    }

    #[test]
    fn nothing_of_a_cluster_that_waits_begins_before_the_other_is_green() {
        let promotion = PromotionSpec {
            gate: gate("promotion prod"),
            clusters: vec![SpecIndex(3)],
            after: Vec::new(),
            holds: vec![SpecIndex(1)],
        };
        let clusters = vec![gates_of(1, "prod", &[]), gates_of(3, "dev", &[4])];
        let gates = UpGates { clusters, promotions: vec![promotion] };
        insta::assert_snapshot!(printed(&upwards(two(), gates).unwrap()), @r"
        shared <- 
        dev/cluster <- shared
        verify dev <- dev/cluster
        dev/identity <- verify dev
        argocd dev <- verify dev
        applications dev <- dev/identity, argocd dev
        promotion prod <- applications dev
        prod/cluster <- shared, promotion prod
        verify prod <- prod/cluster
        prod/identity <- verify prod
        peering <- verify dev, verify prod
        argocd prod <- verify prod
        applications prod <- prod/identity, peering, argocd prod
        ");
    }

    #[test]
    fn one_that_waits_for_a_cluster_that_has_no_gate_here_waits_for_its_units() {
        let promotion = PromotionSpec {
            gate: gate("promotion prod"),
            clusters: Vec::new(),
            after: vec![SpecIndex(5)],
            holds: vec![SpecIndex(1), SpecIndex(4)],
        };
        let gates = UpGates { clusters: vec![gates_of(1, "prod", &[])], promotions: vec![promotion] };
        insta::assert_snapshot!(printed(&upwards(two(), gates).unwrap()), @r"
        shared <- 
        dev/cluster <- shared
        dev/identity <- dev/cluster
        promotion prod <- dev/identity
        prod/cluster <- shared, promotion prod
        verify prod <- prod/cluster
        prod/identity <- verify prod
        peering <- dev/cluster, promotion prod, verify prod
        argocd prod <- verify prod
        applications prod <- prod/identity, peering, argocd prod
        ");
    }

    #[test]
    fn what_waits_for_itself_is_an_error_and_no_run_of_less() {
        let promotion = PromotionSpec {
            gate: gate("promotion prod"),
            clusters: Vec::new(),
            after: vec![SpecIndex(4)],
            holds: vec![SpecIndex(1)],
        };
        let gates = UpGates { clusters: Vec::new(), promotions: vec![promotion] };
        let circle = upwards(two(), gates).err().unwrap();
        assert_eq!(
            circle.to_string(),
            "these wait for each other: promotion prod, prod/cluster, prod/identity, peering"
        );
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
