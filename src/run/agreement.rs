//! What was planned for a unit before its turn came, and what of it was agreed to.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::event::Outcome;
use crate::engine::{PlanSummary, ResourceChange, SavedPlan, UnitJob};

/// What was planned for a unit before its turn came.
#[derive(Clone, Debug)]
pub enum Ahead {
    /// A plan that would change something, and that is applied as it is.
    Plan(UnitJob, SavedPlan),
    /// A plan on outputs that will be others by then: it shows what to expect, and the unit is planned once more.
    Preview(UnitJob, SavedPlan),
    /// It has ended: there is nothing to do, or it failed.
    Ended(Outcome),
}

/// What was planned for a unit before its turn came, and what of it was agreed to.
#[derive(Debug, Default)]
pub struct Agreement(Mutex<Agreed>);

#[derive(Debug, Default)]
struct Agreed {
    ahead: Option<Ahead>,
    /// What was shown of it: what happens to which address. None where nothing was shown.
    shown: Option<BTreeSet<String>>,
}

impl Agreement {
    /// Keeps it for the unit's turn.
    pub fn keep(&self, ahead: Ahead) {
        let mut agreed = self.lock();
        if let Ahead::Plan(_, plan) | Ahead::Preview(_, plan) = &ahead {
            agreed.shown = Some(plan.summary.acted_on().map(described).collect());
        }
        agreed.ahead = Some(ahead);
    }

    /// What the unit's turn begins with; none where it has to be planned then.
    pub fn take(&self) -> Option<Ahead> {
        self.lock().ahead.take().filter(|ahead| !matches!(ahead, Ahead::Preview(..)))
    }

    /// The plan that was made ahead; none where there is none.
    pub fn plan(&self) -> Option<(UnitJob, SavedPlan)> {
        match &self.lock().ahead {
            Some(Ahead::Plan(job, plan) | Ahead::Preview(job, plan)) => Some((job.clone(), plan.clone())),
            _ => None,
        }
    }

    /// What a plan would do that was not shown to the one who agreed; none where nobody agreed to anything.
    ///
    /// What becomes of outputs alone is nothing that could be lost, and counts for nothing here.
    pub fn beyond(&self, plan: &PlanSummary) -> Option<Vec<String>> {
        let agreed = self.lock();
        let shown = agreed.shown.as_ref()?;
        let beyond: BTreeSet<String> =
            plan.acted_on().map(described).filter(|change| !shown.contains(change)).collect();
        Some(beyond.into_iter().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Agreed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `-/+ aws_vpc.this`.
fn described(change: &ResourceChange) -> String {
    format!("{} {}", change.action.sign(), change.address)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{Action, Direction};
    use crate::terragrunt::config::UnitConfig;

    fn plan(changes: &[(&str, Action)]) -> PlanSummary {
        let resources = changes.iter().map(|(address, action)| ResourceChange::new(*address, *action));
        PlanSummary { resources: resources.collect(), changes: true, ..PlanSummary::default() }
    }

    #[test]
    fn less_than_was_shown_is_agreed_to_and_more_or_other_is_not() {
        let agreement = Agreement::default();
        let shown = plan(&[("a", Action::Create), ("b", Action::Update), ("data.c", Action::Read)]);
        assert_eq!(agreement.beyond(&shown), None, "nobody has seen anything");
        let job = UnitJob { id: "u".to_owned(), config: Arc::new(UnitConfig::default()) };
        let saved = SavedPlan { file: "p".into(), summary: shown.clone(), direction: Direction::Apply };
        agreement.keep(Ahead::Preview(job, saved));
        assert!(agreement.take().is_none(), "a preview is never applied");
        assert_eq!(agreement.beyond(&shown), Some(Vec::new()));
        assert_eq!(agreement.beyond(&plan(&[("a", Action::Create)])), Some(Vec::new()));
        let other = plan(&[("a", Action::Create), ("b", Action::Replace), ("data.d", Action::Read)]);
        assert_eq!(agreement.beyond(&other), Some(vec!["-/+ b".to_owned()]));
    }
}
