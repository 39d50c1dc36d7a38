//! A run that has been announced and has not been agreed to.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use super::Answer;
use crate::run::ahead::{NamedUnit, PlannedAhead, Planning, give_up};
use crate::run::event::{NodeKind, Outcome};
use crate::run::events::Events;
use crate::run::memory::MemoryBound;
use crate::run::node::Nodes;
use crate::run::unit_loader::UnitLoader;
use crate::support::interrupt::Interrupts;

/// What there is to agree to, and what planning it takes.
pub struct Undecided<'a> {
    /// The units that are not done, in the order in which they are planned.
    pub units: Vec<NamedUnit>,
    /// The gates that are not done.
    pub gates: Vec<String>,
    /// How far a person has asked to stop.
    pub interrupts: &'a Interrupts,
    names: Vec<String>,
    done: BTreeMap<String, Outcome>,
    events: &'a Arc<Events>,
    parallelism: usize,
    memory: MemoryBound,
    begun: Instant,
}

impl<'a> Undecided<'a> {
    /// `done` is how those nodes ended that another process has done.
    pub fn new(
        nodes: &Nodes,
        units: Vec<NamedUnit>,
        done: &HashMap<String, Outcome>,
        (events, interrupts): (&'a Arc<Events>, &'a Interrupts),
        (parallelism, memory): (usize, MemoryBound),
    ) -> Self {
        let is_open = |name: &str| !done.contains_key(name);
        let gates = nodes.iter().filter(|node| node.kind == NodeKind::Gate && is_open(&node.name));
        Self {
            gates: gates.map(|gate| gate.name.clone()).collect(),
            units: units.into_iter().filter(|unit| is_open(&unit.name)).collect(),
            interrupts,
            names: nodes.iter().map(|node| node.name.clone()).collect(),
            done: done.clone().into_iter().collect(),
            events,
            parallelism,
            memory,
            begun: Instant::now(),
        }
    }

    /// The run with its units the other way round: what depends on others goes first.
    #[must_use]
    pub fn backwards(mut self) -> Self {
        self.units.reverse();
        self
    }

    /// Plans the units, with previews where something makes them.
    pub async fn plan(&self, preview: Option<&UnitLoader>) -> Vec<PlannedAhead> {
        let Self { events, interrupts, parallelism, memory, .. } = *self;
        Planning { events, interrupts, parallelism, memory, preview }.plan_all(&self.units).await
    }

    /// The run ends here: the units end as they were planned where that is final, all else as `otherwise`.
    pub fn end(self, planned: Vec<PlannedAhead>, otherwise: &Outcome) -> Answer {
        let mut outcomes = self.done;
        let finally = planned.into_iter().filter(|unit| unit.behind.is_empty());
        outcomes.extend(finally.filter_map(|unit| Some((unit.name, unit.outcome?))));
        Answer::No(give_up(&self.names, outcomes, otherwise, self.begun, self.events))
    }
}
