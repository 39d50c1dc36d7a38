//! `slipway down`: everything goes, in reverse.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, concluded};
use super::global::{EngineArgs, Global};
use super::selection::SelectionArgs;
use super::shared::SharedArgs;
use crate::launch::{CommandError, Consent, Launch, launch};
use crate::run::command::Command;
use crate::run::plans::Plans;
use crate::ui::Ui;

/// Take everything down: applications, Argo CD, units in reverse
///
/// A unit with `prevent_destroy` stops it before anything is touched.
#[derive(Args, Clone, Debug)]
pub struct DownArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Ask nobody: apply what was planned
    #[arg(short = 'y', long, env = "SLIPWAY_YES")]
    yes: bool,

    /// Go on where units that stay depend on those that go
    #[arg(long, env = "SLIPWAY_LEAVE_DEPENDENTS")]
    leave_dependents: bool,

    #[command(flatten)]
    shared: SharedArgs,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Takes everything down.
pub async fn cmd_down(ui: Ui, global: &Global, args: &DownArgs) -> Result<Exit, CommandError> {
    let wanted = Launch {
        command: Command::Down,
        path: args.path.as_deref(),
        selectors: &args.selection.selectors(),
        options: &args.shared.options(&args.engine),
        consent: Consent::of(args.yes),
        plans: Plans::default(),
        leave_dependents: args.leave_dependents,
    };
    Ok(concluded(ui, &launch(ui, &global.invocation(), wanted).await?))
}
