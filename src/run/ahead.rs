//! Planning every unit before any of them is changed, so that all that would happen can be seen at once.
//!
//! A destruction is planned in full, shown, and agreed to before it begins; then exactly these plans are applied. A
//! unit's plan does not rest on the units that go before it: the outputs it needs are those of what goes after it.
//!
//! Where units come or change, a plan rests on what the unit depends on. Behind a unit that stays as it is, the plan is
//! the one that is applied; behind one that will change it is a preview, made on the outputs of now or on mocks as
//! `slipway plan` makes it, and the unit is planned once more when its turn comes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::event::{EventKind, Outcome};
use super::events::Events;
use super::memory::{LOOK_AGAIN, MemoryBound};
use super::node::Reporter;
use super::scheduler::RunResult;
use super::unit::{UnitWork, When};
use super::unit_loader::UnitLoader;
use crate::engine::PlanSummary;
use crate::support::interrupt::{Interrupts, Stop};

/// A unit of a run.
#[derive(Clone)]
pub struct NamedUnit {
    /// Its name.
    pub name: String,
    /// What is done with it.
    pub work: Arc<UnitWork>,
    /// The names of the units of the run that it depends on.
    pub after: Vec<String>,
}

/// What a unit's plan, made ahead, would do, or why there is none.
#[derive(Clone, Debug)]
pub struct PlannedAhead {
    /// The unit.
    pub name: String,
    /// What its plan would do; none where there is no plan to apply.
    pub summary: Option<PlanSummary>,
    /// How it ended, where it has.
    pub outcome: Option<Outcome>,
    /// The units before it that will change, where its plan is a preview for that.
    pub behind: Vec<String>,
}

impl PlannedAhead {
    /// Whether whatever rests on it rests on what is there already.
    fn stays(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Unchanged { .. }))
    }

    /// Whether what rests on it cannot be planned.
    fn is_in_the_way(&self) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| !outcome.is_success())
    }
}

/// Plans units ahead.
pub struct Planning<'a> {
    /// Where events go.
    pub events: &'a Arc<Events>,
    /// How far a person has asked to stop.
    pub interrupts: &'a Interrupts,
    /// How many units are planned at once.
    pub parallelism: usize,
    /// What planning them needs of the machine's memory.
    pub memory: MemoryBound,
    /// What makes previews. Where there is one, units are planned behind what they depend on; without it all at once.
    pub preview: Option<&'a UnitLoader>,
}

impl Planning<'_> {
    /// Plans the units, as many at once as `parallelism` and the machine's memory bear, and keeps the plans in them. In
    /// the order of the units.
    pub async fn plan_all(&self, units: &[NamedUnit]) -> Vec<PlannedAhead> {
        let mut memory = self.memory.watch();
        let mut order = Order::new(units, self.preview.is_some());
        let mut planning = FuturesUnordered::new();
        let mut planned: BTreeMap<usize, PlannedAhead> = BTreeMap::new();
        loop {
            while planning.len() < self.parallelism.max(1)
                && !order.ready.is_empty()
                && memory.allows_another(planning.len())
                && let Some((place, unit)) = order.next(units)
            {
                let before: Vec<&PlannedAhead> =
                    order.before(place).filter_map(|before| planned.get(&before)).collect();
                if let Some(skipped) = cannot_be_planned(unit, &before) {
                    planned.insert(place, skipped);
                    order.ends(place);
                    continue;
                }
                let changing = before.iter().filter(|unit| !unit.stays());
                let behind: Vec<String> = changing.map(|unit| unit.name.clone()).collect();
                planning.push(async move { (place, self.plan(unit, behind).await) });
            }
            if planning.is_empty() && order.ready.is_empty() {
                break;
            }
            let has_room = !order.ready.is_empty() && planning.len() < self.parallelism;
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN), if has_room => {}
                Some((place, unit)) = planning.next() => {
                    planned.insert(place, unit);
                    order.ends(place);
                }
            }
        }
        planned.into_values().collect()
    }

    async fn plan(&self, NamedUnit { name, work, .. }: &NamedUnit, behind: Vec<String>) -> PlannedAhead {
        let reporter = Reporter::new(name, self.events, self.interrupts);
        let when = match self.preview {
            Some(preview) if !behind.is_empty() => When::Preview(preview),
            _ => When::Ahead,
        };
        let outcome = if self.interrupts.step() >= Stop::Drain || !reporter.is_journaled() {
            Outcome::Interrupted
        } else {
            work.plan_ahead(&reporter, when).await
        };
        if let (Some(preview), Some((job, plan))) = (self.preview, work.ahead.plan()) {
            preview.planned(&work.dir, &job, &plan);
        }
        self.events.emit(EventKind::NodeWaiting { node: name.clone() });
        let summary = work.ahead.plan().map(|(_, plan)| plan.summary);
        let outcome = summary.is_none().then_some(outcome);
        PlannedAhead { name: name.clone(), summary, outcome, behind }
    }
}

