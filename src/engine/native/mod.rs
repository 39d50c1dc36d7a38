//! The native engine: reads the unit itself and drives `tofu` or `terraform`.

mod arguments;
mod brought;
mod earlier;
mod generate;
mod hooks;
mod init;
mod installed;
mod mentioned;
mod open_inputs;
mod opened_module;
mod prepare;
mod prepared;
mod providers;
mod shared_init;
mod shared_providers;
mod variables;
mod versions;
mod workdir;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use futures::future::BoxFuture;
use slipway_providers::Served;
use tracing::debug;

use self::hooks::Hooks;
use self::open_inputs::Opened;
use self::prepared::Prepared;
use self::providers::Providers;
use self::shared_init::SharedInits;
use self::shared_providers::SharedProviders;
pub use self::shared_providers::{KEEPING, keep_providers};
use super::cache;
use super::driver::{Call, Driver, Parts};
use super::failure::passed_over;
use super::lock_table::LockTables;
use super::process::{Options, Ran, run};
use super::state_bucket::StateBuckets;
use super::unit_folder;
use super::verb::Verb;
use super::{EngineError, EngineSettings, Session, UnitJob, unattended};
use crate::support::fs::read_text;
use crate::support::process::CommandLine;
use crate::support::tool_files::DATA_FOLDER;
use crate::terraform::state::State;
use crate::terraform::{ModuleTree, ToolKind};

/// Drives `tofu` or `terraform` itself.
pub struct NativeEngine {
    parts: Parts,
    buckets: StateBuckets,
    lock_tables: LockTables,
    providers: Providers,
    inits: SharedInits,
    shared_providers: SharedProviders,
    /// The units that were prepared in this run.
    begun: Mutex<BTreeSet<String>>,
}

impl NativeEngine {
    /// An engine that has done nothing yet; the tool is looked for at the first unit.
    pub fn new(settings: EngineSettings) -> Self {
        Self {
            buckets: StateBuckets::new(settings.backend_bootstrap),
            lock_tables: LockTables::new(settings.backend_bootstrap),
            providers: Providers::new(&settings.home),
            shared_providers: SharedProviders::new(settings.share_providers),
            parts: Parts::new(settings),
            inits: SharedInits::default(),
            begun: Mutex::default(),
        }
    }

    fn home(&self) -> &Path {
        &self.parts.settings.home
    }

    /// The command line of one of the tool's commands, with its environment and extra arguments.
    fn named_command(&self, job: &UnitJob, prepared: &Prepared, name: &str) -> CommandLine {
        self.bare_command(job, prepared, name, name).args(arguments::extra(&job.config, name))
    }

    /// The command line without extra arguments: `word` is what the tool is told, `name` the command whose environment it
    /// gets.
    fn bare_command(&self, job: &UnitJob, prepared: &Prepared, word: &str, name: &str) -> CommandLine {
        let command = CommandLine::new(&prepared.tool.path, prepared.folder.path()).arg(word);
        let command = unattended(command.envs(&prepared.identity), &job.id);
        arguments::environment(command, &job.config, &prepared.inputs, self.home(), name)
    }

    /// The command line that applies a saved plan. What was planned with is in the plan, and refused beside it.
    fn apply_command(&self, job: &UnitJob, prepared: &Prepared, name: &str) -> CommandLine {
        let mut command = self.bare_command(job, prepared, "apply", name);
        let overruled = arguments::overruled(&job.config);
        command.environment.retain(|(name, _)| {
            let input = name.to_str().and_then(|name| name.strip_prefix("TF_VAR_"));
            !input.is_some_and(|input| overruled.contains(input))
        });
        command.args(arguments::beside_a_plan(&job.config, name))
    }

    /// The unit's folder as its plan has left it.
    async fn as_planned(&self, job: &UnitJob) -> Result<Prepared, EngineError> {
        let identity = self.parts.roles.identity(&job.config).await?;
        let folder = workdir::open(self.home(), job)?;
        let tool = self.parts.tool(&job.config).await?;
        let modules = Box::new(ModuleTree::read(folder.path(), ToolKind::of(tool.name))?);
        Ok(Prepared {
            tool,
            inputs: variables::of_environment(&job.config, modules.root()),
            modules,
            folder,
            identity: identity.variables(),
            // The plan was made here, with whatever it needed.
            is_initialized: true,
            opened: None,
        })
    }

