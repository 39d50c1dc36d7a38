//! The order of the units.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::{Edge, Estate, UnitIndex};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_support::slots::Slots;

/// The units of an estate and what each stands on. It has no circles.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Node `n` is unit `n`; edges lead from a unit to those that depend on it.
    graph: DiGraph<UnitIndex, ()>,
    waves: Vec<Vec<UnitIndex>>,
}

impl Graph {
    /// Orders an estate; every circle is an error with the places of its edges.
    pub fn build(estate: &Estate) -> Result<Self, Vec<Diagnostic>> {
        let mut graph = DiGraph::with_capacity(estate.units.len(), estate.units.len());
        for (index, _) in estate.iter() {
            graph.add_node(index);
        }
        for (index, unit) in estate.iter() {
            for edge in &unit.dependencies {
                graph.add_edge(node(edge.to), node(index), ());
            }
        }
        let circles: Vec<Diagnostic> = tarjan_scc(&graph)
            .into_iter()
            .filter(|nodes| nodes.len() > 1 || nodes.iter().any(|node| graph.contains_edge(*node, *node)))
            .map(|nodes| circle(estate, &nodes.into_iter().map(unit).collect()))
            .collect();
        if !circles.is_empty() {
            return Err(circles);
        }
        let waves = waves(&graph);
        Ok(Self { graph, waves })
    }

    /// How many units there are.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The units in waves: each wave depends only on those before it; within one, in the order of paths.
    pub fn waves(&self) -> &[Vec<UnitIndex>] {
        &self.waves
    }

    /// Every unit after those it depends on; stable.
    pub fn order(&self) -> Vec<UnitIndex> {
        self.waves.iter().flatten().copied().collect()
    }

    /// The waves, where only the units that count make others wait for them.
    pub fn waves_among(&self, counts: &dyn Fn(UnitIndex) -> bool) -> Vec<Vec<UnitIndex>> {
        let mut wave_of: Slots<UnitIndex, usize> = vec![0; self.len()].into();
        let mut waves: Vec<Vec<UnitIndex>> = Vec::new();
        for unit in self.order() {
            let before = self.dependencies(unit).into_iter().filter(|unit| counts(*unit));
            let wave = before.map(|unit| wave_of[unit] + 1).max().unwrap_or(0);
            wave_of[unit] = wave;
            // A wave is the next one at most: the one before it has what this unit waits for.
            match waves.get_mut(wave) {
                Some(members) => members.push(unit),
                None => waves.push(vec![unit]),
            }
        }
        for wave in &mut waves {
            wave.sort_unstable();
        }
        waves
    }

    /// Every unit after those that depend on it, for destroying.
    pub fn reversed(&self) -> Vec<UnitIndex> {
        self.waves.iter().rev().flatten().copied().collect()
    }

    /// What a unit depends on itself.
    pub fn dependencies(&self, unit: UnitIndex) -> Vec<UnitIndex> {
        self.neighbours(unit, Direction::Incoming)
    }

    /// What a unit depends on among those that are `wanted`; where one on the way is not, what that one
    /// depends on.
    pub fn dependencies_among(&self, unit: UnitIndex, wanted: &dyn Fn(UnitIndex) -> bool) -> Vec<UnitIndex> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = self.dependencies(unit);
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            if wanted(next) {
                found.insert(next);
            } else {
                open.extend(self.dependencies(next));
            }
        }
        found.into_iter().collect()
    }

    /// What depends on a unit itself.
    pub fn dependents(&self, unit: UnitIndex) -> Vec<UnitIndex> {
        self.neighbours(unit, Direction::Outgoing)
    }

    /// What a unit depends on, over any number of steps.
    pub fn all_dependencies(&self, unit: UnitIndex) -> BTreeSet<UnitIndex> {
        self.reachable(unit, Direction::Incoming)
    }

    /// What depends on a unit, over any number of steps.
    pub fn all_dependents(&self, unit: UnitIndex) -> BTreeSet<UnitIndex> {
        self.reachable(unit, Direction::Outgoing)
    }

    /// For each unit, on how many others it waits: what a scheduler counts down.
    pub fn waiting_for(&self) -> Vec<usize> {
        self.graph.node_indices().map(|node| self.dependencies(unit(node)).len()).collect()
    }

    fn neighbours(&self, unit: UnitIndex, direction: Direction) -> Vec<UnitIndex> {
        let found: BTreeSet<UnitIndex> =
            self.graph.neighbors_directed(node(unit), direction).map(self::unit).collect();
        found.into_iter().collect()
    }

    fn reachable(&self, unit: UnitIndex, direction: Direction) -> BTreeSet<UnitIndex> {
        let mut reached = BTreeSet::new();
        let mut next = vec![unit];
        while let Some(unit) = next.pop() {
            next.extend(self.neighbours(unit, direction).into_iter().filter(|unit| reached.insert(*unit)));
        }
        reached
    }
}

