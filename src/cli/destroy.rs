//! `slipway destroy`: units only, in reverse.

use std::path::PathBuf;

use clap::Args;

use super::execute::{Execution, execute};
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, Global};
use super::selection::SelectionArgs;
use super::ui::Ui;
use crate::run::plans::Plans;
use crate::run::unit::Mode;

/// Destroy the units in reverse order
///
/// As `down`, without the applications and Argo CD of clusters. A unit with `prevent_destroy` stops it before anything is touched, and so does a unit that a filter leaves out and that depends on one that would go.
#[derive(Args, Clone, Debug)]
pub struct DestroyArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Ask nobody: apply what was planned
    #[arg(short = 'y', long, env = "SLIPWAY_YES")]
    yes: bool,

    /// Go on where units that a filter leaves out depend on those that go
    #[arg(long, env = "SLIPWAY_LEAVE_DEPENDENTS")]
    leave_dependents: bool,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Destroys.
pub async fn cmd_destroy(ui: Ui, global: &Global, args: &DestroyArgs) -> Result<Exit, CliError> {
    let execution = Execution {
        command: "destroy",
        mode: Mode::Destroy,
        gates: false,
        path: args.path.as_deref(),
        selection: &args.selection,
        engine: &args.engine,
        yes: args.yes,
        plans: Plans::default(),
        leave_dependents: args.leave_dependents,
    };
    Ok(execute(ui, global, execution).await?.0)
}
