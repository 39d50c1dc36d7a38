//! The gate before the apply of saved plans: all of them are held to what they were made on before the first is applied.
//! Each is once more at its turn, when what it depends on has been applied.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::future::BoxFuture;

use super::approval::Approval;
use super::event::Outcome;
use super::node::{Reporter, Work};
use super::saved::{SavedPlans, SavedUnit};
use super::unit::UnitContext;
use super::unit_loader::WorkError;
use crate::engine::{EngineError, PlanSummary};
use crate::support::interrupt::Stop;

/// Stands before all units of a run that applies saved plans.
pub struct SavedPlansGate {
    /// What the units share.
    pub context: Arc<UnitContext>,
    /// The plans.
    pub saved: Arc<SavedPlans>,
    /// The folders of the units, by their names.
    pub dirs: BTreeMap<String, PathBuf>,
    /// How many are looked at at once.
    pub parallelism: usize,
}

#[async_trait]
impl Work for SavedPlansGate {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        reporter.doing("verifying");
        let mut each: Vec<BoxFuture<'_, Result<Option<String>, WorkError>>> = Vec::new();
        for (name, unit) in &self.saved.units {
            each.push(Box::pin(self.verify(name, unit, reporter)));
        }
        let verified: Vec<_> = futures::stream::iter(each).buffered(self.parallelism.max(1)).collect().await;
        let mut objections = Vec::new();
        for found in verified {
            match found {
                Ok(objection) => objections.extend(objection),
                Err(error) if error.is_interrupt() => return Outcome::Interrupted,
                Err(error) => return Outcome::Failed { message: error.to_string(), advice: error.advice() },
            }
        }
        if !objections.is_empty() {
            let message = format!("nothing was touched: {}; plan again", objections.join("; "));
            return Outcome::Refused { message };
        }
        self.ask(reporter).await
    }
}

impl SavedPlansGate {
    async fn verify(
        &self,
        name: &str,
        unit: &SavedUnit,
        reporter: &Reporter,
    ) -> Result<Option<String>, WorkError> {
        if reporter.interrupts().step() >= Stop::Drain {
            return Err(EngineError::Interrupted { command: "verifying the saved plans".to_owned() }.into());
        }
        let told = |objection: String| format!("{name}: {objection}");
        let Some(dir) = self.dirs.get(name) else {
            return Ok(Some(told("it is not in the tree".to_owned())));
        };
        let job = match self.context.loader.job(dir, reporter.session()).await {
            Ok(job) => job,
            Err(WorkError::Configuration(diagnostics)) => {
                let error = WorkError::Configuration(diagnostics);
                return Ok(Some(told(format!("its configuration is not what it was planned with: {error}"))));
            }
            Err(error) => return Err(error),
        };
        Ok(unit.objection(&self.context.loader, &job, reporter).await?.map(told))
    }

    /// One question for all of them.
    async fn ask(&self, reporter: &Reporter) -> Outcome {
        let changing = || self.saved.units.iter().filter(|(_, unit)| unit.summary.changes);
        let (all, changes) = (self.saved.units.len(), changing().count());
        if changes > 0 {
            let what = format!("{changes} of {all} units");
            let total = total(changing());
            let answer = {
                let _one_at_a_time = self.context.asking.lock().await;
                self.context.approver.approve(&what, &total, None).await
            };
            if reporter.interrupts().step() >= Stop::Drain {
                return Outcome::Interrupted;
            }
            if answer == Approval::No {
                return Outcome::Declined;
            }
        }
        Outcome::Passed {
            note: format!("{all} as they were saved, {changes} with changes ({})", self.saved.origin),
        }
    }
}

/// All plans as one, each address behind its unit's name.
fn total<'a>(units: impl Iterator<Item = (&'a String, &'a SavedUnit)>) -> PlanSummary {
    let mut total = PlanSummary { changes: true, ..PlanSummary::default() };
    for (name, SavedUnit { summary, .. }) in units {
        total.add = total.add.saturating_add(summary.add);
        total.change = total.change.saturating_add(summary.change);
        total.replace = total.replace.saturating_add(summary.replace);
        total.destroy = total.destroy.saturating_add(summary.destroy);
        total.import = total.import.saturating_add(summary.import);
        total.moved = total.moved.saturating_add(summary.moved);
        total.forget = total.forget.saturating_add(summary.forget);
        total.resources.extend(summary.resources.iter().map(|change| {
            let mut change = change.clone();
            change.address = format!("{name}: {}", change.address);
            change
        }));
    }
    total
}
