//! The numbers beside a unit: what its plan would do where only plans are made, else what was done of it.

use std::collections::{HashMap, HashSet};

use crate::engine::PlanSummary;
use crate::run::command::only_plans;
use crate::run::event::{EventKind, Outcome};

/// What is known of one unit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// What its plan would do.
    pub plan: Option<&'a PlanSummary>,
    /// What attempts have done that did not come to their end.
    pub done: Option<&'a PlanSummary>,
    /// Whether something was being changed, of which nothing more is known.
    pub applying: bool,
    /// How it ended.
    pub outcome: Option<&'a Outcome>,
}

impl Known<'_> {
    /// Its numbers; none where there is no plan, or nobody knows what was done.
    pub fn counts(self, only_plans: bool) -> Option<PlanSummary> {
        let nothing = || self.plan.filter(|_| !self.applying).map(|_| PlanSummary::default());
        match self.outcome {
            _ if only_plans => self.plan.cloned(),
            Some(Outcome::Unchanged { .. }) if self.plan.is_some_and(|plan| !plan.changes) => {
                self.plan.cloned()
            }
            Some(Outcome::Applied | Outcome::Destroyed) => match (self.plan, self.done) {
                (Some(plan), Some(done)) => Some(plan.and(done)),
                (plan, done) => plan.or(done).cloned(),
            },
            _ => self.done.cloned().or_else(nothing),
        }
    }
}

/// What the units would do and have done, while events come.
#[derive(Debug, Default)]
pub struct Counts {
    only_plans: bool,
    plans: HashMap<String, PlanSummary>,
    done: HashMap<String, PlanSummary>,
    applying: HashSet<String>,
}

impl Counts {
    /// Takes the next event.
    pub fn take(&mut self, event: &EventKind) {
        match event {
            EventKind::RunStarted(start) => self.only_plans = only_plans(&start.command),
            EventKind::Planned(planned) => {
                self.plans.insert(planned.node.clone(), planned.summary.clone());
            }
            EventKind::Applying { node } => {
                self.applying.insert(node.clone());
            }
            EventKind::Changed { node, summary } => {
                self.applying.remove(node);
                let before = self.done.remove(node).unwrap_or_default();
                self.done.insert(node.clone(), before.and(summary));
            }
            _ => {}
        }
    }

    /// The numbers of a unit that has ended.
    pub fn of(&self, node: &str, outcome: &Outcome) -> Option<PlanSummary> {
        let known = Known {
            plan: self.plans.get(node),
            done: self.done.get(node),
            applying: self.applying.contains(node),
            outcome: Some(outcome),
        };
        known.counts(self.only_plans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(add: u64) -> PlanSummary {
        PlanSummary { add, changes: add > 0, ..PlanSummary::default() }
    }

    fn added(known: Known<'_>) -> Option<u64> {
        known.counts(false).map(|counts| counts.add)
    }

    #[test]
    fn what_did_not_come_to_its_end_counts_what_was_done() {
        let (planned, done) = (plan(3), plan(1));
        let failed = Outcome::Failed { message: String::new(), advice: None };
        let known = Known { plan: Some(&planned), outcome: Some(&failed), ..Known::default() };
        assert_eq!(added(known), Some(0), "it had not begun");
        assert_eq!(added(Known { applying: true, ..known }), None, "nobody knows");
        let partly = Known { done: Some(&done), ..known };
        assert_eq!(added(partly), Some(1));
        assert_eq!(added(Known { outcome: Some(&Outcome::Interrupted), ..partly }), Some(1));
        let ignored = Outcome::Unchanged { note: Some("ignored".to_owned()) };
        assert_eq!(added(Known { outcome: Some(&ignored), ..partly }), Some(1));
        assert_eq!(added(Known { outcome: Some(&Outcome::Declined), ..known }), Some(0));
        // An attempt before it has done something too.
        assert_eq!(added(Known { outcome: Some(&Outcome::Applied), ..partly }), Some(4));
        assert_eq!(partly.counts(true).map(|counts| counts.add), Some(3), "a plan is a plan");
        assert_eq!(added(Known::default()), None);
    }
}
