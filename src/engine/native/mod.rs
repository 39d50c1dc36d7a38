//! The native engine: reads the unit itself and drives `tofu` or `terraform`.

pub(super) mod arguments;
mod brought;
mod earlier;
mod generate;
mod hooks;
mod init;
mod prepare;
mod providers;
mod selection;
mod shared_init;
mod variables;
mod versions;
mod workdir;

pub(super) use workdir::path as dir_of_job;
pub use workdir::working_dir;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::hooks::Hooks;
use self::prepare::Prepared;
use self::providers::Providers;
pub(super) use self::selection::Selection;
use self::shared_init::SharedInits;
use super::failure::passed_over;
use super::lock_table::LockTables;
use super::plan::fingerprint;
use super::plan::left_out::LeftOut;
use super::plan_place::{self, PlanPlaces};
use super::process::{Options, Ran, lists_resources, run};
use super::role::{self, Roles};
use super::s3::S3Clients;
use super::source::Sources;
use super::state::State;
use super::state_bucket::StateBuckets;
use super::tool::Tool;
use super::ui::parse_outputs;
use super::{
    Applied, Companion, Direction, Engine, EngineError, EngineSettings, Fingerprint, PlanJson, PlanSummary,
    SavedPlan, Session, StateMark, Step, UnitJob, state, unattended,
};
use crate::support::fs::read_text;
use crate::support::paths::clean;
use crate::support::process::CommandLine;
use crate::support::tool_files::DATA_FOLDER;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::module::Module;
use crate::terragrunt::outputs::Outputs;

/// Drives `tofu` or `terraform` itself.
pub struct NativeEngine {
    settings: EngineSettings,
    tool: OnceCell<Arc<Tool>>,
    buckets: StateBuckets,
    lock_tables: LockTables,
    s3: Arc<S3Clients>,
    sources: Sources,
    roles: Roles,
    providers: Providers,
    inits: SharedInits,
    plan_places: PlanPlaces,
    /// The units that were prepared in this run.
    begun: Mutex<BTreeSet<String>>,
}

impl NativeEngine {
    /// An engine that has done nothing yet; the tool is looked for at the first unit.
    pub fn new(settings: EngineSettings) -> Self {
        let buckets = StateBuckets::new(settings.backend_bootstrap);
        let providers = Providers::new(&settings.home);
        let lock_tables = LockTables::new(settings.backend_bootstrap);
        let s3 = Arc::<S3Clients>::default();
        Self {
            sources: Sources::with_clients(&settings.home, Arc::clone(&s3)),
            settings,
            tool: OnceCell::new(),
            buckets,
            lock_tables,
            s3,
            roles: Roles::default(),
            providers,
            inits: SharedInits::default(),
            plan_places: PlanPlaces::default(),
            begun: Mutex::default(),
        }
    }

    /// The tool for a unit: the one named on the command line, else the unit's `terraform_binary`, else the
    /// one on PATH.
    async fn tool(&self, config: &UnitConfig) -> Result<Arc<Tool>, EngineError> {
        let of_unit = config.terraform_binary.as_deref().filter(|_| self.settings.tool.is_none());
        if let Some(binary) = of_unit {
            return find_tool(Some(PathBuf::from(binary))).await;
        }
        let tool = self.tool.get_or_try_init(|| find_tool(self.settings.tool.clone())).await?;
        Ok(Arc::clone(tool))
    }

    /// The unit's state, where it is known without the tool which one that is: a hook may have chosen a workspace.
    async fn read_state(&self, job: &UnitJob) -> Result<Option<State>, EngineError> {
        if in_workspace(&workdir::path(&self.settings.home, job)?) {
            return Ok(None);
        }
        state::read(&job.config, &self.s3, &self.roles).await
    }

    /// The command line of one of the tool's commands, with its environment and extra arguments.
    fn command(&self, job: &UnitJob, prepared: &Prepared, name: &str) -> CommandLine {
        self.bare_command(job, prepared, name, name).args(arguments::extra(&job.config, name))
    }

    /// The same without the extra arguments: `verb` is what the tool is told, `name` the command whose environment it gets.
    fn bare_command(&self, job: &UnitJob, prepared: &Prepared, verb: &str, name: &str) -> CommandLine {
        let command = CommandLine::new(&prepared.tool.path, prepared.folder.path()).arg(verb);
        let command = unattended(command.envs(&prepared.identity));
        arguments::environment(command, &job.config, &prepared.inputs, &self.settings.home, name)
    }

