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
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::log::Log;
use self::shim::Shim;
use self::version::Version;
use super::failure::passed_over;
use super::inputs;
use super::native::dir_of_job;
use super::other_state;
use super::plan::fingerprint;
use super::plan::left_out::LeftOut;
use super::plan_place::{self, PlanPlaces};
use super::process::{Options, Ran, lists_resources, run};
use super::role::Roles;
use super::s3::{S3Backend, S3Clients};
use super::source::Sources;
use super::state_bucket::StateBuckets;
use super::tool::{Tool, on_path};
use super::ui::parse_outputs;
use super::{
    Applied, Companion, Direction, Engine, EngineError, EngineSettings, Fingerprint, PlanJson, PlanSummary,
    SavedPlan, Session, StateMark, Step, UnitJob, sensitive, state, unattended,
};
use crate::support::confined::Root;
use crate::support::process::CommandLine;
use crate::support::workplace;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::outputs::Outputs;

/// Drives Terragrunt.
pub struct TerragruntEngine {
    program: PathBuf,
    settings: EngineSettings,
    version: OnceCell<Version>,
    tool: OnceCell<Arc<Tool>>,
    buckets: StateBuckets,
    s3: S3Clients,
    roles: Roles,
    /// Only to take the digests of modules: Terragrunt fetches what it runs by itself.
    sources: Sources,
    plan_places: PlanPlaces,
    /// The units whose `init` this run has seen succeed.
    initialised: Mutex<HashSet<String>>,
}

impl TerragruntEngine {
    /// An engine that has done nothing yet; versions are looked at with the first unit.
    pub fn new(program: PathBuf, settings: EngineSettings) -> Self {
        // Terragrunt creates the bucket; here it is only looked at, for the message.
        Self {
            sources: Sources::new(&settings.home),
            program,
            settings,
            version: OnceCell::new(),
            tool: OnceCell::new(),
            buckets: StateBuckets::new(false),
            s3: S3Clients::default(),
            roles: Roles::default(),
            plan_places: PlanPlaces::default(),
            initialised: Mutex::default(),
        }
    }

    /// The tool for a unit: the one named on the command line, else the unit's `terraform_binary`, else the one on
    /// PATH. Terragrunt would choose the same, but is given our script in its place.
    async fn tool(&self, config: &UnitConfig) -> Result<Arc<Tool>, EngineError> {
        let program = self.program.clone();
        self.version.get_or_try_init(|| blocking(move || Version::ask(&program))).await?;
        let of_unit = config.terraform_binary.as_deref().filter(|_| self.settings.tool.is_none());
        if let Some(binary) = of_unit {
            let binary = PathBuf::from(binary);
            return Ok(Arc::new(blocking(move || Tool::find(Some(&binary))).await?));
        }
        let named = self.settings.tool.clone();
        let find = || async { blocking(move || Tool::find(named.as_deref())).await.map(Arc::new) };
        Ok(Arc::clone(self.tool.get_or_try_init(find).await?))
    }

    async fn shim(&self, job: &UnitJob) -> Result<Shim, EngineError> {
        let tool = self.tool(&job.config).await?;
        // Terragrunt copies what it finds, and the tool reads it.
        inputs::refuse_endless(&job.config, &job.config.dir)?;
        let source = job.config.source();
        if let Some(module) = source.and_then(|text| Sources::local_module(text, &job.config.dir)) {
            inputs::refuse_endless(&job.config, &module)?;
        }
        let home = &self.settings.home;
        // The native engine has no folder for a source that it does not know, and no state.
        if let Ok(folder) = dir_of_job(home, job) {
            other_state::refuse_wrapping(&job.id, &job.config, &folder)?;
        }
        Shim::write(home, &workplace::of_unit(home, &job.id).join("shim"), &tool)
    }

    /// `terragrunt run … --`, to which the tool's command is added. Every flag is there since 0.88, see
    /// `docs/terragrunt-versions.md`.
    fn command(&self, job: &UnitJob, shim: &Shim) -> CommandLine {
        let EngineSettings { features, experiments, backend_bootstrap, .. } = &self.settings;
        let mut command = CommandLine::new(&self.program, &job.config.dir)
            .args(["run", "--non-interactive", "--no-color", "--log-format", "json", "--tf-forward-stdout"])
            // Attempts are counted, and told, in one place: the run.
            .arg("--no-auto-retry")
            .arg("--tf-path")
            .arg(&shim.script);
        if *backend_bootstrap {
            command = command.arg("--backend-bootstrap");
        }
        // Terragrunt runs `init` before each command of a module without providers.
        if self.initialised().contains(&job.id) {
            command = command.arg("--no-auto-init");
        }
        if reads_states_directly(&job.config) {
            command = command.arg("--dependency-fetch-output-from-state");
        }
        for (name, value) in features {
            command = command.args(["--feature".to_owned(), format!("{name}={value}")]);
        }
        for name in experiments {
            command = command.args(["--experiment", name]);
        }
        unattended(command).arg("--")
    }

