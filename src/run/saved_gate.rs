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
use super::replan::Anew;
use super::saved::{SavedPlans, SavedUnit};
use super::unit::UnitContext;
use super::unit_loader::WorkError;
use crate::engine::{EngineError, PlanSummary};
use crate::support::confined::{PRIVATE, Root};
use crate::support::fs::FileError;
use crate::support::interrupt::Stop;
use crate::support::paths;

/// Stands before all units of a run that applies saved plans.
pub struct SavedPlansGate {
    /// What the units share.
    pub context: Arc<UnitContext>,
    /// The plans.
    pub saved: Arc<SavedPlans>,
    /// The units, by their names.
    pub units: BTreeMap<String, GatedUnit>,
    /// How many are looked at at once.
    pub parallelism: usize,
}

/// Where a unit is that has a saved plan.
pub struct GatedUnit {
    /// Its folder.
    pub dir: PathBuf,
    /// Where the run keeps its plan.
    pub plan_file: PathBuf,
}

/// How a saved plan stands before any is applied.
enum Standing {
    /// It may be applied.
    Holds,
    /// Another that means the same may.
    Anew,
    /// There is nothing left to do.
    Done,
    /// It may not, and why.
    Objection(String),
}

#[async_trait]
impl Work for SavedPlansGate {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        reporter.doing("verifying");
        if let Err(error) = self.tell_outputs() {
            return Outcome::Failed { message: error.to_string(), advice: None };
        }
        let mut each: Vec<BoxFuture<'_, Result<Standing, WorkError>>> = Vec::new();
        for (name, unit) in &self.saved.units {
            each.push(Box::pin(self.verify(name, unit, reporter)));
        }
        let verified: Vec<_> = futures::stream::iter(each).buffered(self.parallelism.max(1)).collect().await;
        let (mut objections, mut anew, mut done) = (Vec::new(), 0_usize, 0_usize);
        for found in verified {
            match found {
                Ok(Standing::Holds) => {}
                Ok(Standing::Anew) => anew = anew.saturating_add(1),
                Ok(Standing::Done) => done = done.saturating_add(1),
                Ok(Standing::Objection(objection)) => objections.push(objection),
                Err(error) if error.is_interrupt() => return Outcome::Interrupted,
                Err(error) => return Outcome::Failed { message: error.to_string(), advice: error.advice() },
            }
        }
        if !objections.is_empty() {
            let way_out = if self.saved.replan {
                "have the new plans reviewed"
            } else {
                "plan again, or pass --replan"
            };
            let message = format!("nothing was touched: {}; {way_out}", objections.join("; "));
            return Outcome::Refused { message };
        }
        self.ask(reporter, anew, done).await
    }
}

impl SavedPlansGate {
    /// Has units looked at as they will be at their turn: with the outputs that what they depend on has by then.
    fn tell_outputs(&self) -> Result<(), FileError> {
        for (name, unit) in &self.saved.units {
            let Some(gated) = self.units.get(name).filter(|_| !unit.summary().outputs.is_empty()) else {
                continue;
            };
            Root::at(paths::folder(&gated.plan_file))?.write(&gated.plan_file, &unit.content, PRIVATE)?;
            self.context.loader.saved(&gated.dir, &gated.plan_file, unit.summary());
        }
        Ok(())
    }

    async fn verify(&self, name: &str, unit: &SavedUnit, reporter: &Reporter) -> Result<Standing, WorkError> {
        if reporter.interrupts().step() >= Stop::Drain {
            return Err(EngineError::Interrupted { command: "verifying the saved plans".to_owned() }.into());
        }
        let objects = |objection: String| Standing::Objection(format!("{name}: {objection}"));
        let Some(gated) = self.units.get(name) else {
            return Ok(objects("it is not in the tree".to_owned()));
        };
        let loader = &self.context.loader;
        let job = match loader.job_by_then(&gated.dir, reporter.session()).await {
            Ok(job) => job,
            Err(WorkError::Configuration(diagnostics)) => {
                let error = WorkError::Configuration(diagnostics);
                return Ok(objects(format!("its configuration is not what it was planned with: {error}")));
            }
            Err(error) => return Err(error),
        };
        let Some(objection) = unit.objection(loader, &job, reporter).await? else {
            return Ok(Standing::Holds);
        };
        if !self.saved.may_be_made_anew(&job) {
            return Ok(objects(objection));
        }
        reporter.log(&format!("{name}: {objection}; it is planned anew"));
        let entered = self.context.work_folders.enter_that_of(name, reporter).await;
        let Some(reporter) = entered.map_err(EngineError::from)? else {
            return Err(EngineError::Interrupted { command: "planning anew".to_owned() }.into());
        };
        Ok(match unit.anew(loader, &job, &gated.plan_file, &reporter).await? {
            Anew::Same(_) => Standing::Anew,
            Anew::Done => Standing::Done,
            Anew::Another(deviations) => objects(format!("{objection}; {deviations}")),
        })
    }

    /// One question for all of them.
    async fn ask(&self, reporter: &Reporter, anew: usize, done: usize) -> Outcome {
        let changing = || self.saved.units.iter().filter(|(_, unit)| unit.summary().changes);
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
        let as_saved = all.saturating_sub(anew).saturating_sub(done);
        let mut notes = vec![format!("{as_saved} as they were saved")];
        let others = [(anew, "planned anew with the same meaning"), (done, "with nothing left to do")];
        let others = others.into_iter().filter(|(count, _)| *count > 0);
        notes.extend(others.map(|(count, what)| format!("{count} {what}")));
        notes.push(format!("{changes} with changes ({})", self.saved.origin));
        Outcome::Passed { note: notes.join(", ") }
    }
}

/// All plans as one, each address behind its unit's name.
fn total<'a>(units: impl Iterator<Item = (&'a String, &'a SavedUnit)>) -> PlanSummary {
    let mut total = PlanSummary { changes: true, ..PlanSummary::default() };
    for (name, unit) in units {
        let summary = unit.summary();
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