    /// Runs a command; one that asks for an `init` although nothing here has changed since the last one gets it. What
    /// the state says may have changed, or another's `init` was not enough.
    async fn run(
        &self,
        job: &UnitJob,
        prepared: &Prepared,
        command: &CommandLine,
        options: Options<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let ran = run(command, options, session).await;
        if prepared.is_initialized || !ran.as_ref().is_err_and(shared_init::is_asked_for) {
            return ran;
        }
        Box::pin(self.init(job, prepared, session)).await?;
        run(command, options, session).await
    }

    async fn with_hooks(
        &self,
        job: &UnitJob,
        prepared: &Prepared,
        name: &str,
        command: &CommandLine,
        options: Options<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let nothing = || Ok(());
        self.with_hooks_around(job, prepared, name, (command, &nothing), options, session).await
    }

    /// The same with something that is done once the command has succeeded, before any hook can undo it.
    async fn with_hooks_around(
        &self,
        job: &UnitJob,
        prepared: &Prepared,
        name: &str,
        (command, done): (&CommandLine, &(dyn Fn() -> Result<(), EngineError> + Send + Sync)),
        options: Options<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let environment = &command.environment;
        let (dir, tool) = (prepared.folder.path(), &*prepared.tool.path);
        let hooks = Hooks { config: &job.config, command: name, dir, environment, tool };
        let ran = match hooks.before(session).await {
            Ok(()) if name == "init" => run(command, options, session).await,
            Ok(()) => self.run(job, prepared, command, options, session).await,
            Err(error) => Err(error),
        };
        let ran = ran.and_then(|ran| done().map(|()| ran));
        let ran = hooks.after(ran, session).await;
        ran.map_err(|error| passed_over(error, job.config.errors.as_ref(), &prepared.folder))
    }
}

