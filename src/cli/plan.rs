//! `slipway plan`: what would change.

use std::path::PathBuf;

use clap::Args;

use super::execute::{Execution, execute};
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, Global};
use super::selection::SelectionArgs;
use super::ui::Ui;
use crate::run::plans::Plans;
use crate::run::unit::Mode;

/// Show what would change in every unit
///
/// Where a unit uses outputs of one that was never applied, its plan rests on mocks and is shown as provisional.
#[derive(Args, Clone, Debug)]
pub struct PlanArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Show under the table what changes in each resource, attribute by attribute; sensitive values are masked
    #[arg(long, env = "SLIPWAY_DETAIL")]
    detail: bool,

    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Plans.
pub async fn cmd_plan(ui: Ui, global: &Global, args: &PlanArgs) -> Result<Exit, CliError> {
    let execution = Execution {
        command: "plan",
        mode: Mode::Plan,
        gates: false,
        path: args.path.as_deref(),
        selection: &args.selection,
        engine: &args.engine,
        yes: false,
        plans: Plans { detailed: args.detail },
        leave_dependents: false,
    };
    let (exit, changes) = execute(ui, global, execution).await?;
    Ok(if exit == Exit::Done && changes && args.detailed_exitcode { Exit::Changes } else { exit })
}
