//! Hooks around a command.

use std::ffi::OsString;
use std::path::Path;

use crate::engine::process::{Options, run};
use crate::engine::{EngineError, Said, Session};
use crate::hcl::go_regex;
use crate::support::process::CommandLine;
use crate::terragrunt::config::{ErrorHook, Hook, Terraform, UnitConfig};

/// The hooks of one command of one unit.
pub struct Hooks<'a> {
    /// The unit.
    pub config: &'a UnitConfig,
    /// The tool's command.
    pub command: &'a str,
    /// The folder the tool runs in, and hooks by default.
    pub dir: &'a Path,
    /// The environment that the tool gets; hooks get the same.
    pub environment: &'a [(OsString, OsString)],
    /// The tool.
    pub tool: &'a Path,
}

/// The command whose after hooks run once a unit's configuration is read, before all else.
pub const READ_CONFIG: &str = "terragrunt-read-config";
/// The command whose hooks run around fetching the source.
pub const INIT_FROM_MODULE: &str = "init-from-module";

/// Whether a unit has hooks around a command.
pub fn are_around(config: &UnitConfig, command: &str) -> bool {
    let Some(terraform) = &config.terraform else { return false };
    let mut hooks = terraform.before_hooks.iter().chain(&terraform.after_hooks);
    let names = |commands: &[String]| commands.iter().any(|name| name == command);
    hooks.any(|hook| names(&hook.commands)) || terraform.error_hooks.iter().any(|hook| names(&hook.commands))
}

/// What a hook runs.
struct Program<'a> {
    /// The kind of its block.
    kind: &'static str,
    name: &'a str,
    execute: &'a [String],
    working_dir: Option<&'a str>,
}

impl<'a> Program<'a> {
    fn of(hook: &'a Hook, kind: &'static str) -> Self {
        Self { kind, name: &hook.name, execute: &hook.execute, working_dir: hook.working_dir.as_deref() }
    }
}

impl Hooks<'_> {
    /// Runs the hooks before the command; the first that fails is the failure, and what error hooks are held against, as with
    /// Terragrunt.
    pub async fn before(&self, session: Session<'_>) -> Result<(), EngineError> {
        let hooks = self.terraform().map(|terraform| &terraform.before_hooks);
        let mut failed = None;
        for hook in hooks.into_iter().flatten().filter(|hook| self.applies(hook)) {
            if failed.is_some() && !hook.run_on_error {
                continue;
            }
            let ran = self.execute(&Program::of(hook, "before_hook"), session).await;
            failed = failed.or(ran.err());
        }
        failed.map_or(Ok(()), Err)
    }

    /// Runs the hooks after the command and hands its result on; a failed hook fails what had succeeded.
    pub async fn after<T>(
        &self,
        result: Result<T, EngineError>,
        session: Session<'_>,
    ) -> Result<T, EngineError> {
        let Some(terraform) = self.terraform() else { return result };
        let mut failed: Option<EngineError> = None;
        for hook in terraform.after_hooks.iter().filter(|hook| self.applies(hook)) {
            let broken = result.is_err() || failed.is_some();
            if broken && !hook.run_on_error {
                continue;
            }
            let ran = self.execute(&Program::of(hook, "after_hook"), session).await;
            failed = failed.or(ran.err());
        }
        let errors: Vec<String> =
            result.as_ref().err().into_iter().chain(&failed).map(EngineError::told_to_hooks).collect();
        if !errors.is_empty() {
            self.on_error(&terraform.error_hooks, &errors.join("\n"), session).await?;
        }
        match failed {
            Some(error) if result.is_ok() => Err(error),
            _ => result,
        }
    }

    /// Runs every error hook that matches, whether or not another one fails: the failure is what they were called for.
    async fn on_error(
        &self,
        hooks: &[ErrorHook],
        error: &str,
        session: Session<'_>,
    ) -> Result<(), EngineError> {
        let applies = |hook: &&ErrorHook| hook.commands.iter().any(|command| command == self.command);
        for hook in hooks.iter().filter(applies) {
            let matches =
                |pattern: &String| go_regex::compile(pattern).is_ok_and(|pattern| pattern.is_match(error));
            if hook.on_errors.iter().any(matches) {
                let (name, execute) = (&*hook.name, &*hook.execute);
                let working_dir = hook.working_dir.as_deref();
                let program = Program { kind: "error_hook", name, execute, working_dir };
                match self.execute(&program, session).await {
                    Ok(()) => {}
                    Err(error @ EngineError::Interrupted { .. }) => return Err(error),
                    Err(error) => session.watcher.line(&format!("error: {error}")),
                }
            }
        }
        Ok(())
    }

    fn terraform(&self) -> Option<&Terraform> {
        self.config.terraform.as_ref()
    }

    fn applies(&self, hook: &Hook) -> bool {
        hook.condition && hook.commands.iter().any(|command| command == self.command)
    }

    async fn execute(&self, hook: &Program<'_>, session: Session<'_>) -> Result<(), EngineError> {
        let name = hook.name;
        let Some((program, arguments)) = hook.execute.split_first() else { return Ok(()) };
        let dir = hook.working_dir.map_or_else(|| self.dir.to_owned(), |dir| self.dir.join(dir));
        let mut command = CommandLine::new(program, dir).args(arguments.iter().cloned());
        command.environment = self.environment.to_vec();
        // What Terragrunt tells hooks of their place; the last three with an experiment only.
        let command = command
            .env("TG_CTX_TF_PATH", self.tool)
            .env("TG_CTX_COMMAND", self.command)
            .env("TG_CTX_HOOK_NAME", name)
            .env("TG_CTX_HOOK_TYPE", hook.kind)
            .env("TG_CTX_SOURCE", self.config.source().unwrap_or_default())
            .env("TG_CTX_TERRAGRUNT_DIR", &self.config.dir);
        let ran = run(&command, Options::new(name), session).await;
        match ran {
            Ok(_) => Ok(()),
            // Nothing is wrong with it.
            Err(error @ EngineError::Interrupted { .. }) => Err(error),
            Err(EngineError::Failed { cause, said, .. }) => {
                Err(EngineError::Hook { name: name.to_owned(), cause, said })
            }
            Err(error) => {
                let cause = error.to_string();
                let said = Box::new(Said { stderr: cause.clone(), ..Said::default() });
                Err(EngineError::Hook { name: name.to_owned(), cause, said })
            }
        }
    }
}
