//! A unit as a node: plan it, and apply that plan where it may be applied.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::agreement::{Agreement, Ahead};
use super::approval::{Approval, Approver};
use super::drift;
use super::event::{EventKind, Outcome, Planned};
use super::left_locks::LeftLocks;
use super::mode::Mode;
use super::node::{Reporter, Work};
use super::plans::Plans;
use super::policy::Policies;
use super::replan::Anew;
use super::retry;
use super::saved::SavedPlans;
use super::time_limit::{Clock, within};
use super::unit_loader::{UnitLoader, WorkError};
use super::work_folders::WorkFolders;
use crate::engine::{
    Applied, Companion, Direction, EngineError, PlanOptions, PlanSummary, SavedPlan, UnitJob,
};
use crate::project::{DriftRules, UnitLimits};
use crate::support::confined::{PRIVATE, Root};
use crate::support::interrupt::Stop;
use crate::support::paths;

/// What every unit of a run needs.
pub struct UnitContext {
    /// Engine, reader, outputs.
    pub loader: Arc<UnitLoader>,
    /// What is to be done.
    pub mode: Mode,
    /// Whether other machines take part in the run.
    pub is_shared: bool,
    /// Whether someone or something sees each plan before it is applied, or keeps it: a person who is asked, a
    /// policy, a report with every detail. Without that, an apply starts the tool once and not twice.
    pub reviewed: bool,
    /// What else is done with plans.
    pub plans: Plans,
    /// Who is asked before anything changes.
    pub approver: Arc<dyn Approver>,
    /// One question at a time.
    pub asking: Mutex<()>,
    /// How long each unit may take.
    pub limits: UnitLimits,
    /// Who looks for the tools' locks that are left behind.
    pub left_locks: LeftLocks,
    /// Where tools work on the units.
    pub work_folders: WorkFolders,
    /// What each plan has to hold before it is applied.
    pub policies: Policies,
    /// What may differ from what was left there.
    pub drift: DriftRules,
}

/// One unit.
pub struct UnitWork {
    /// What it shares with the others.
    pub context: Arc<UnitContext>,
    /// Its folder.
    pub dir: PathBuf,
    /// Where its plan is saved.
    pub plan_file: PathBuf,
    /// What was planned for it before its turn came, where that was done.
    pub ahead: Agreement,
}

/// When a unit is planned, and for what.
#[derive(Clone, Copy)]
pub enum When<'a> {
    /// In its turn, to be applied at once.
    InTurn,
    /// Before its turn, on what is there already, to be applied when it comes.
    Ahead,
    /// Before its turn, on what will be different by then, to be shown: evaluated as `slipway plan` does.
    Preview(&'a UnitLoader),
}

#[async_trait]
impl Work for UnitWork {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        self.in_its_place(reporter, When::InTurn).await
    }
}

impl UnitWork {
    /// Plans the unit before its turn comes, and keeps for then what came of it.
    pub async fn plan_ahead(&self, reporter: &Reporter, when: When<'_>) -> Outcome {
        let outcome = self.in_its_place(reporter, when).await;
        // What fails on outputs that will be others may do well on those.
        if matches!(when, When::Ahead) && self.ahead.plan().is_none() {
            self.ahead.keep(Ahead::Ended(outcome.clone()));
        }
        outcome
    }

    /// Works where nobody else works on the unit, for as long as it may take.
    async fn in_its_place(&self, reporter: &Reporter, when: When<'_>) -> Outcome {
        let reporter = &match self.context.work_folders.enter(reporter).await {
            Ok(Some(reporter)) => reporter,
            Ok(None) => return Outcome::Interrupted,
            Err(error) => return Outcome::Failed { message: error.to_string(), advice: None },
        };
        let clock = Clock::default();
        let outcome = match self.context.limits.timeout_of(&reporter.node) {
            None => self.outcome(reporter, &clock, when).await,
            Some(limit) => {
                let work = async |reporter: Reporter| self.outcome(&reporter, &clock, when).await;
                within(limit, reporter, &clock, work).await
            }
        };
        let UnitContext { left_locks, loader, .. } = &*self.context;
        left_locks.look(&outcome, loader, &self.dir, reporter).await;
        outcome
    }

    async fn outcome(&self, reporter: &Reporter, clock: &Clock, when: When<'_>) -> Outcome {
        self.work(reporter, clock, when).await.unwrap_or_else(WorkError::into_outcome)
    }

