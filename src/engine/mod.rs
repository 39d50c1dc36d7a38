//! Engines: one trait, and two ways to turn a unit into commands.
//!
//! An engine knows one unit at a time. It plans into a file, applies exactly that file, and reads outputs;
//! order, parallelism and what happens to dependents belong to the run.

mod asking;
pub mod auth_provider;
pub mod beside_state;
pub mod cache;
mod cached_version;
mod copied_files;
mod driver;
pub mod errand;
pub mod error;
mod extra_arguments;
pub mod failure;
pub mod identity;
mod inputs;
mod keeper;
pub mod local_states;
mod lock_table;
pub mod native;
pub mod other_state;
pub mod plan;
mod plan_place;
mod process;
mod role;
pub mod s3;
pub mod s3_object;
mod said;
pub mod select;
pub mod sensitive;
pub mod source;
mod state;
pub mod state_bucket;
pub mod state_lock;
pub mod state_places;
mod state_stores;
pub mod terragrunt;
pub mod tool;
pub mod ui;
pub mod unit_folder;
mod verb;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

pub use error::EngineError;
pub use keeper::Keeper;
pub use plan::{
    Action, Fingerprint, OpenInputs, OutputChange, PlanDetail, PlanJson, PlanSummary, ResourceChange,
    StateMark,
};
pub use said::Said;
pub use state_stores::{OfAws, StateLook, StateStore, StorePlace, state_stores};

use self::errand::{Errand, Hearer};
use self::plan::left_out::LeftOut;
use crate::support::interrupt::Interrupts;
use crate::support::otlp;
use crate::support::otlp::trace_context::VARIABLE as TRACEPARENT;
use crate::support::process::CommandLine;
use crate::support::work_folder::WorkFolder;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::outputs::Outputs;

/// The module call that stands for inputs which are not known yet, in the plans of an engine that can make such.
pub const OPEN_INPUTS: &str = "slipway_open";

/// What every engine needs to know.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The folder for what is kept between runs, usually `.slipway`.
    pub home: PathBuf,
    /// The `tofu` or `terraform` that was named.
    pub tool: Option<PathBuf>,
    /// Whether a state bucket that is missing may be created.
    pub backend_bootstrap: bool,
    /// Whether units share the processes of providers.
    pub share_providers: bool,
    /// The features that were set, for whoever evaluates the configuration once more.
    pub features: BTreeMap<String, String>,
    /// The experiments of Terragrunt's that were turned on, for the same.
    pub experiments: BTreeSet<String>,
}

/// The environment of every command for a unit: nothing that asks, nothing that phones home, and the span that it is part of.
fn unattended(command: CommandLine, unit: &str) -> CommandLine {
    let command = command.env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0").env("CHECKPOINT_DISABLE", "1");
    match otlp::handed_on(unit) {
        Some(context) => command.env(TRACEPARENT, context),
        None => command,
    }
}

/// One unit to work on.
#[derive(Clone, Debug)]
pub struct UnitJob {
    /// Its name everywhere, see [`crate::support::unit_name`].
    pub id: String,
    /// Its evaluated configuration.
    pub config: Arc<UnitConfig>,
}

/// What an engine is doing with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Bringing the module and the generated files together.
    Prepare,
    /// Checking, or creating, where the state is kept.
    Backend,
    /// `init`.
    Init,
    /// `plan`.
    Plan,
    /// `show` of a saved plan.
    Show,
    /// `apply` of a saved plan.
    Apply,
    /// Reading outputs.
    Outputs,
    /// What somebody has asked for.
    Errand,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Prepare => "prepare",
            Self::Backend => "backend",
            Self::Init => "init",
            Self::Plan => "plan",
            Self::Show => "show",
            Self::Apply => "apply",
            Self::Outputs => "outputs",
            Self::Errand => "run",
        })
    }
}

/// Who watches an engine at work on one unit.
pub trait Watcher: Send + Sync {
    /// A step begins.
    fn step(&self, step: Step);
    /// A line for the unit's log.
    fn line(&self, line: &str);
    /// What an apply has done that did not come to its end.
    fn changed(&self, _done: &PlanSummary) {}
}

/// Nobody watches; what fails is told with its cause.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watcher for Unwatched {
    fn step(&self, _step: Step) {}
    fn line(&self, _line: &str) {}
}

/// What accompanies every call: who watches, and who may stop it.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Who watches.
    pub watcher: &'a dyn Watcher,
    /// How far a person has asked to stop.
    pub interrupts: &'a Interrupts,
    /// The unit's place, where commands work that have to outlive us; without one they die with us.
    pub place: Option<&'a WorkFolder>,
}

/// Towards what a plan leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What the configuration says.
    Apply,
    /// Nothing left.
    Destroy,
    /// What is there, as it is: nothing is changed, and what differs from the state is told.
    Refresh,
}

impl Direction {
    /// The command that leads there, which hooks and extra arguments name; `apply -destroy` is the same as `destroy`.
    pub fn command(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Refresh => "plan",
        }
    }
}

