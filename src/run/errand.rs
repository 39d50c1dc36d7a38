//! A unit as a node that something is run for: a command of the tool, or any program.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::event::Outcome;
use super::left_locks::LeftLocks;
use super::node::{Reporter, Work};
use super::retry;
use super::time_limit::{Clock, within};
use super::unit_loader::{UnitLoader, WorkError};
use super::work_folders::WorkFolders;
use crate::engine::errand::{Errand, Hearer};
use crate::project::UnitLimits;
use crate::support::process::Stream;

/// Who takes what is printed for a unit; nothing in it is masked yet.
pub trait Answers: Send + Sync {
    /// A line of it.
    fn line(&self, unit: &str, stream: Stream, line: &str);
    /// It was all of it, and the command has failed or has not.
    fn end(&self, unit: &str, failed: bool);
}

/// What is heard of one unit.
struct OfUnit<'a> {
    unit: &'a str,
    answers: &'a dyn Answers,
}

impl Hearer for OfUnit<'_> {
    fn line(&self, stream: Stream, line: &str) {
        self.answers.line(self.unit, stream, line);
    }
}

/// What all units share that something is run for.
pub struct ErrandContext {
    /// Engine, reader, outputs.
    pub loader: Arc<UnitLoader>,
    /// What is run.
    pub errand: Errand,
    /// Who takes what it prints.
    pub answers: Arc<dyn Answers>,
    /// How long each unit may take.
    pub limits: UnitLimits,
    /// Who looks for the tools' locks that are left behind.
    pub left_locks: LeftLocks,
    /// Where tools work on the units.
    pub work_folders: WorkFolders,
    /// Whether one has said that there are changes.
    pub told_changes: AtomicBool,
}

/// One unit.
pub struct ErrandWork {
    /// What it shares with the others.
    pub context: Arc<ErrandContext>,
    /// Its folder.
    pub dir: PathBuf,
}

#[async_trait]
impl Work for ErrandWork {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        let context = &self.context;
        let reporter = &match context.work_folders.enter(reporter).await {
            Ok(Some(reporter)) => reporter,
            Ok(None) => return Outcome::Interrupted,
            Err(error) => return Outcome::Failed { message: error.to_string(), advice: None },
        };
        let outcome = match context.limits.timeout_of(&reporter.node) {
            None => self.outcome(reporter).await,
            Some(limit) => {
                let work = async |reporter: Reporter| self.outcome(&reporter).await;
                within(limit, reporter, &Clock::default(), work).await
            }
        };
        context.answers.end(&reporter.node, outcome.is_failure());
        context.left_locks.look(&outcome, &context.loader, &self.dir, reporter).await;
        outcome
    }
}

impl ErrandWork {
    async fn outcome(&self, reporter: &Reporter) -> Outcome {
        self.work(reporter).await.unwrap_or_else(WorkError::into_outcome)
    }

    async fn work(&self, reporter: &Reporter) -> Result<Outcome, WorkError> {
        let ErrandContext { loader, errand, answers, .. } = &*self.context;
        let job = loader.job(&self.dir, reporter.session()).await?;
        if errand.changes_state() && !job.config.mocked.is_empty() {
            let mocked = job.config.mocked.join(", ");
            let message =
                format!("its inputs rest on mock outputs of {mocked}: apply what it depends on first");
            return Ok(Outcome::Refused { message });
        }
        if errand.shows_state() {
            // So that what is sensitive among them is known, and masked.
            let _unread = loader.outputs(&self.dir, reporter.session()).await;
        }
        let heard = OfUnit { unit: &reporter.node, answers: &**answers };
        let mut attempt = 1;
        loop {
            let ran = loader.engine().errand(&job, errand, &heard, reporter.session()).await;
            if errand.changes_state() {
                loader.applied(&self.dir, None);
            }
            let error = match ran {
                Ok(code) => return Ok(Outcome::Done { note: self.note(code) }),
                Err(error) => error,
            };
            // What may have changed something is not done twice.
            if errand.changes_state() || !errand.is_of_tool() {
                return Err(error.into());
            }
            retry::wait(job.config.errors.as_ref(), error, &mut attempt, reporter).await?;
        }
    }

    fn note(&self, code: i32) -> String {
        let shown = self.context.errand.shown("");
        if code == 0 {
            return shown;
        }
        self.context.told_changes.store(true, Ordering::Relaxed);
        format!("{shown}: there are changes")
    }
}