/// A unit behind one that failed, which is why it is not planned.
fn cannot_be_planned(unit: &NamedUnit, before: &[&PlannedAhead]) -> Option<PlannedAhead> {
    let in_the_way = || before.iter().filter(|unit| unit.is_in_the_way());
    // One that could not be planned yet may well be in its turn.
    let cause = in_the_way().find(|unit| unit.behind.is_empty()).or_else(|| in_the_way().next())?;
    let behind = if cause.behind.is_empty() { Vec::new() } else { vec![cause.name.clone()] };
    let outcome = match &cause.outcome {
        Some(Outcome::Interrupted) => Outcome::Interrupted,
        Some(Outcome::Skipped { cause }) => Outcome::Skipped { cause: cause.clone() },
        _ => Outcome::Skipped { cause: cause.name.clone() },
    };
    Some(PlannedAhead { name: unit.name.clone(), summary: None, outcome: Some(outcome), behind })
}

/// Which units can be planned by now.
struct Order {
    ready: BTreeSet<usize>,
    waiting_for: Vec<Vec<usize>>,
    open: Vec<usize>,
    dependents: Vec<Vec<usize>>,
}

impl Order {
    /// `keeps_to_it`: each behind what it depends on; else all at once.
    fn new(units: &[NamedUnit], keeps_to_it: bool) -> Self {
        let places: HashMap<&str, usize> = units.iter().map(|unit| unit.name.as_str()).zip(0..).collect();
        let waiting_for = |unit: &NamedUnit| -> Vec<usize> {
            let after = unit.after.iter().filter(|_| keeps_to_it);
            after.filter_map(|name| places.get(name.as_str()).copied()).collect()
        };
        let waiting_for: Vec<Vec<usize>> = units.iter().map(waiting_for).collect();
        let mut dependents = vec![Vec::new(); units.len()];
        for (place, before) in waiting_for.iter().enumerate() {
            for before in before {
                if let Some(dependents) = dependents.get_mut(*before) {
                    dependents.push(place);
                }
            }
        }
        let open: Vec<usize> = waiting_for.iter().map(Vec::len).collect();
        let ready = open.iter().enumerate().filter(|(_, open)| **open == 0).map(|(place, _)| place).collect();
        Self { ready, waiting_for, open, dependents }
    }

    fn next<'a>(&mut self, units: &'a [NamedUnit]) -> Option<(usize, &'a NamedUnit)> {
        let place = self.ready.pop_first()?;
        Some((place, units.get(place)?))
    }

    fn before(&self, place: usize) -> impl Iterator<Item = usize> {
        self.waiting_for.get(place).into_iter().flatten().copied()
    }

    fn ends(&mut self, place: usize) {
        for dependent in self.dependents.get(place).into_iter().flatten() {
            let Some(open) = self.open.get_mut(*dependent) else { continue };
            *open -= 1;
            if *open == 0 {
                self.ready.insert(*dependent);
            }
        }
    }
}

/// Ends a run that has only been planned: the nodes that have no outcome of their own get `otherwise`.
pub fn give_up(
    names: &[String],
    mut outcomes: BTreeMap<String, Outcome>,
    otherwise: &Outcome,
    begun: Instant,
    events: &Events,
) -> RunResult {
    let end = |name: &String| {
        let outcome = outcomes.remove(name).unwrap_or_else(|| otherwise.clone());
        events.emit(EventKind::NodeFinished { node: name.clone(), outcome: outcome.clone(), seconds: 0.0 });
        (name.clone(), outcome)
    };
    let outcomes = names.iter().map(end).collect();
    let seconds = begun.elapsed().as_secs_f64();
    events.emit(EventKind::RunFinished { seconds });
    RunResult { outcomes, seconds, journal_failure: events.failure() }
}
