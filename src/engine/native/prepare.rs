//! A unit made ready for the tool's commands: its module with all that comes beside it, its backend, and `init`.

use std::sync::PoisonError;

use tracing::debug;

use super::hooks::{Hooks, INIT_FROM_MODULE, READ_CONFIG};
use super::prepared::Prepared;
use super::shared_init::Wanted;
use super::{NativeEngine, arguments, init, providers, variables, versions, workdir};
use crate::engine::cache;
use crate::engine::inputs::refuse_endless;
use crate::engine::other_state;
use crate::engine::process::{self, Options};
use crate::engine::source::Fetched;
use crate::engine::tool::Tool;
use crate::engine::{EngineError, Session, Step, UnitJob, sensitive, unattended};
use crate::support::process::CommandLine;
use crate::terraform::{ModuleTree, ToolKind};
use crate::terragrunt::config::UnitConfig;

impl NativeEngine {
    /// Brings module, generated files, state storage and providers together.
    pub(super) async fn prepare(&self, job: &UnitJob, session: Session<'_>) -> Result<Prepared, EngineError> {
        let mut prepared = self.bring(job, session).await?;
        prepared.is_initialized = self.make_initialized(job, &prepared, session).await?;
        cache::hold_providers(self.home(), prepared.folder.path())?;
        Ok(prepared)
    }

    /// The same for an `init` that somebody asks for, whose flags say what is to be done where another one would refuse.
    pub(super) async fn bring(&self, job: &UnitJob, session: Session<'_>) -> Result<Prepared, EngineError> {
        session.watcher.step(Step::Prepare);
        let config = &job.config;
        refuse_unsupported(config)?;
        arguments::make_cache(self.home())?;
        let tool = self.parts.tool(config).await?;
        versions::check(config, &tool)?;
        let is_first = self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(job.id.clone());
        let source = if is_first {
            Box::pin(self.source_with_hooks(job, &tool, session)).await?
        } else {
            self.source(job, &tool, session).await?
        };
        let identity = self.parts.roles.identity(config).await?;
        workdir::put_back(self.home(), job)?;
        let folder = workdir::bring_together(self.home(), job, &source)?;
        other_state::refuse_natively(&job.id, config, folder.path())?;
        refuse_endless(config, folder.path())?;
        let modules = Box::new(ModuleTree::read(folder.path(), ToolKind::of(tool.name))?);
        sensitive::keep_declared(config, modules.root(), folder.path());
        let inputs = variables::hand_over(config, modules.root(), &folder)?;
        if let Some(remote_state) = &config.remote_state {
            session.watcher.step(Step::Backend);
            self.buckets.ensure(remote_state, &self.parts.s3, identity.credentials.as_ref()).await?;
            self.lock_tables.ensure(remote_state, identity.credentials.as_ref()).await?;
        }
        init::write_backend_file(&folder, config)?;
        let identity = identity.variables();
        Ok(Prepared { tool, folder, modules, inputs, identity, is_initialized: false, opened: None })
    }

    /// The unit's module on this machine; without a source its own folder is the module.
    pub(super) async fn source(
        &self,
        job: &UnitJob,
        tool: &Tool,
        session: Session<'_>,
    ) -> Result<Fetched, EngineError> {
        self.parts.sources.of_unit(&job.config, tool.name, session).await
    }

    /// The unit's module with the hooks that run once a run, before and around fetching it.
    async fn source_with_hooks(
        &self,
        job: &UnitJob,
        tool: &Tool,
        session: Session<'_>,
    ) -> Result<Fetched, EngineError> {
        let environment = unattended(CommandLine::new(&tool.path, &job.config.dir), &job.id).environment;
        let hooks = |command| Hooks {
            config: &job.config,
            command,
            dir: &job.config.dir,
            environment: &environment,
            tool: &tool.path,
        };
        hooks(READ_CONFIG).after(Ok(()), session).await?;
        if job.config.source().is_none() {
            return self.source(job, tool, session).await;
        }
        let around = hooks(INIT_FROM_MODULE);
        let fetched = match around.before(session).await {
            Ok(()) => self.source(job, tool, session).await,
            Err(error) => Err(error),
        };
        around.after(fetched, session).await
    }

    /// Sees to it that commands can run in the unit's folder. Returns whether `init` ran for that.
    async fn make_initialized(
        &self,
        job: &UnitJob,
        prepared: &Prepared,
        session: Session<'_>,
    ) -> Result<bool, EngineError> {
        let Prepared { tool, folder, modules, .. } = prepared;
        let dir = folder.path();
        if init::is_done(dir, &init::key(tool, &job.config, modules)?) {
            debug!(unit = %job.id, "init is not run: nothing that it reads has changed");
            return Ok(false);
        }
        let command = self.init_command(job, prepared);
        let wanted = match Wanted::of(tool, &job.config, dir, modules, &command) {
            Ok(wanted) => wanted,
            Err(why) => {
                debug!(unit = %job.id, why, "init is run for this unit alone");
                self.init(job, prepared, session).await?;
                return Ok(true);
            }
        };
        let ran = self.inits.take_or_run(&wanted, folder, || self.init(job, prepared, session)).await?;
        let what = if ran {
            "init was run for this unit, and for those alike"
        } else {
            "init of a unit alike was taken"
        };
        debug!(unit = %job.id, "{what}");
        if !ran {
            init::remember(tool, folder, &job.config)?;
        }
        Ok(ran)
    }

    fn init_command(&self, job: &UnitJob, prepared: &Prepared) -> CommandLine {
        let command = self.named_command(job, prepared, "init").args(["-input=false", "-no-color"]);
        init::with_backend_file(command, &prepared.folder, &job.config)
    }

    pub(super) async fn init(
        &self,
        job: &UnitJob,
        prepared: &Prepared,
        session: Session<'_>,
    ) -> Result<(), EngineError> {
        session.watcher.step(Step::Init);
        let command = self.init_command(job, prepared);
        let needs = providers::needs(&prepared.tool, &prepared.modules);
        let label = format!("{} init", prepared.tool.name);
        let run = || {
            let running = Box::pin(process::run(&command, Options::new(&label), session));
            self.with_hooks(job, prepared, ("init", &command), running, session)
        };
        let mut permit = self.providers.permit(&needs, &prepared.folder).await?;
        let mut ran = run().await;
        if permit.copied && ran.as_ref().is_err_and(providers::refuses_lock_file) {
            drop(permit);
            permit = self.providers.permit_without_copy(&prepared.folder).await?;
            ran = run().await;
        }
        ran?;
        // While nobody else may be at the providers, who would take one away.
        cache::hold_providers(self.home(), prepared.folder.path())?;
        self.providers.learn(&permit, &needs, prepared.folder.path());
        drop(permit);
        init::remember(&prepared.tool, &prepared.folder, &job.config)
    }
}

/// What would be dropped silently is refused instead.
fn refuse_unsupported(config: &UnitConfig) -> Result<(), EngineError> {
    let unsupported = [
        (config.engine.is_some(), "the engine block"),
        (
            config
                .remote_state
                .as_ref()
                .is_some_and(|state| state.encryption.is_some() && state.generate.is_none()),
            "remote_state.encryption without generate",
        ),
    ];
    match unsupported.into_iter().find(|(used, _)| *used) {
        Some((_, what)) => Err(EngineError::Unsupported { what }),
        None => Ok(()),
    }
}