fn node(unit: UnitIndex) -> NodeIndex {
    NodeIndex::new(unit.0)
}

fn unit(node: NodeIndex) -> UnitIndex {
    UnitIndex(node.index())
}

/// Each unit goes into the wave behind the last one it depends on.
fn waves(graph: &DiGraph<UnitIndex, ()>) -> Vec<Vec<UnitIndex>> {
    let mut waiting: Slots<UnitIndex, usize> = graph
        .node_indices()
        .map(|node| graph.neighbors_directed(node, Direction::Incoming).count())
        .collect();
    let mut waves: Vec<Vec<UnitIndex>> = Vec::new();
    let mut wave: BTreeSet<NodeIndex> =
        graph.node_indices().filter(|node| waiting[unit(*node)] == 0).collect();
    while !wave.is_empty() {
        let mut next = BTreeSet::new();
        for node in &wave {
            for dependent in graph.neighbors_directed(*node, Direction::Outgoing) {
                waiting[unit(dependent)] -= 1;
                if waiting[unit(dependent)] == 0 {
                    next.insert(dependent);
                }
            }
        }
        waves.push(wave.iter().map(|node| unit(*node)).collect());
        wave = next;
    }
    waves
}

/// The shortest circle through the first unit of a knot, with the place of every step.
fn circle(estate: &Estate, knot: &BTreeSet<UnitIndex>) -> Diagnostic {
    let steps = shortest_circle(estate, knot);
    let mut way: Vec<String> = steps.iter().map(|(from, _)| estate.name(*from)).collect();
    way.extend(steps.first().map(|(from, _)| estate.name(*from)));
    let message = format!("units depend on each other in a circle: {}", way.join(" → "));
    let diagnostic = Diagnostic::error("estate::cycle", message)
        .help("take out one of these dependencies; where only the order matters, it goes one way");
    let mut places = steps.into_iter();
    let Some((_, first)) = places.next() else { return diagnostic };
    places.fold(diagnostic.at(first.location.clone()), |diagnostic, (from, edge)| {
        let message = format!("{} depends on {}", estate.name(from), estate.name(edge.to));
        diagnostic.via(message, edge.location.clone())
    })
}

fn shortest_circle<'a>(estate: &'a Estate, knot: &BTreeSet<UnitIndex>) -> Vec<(UnitIndex, &'a Edge)> {
    let Some(start) = knot.first().copied() else { return Vec::new() };
    // Breadth first: the edge that arrives at the start again first closes the shortest.
    let mut came_by: HashMap<UnitIndex, (UnitIndex, &Edge)> = HashMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(at) = waiting.pop_front() {
        for edge in estate.unit(at).dependencies.iter().filter(|edge| knot.contains(&edge.to)) {
            if edge.to == start {
                let mut steps = vec![(at, edge)];
                let mut back = at;
                while let Some((from, edge)) = came_by.get(&back).filter(|_| back != start) {
                    steps.push((*from, *edge));
                    back = *from;
                }
                steps.reverse();
                return steps;
            }
            if let Entry::Vacant(unseen) = came_by.entry(edge.to) {
                unseen.insert((at, edge));
                waiting.push_back(edge.to);
            }
        }
    }
    Vec::new()
}