    /// Runs a command; one that asks for an `init` although nothing here has changed since the last one gets it. What
    /// the state says may have changed, or another's `init` was not enough.
    async fn run_initialized(
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

    /// Runs a command, with providers that serve others as well where that can be.
    async fn run_served(
        &self,
        job: &UnitJob,
        prepared: &Prepared,
        Call { verb, command, options, .. }: Call<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let dir = prepared.folder.path();
        if !verb.is_served() || !self.shared_providers.are_wanted() {
            return self.run_initialized(job, prepared, command, options, session).await;
        }
        let types = if verb.only_looks() { self.types(job, prepared).await } else { None };
        let is_narrowed = types.is_some();
        let served = self.shared_providers.serve(&job.id, dir, command, types).await;
        let Some(served) = served else {
            return self.run_initialized(job, prepared, command, options, session).await;
        };
        let ran = self.run_initialized(job, prepared, &told(command, &served), options, session).await;
        drop(served);
        if !is_narrowed || !ran.as_ref().is_err_and(shared_providers::may_miss_a_type) {
            return ran;
        }
        // Somebody has changed the state in between, or `init` has brought another module; or it would fail in any case, and then says
        // what it would say.
        debug!(unit = %job.id, "it is told of all types, and asked again");
        let served = self.shared_providers.serve(&job.id, dir, command, None).await;
        let command = served.as_ref().map_or_else(|| command.clone(), |served| told(command, served));
        self.run_initialized(job, prepared, &command, options, session).await
    }

    /// Names among which are the types of all that a command can meet; none where only the tool knows.
    async fn types(&self, job: &UnitJob, prepared: &Prepared) -> Option<BTreeSet<String>> {
        let state = Driver::read_state(self, job).await.ok().flatten()?;
        let dir = prepared.folder.path().to_owned();
        let mut types = tokio::task::spawn_blocking(move || mentioned::words(&dir)).await.ok().flatten()?;
        types.extend(state.types);
        Some(types)
    }

    /// Runs the hooks of a command around it.
    async fn with_hooks(
        &self,
        job: &UnitJob,
        prepared: &Prepared,
        (name, command): (&str, &CommandLine),
        running: BoxFuture<'_, Result<Ran, EngineError>>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let environment = &command.environment;
        let (dir, tool) = (prepared.folder.path(), &*prepared.tool.path);
        let hooks = Hooks { config: &job.config, command: name, dir, environment, tool };
        let ran = match hooks.before(session).await {
            Ok(()) => running.await,
            Err(error) => Err(error),
        };
        let ran = hooks.after(ran, session).await;
        ran.map_err(|error| passed_over(error, job.config.errors.as_ref(), &prepared.folder))
    }
}

#[async_trait]
impl Driver for NativeEngine {
    const NAME: &'static str = "native";
    const PLANS_OPEN_INPUTS: bool = true;
    type Ready = Prepared;

    fn parts(&self) -> &Parts {
        &self.parts
    }

    async fn ready(&self, job: &UnitJob, verb: Verb, session: Session<'_>) -> Result<Prepared, EngineError> {
        match verb {
            Verb::ApplySaved(_) => self.as_planned(job).await,
            Verb::Tool(command) if command.word() == "init" => self.bring(job, session).await,
            Verb::Plan(_) if !job.config.open.is_empty() => {
                let prepared = self.prepare(job, session).await?;
                let opened = Opened::begin(&job.config, &prepared.modules, &prepared.folder)?;
                Ok(Prepared { opened, ..prepared })
            }
            _ => self.prepare(job, session).await,
        }
    }

    fn program(&self, prepared: &Prepared) -> &'static str {
        prepared.tool.name
    }

    fn command(&self, job: &UnitJob, prepared: &Prepared, verb: Verb) -> CommandLine {
        match verb {
            Verb::ApplySaved(_) => self.apply_command(job, prepared, verb.command()),
            Verb::Tool(command) if command.word() == "init" => init::with_backend_file(
                self.named_command(job, prepared, "init"),
                &prepared.folder,
                &job.config,
            ),
            _ => self.named_command(job, prepared, verb.command()),
        }
    }

    fn program_line(&self, job: &UnitJob, prepared: &Prepared, program: &OsStr) -> CommandLine {
        let command = CommandLine::new(program, prepared.folder.path());
        let command = unattended(command.envs(&prepared.identity), &job.id);
        arguments::environment(command, &job.config, &prepared.inputs, self.home(), Verb::Program.command())
    }

    async fn run(
        &self,
        job: &UnitJob,
        prepared: &Prepared,
        Call { verb, command, options, then }: Call<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let touches_providers =
            matches!(verb, Verb::Tool(tool) if ["init", "providers"].contains(&tool.word()));
        let running = Box::pin(async {
            let permit = if touches_providers { Some(self.providers.permit_alone().await?) } else { None };
            let ran = self.run_served(job, prepared, Call { verb, command, options, then }, session).await?;
            if touches_providers {
                // As after an `init` of ours: the lock file is the unit's.
                cache::hold_providers(self.home(), prepared.folder.path())?;
                init::remember(&prepared.tool, &prepared.folder, &job.config)?;
            }
            drop(permit);
            then().map(|()| ran)
        });
        if !verb.has_hooks() {
            return running.await;
        }
        self.with_hooks(job, prepared, (verb.command(), command), running, session).await
    }

    fn working_dir(&self, prepared: &Prepared) -> PathBuf {
        prepared.folder.path().to_owned()
    }

    /// A hook may have chosen another workspace, whose state only the tool finds.
    async fn read_state(&self, job: &UnitJob) -> Result<Option<State>, EngineError> {
        if in_workspace(&unit_folder::path(self.home(), job)?) {
            debug!(unit = %job.id, "only the tool can read its state: it works on another workspace");
            return Ok(None);
        }
        self.parts.read_state(job).await
    }
}

/// A command that is told of the providers which serve it.
fn told(command: &CommandLine, served: &Served) -> CommandLine {
    let (name, value) = served.variable();
    command.clone().env(name, value)
}

/// Whether the folder's commands work on another workspace than the default one: the tool notes it there.
fn in_workspace(folder: &Path) -> bool {
    let noted = read_text(&folder.join(DATA_FOLDER).join("environment")).unwrap_or_default();
    !matches!(noted.trim(), "" | "default")
}
