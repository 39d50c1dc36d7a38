//! `slipway apply`: units only.

use std::path::PathBuf;

use clap::Args;

use super::execute::{Execution, execute};
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, Global};
use super::selection::SelectionArgs;
use super::ui::Ui;
use crate::run::plans::Plans;
use crate::run::unit::Mode;

/// Plan and apply the units
///
/// As `up`, without the gates of clusters.
#[derive(Args, Clone, Debug)]
pub struct ApplyArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Ask nobody: apply what was planned
    #[arg(short = 'y', long, env = "SLIPWAY_YES")]
    yes: bool,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Applies.
pub async fn cmd_apply(ui: Ui, global: &Global, args: &ApplyArgs) -> Result<Exit, CliError> {
    let execution = Execution {
        command: "apply",
        mode: Mode::Apply,
        gates: false,
        path: args.path.as_deref(),
        selection: &args.selection,
        engine: &args.engine,
        yes: args.yes,
        plans: Plans::default(),
        leave_dependents: false,
    };
    Ok(execute(ui, global, execution).await?.0)
}
