//! The gates of `up` on a picture: behind the units, each on the card of its cluster's unit.

use super::shapes::{CHARACTER, CardIndex, Link, Node, Point, count};
use crate::estate::{GateKind, PlannedGate, UnitIndex};
use slipway_support::slots::Slots;

/// What each waits for, of units and, behind them, gates.
pub fn behind(
    units: &Slots<UnitIndex, Vec<UnitIndex>>,
    gates: &[PlannedGate],
) -> Slots<UnitIndex, Vec<UnitIndex>> {
    let mut all: Slots<UnitIndex, Vec<UnitIndex>> = units.iter().cloned().collect();
    for _ in gates {
        all.push(Vec::new());
    }
    for link in links(gates, units.len()) {
        all[link.to].push(link.from);
    }
    all
}

/// What leads to gates and from them; `units` is how many units stand before them.
pub fn links(gates: &[PlannedGate], units: usize) -> impl Iterator<Item = Link> {
    let place = move |name: &str| gates.iter().position(|gate| gate.name == name);
    gates.iter().enumerate().flat_map(move |(number, gate)| {
        let this = UnitIndex(units + number);
        let gates_before = gate.after_gates.iter().filter_map(move |name| place(name));
        let before = gates_before.map(move |before| UnitIndex(units + before));
        let before = before.chain(gate.after.iter().copied());
        let behind = gate.before.iter().map(move |unit| (this, *unit));
        let ends = before.map(move |other| (other, this)).chain(behind);
        ends.map(|(from, to)| Link { from, to, name: None, in_circle: false, line: Vec::new() })
    })
}

/// The gates; `cards` has the card of every unit.
pub fn nodes(gates: &[PlannedGate], cards: &Slots<UnitIndex, CardIndex>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for gate in gates {
        // The first gate of a cluster waits for its unit, the others for that gate. What waits for other clusters stands
        // where that begins which waits with it.
        let before = |name: &String| nodes.iter().find(|node| node.path == *name).map(|node| node.card);
        let of_unit = |units: &[UnitIndex]| units.first().map(|unit| cards[*unit]);
        let card = match gate.kind {
            GateKind::Promotion => of_unit(&gate.before),
            _ => gate.after_gates.first().and_then(before).or_else(|| of_unit(&gate.after)),
        };
        let card = card.unwrap_or(CardIndex(0));
        nodes.push(Node {
            path: gate.name.clone(),
            gate: Some(gate.kind),
            width: count(gate.name.chars().count()) * CHARACTER + 36.0,
            label: gate.name.clone(),
            card,
            wave: None,
            stack: None,
            source: None,
            external: false,
            excluded: false,
            in_circle: false,
            problems: Vec::new(),
            at: Point::default(),
        });
    }
    nodes
}
