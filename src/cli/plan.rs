//! `slipway plan`: what would change.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::agree::Consent;
use super::carry_out::Conclusion;
use super::execute::{Execution, execute};
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, Global};
use super::removed;
use super::saved_plan::{self, SigningArgs};
use super::selection::SelectionArgs;
use super::ui::Ui;
use super::workspace::Workspace;
use crate::estate::Needs;
use crate::run::command::Command;
use crate::run::plans::{Keeper, Plans};

/// How long a plan that is done waits for the note on units that were removed.
const NOTE_LIMIT: std::time::Duration = std::time::Duration::from_secs(1);

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

    /// Save the plans into this new folder, for `slipway apply DIR`; plans on mocks are left out
    #[arg(long, value_name = "DIR", env = "SLIPWAY_OUT")]
    out: Option<PathBuf>,

    #[command(flatten)]
    signing: SigningArgs,

    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Plans.
pub async fn cmd_plan(ui: Ui, global: &Global, args: &PlanArgs) -> Result<Exit, CliError> {
    // Beside the plan, so that nobody waits for it.
    let note = tokio::spawn(removed::note(global.clone(), args.path.clone()));
    let saving = match &args.out {
        Some(out) => Some(saved_plan::Saving::begin(
            Workspace::open_for(global, args.path.as_deref(), Needs::ENGINE)?,
            out,
            &args.signing,
        )?),
        None => None,
    };
    let keeper = saving.as_ref().map(|saving| Arc::new(Keeper::new(saving.project_dir())));
    let execution = Execution {
        command: Command::Plan,
        path: args.path.as_deref(),
        selection: &args.selection,
        engine: &args.engine,
        consent: Consent::of(false),
        plans: Plans { detailed: args.detail, keeper: keeper.clone(), saved: None },
        leave_dependents: false,
    };
    let Conclusion { exit, has_changes } = execute(ui, global, execution).await?;
    if let Ok(Ok(Some(note))) = tokio::time::timeout(NOTE_LIMIT, note).await {
        ui.say(&note);
    }
    if let (Some(saving), Some(keeper)) = (saving, keeper) {
        if exit != Exit::Done {
            ui.say("nothing is saved: not every unit could be planned");
            return Ok(exit);
        }
        saving.save(ui, global, &args.engine, &keeper)?;
    }
    Ok(if exit == Exit::Done && has_changes && args.detailed_exitcode { Exit::Changes } else { exit })
}