/// How a unit is planned.
#[derive(Clone, Copy, Debug)]
pub struct PlanOptions {
    /// Towards what.
    pub direction: Direction,
    /// Whether the tool locks the state meanwhile. Where it does not, somebody may change what is planned: then the plan is stale,
    /// and refused by the tool when it is to be applied.
    pub locks: bool,
    /// Whether the tool holds the state to what is really there.
    pub refreshes: bool,
}

impl From<Direction> for PlanOptions {
    fn from(direction: Direction) -> Self {
        Self { direction, locks: true, refreshes: true }
    }
}

/// A plan saved in a file.
#[derive(Clone, Debug)]
pub struct SavedPlan {
    /// The file, in the tool's own format.
    pub file: PathBuf,
    /// What it would do.
    pub summary: PlanSummary,
    /// Towards what it leads.
    pub direction: Direction,
}

/// What an apply that nobody reviewed has done.
#[derive(Clone, Debug)]
pub struct Applied {
    /// What it planned, and did.
    pub summary: PlanSummary,
    /// The outputs, where the tool has told them.
    pub outputs: Option<Outputs>,
}

/// Who goes along with an apply that nobody reviews.
pub trait Companion: Send + Sync {
    /// The tool is about to start, and may change things from here on; `false` keeps it from starting.
    fn may_begin(&self) -> bool;
    /// The plan is known, as the tool told it before its first change. The tool does not wait for an answer.
    fn planned(&self, summary: &PlanSummary);
}

/// Turns one unit into commands.
#[async_trait]
pub trait Engine: Send + Sync {
    /// `native` or `terragrunt`.
    fn name(&self) -> &'static str;

    /// Plans a unit into `file`.
    async fn plan(
        &self,
        job: &UnitJob,
        how: PlanOptions,
        file: &Path,
        session: Session<'_>,
    ) -> Result<SavedPlan, EngineError>;

    /// Whether it can plan a unit with inputs that are not known before another unit is applied.
    fn plans_open_inputs(&self) -> bool;

    /// The outputs that a unit will have once its saved plan is applied, as far as that is known: `now` are those of its state.
    async fn planned_outputs(
        &self,
        job: &UnitJob,
        file: &Path,
        now: Outputs,
        session: Session<'_>,
    ) -> Result<Outputs, EngineError> {
        let plan = self.plan_json(job, file, session).await?;
        plan::outputs_after(&plan, now).map_err(|error| EngineError::unread_plan(&error))
    }

    /// Applies a saved plan, and nothing else; returns the outputs where the tool has told them.
    async fn apply(
        &self,
        job: &UnitJob,
        plan: &SavedPlan,
        session: Session<'_>,
    ) -> Result<Option<Outputs>, EngineError>;

    /// Plans and applies in one start of the tool, for where nobody has to see the plan before.
    async fn apply_directly(
        &self,
        job: &UnitJob,
        direction: Direction,
        companion: &dyn Companion,
        session: Session<'_>,
    ) -> Result<Applied, EngineError>;

    /// A saved plan in full as JSON, as policies read it; secrets are in it. It starts the providers.
    async fn plan_json(
        &self,
        job: &UnitJob,
        file: &Path,
        session: Session<'_>,
    ) -> Result<PlanJson, EngineError>;

    /// A saved plan attribute by attribute; nothing sensitive is in it. `open` are the inputs that were not known for it. It starts
    /// the providers.
    async fn detail(
        &self,
        job: &UnitJob,
        file: &Path,
        open: &OpenInputs,
        session: Session<'_>,
    ) -> Result<PlanDetail, EngineError> {
        let plan = self.plan_json(job, file, session).await?;
        let detail = PlanDetail::of(&plan).and_then(|detail| detail.waiting(&plan, OPEN_INPUTS, open));
        detail.map_err(|error| EngineError::unread_plan(&error))
    }

    /// What a plan of the unit would be made on now, its state apart; nothing is written but what is fetched.
    async fn fingerprint(
        &self,
        job: &UnitJob,
        left_out: &LeftOut,
        session: Session<'_>,
    ) -> Result<Fingerprint, EngineError>;

    /// The state that a plan of the unit would be made on now; none where there is none yet.
    async fn state_mark(&self, job: &UnitJob, session: Session<'_>)
    -> Result<Option<StateMark>, EngineError>;

    /// Makes the unit ready for the apply of a plan that was made elsewhere.
    async fn make_ready(&self, job: &UnitJob, session: Session<'_>) -> Result<(), EngineError>;

    /// Whether the state holds any resource.
    async fn has_resources(&self, job: &UnitJob, session: Session<'_>) -> Result<bool, EngineError>;

    /// Releases the lock of that ID on a state, whoever took it.
    async fn force_unlock(&self, job: &UnitJob, id: &str, session: Session<'_>) -> Result<(), EngineError>;

    /// Runs what somebody wants run for a unit, and hands on what it prints, unmasked; returns its exit code, which is 0 or
    /// says that there are changes.
    async fn errand(
        &self,
        job: &UnitJob,
        errand: &Errand,
        heard: &dyn Hearer,
        session: Session<'_>,
    ) -> Result<i32, EngineError>;

    /// Reads the outputs from the state; empty where the unit was never applied.
    async fn outputs(&self, job: &UnitJob, session: Session<'_>) -> Result<Outputs, EngineError>;
}
