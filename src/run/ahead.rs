//! Planning every unit before any of them is changed, so that all that would go can be seen at once.
//!
//! A destruction is planned in full, shown, and agreed to before it begins; then exactly these plans are applied. A
//! unit's plan does not rest on the units that go before it: the outputs it needs are those of what goes after it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;

use super::event::{EventKind, Outcome};
use super::events::Events;
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

/// Plans the units, at most `parallelism` at once, and keeps the plans in them. In the order of the units.
pub async fn plan_all(
    units: &[NamedUnit],
    events: &Arc<Events>,
    interrupts: &Interrupts,
    parallelism: usize,
) -> Vec<PlannedAhead> {
    let one = |(name, work): &NamedUnit| {
        let (name, work) = (name.clone(), Arc::clone(work));
        let reporter = Reporter::new(&name, events, interrupts);
        let interrupts = interrupts.clone();
        async move {
            let outcome = if interrupts.step() >= Stop::Drain || !reporter.is_journaled() {
                Outcome::Interrupted
            } else {
                work.plan_ahead(&reporter).await
            };
            let summary = work.ahead_summary();
            let outcome = summary.is_none().then_some(outcome);
            PlannedAhead { name, summary, outcome }
        }
    };
    futures::stream::iter(units.iter().map(one)).buffered(parallelism.max(1)).collect().await
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
