//! The wrapping engine: drives an installed Terragrunt, one unit at a time.
//!
//! Terragrunt generates, initialises and runs; order and parallelism stay ours. Terraform's standard output is
//! forwarded raw, so that its machine-readable UI is read here as with the native engine; Terragrunt's own log
//! comes as JSON on standard error.
//!
//! Interrupts: Terragrunt passes one on late and then a second one, which makes Terraform abandon its state.
//! So Terragrunt is never interrupted. It runs Terraform through a small script that notes its process id, and
//! that process gets the one interrupt; Terragrunt then sees its command fail, and ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::process::{Options, Ran, lists_resources, run};
use super::role::Roles;
use super::s3::S3Clients;
use super::state_bucket::StateBuckets;
use super::tool::{Tool, on_path};
use super::ui::parse_outputs;
use super::{
    Applied, Companion, Direction, Engine, EngineError, EngineSettings, PlanJson, PlanSummary, SavedPlan,
    Session, Step, UnitJob, state, unattended,
};
use crate::support::fs::{FileError, create_private_dir, write_atomically};
use crate::support::process::CommandLine;
use crate::terragrunt::outputs::Outputs;

/// The oldest Terragrunt that has `run` and the `TG_*` variables.
const OLDEST: &str = "0.88.0";

/// Drives Terragrunt.
pub struct TerragruntEngine {
    program: PathBuf,
    settings: EngineSettings,
    ready: OnceCell<Arc<Tool>>,
    buckets: StateBuckets,
    s3: S3Clients,
    roles: Roles,
}

/// The script that stands in for the tool, and where it notes the tool's process id.
struct Shim {
    script: PathBuf,
    process_id: PathBuf,
}

impl TerragruntEngine {
    /// An engine that has done nothing yet; versions are looked at with the first unit.
    pub fn new(program: PathBuf, settings: EngineSettings) -> Self {
        // Terragrunt creates the bucket; here it is only looked at, for the message.
        Self {
            program,
            settings,
            ready: OnceCell::new(),
            buckets: StateBuckets::new(false),
            s3: S3Clients::default(),
            roles: Roles::default(),
        }
    }

    async fn tool(&self) -> Result<Arc<Tool>, EngineError> {
        let check = || async {
            let (program, named) = (self.program.clone(), self.settings.tool.clone());
            let found = tokio::task::spawn_blocking(move || {
                check_version(&program)?;
                Tool::find(named.as_deref())
            });
            let joined = found.await.map_err(|error| EngineError::BadTool {
                program: "terragrunt".to_owned(),
                cause: error.to_string(),
            })?;
            joined.map(Arc::new)
        };
        Ok(Arc::clone(self.ready.get_or_try_init(check).await?))
    }