    /// Runs a command to its end.
    ///
    /// Terragrunt ends with the tool's exit code, or with that of a hook that failed: 2 means changes only where no
    /// hook did.
    async fn run(
        &self,
        job: &UnitJob,
        command: CommandLine,
        shim: &Shim,
        options: Options<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let log = Log::default();
        let target = || shim.running();
        let learn = || learn(&job.config);
        let options = Options { target: Some(&target), wrapper: Some(&log), learn: Some(&learn), ..options };
        let ran = run(&command, options, session).await;
        let failure = match &ran {
            Ok(Ran { code: 0, .. }) => log.ignored(job.config.errors.as_ref(), options.label),
            Ok(_) => log.hook_failure(),
            Err(EngineError::Interrupted { .. }) => None,
            // With -detailed-exitcode it ends with the tool's own code all the same.
            Err(_) => log.ignored(job.config.errors.as_ref(), options.label),
        };
        match failure.map_or(ran, Err) {
            Ok(ran) => {
                self.initialised().insert(job.id.clone());
                Ok(ran)
            }
            // What the tool says comes as JSON, where Terragrunt does not look for what is to be ignored.
            Err(error) => {
                let folder = Root::at(&job.config.dir)?;
                Err(passed_over(error, job.config.errors.as_ref(), &folder))
            }
        }
    }

    fn initialised(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.initialised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state bucket first, where Terragrunt is not to create it: its own message comes late.
    async fn look_at_bucket(&self, job: &UnitJob, session: Session<'_>) -> Result<(), EngineError> {
        let Some(remote_state) = &job.config.remote_state else { return Ok(()) };
        session.watcher.step(Step::Backend);
        let identity = self.roles.credentials(&job.config).await?;
        match self.buckets.ensure(remote_state, &self.s3, identity.as_ref()).await {
            Err(EngineError::BucketMissing { .. }) if self.settings.backend_bootstrap => Ok(()),
            other => other,
        }
    }
}

#[async_trait]
impl Engine for TerragruntEngine {
    fn name(&self) -> &'static str {
        "terragrunt"
    }

    async fn plan(
        &self,
        job: &UnitJob,
        direction: Direction,
        file: &Path,
        session: Session<'_>,
    ) -> Result<SavedPlan, EngineError> {
        session.watcher.step(Step::Prepare);
        let shim = self.shim(job).await?;
        self.look_at_bucket(job, session).await?;
        session.watcher.step(Step::Plan);
        let mut command =
            self.command(job, &shim).args(["plan", "-input=false", "-json", "-detailed-exitcode"]);
        if direction == Direction::Destroy {
            command = command.arg("-destroy");
        }
        let options = Options { allowed: &[2], plans: true, ..Options::new("terragrunt plan") };
        let wanted = plan_place::wanted(&job.config);
        let _claim = self.plan_places.claim(wanted.as_deref()).await;
        if wanted.is_none() {
            command = command.setting("-out=", file);
        }
        let ran = self.run(job, command, &shim, options, session).await?;
        if let Some(wanted) = wanted {
            plan_place::take(&shim.working_dir().unwrap_or_default().join(wanted), file)?;
        }
        let changes = ran.code == 2;
        Ok(SavedPlan { file: file.to_owned(), summary: ran.ui.into_summary(changes), direction })
    }

    async fn apply(
        &self,
        job: &UnitJob,
        plan: &SavedPlan,
        session: Session<'_>,
    ) -> Result<Option<Outputs>, EngineError> {
        let shim = self.shim(job).await?;
        session.watcher.step(Step::Apply);
        let command = self.command(job, &shim).args(["apply", "-input=false", "-json"]).arg(&plan.file);
        let options = Options { applies: true, ..Options::new("terragrunt apply") };
        let ran = self.run(job, command, &shim, options, session).await?;
        Ok(ran.ui.into_outputs())
    }

    async fn apply_directly(
        &self,
        job: &UnitJob,
        direction: Direction,
        companion: &dyn Companion,
        session: Session<'_>,
    ) -> Result<Applied, EngineError> {
        session.watcher.step(Step::Prepare);
        let shim = self.shim(job).await?;
        self.look_at_bucket(job, session).await?;
        let name = direction.command();
        let label = format!("terragrunt {name}");
        if !companion.may_begin() {
            return Err(EngineError::Interrupted { command: label });
        }
        session.watcher.step(Step::Apply);
        let command = self.command(job, &shim).args([name, "-input=false", "-json", "-auto-approve"]);
        let planned = |summary: &PlanSummary| companion.planned(summary);
        let options = Options { planned: Some(&planned), applies: true, ..Options::new(&label) };
        Ok(self.run(job, command, &shim, options, session).await?.into_applied())
    }

