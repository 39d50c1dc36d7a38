//! The order of units, circles and all.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::estate::UnitIndex;
use slipway_support::slots::Slots;

/// Where every unit stands.
pub struct Order(Slots<UnitIndex, Standing>);

/// Where a unit stands.
#[derive(Clone, Debug)]
struct Standing {
    /// Behind all it depends on, as far as there is no circle.
    column: usize,
    /// Whether the column is its wave: nothing before it is in a circle.
    certain: bool,
    in_circle: bool,
    /// What is in a circle together has the same.
    knot: usize,
}

impl Order {
    /// Of units, each as what it depends on.
    pub fn of(units: &Slots<UnitIndex, Vec<UnitIndex>>) -> Self {
        let mut graph = DiGraph::<(), ()>::with_capacity(units.len(), units.len());
        for _ in units {
            graph.add_node(());
        }
        for (unit, behind) in units.pairs() {
            for other in behind {
                graph.add_edge(NodeIndex::new(unit.0), NodeIndex::new(other.0), ());
            }
        }
        let beginning = Standing { column: 0, certain: true, in_circle: false, knot: 0 };
        let mut all = Slots::for_each_of(units, beginning);
        // Tarjan's order is one in which whatever is depended on comes first.
        for (number, knot) in tarjan_scc(&graph).into_iter().enumerate() {
            let circle = knot.len() > 1 || knot.iter().any(|node| graph.contains_edge(*node, *node));
            let mut members: Vec<UnitIndex> = knot.iter().map(|node| UnitIndex(node.index())).collect();
            members.sort_unstable();
            let before: Vec<UnitIndex> = members
                .iter()
                .flat_map(|member| units[*member].iter().copied())
                .filter(|other| !members.contains(other))
                .collect();
            let wave = before.iter().map(|other| all[*other].column + 1).max().unwrap_or_default();
            let certain = !circle && before.iter().all(|other| all[*other].certain);
            // The members of a circle stand side by side, so that its lines can be followed.
            for (place, member) in members.iter().enumerate() {
                let column = wave + if circle { place } else { 0 };
                all[*member] = Standing { column, certain, in_circle: circle, knot: number };
            }
        }
        Self(all)
    }

    /// The column of a unit: behind all it depends on, as far as there is no circle.
    pub fn column(&self, unit: UnitIndex) -> usize {
        self.0[unit].column
    }

    /// The number of its wave, from 1; none for what is in a circle or waits for one.
    pub fn wave(&self, unit: UnitIndex) -> Option<usize> {
        let standing = &self.0[unit];
        standing.certain.then_some(standing.column + 1)
    }

    /// Whether it is in a circle.
    pub fn in_circle(&self, unit: UnitIndex) -> bool {
        self.0[unit].in_circle
    }

    /// Whether both are in one circle.
    pub fn same_circle(&self, from: UnitIndex, to: UnitIndex) -> bool {
        self.0[from].in_circle && self.0[from].knot == self.0[to].knot
    }
}
