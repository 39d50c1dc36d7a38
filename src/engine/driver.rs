//! What an engine has to bring: how a unit is made ready, what a command line looks like, and how it is run. All else is
//! the same for every engine, see [`super::verbs`].

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::asking::blocking;
use super::plan_place::PlanPlaces;
use super::process::{Options, Ran};
use super::role::Roles;
use super::s3::S3Clients;
use super::source::Sources;
use super::state;
use super::tool::Tool;
use super::verb::Verb;
use super::{EngineError, EngineSettings, Session, UnitJob};
use crate::support::process::CommandLine;
use crate::terraform::state::State;
use crate::terragrunt::config::UnitConfig;

/// One way to turn a unit into commands. Whoever implements this is an [`Engine`](super::Engine).
#[async_trait]
pub trait Driver: Send + Sync {
    /// What the engine calls itself, such as `native`.
    const NAME: &'static str;
    /// Whether it can plan a unit with inputs that are not known before another unit is applied.
    const PLANS_OPEN_INPUTS: bool = false;
    /// A unit that commands can run on.
    type Ready: Send + Sync;

    /// What every engine holds for a run.
    fn parts(&self) -> &Parts;

    /// Makes a unit ready for a command.
    async fn ready(
        &self,
        job: &UnitJob,
        verb: Verb,
        session: Session<'_>,
    ) -> Result<Self::Ready, EngineError>;

    /// The program that messages name, such as `tofu`.
    fn program(&self, ready: &Self::Ready) -> &'static str;

    /// The command line up to and with the verb's first word and what the unit's configuration adds to it.
    fn command(&self, job: &UnitJob, ready: &Self::Ready, verb: Verb) -> CommandLine;

    /// The command line of a program that is no command of the tool, in the folder where that would run and with its
    /// environment.
    fn program_line(&self, job: &UnitJob, ready: &Self::Ready, program: &OsStr) -> CommandLine;

    /// Runs a command to its end, with the hooks that the engine runs around it.
    async fn run(
        &self,
        job: &UnitJob,
        ready: &Self::Ready,
        call: Call<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError>;

    /// The folder in which the tool runs, or has run, a command of the unit.
    fn working_dir(&self, ready: &Self::Ready) -> PathBuf;

    /// The tool for a unit.
    async fn tool(&self, config: &UnitConfig) -> Result<Arc<Tool>, EngineError> {
        self.parts().tool(config).await
    }

    /// The unit's state, where it can be read without the tool.
    async fn read_state(&self, job: &UnitJob) -> Result<Option<State>, EngineError> {
        self.parts().read_state(job).await
    }

    /// Makes a unit ready for the apply of a plan that was made elsewhere.
    async fn make_ready(&self, job: &UnitJob, session: Session<'_>) -> Result<(), EngineError> {
        self.ready(job, Verb::Show, session).await.map(drop)
    }

    /// The answer of a command in what it printed to standard output.
    fn answer(&self, stdout: String) -> String {
        stdout
    }
}

/// A command that is to be run.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// What it is.
    pub verb: Verb,
    /// Its whole command line.
    pub command: &'a CommandLine,
    /// How it is run.
    pub options: Options<'a>,
    /// Done once the command has succeeded, before any hook can undo it.
    pub then: &'a (dyn Fn() -> Result<(), EngineError> + Send + Sync),
}

/// What every engine holds for a run.
pub struct Parts {
    /// What it was told.
    pub settings: EngineSettings,
    /// The clients of S3.
    pub s3: Arc<S3Clients>,
    /// Where modules come from.
    pub sources: Sources,
    /// The roles that units are worked on as.
    pub roles: Roles,
    /// The places where users want plans.
    pub plan_places: PlanPlaces,
    tool: OnceCell<Arc<Tool>>,
}

impl Parts {
    /// Nothing is asked for yet; the tool is looked for at the first unit.
    pub fn new(settings: EngineSettings) -> Self {
        let s3 = Arc::<S3Clients>::default();
        Self {
            sources: Sources::with_clients(&settings.home, Arc::clone(&s3)),
            settings,
            s3,
            roles: Roles::default(),
            plan_places: PlanPlaces::default(),
            tool: OnceCell::new(),
        }
    }

    /// The tool for a unit: the one named on the command line, else the unit's `terraform_binary`, else the one on PATH.
    pub async fn tool(&self, config: &UnitConfig) -> Result<Arc<Tool>, EngineError> {
        let of_unit = config.terraform_binary.as_deref().filter(|_| self.settings.tool.is_none());
        if let Some(binary) = of_unit {
            return find_tool(Some(PathBuf::from(binary))).await;
        }
        let tool = self.tool.get_or_try_init(|| find_tool(self.settings.tool.clone())).await?;
        Ok(Arc::clone(tool))
    }

    /// The unit's state, read as its role where it has one; none where only the tool can read it.
    pub async fn read_state(&self, job: &UnitJob) -> Result<Option<State>, EngineError> {
        state::read(&job.config, &self.s3, &self.roles).await
    }
}

async fn find_tool(named: Option<PathBuf>) -> Result<Arc<Tool>, EngineError> {
    blocking("tofu or terraform", move || Tool::find(named.as_deref())).await.map(Arc::new)
}
