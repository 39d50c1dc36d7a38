//! The wrapping engine: drives an installed Terragrunt, one unit at a time.
//!
//! Terragrunt generates, initialises and runs; order and parallelism stay ours. Terraform's standard output is
//! forwarded raw, so that its machine-readable UI is read here as with the native engine; Terragrunt's own log
//! comes as JSON on standard error.
//!
//! Interrupts: Terragrunt passes one on late and then a second one, which makes Terraform abandon its state.
//! So Terragrunt is never interrupted. It runs Terraform through a small script that notes its process id, and
//! that process gets the one interrupt; Terragrunt then sees its command fail, and ends.

mod log;
mod shim;
mod version;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::log::Log;
use self::shim::Shim;
use self::version::Version;
use super::asking::blocking;
use super::driver::{Call, Driver, Parts};
use super::failure::passed_over;
use super::inputs;
use super::other_state;
use super::process::{Options, Ran, run};
use super::s3::S3Backend;
use super::source::Sources;
use super::state_bucket::StateBuckets;
use super::tool::{Tool, on_path};
use super::unit_folder;
use super::verb::Verb;
use super::{EngineError, EngineSettings, Session, Step, UnitJob, sensitive, unattended};
use crate::support::confined::Root;
use crate::support::process::CommandLine;
use crate::support::work_folder;
use crate::terragrunt::config::UnitConfig;

/// Drives Terragrunt.
pub struct TerragruntEngine {
    program: PathBuf,
    /// Its sources are there only to take the digests of modules: Terragrunt fetches what it runs by itself.
    parts: Parts,
    version: OnceCell<Version>,
    buckets: StateBuckets,
    /// The units whose `init` this run has seen succeed.
    initialised: Mutex<HashSet<String>>,
}

impl TerragruntEngine {
    /// An engine that has done nothing yet; versions are looked at with the first unit.
    pub fn new(program: PathBuf, settings: EngineSettings) -> Self {
        Self {
            program,
            parts: Parts::new(settings),
            version: OnceCell::new(),
            // Terragrunt creates the bucket; here it is only looked at, for the message.
            buckets: StateBuckets::new(false),
            initialised: Mutex::default(),
        }
    }

    async fn shim(&self, job: &UnitJob) -> Result<Shim, EngineError> {
        let tool = self.tool(&job.config).await?;
        // Terragrunt copies what it finds, and the tool reads it.
        inputs::refuse_endless(&job.config, &job.config.dir)?;
        let source = job.config.source();
        if let Some(module) = source.and_then(|text| Sources::local_module(text, &job.config.dir)) {
            inputs::refuse_endless(&job.config, &module)?;
        }
        let home = &self.parts.settings.home;
        // The native engine has no folder for a source that it does not know, and no state.
        if let Ok(folder) = unit_folder::path(home, job) {
            other_state::refuse_wrapping(&job.id, &job.config, &folder)?;
        }
        Shim::write(home, &work_folder::of_unit(home, &job.id).join("shim"), &tool)
    }

    /// `terragrunt run … --`, to which the tool's command is added. Every flag is there since 0.88, see
    /// `docs/terragrunt-versions.md`.
    fn wrapped(&self, job: &UnitJob, shim: &Shim) -> CommandLine {
        let mut command = CommandLine::new(&self.program, &job.config.dir)
            .args(["run", "--non-interactive", "--no-color", "--log-format", "json", "--tf-forward-stdout"])
            // Attempts are counted, and told, in one place: the run.
            .arg("--no-auto-retry")
            .arg("--tf-path")
            .arg(&shim.script);
        if self.parts.settings.backend_bootstrap {
            command = command.arg("--backend-bootstrap");
        }
        // Terragrunt runs `init` before each command of a module without providers.
        if self.initialised().contains(&job.id) {
            command = command.arg("--no-auto-init");
        }
        if reads_states_directly(&job.config) {
            command = command.arg("--dependency-fetch-output-from-state");
        }
        unattended(self.with_settings(command), &job.id).arg("--")
    }

    /// With the features and experiments that are on.
    fn with_settings(&self, mut command: CommandLine) -> CommandLine {
        let EngineSettings { features, experiments, .. } = &self.parts.settings;
        for (name, value) in features {
            command = command.args(["--feature".to_owned(), format!("{name}={value}")]);
        }
        for name in experiments {
            command = command.args(["--experiment", name]);
        }
        command
    }

    fn initialised(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.initialised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state bucket first, where Terragrunt is not to create it: its own message comes late.
    async fn look_at_bucket(&self, job: &UnitJob, session: Session<'_>) -> Result<(), EngineError> {
        let Some(remote_state) = &job.config.remote_state else { return Ok(()) };
        session.watcher.step(Step::Backend);
        let identity = self.parts.roles.credentials(&job.config).await?;
        match self.buckets.ensure(remote_state, &self.parts.s3, identity.as_ref()).await {
            Err(EngineError::BucketMissing { .. }) if self.parts.settings.backend_bootstrap => Ok(()),
            other => other,
        }
    }
}

#[async_trait]
impl Driver for TerragruntEngine {
    const NAME: &'static str = "terragrunt";
    type Ready = Shim;

    fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Terragrunt makes a unit ready with every command.
    async fn make_ready(&self, _job: &UnitJob, _session: Session<'_>) -> Result<(), EngineError> {
        Ok(())
    }

    async fn ready(&self, job: &UnitJob, verb: Verb, session: Session<'_>) -> Result<Shim, EngineError> {
        if matches!(verb, Verb::Plan(_) | Verb::ApplyDirectly(_)) {
            session.watcher.step(Step::Prepare);
        }
        let shim = self.shim(job).await?;
        if !matches!(verb, Verb::ApplySaved(_) | Verb::Show | Verb::ForceUnlock) {
            self.look_at_bucket(job, session).await?;
        }
        Ok(shim)
    }

    fn program(&self, _shim: &Shim) -> &'static str {
        "terragrunt"
    }

    fn command(&self, job: &UnitJob, shim: &Shim, verb: Verb) -> CommandLine {
        self.wrapped(job, shim).arg(verb.word())
    }

    /// Its own `exec`, in the folder of its cache.
    fn program_line(&self, job: &UnitJob, shim: &Shim, program: &OsStr) -> CommandLine {
        let command = CommandLine::new(&self.program, &job.config.dir)
            .args(["exec", "--non-interactive", "--no-color", "--log-format", "json", "--in-download-dir"])
            .arg("--tf-path")
            .arg(&shim.script);
        unattended(self.with_settings(command), &job.id).arg("--").arg(program)
    }

    /// Runs a command to its end.
    ///
    /// Terragrunt ends with the tool's exit code, or with that of a hook that failed: 2 means changes only where no
    /// hook did.
    async fn run(
        &self,
        job: &UnitJob,
        shim: &Shim,
        Call { verb, command, options, then }: Call<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let log = Log::default();
        let target = || shim.running();
        let learn = || learn(&job.config);
        let options = Options { target: Some(&target), wrapper: Some(&log), learn: Some(&learn), ..options };
        let ran = run(command, options, session).await;
        let failure = match &ran {
            Ok(Ran { code: 0, .. }) => log.ignored(job.config.errors.as_ref(), options.label),
            Ok(_) => log.hook_failure(),
            Err(EngineError::Interrupted { .. }) => None,
            // With -detailed-exitcode it ends with the tool's own code all the same.
            Err(_) => log.ignored(job.config.errors.as_ref(), options.label),
        };
        match failure.map_or(ran, Err) {
            Ok(ran) => {
                // A program needs no `init`.
                if verb != Verb::Program {
                    self.initialised().insert(job.id.clone());
                }
                then().map(|()| ran)
            }
            // What the tool says comes as JSON, where Terragrunt does not look for what is to be ignored.
            Err(error) => {
                let folder = Root::at(&job.config.dir)?;
                Err(passed_over(error, job.config.errors.as_ref(), &folder))
            }
        }
    }

    fn working_dir(&self, shim: &Shim) -> PathBuf {
        shim.working_dir().unwrap_or_default()
    }

    /// Terragrunt would choose the same tool, but is given our script in its place.
    async fn tool(&self, config: &UnitConfig) -> Result<Arc<Tool>, EngineError> {
        let program = self.program.clone();
        self.version.get_or_try_init(|| blocking("terragrunt", move || Version::ask(&program))).await?;
        self.parts.tool(config).await
    }

    /// An `init` that had to run first, and hooks, print before it.
    fn answer(&self, stdout: String) -> String {
        stdout.lines().skip_while(|line| !line.starts_with('{')).collect::<Vec<_>>().join("\n")
    }
}

/// Keeps the sensitive inputs of a unit from being shown, as soon as its module is there: Terragrunt brings it into a
/// folder of its cache, which it names by digests of its own.
fn learn(config: &UnitConfig) -> bool {
    let source = config.source();
    let Some(source) = source else { return sensitive::keep_inputs(config, &config.dir) };
    let module = Sources::module_folder(source, &config.dir).unwrap_or_default();
    let cache = config.download_dir.clone().unwrap_or_else(|| config.dir.join(".terragrunt-cache"));
    let inside =
        |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let folders = inside(cache).flat_map(inside).map(|folder| folder.join(&module));
    let found: Vec<bool> = folders.map(|folder| sensitive::keep_inputs(config, &folder)).collect();
    found.contains(&true)
}

/// Whether Terragrunt can take the outputs of dependencies from S3 itself, instead of starting the tool for each of
/// them. It cannot where states are encrypted, and does not know of workspaces.
fn reads_states_directly(config: &UnitConfig) -> bool {
    let Some(remote_state) = &config.remote_state else { return false };
    !config.dependency.is_empty()
        && S3Backend::of(remote_state).is_some()
        && remote_state.encryption.is_none()
        && std::env::var_os("TF_WORKSPACE").is_none()
}

/// The program named, or the one on PATH.
pub fn find_terragrunt(named: Option<&Path>) -> Option<PathBuf> {
    on_path(named.unwrap_or(Path::new("terragrunt")))
}

/// The version of a Terragrunt that can be driven: asks the program, blocking.
pub fn terragrunt_version(program: &Path) -> Result<String, EngineError> {
    Version::ask(program).map(|version| version.to_string())
}
