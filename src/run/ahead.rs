//! Planning every unit before any of them is changed, so that all that would go can be seen at once.
//!
//! A destruction is planned in full, shown, and agreed to before it begins; then exactly these plans are applied. A
//! unit's plan does not rest on the units that go before it: the outputs it needs are those of what goes after it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::event::{EventKind, Outcome};
use super::events::Events;
use super::memory::{LOOK_AGAIN, MemoryBound};
use super::node::Reporter;
use super::scheduler::RunResult;
use super::unit::UnitWork;
use crate::engine::{PlanSummary, SavedPlan, UnitJob};
use crate::support::interrupt::{Interrupts, Stop};

/// What was planned for a unit before its turn came.
#[derive(Debug)]
pub enum Ahead {
    /// A plan that would change something.
    Plan(UnitJob, SavedPlan),
    /// It has ended: there is nothing to do, or it failed.
    Ended(Outcome),
}

/// A unit of a run by its name.
pub type NamedUnit = (String, Arc<UnitWork>);

/// What a unit's plan, made ahead, would do, or why there is none.
#[derive(Clone, Debug)]
pub struct PlannedAhead {
    /// The unit.
    pub name: String,
    /// What its plan would do; none where there is no plan to apply.
    pub summary: Option<PlanSummary>,
    /// How it ended, where it has.
    pub outcome: Option<Outcome>,
}

/// Plans the units, as many at once as `parallelism` and the machine's memory bear, and keeps the plans in them. In the
/// order of the units.
pub async fn plan_all(
    units: &[NamedUnit],
    events: &Arc<Events>,
    interrupts: &Interrupts,
    parallelism: usize,
    memory: MemoryBound,
) -> Vec<PlannedAhead> {
    let mut memory = memory.watch();
    let mut waiting = units.iter().enumerate().peekable();
    let mut planning = FuturesUnordered::new();
    let mut planned = BTreeMap::new();
    loop {
        while planning.len() < parallelism.max(1)
            && waiting.peek().is_some()
            && memory.allows_another(planning.len())
            && let Some((place, unit)) = waiting.next()
        {
            planning.push(async move { (place, plan(unit, events, interrupts).await) });
        }
        let has_room = waiting.peek().is_some() && planning.len() < parallelism;
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN), if has_room => {}
            ended = planning.next() => match ended {
                Some((place, unit)) => drop(planned.insert(place, unit)),
                None => break,
            },
        }
    }
    planned.into_values().collect()
}

async fn plan((name, work): &NamedUnit, events: &Arc<Events>, interrupts: &Interrupts) -> PlannedAhead {
    let reporter = Reporter::new(name, events, interrupts);
    let outcome = if interrupts.step() >= Stop::Drain || !reporter.is_journaled() {
        Outcome::Interrupted
    } else {
        work.plan_ahead(&reporter).await
    };
    events.emit(EventKind::NodeWaiting { node: name.clone() });
    let summary = work.ahead_summary();
    let outcome = summary.is_none().then_some(outcome);
    PlannedAhead { name: name.clone(), summary, outcome }
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