    async fn plan_json(
        &self,
        job: &UnitJob,
        file: &Path,
        session: Session<'_>,
    ) -> Result<PlanJson, EngineError> {
        let shim = self.shim(job).await?;
        session.watcher.step(Step::Show);
        let command = self.command(job, &shim).args(["show", "-json", "-no-color"]).arg(file);
        let options = Options { capture: true, ..Options::new("terragrunt show") };
        let ran = self.run(job, command, &shim, options, session).await?;
        Ok(PlanJson::new(&answer(&ran.stdout)))
    }

    async fn fingerprint(
        &self,
        job: &UnitJob,
        left_out: &LeftOut,
        session: Session<'_>,
    ) -> Result<Fingerprint, EngineError> {
        let tool = self.tool(&job.config).await?;
        let source = self.sources.of_unit(&job.config, tool.name, session).await?;
        fingerprint::of(tool, source, job, left_out).await
    }

    async fn state_mark(
        &self,
        job: &UnitJob,
        session: Session<'_>,
    ) -> Result<Option<StateMark>, EngineError> {
        if let Some(state) = state::read(&job.config, &self.s3, &self.roles).await? {
            return Ok(state.mark);
        }
        let shim = self.shim(job).await?;
        self.look_at_bucket(job, session).await?;
        let command = self.command(job, &shim).args(["state", "pull"]);
        let options = Options { capture: true, ..Options::new("terragrunt state pull") };
        let ran = self.run(job, command, &shim, options, session).await?;
        state::mark_of(&ran.stdout, "terragrunt state pull")
    }

    /// Terragrunt makes a unit ready with every command.
    async fn make_ready(&self, _job: &UnitJob, _session: Session<'_>) -> Result<(), EngineError> {
        Ok(())
    }

    async fn has_resources(&self, job: &UnitJob, session: Session<'_>) -> Result<bool, EngineError> {
        if let Some(state) = state::read(&job.config, &self.s3, &self.roles).await? {
            return Ok(state.has_resources);
        }
        let shim = self.shim(job).await?;
        self.look_at_bucket(job, session).await?;
        let command = self.command(job, &shim).args(["state", "list"]);
        let options = Options { capture: true, ..Options::new("terragrunt state list") };
        lists_resources(self.run(job, command, &shim, options, session).await)
    }

    async fn force_unlock(&self, job: &UnitJob, id: &str, session: Session<'_>) -> Result<(), EngineError> {
        let shim = self.shim(job).await?;
        let command = self.command(job, &shim).args(["force-unlock", "-force", id]);
        let options = Options::new("terragrunt force-unlock");
        self.run(job, command, &shim, options, session).await.map(drop)
    }

    async fn outputs(&self, job: &UnitJob, session: Session<'_>) -> Result<Outputs, EngineError> {
        session.watcher.step(Step::Outputs);
        if let Some(state) = state::read(&job.config, &self.s3, &self.roles).await? {
            return Ok(state.outputs?);
        }
        let shim = self.shim(job).await?;
        self.look_at_bucket(job, session).await?;
        let command = self.command(job, &shim).args(["output", "-json", "-no-color"]);
        let options = Options { capture: true, ..Options::new("terragrunt output") };
        let ran = self.run(job, command, &shim, options, session).await?;
        parse_outputs(&answer(&ran.stdout)).map_err(|error| EngineError::Answer {
            command: "terragrunt output".to_owned(),
            cause: error.to_string(),
        })
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

/// The JSON in what a command printed: an `init` that had to run first, and hooks, print before it.
fn answer(stdout: &str) -> String {
    stdout.lines().skip_while(|line| !line.starts_with('{')).collect::<Vec<_>>().join("\n")
}

/// The program named, or the one on PATH.
pub fn find_terragrunt(named: Option<&Path>) -> Option<PathBuf> {
    on_path(named.unwrap_or(Path::new("terragrunt")))
}

/// The version of a Terragrunt that can be driven: asks the program, blocking.
pub fn terragrunt_version(program: &Path) -> Result<String, EngineError> {
    Version::ask(program).map(|version| version.to_string())
}

async fn blocking<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(question).await.map_err(|error| EngineError::BadTool {
        program: "terragrunt".to_owned(),
        cause: error.to_string(),
    })?
}