    fn shim(&self, job: &UnitJob, tool: &Tool) -> Result<Shim, EngineError> {
        let dir = self.settings.home.join("shims").join(job.folder());
        create_private_dir(&dir)?;
        let script = dir.join(tool.name);
        let process_id = dir.join("pid");
        let text = format!(
            "#!/bin/sh\nprintf '%s' $$ > {}\nexec {} \"$@\"\n",
            quoted(&process_id),
            quoted(&tool.path)
        );
        write_atomically(&script, text.as_bytes())?;
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&script, executable).map_err(FileError::on("write", &script))?;
        Ok(Shim { script, process_id })
    }

    fn command(&self, job: &UnitJob, shim: &Shim) -> CommandLine {
        let mut command = CommandLine::new(&self.program, &job.config.dir)
            .args(["run", "--non-interactive", "--no-color", "--log-format", "json", "--tf-forward-stdout"])
            .arg("--tf-path")
            .arg(&shim.script);
        if self.settings.backend_bootstrap {
            command = command.arg("--backend-bootstrap");
        }
        // No provider cache of ours: Terragrunt keeps one that bears several inits at once.
        unattended(command).arg("--")
    }

    async fn run(
        &self,
        command: CommandLine,
        shim: &Shim,
        options: Options<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let target = || running(&shim.process_id);
        let options = Options { target: Some(&target), unwrap_stderr: log_message, ..options };
        run(&command, options, session).await
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
        let tool = self.tool().await?;
        let shim = self.shim(job, &tool)?;
        self.look_at_bucket(job, session).await?;
        session.watcher.step(Step::Plan);
        let mut command =
            self.command(job, &shim).args(["plan", "-input=false", "-json", "-detailed-exitcode"]);
        if direction == Direction::Destroy {
            command = command.arg("-destroy");
        }
        let options = Options { allowed: &[2], ..Options::new("terragrunt plan") };
        let ran = self.run(command.setting("-out=", file), &shim, options, session).await?;
        let changes = ran.code == 2;
        Ok(SavedPlan { file: file.to_owned(), summary: ran.ui.into_summary(changes), direction })
    }

    async fn apply(
        &self,
        job: &UnitJob,
        plan: &SavedPlan,
        session: Session<'_>,
    ) -> Result<Option<Outputs>, EngineError> {
        let tool = self.tool().await?;
        let shim = self.shim(job, &tool)?;
        session.watcher.step(Step::Apply);
        let command = self.command(job, &shim).args(["apply", "-input=false", "-json"]).arg(&plan.file);
        let ran = self.run(command, &shim, Options::new("terragrunt apply"), session).await?;
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
        let tool = self.tool().await?;
        let shim = self.shim(job, &tool)?;
        self.look_at_bucket(job, session).await?;
        let name = match direction {
            Direction::Apply => "apply",
            Direction::Destroy => "destroy",
        };
        let label = format!("terragrunt {name}");
        if !companion.may_begin() {
            return Err(EngineError::Interrupted { command: label });
        }
        session.watcher.step(Step::Apply);
        let command = self.command(job, &shim).args([name, "-input=false", "-json", "-auto-approve"]);
        let planned = |summary: &PlanSummary| companion.planned(summary);
        let options = Options { planned: Some(&planned), ..Options::new(&label) };
        Ok(self.run(command, &shim, options, session).await?.into_applied())
    }

    async fn plan_json(
        &self,
        job: &UnitJob,
        file: &Path,
        session: Session<'_>,
    ) -> Result<PlanJson, EngineError> {
        let tool = self.tool().await?;
        let shim = self.shim(job, &tool)?;
        session.watcher.step(Step::Show);
        let command = self.command(job, &shim).args(["show", "-json", "-no-color"]).arg(file);
        let options = Options { capture: true, ..Options::new("terragrunt show") };
        let ran = self.run(command, &shim, options, session).await?;
        Ok(PlanJson::new(&ran.stdout))
    }

    async fn has_resources(&self, job: &UnitJob, session: Session<'_>) -> Result<bool, EngineError> {
        let identity = self.roles.credentials(&job.config).await?;
        if let Some(state) = state::read(&job.config, &self.s3, identity.as_ref()).await? {
            return Ok(state.has_resources);
        }
        let tool = self.tool().await?;
        let shim = self.shim(job, &tool)?;
        self.look_at_bucket(job, session).await?;
        let command = self.command(job, &shim).args(["state", "list"]);
        let options = Options { capture: true, ..Options::new("terragrunt state list") };
        lists_resources(self.run(command, &shim, options, session).await)
    }

    async fn outputs(&self, job: &UnitJob, session: Session<'_>) -> Result<Outputs, EngineError> {
        session.watcher.step(Step::Outputs);
        let identity = self.roles.credentials(&job.config).await?;
        if let Some(state) = state::read(&job.config, &self.s3, identity.as_ref()).await? {
            return Ok(state.outputs);
        }
        let tool = self.tool().await?;
        let shim = self.shim(job, &tool)?;
        self.look_at_bucket(job, session).await?;
        let command = self.command(job, &shim).args(["output", "-json", "-no-color"]);
        let options = Options { capture: true, ..Options::new("terragrunt output") };
        let ran = self.run(command, &shim, options, session).await?;
        // An `init` that had to run first prints before the answer.
        let answer =
            ran.stdout.lines().skip_while(|line| !line.starts_with('{')).collect::<Vec<_>>().join("\n");
        parse_outputs(&answer).map_err(|error| EngineError::Answer {
            command: "terragrunt output".to_owned(),
            cause: error.to_string(),
        })
    }
}

/// The program named, or the one on PATH.
pub fn find_terragrunt(named: Option<&Path>) -> Option<PathBuf> {
    on_path(named.unwrap_or(Path::new("terragrunt")))
}

fn check_version(program: &Path) -> Result<(), EngineError> {
    let bad = |cause: String| EngineError::BadTool { program: program.display().to_string(), cause };
    let text = duct::cmd!(program, "--version").stdin_null().stderr_null().read();
    let text = text.map_err(|error| bad(error.to_string()))?;
    // `terragrunt version v1.1.3`; a build without a version says `latest` or `v0.0.0`.
    let word = text.split_whitespace().last().unwrap_or_default().trim_start_matches('v').to_owned();
    match version_numbers(&word) {
        Some(found) if Some(found) < version_numbers(OLDEST) && found != [0, 0, 0] => {
            Err(EngineError::OldTerragrunt { version: word, needed: OLDEST })
        }
        _ => Ok(()),
    }
}

fn version_numbers(text: &str) -> Option<[u64; 3]> {
    let release = text.split(['-', '+']).next()?;
    let mut numbers = release.split('.').map(|part| part.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

/// The message inside a line of Terragrunt's JSON log; any other line as it is.
fn log_message(line: &str) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(line).ok();
    let message = parsed.as_ref().and_then(|entry| entry.get("msg")).and_then(serde_json::Value::as_str);
    message.unwrap_or(line).to_owned()
}

/// The process that the script noted, where it still runs.
fn running(process_id: &Path) -> Option<i32> {
    let id = std::fs::read_to_string(process_id).ok()?.trim().parse().ok()?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), None).ok().map(|()| id)
}

/// A path as one word for `sh`.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version_numbers("0.9.10") < version_numbers(OLDEST));
        assert!(version_numbers("1.1.3-beta") > version_numbers(OLDEST));
        assert_eq!(version_numbers("latest"), None);
    }

    #[test]
    fn the_message_is_taken_out_of_the_json_log() {
        let line = r#"{"level":"error","msg":"no such module","time":"12:00"}"#;
        assert_eq!(log_message(line), "no such module");
        assert_eq!(log_message("plain"), "plain");
    }

    #[test]
    fn paths_survive_the_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
