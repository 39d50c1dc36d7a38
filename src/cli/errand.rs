//! What `run` and `exec` have in common: which units, how many at once, who agrees.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, concluded};
use super::global::{Global, StackGeneration, ToolArgs};
use super::selection::SelectionArgs;
use crate::engine::errand::{Errand, ErrandError};
use crate::launch::{CommandError, Consent, ErrandLaunch, RunOptions, run_errand};
use crate::ui::Ui;

/// The flags of both.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct ErrandArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Say what would be run where, in its order, and run nothing
    #[arg(long, env = "SLIPWAY_DRY_RUN")]
    dry_run: bool,

    /// How many units run at once [default: 8, or as slipway.hcl says]
    #[arg(short = 'j', long, value_name = "N", env = "SLIPWAY_PARALLELISM", value_parser = super::global::at_once)]
    parallelism: Option<std::num::NonZeroUsize>,

    /// Start nothing new after the first failure
    #[arg(long, env = "SLIPWAY_FAIL_FAST", overrides_with = "keep_going")]
    fail_fast: bool,

    /// After a failure, go on with what does not wait for it (the default, unless slipway.hcl says otherwise)
    #[arg(long, env = "SLIPWAY_KEEP_GOING", overrides_with = "fail_fast")]
    keep_going: bool,

    /// How long a unit may take, such as 45m, before its tool is interrupted
    #[arg(long, value_name = "TIME", env = "SLIPWAY_UNIT_TIMEOUT", value_parser = super::global::time)]
    unit_timeout: Option<std::time::Duration>,

    /// Create the state bucket where it is missing
    #[arg(long, env = "SLIPWAY_BACKEND_BOOTSTRAP")]
    backend_bootstrap: bool,

    #[command(flatten)]
    stacks: StackGeneration,

    #[command(flatten)]
    tools: ToolArgs,
}

impl ErrandArgs {
    fn options(&self) -> RunOptions {
        RunOptions {
            parallelism: self.parallelism,
            fail_fast: if self.fail_fast { Some(true) } else { self.keep_going.then_some(false) },
            unit_timeout: self.unit_timeout,
            backend_bootstrap: self.backend_bootstrap,
            keep_generated: self.stacks.no_stack_generate,
            tools: self.tools.tools(),
            ..RunOptions::default()
        }
    }

    /// Runs it.
    pub async fn launch(
        &self,
        ui: Ui,
        global: &Global,
        command: &'static str,
        (errand, yes): (Result<Errand, ErrandError>, bool),
    ) -> Result<Exit, CommandError> {
        let wanted = ErrandLaunch {
            command,
            path: self.path.as_deref(),
            selectors: &self.selection.selectors(),
            options: &self.options(),
            errand: errand?,
            consent: Consent::of(yes),
            dry_run: self.dry_run,
        };
        let conclusion = run_errand(ui, &global.invocation(), wanted).await?;
        let exit = concluded(ui, &conclusion);
        Ok(if exit == Exit::Done && conclusion.has_changes { Exit::Changes } else { exit })
    }
}

impl From<ErrandError> for CommandError {
    fn from(error: ErrandError) -> Self {
        let (message, help) = (error.to_string(), error.advice());
        if error.is_refusal() { Self::refused(message, help) } else { Self::usage(message, help) }
    }
}
