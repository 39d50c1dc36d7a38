//! `slipway exec`: any program, for each of the units.

use std::ffi::OsString;

use clap::Args;

use super::errand::ErrandArgs;
use super::exit::Exit;
use super::global::Global;
use crate::engine::errand::Errand;
use crate::launch::CommandError;
use crate::ui::Ui;

/// Run any program for each of the units, in their order
///
/// In the folder in which the tool would run, with the unit's inputs as `TF_VAR_…` and the credentials of its role.
#[derive(Args, Clone, Debug)]
pub struct ExecArgs {
    #[command(flatten)]
    errand: ErrandArgs,

    /// The program with its arguments, behind --
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// Runs it.
pub async fn cmd_exec(ui: Ui, global: &Global, args: &ExecArgs) -> Result<Exit, CommandError> {
    args.errand.launch(ui, global, "exec", (Errand::of_program(&args.program), true)).await
}