#[async_trait]
impl Engine for NativeEngine {
    fn name(&self) -> &'static str {
        "native"
    }

    async fn plan(
        &self,
        job: &UnitJob,
        direction: Direction,
        file: &Path,
        session: Session<'_>,
    ) -> Result<SavedPlan, EngineError> {
        let prepared = self.prepare(job, session).await?;
        session.watcher.step(Step::Plan);
        let mut command =
            self.command(job, &prepared, "plan").args(["-input=false", "-json", "-detailed-exitcode"]);
        if direction == Direction::Destroy {
            command = command.arg("-destroy");
        }
        let label = format!("{} plan", prepared.tool.name);
        let options = Options { allowed: &[2], plans: true, ..Options::new(&label) };
        let wanted = plan_place::wanted(&job.config);
        let _claim = self.plan_places.claim(wanted.as_deref()).await;
        let written = wanted.map(|wanted| clean(&prepared.folder.path().join(wanted)));
        if written.is_none() {
            command = command.setting("-out=", file);
        }
        let take = || Ok(written.as_ref().map_or(Ok(()), |written| plan_place::take(written, file))?);
        let ran = self.with_hooks_around(job, &prepared, "plan", (&command, &take), options, session).await?;
        let changes = ran.code == 2;
        Ok(SavedPlan { file: file.to_owned(), summary: ran.ui.into_summary(changes), direction })
    }

    async fn apply(
        &self,
        job: &UnitJob,
        plan: &SavedPlan,
        session: Session<'_>,
    ) -> Result<Option<Outputs>, EngineError> {
        let identity = self.roles.credentials(&job.config).await?;
        let folder = workdir::open(&self.settings.home, job)?;
        let prepared = Prepared {
            tool: self.tool(&job.config).await?,
            inputs: variables::of_environment(&job.config, &Module::read(folder.path(), |_| None)),
            folder,
            identity: identity.as_ref().map(role::variables).unwrap_or_default(),
            // The plan was made here, with whatever it needed.
            is_initialized: true,
        };
        session.watcher.step(Step::Apply);
        // A plan to destroy is applied by `apply` too; the hooks and arguments are still those of `destroy`.
        let name = plan.direction.command();
        let command = self.bare_command(job, &prepared, "apply", name);
        let mut command = command.args(arguments::beside_a_plan(&job.config, name));
        let overruled = arguments::overruled(&job.config);
        command.environment.retain(|(name, _)| {
            let input = name.to_str().and_then(|name| name.strip_prefix("TF_VAR_"));
            !input.is_some_and(|input| overruled.contains(input))
        });
        let command = command.args(["-input=false", "-json"]).arg(&plan.file);
        let label = format!("{} apply", prepared.tool.name);
        let options = Options { applies: true, ..Options::new(&label) };
        let ran = self.with_hooks(job, &prepared, name, &command, options, session).await?;
        Ok(ran.ui.into_outputs())
    }

    async fn apply_directly(
        &self,
        job: &UnitJob,
        direction: Direction,
        companion: &dyn Companion,
        session: Session<'_>,
    ) -> Result<Applied, EngineError> {
        let prepared = self.prepare(job, session).await?;
        let name = direction.command();
        let label = format!("{} {name}", prepared.tool.name);
        if !companion.may_begin() {
            return Err(EngineError::Interrupted { command: label });
        }
        session.watcher.step(Step::Apply);
        let command = self.command(job, &prepared, name).args(["-input=false", "-json", "-auto-approve"]);
        let planned = |summary: &PlanSummary| companion.planned(summary);
        let options = Options { planned: Some(&planned), applies: true, ..Options::new(&label) };
        let ran = self.with_hooks(job, &prepared, name, &command, options, session).await?;
        Ok(ran.into_applied())
    }

    async fn plan_json(
        &self,
        job: &UnitJob,
        file: &Path,
        session: Session<'_>,
    ) -> Result<PlanJson, EngineError> {
        let prepared = self.prepare(job, session).await?;
        session.watcher.step(Step::Show);
        let command = self.command(job, &prepared, "show").args(["-json", "-no-color"]).arg(file);
        let label = format!("{} show", prepared.tool.name);
        let options = Options { capture: true, ..Options::new(&label) };
        let ran = self.run(job, &prepared, &command, options, session).await?;
        Ok(PlanJson::new(&ran.stdout))
    }

    async fn fingerprint(
        &self,
        job: &UnitJob,
        left_out: &LeftOut,
        session: Session<'_>,
    ) -> Result<Fingerprint, EngineError> {
        let tool = self.tool(&job.config).await?;
        let source = self.source(job, &tool, session).await?;
        fingerprint::of(tool, source, job, left_out).await
    }

    async fn state_mark(
        &self,
        job: &UnitJob,
        session: Session<'_>,
    ) -> Result<Option<StateMark>, EngineError> {
        if let Some(state) = self.read_state(job).await? {
            return Ok(state.mark);
        }
        let prepared = self.prepare(job, session).await?;
        let command = self.command(job, &prepared, "state").arg("pull");
        let label = format!("{} state pull", prepared.tool.name);
        let options = Options { capture: true, ..Options::new(&label) };
        let ran = self.run(job, &prepared, &command, options, session).await?;
        state::mark_of(&ran.stdout, &label)
    }

    async fn make_ready(&self, job: &UnitJob, session: Session<'_>) -> Result<(), EngineError> {
        self.prepare(job, session).await.map(drop)
    }

    async fn has_resources(&self, job: &UnitJob, session: Session<'_>) -> Result<bool, EngineError> {
        if let Some(state) = self.read_state(job).await? {
            return Ok(state.has_resources);
        }
        let prepared = self.prepare(job, session).await?;
        let command = self.command(job, &prepared, "state").arg("list");
        let label = format!("{} state list", prepared.tool.name);
        let options = Options { capture: true, ..Options::new(&label) };
        lists_resources(self.run(job, &prepared, &command, options, session).await)
    }

    async fn force_unlock(&self, job: &UnitJob, id: &str, session: Session<'_>) -> Result<(), EngineError> {
        let prepared = self.prepare(job, session).await?;
        let command = self.command(job, &prepared, "force-unlock").args(["-force", id]);
        let label = format!("{} force-unlock", prepared.tool.name);
        self.run(job, &prepared, &command, Options::new(&label), session).await.map(drop)
    }

    async fn outputs(&self, job: &UnitJob, session: Session<'_>) -> Result<Outputs, EngineError> {
        session.watcher.step(Step::Outputs);
        if let Some(state) = self.read_state(job).await? {
            return Ok(state.outputs?);
        }
        let prepared = self.prepare(job, session).await?;
        let command = self.command(job, &prepared, "output").args(["-json", "-no-color"]);
        let label = format!("{} output", prepared.tool.name);
        let options = Options { capture: true, ..Options::new(&label) };
        let ran = self.with_hooks(job, &prepared, "output", &command, options, session).await?;
        parse_outputs(&ran.stdout)
            .map_err(|error| EngineError::Answer { command: label, cause: error.to_string() })
    }
}

/// Whether the folder's commands work on another workspace than the default one: the tool notes it there.
fn in_workspace(folder: &Path) -> bool {
    let noted = read_text(&folder.join(DATA_FOLDER).join("environment")).unwrap_or_default();
    !matches!(noted.trim(), "" | "default")
}

async fn find_tool(named: Option<PathBuf>) -> Result<Arc<Tool>, EngineError> {
    let found = tokio::task::spawn_blocking(move || Tool::find(named.as_deref())).await;
    let tool = found.map_err(|error| EngineError::BadTool {
        program: "tofu or terraform".to_owned(),
        cause: error.to_string(),
    })??;
    Ok(Arc::new(tool))
}
