//! `slipway run`: a command of the tool, over units.

use std::ffi::OsString;

use clap::Args;

use super::errand::ErrandArgs;
use super::exit::Exit;
use super::global::Global;
use crate::engine::errand::Errand;
use crate::launch::CommandError;
use crate::ui::Ui;

/// Run any command of tofu or terraform over units, in their order
///
/// Each unit is made ready as for a plan. What changes states (`import`, `state rm`, `force-unlock`, …) asks first; `apply` and `destroy` are commands of their own.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    errand: ErrandArgs,

    /// Ask nobody, also where states are changed
    #[arg(short = 'y', long, env = "SLIPWAY_YES")]
    yes: bool,

    /// The command with its arguments, behind --
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs it.
pub async fn cmd_run(ui: Ui, global: &Global, args: &RunArgs) -> Result<Exit, CommandError> {
    args.errand.launch(ui, global, "run", (Errand::of_tool(&args.command), args.yes)).await
}