    async fn work(&self, reporter: &Reporter, clock: &Clock, when: When<'_>) -> Result<Outcome, WorkError> {
        let UnitContext { loader, mode, .. } = &*self.context;
        let evaluating = match when {
            When::Preview(preview) => preview,
            When::InTurn | When::Ahead => loader,
        };
        let (mut job, mut planned) = match self.ahead.take() {
            Some(Ahead::Ended(outcome)) => return Ok(outcome),
            Some(Ahead::Plan(job, plan) | Ahead::Preview(job, plan)) => (job, Some(plan)),
            None => match self.evaluated(evaluating, when, reporter).await {
                Ok(job) => (job, None),
                Err(error) if *mode == Mode::Destroy && !error.is_interrupt() => {
                    return self.expect_nothing(error, reporter).await;
                }
                Err(error) => return Err(error),
            },
        };
        if let Some(saved) = &self.context.plans.saved {
            return Ok(self.apply_saved(saved, &job, reporter).await?);
        }
        let mut attempt = 1;
        loop {
            let is_ahead = planned.is_some();
            // A plan can be applied once only, so another attempt begins with another plan.
            let attempt_now = async {
                match planned.take() {
                    Some(plan) => self.apply(&job, &plan, reporter, clock).await,
                    None => self.attempt(&job, reporter, clock, when).await,
                }
            };
            let error = match attempt_now.await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            if is_ahead && self.context.is_shared && is_stale(&error) {
                reporter.log("another machine has been at it since it was planned: it is planned anew");
                continue;
            }
            match retry::wait(job.config.errors.as_ref(), error, &mut attempt, reporter).await {
                Ok(()) => {}
                Err(error) if !job.config.open.is_empty() && has_failed(&error) => {
                    job = self.without_plans(evaluating, job, error, reporter).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The unit, evaluated. Where its plan is only shown, on the outputs that what it depends on will have by its plan: nothing is
    /// applied before that is there, and a mock tells less.
    async fn evaluated(
        &self,
        loader: &UnitLoader,
        when: When<'_>,
        reporter: &Reporter,
    ) -> Result<UnitJob, WorkError> {
        let is_shown = self.context.mode == Mode::Plan || matches!(when, When::Preview(_));
        if !is_shown {
            return loader.job(&self.dir, reporter.session()).await;
        }
        match loader.job_on_plans(&self.dir, reporter.session()).await {
            Ok(Some(job)) => Ok(job),
            Ok(None) => loader.job(&self.dir, reporter.session()).await,
            Err(error) if error.is_interrupt() => Err(error),
            Err(error) => match loader.job(&self.dir, reporter.session()).await {
                Ok(job) => {
                    reporter.log(&format!("{error}; it is planned on what is there"));
                    Ok(job)
                }
                Err(other) if other.is_interrupt() => Err(other),
                Err(_) => Err(error),
            },
        }
    }

    /// The unit on what is there, or on mocks, where it could not be planned with inputs that are not known yet.
    async fn without_plans(
        &self,
        loader: &UnitLoader,
        job: UnitJob,
        error: EngineError,
        reporter: &Reporter,
    ) -> Result<UnitJob, WorkError> {
        let waits_for = loader.waits_for(&job.config).join(", ");
        match loader.job(&self.dir, reporter.session()).await {
            Ok(job) => {
                reporter.log(&format!(
                    "it cannot be planned before {waits_for} is applied ({error}): it is planned on what is there"
                ));
                Ok(job)
            }
            Err(other) if other.is_interrupt() => Err(other),
            Err(_) => Err(WorkError::Open {
                inputs: job.config.open.keys().map(|name| &**name).collect::<Vec<_>>().join(", "),
                waits_for,
                source: Box::new(error),
            }),
        }
    }

    async fn attempt(
        &self,
        job: &UnitJob,
        reporter: &Reporter,
        clock: &Clock,
        when: When<'_>,
    ) -> Result<Outcome, EngineError> {
        let UnitContext { loader, mode, .. } = &*self.context;
        if *mode == Mode::Drift {
            let found =
                drift::look(loader.engine(), job, &self.plan_file, &self.context.drift, reporter).await?;
            return Ok(found.tell(reporter, self.context.plans.detailed, job.config.mocked.clone()));
        }
        let direction = if *mode == Mode::Destroy { Direction::Destroy } else { Direction::Apply };
        if !self.context.reviewed && !mode.only_looks() && job.config.mocked.is_empty() {
            return self.apply_directly(job, direction, reporter).await;
        }
        // Other machines of the run plan the unit as well, and one of them works on it.
        let locks = !self.context.is_shared || matches!(when, When::InTurn);
        let last = self.context.plans.looks.as_deref();
        let looked = match last {
            Some(last) => last.of(loader.engine(), job, reporter.session()).await?,
            None => None,
        };
        let looked_at = looked.as_ref().and_then(|looked| looked.at);
        let how = PlanOptions { direction, locks, refreshes: looked_at.is_none() };
        let plan = loader.engine().plan(job, how, &self.plan_file, reporter.session()).await?;
        if let (Some(last), Some(looked), None) = (last, looked, looked_at) {
            last.note(job, looked, &plan.summary);
        }
        reporter.emit(EventKind::Planned(Planned {
            mocked: job.config.mocked.clone(),
            waits_for: loader.waits_for(&job.config),
            looked_at,
            ..Planned::new(&reporter.node, plan.summary.clone())
        }));
        self.tell_detail(job, &plan, reporter).await?;
        if *mode == Mode::Plan {
            loader.planned(&self.dir, job, &plan);
        }
        if let When::Preview(_) = when {
            self.ahead.keep(Ahead::Preview(job.clone(), plan.clone()));
        }
        let policies = &self.context.policies;
        if let Some(message) = policies.judge(&self.dir, job, &plan, loader.engine(), reporter).await? {
            return Ok(Outcome::Refused { message });
        }
        if let Some(keeper) = &self.context.plans.keeper {
            keeper.keep(loader.engine(), job, &plan, reporter.session()).await?;
        }
        if *mode == Mode::Plan || matches!(when, When::Preview(_)) {
            return Ok(Outcome::Planned);
        }
        if !plan.summary.changes {
            return Ok(Outcome::Unchanged { note: None });
        }
        if let When::Ahead = when {
            self.ahead.keep(Ahead::Plan(job.clone(), plan));
            return Ok(Outcome::Planned);
        }
        self.apply(job, &plan, reporter, clock).await
    }

    async fn tell_detail(
        &self,
        job: &UnitJob,
        plan: &SavedPlan,
        reporter: &Reporter,
    ) -> Result<(), EngineError> {
        if !self.context.plans.detailed || plan.summary.is_empty() {
            return Ok(());
        }
        let loader = &self.context.loader;
        let open = loader.open_inputs(&job.config);
        match loader.engine().detail(job, &plan.file, &open, reporter.session()).await {
            Ok(detail) => reporter.emit(EventKind::Detailed { node: reporter.node.clone(), detail }),
            Err(error @ EngineError::Interrupted { .. }) => return Err(error),
            // The plan is as good as before.
            Err(error) => reporter.log(&format!("the plan's detail could not be read: {error}")),
        }
        Ok(())
    }

    /// A unit that cannot be evaluated, because what it depended on is gone already, is well destroyed where
    /// its own state holds nothing any more.
    async fn expect_nothing(&self, error: WorkError, reporter: &Reporter) -> Result<Outcome, WorkError> {
        let loader = &self.context.loader;
        let Some(job) = loader.bare_job(&self.dir).await else { return Err(error) };
        match loader.engine().has_resources(&job, reporter.session()).await {
            Ok(false) => Ok(Outcome::Unchanged { note: Some("nothing is left of it".to_owned()) }),
            Ok(true) | Err(_) => Err(error),
        }
    }

    async fn apply(
        &self,
        job: &UnitJob,
        plan: &SavedPlan,
        reporter: &Reporter,
        clock: &Clock,
    ) -> Result<Outcome, EngineError> {
        let UnitContext { approver, asking, mode, .. } = &*self.context;
        if !job.config.mocked.is_empty() {
            let mocked = job.config.mocked.join(", ");
            let message =
                format!("its plan rests on mock outputs of {mocked}: apply what it depends on first");
            return Ok(Outcome::Refused { message });
        }
        if !job.config.open.is_empty() {
            let waits_for = self.context.loader.waits_for(&job.config).join(", ");
            let message = format!("its plan rests on what is known only after the apply of {waits_for}");
            return Ok(Outcome::Refused { message });
        }
        let beyond = self.ahead.beyond(&plan.summary);
        let answer = match &beyond {
            Some(beyond) if beyond.is_empty() => Approval::Yes,
            // A destruction is agreed to as a whole, once.
            Some(beyond) if *mode == Mode::Destroy => {
                let beyond = beyond.join(", ");
                return Ok(Outcome::Refused {
                    message: format!("another attempt would take more than was agreed to: {beyond}"),
                });
            }
            beyond => {
                clock.stop();
                let asked = Instant::now();
                let _one_at_a_time = asking.lock().await;
                let answer = approver.approve(&reporter.node, &plan.summary, beyond.as_deref()).await;
                reporter.waited(asked.elapsed());
                answer
            }
        };
        clock.go_on();
        // The wish to stop may have come during the plan or the question.
        if reporter.interrupts().step() >= Stop::Drain {
            return Ok(Outcome::Interrupted);
        }
        match answer {
            Approval::Yes => {}
            Approval::No => return Ok(Outcome::Declined),
            Approval::Stop => return Ok(Outcome::Interrupted),
        }
        if !may_begin(reporter) {
            return Ok(Outcome::Interrupted);
        }
        self.applied(job, plan, reporter).await
    }

    async fn applied(
        &self,
        job: &UnitJob,
        plan: &SavedPlan,
        reporter: &Reporter,
    ) -> Result<Outcome, EngineError> {
        let loader = &self.context.loader;
        let applied = loader.engine().apply(job, plan, reporter.session()).await;
        // Whatever happened, what was known of the outputs is known no more.
        loader.applied(&self.dir, None);
        loader.applied(&self.dir, applied?);
        Ok(self.changed())
    }

    /// Applies the plan that was saved, where it still is what may be applied. There is no other attempt: a plan can
    /// be applied once only.
    async fn apply_saved(
        &self,
        saved: &SavedPlans,
        job: &UnitJob,
        reporter: &Reporter,
    ) -> Result<Outcome, EngineError> {
        let Some(unit) = saved.units.get(&job.id) else {
            return Ok(Outcome::Refused { message: "no plan was saved for it".to_owned() });
        };
        let planned = |summary: &PlanSummary| {
            reporter.emit(EventKind::Planned(Planned::new(&reporter.node, summary.clone())));
        };
        let summary = unit.summary();
        planned(summary);
        if !summary.changes {
            return Ok(Outcome::Unchanged { note: None });
        }
        // What it depends on may have other outputs by now than those it was planned on.
        let engine = self.context.loader.engine();
        let plan = match unit.objection(&self.context.loader, job, reporter).await? {
            None => {
                engine.make_ready(job, reporter.session()).await?;
                if unit.renewed.get().is_none() {
                    let plans = Root::at(paths::folder(&self.plan_file))?;
                    plans.write(&self.plan_file, &unit.content, PRIVATE)?;
                }
                let (file, summary) = (self.plan_file.clone(), summary.clone());
                SavedPlan { file, summary, direction: Direction::Apply }
            }
            Some(objection) if saved.may_be_made_anew(job) => {
                reporter.log(&format!("{objection}; it is planned anew"));
                match unit.anew(&self.context.loader, job, &self.plan_file, reporter).await? {
                    Anew::Same(plan) => plan,
                    Anew::Done => {
                        planned(&PlanSummary::default());
                        let note = "what was planned is there already".to_owned();
                        return Ok(Outcome::Unchanged { note: Some(note) });
                    }
                    Anew::Another(deviations) => {
                        let message = format!("{objection}; {deviations}; have the new plan reviewed");
                        return Ok(Outcome::Refused { message });
                    }
                }
            }
            Some(objection) => {
                return Ok(Outcome::Refused {
                    message: format!("{objection}; plan it again, or pass --replan"),
                });
            }
        };
        let policies = &self.context.policies;
        if let Some(message) = policies.judge(&self.dir, job, &plan, engine, reporter).await? {
            return Ok(Outcome::Refused { message });
        }
        if !may_begin(reporter) {
            return Ok(Outcome::Interrupted);
        }
        self.applied(job, &plan, reporter).await
    }

    /// Plans and applies in one start of the tool.
    async fn apply_directly(
        &self,
        job: &UnitJob,
        direction: Direction,
        reporter: &Reporter,
    ) -> Result<Outcome, EngineError> {
        let loader = &self.context.loader;
        let companion = Unreviewed { reporter };
        let applied = loader.engine().apply_directly(job, direction, &companion, reporter.session()).await;
        loader.applied(&self.dir, None);
        let Applied { summary, outputs } = applied?;
        loader.applied(&self.dir, outputs);
        Ok(if summary.changes { self.changed() } else { Outcome::Unchanged { note: None } })
    }

    fn changed(&self) -> Outcome {
        if self.context.mode == Mode::Destroy { Outcome::Destroyed } else { Outcome::Applied }
    }
}

/// What the journal has to know of an apply that nobody reviews.
struct Unreviewed<'a> {
    reporter: &'a Reporter,
}

impl Companion for Unreviewed<'_> {
    fn may_begin(&self) -> bool {
        may_begin(self.reporter)
    }

    fn planned(&self, summary: &PlanSummary) {
        self.reporter.emit(EventKind::Planned(Planned::new(&self.reporter.node, summary.clone())));
    }
}

/// Whether it is a failure, and no wish to stop or one that passes for none.
fn has_failed(error: &EngineError) -> bool {
    !matches!(error, EngineError::Interrupted { .. } | EngineError::Ignored { .. })
}

/// Whether a tool refused a plan since the state has moved on.
fn is_stale(error: &EngineError) -> bool {
    error.told().is_some_and(|told| told.contains("Saved plan is stale"))
}

/// Writes down that something may change from here on. Not where that could not be written, and not where the wish
/// to stop has come before: an apply is something new.
fn may_begin(reporter: &Reporter) -> bool {
    if reporter.interrupts().step() >= Stop::Drain || !reporter.may_change() {
        return false;
    }
    reporter.emit(EventKind::Applying { node: reporter.node.clone() });
    reporter.is_journaled()
}
