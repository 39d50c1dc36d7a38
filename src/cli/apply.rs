//! `slipway apply`: units only, planned now or before.

use std::path::PathBuf;

use clap::Args;

use super::agree::ConsentArgs;
use super::execute::{Execution, execute};
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, Global};
use super::saved_plan::{self, TrustArgs};
use super::selection::SelectionArgs;
use super::ui::Ui;
use super::workspace::{Workspace, working_dir};
use crate::engine::plan::folder::is_saved;
use crate::estate::Needs;
use crate::run::command::Command;
use crate::run::plans::Plans;

/// Plan and apply the units, or apply saved plans
///
/// As `up`, without the gates of clusters. Where PATH is a folder that `slipway plan --out` wrote, exactly the plans in it are applied: they are refused where anything they were made on has changed since.
#[derive(Args, Clone, Debug)]
pub struct ApplyArgs {
    /// A folder, here or under the estate's root; or one of saved plans
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Applies.
pub async fn cmd_apply(ui: Ui, global: &Global, args: &ApplyArgs) -> Result<Exit, CliError> {
    let working_dir = working_dir(global)?;
    let saved = args.path.as_ref().map(|path| working_dir.join(path)).filter(|path| is_saved(path));
    if let Some(folder) = saved {
        if args.selection.is_narrowed() {
            return Err(CliError::usage(
                "saved plans are applied as a whole",
                "leave the filters out, or give them to `slipway plan --out`",
            ));
        }
        let workspace = Workspace::open(global, Needs::RUN)?;
        return saved_plan::apply(
            ui,
            global,
            workspace,
            &folder,
            args.consent.consent(),
            &args.trust,
            &args.engine,
        )
        .await;
    }
    if args.trust.is_used() {
        return Err(CliError::usage(
            "there are no saved plans whose signature could be checked",
            "name the folder that `slipway plan --out` wrote",
        ));
    }
    let execution = Execution {
        command: Command::Apply,
        path: args.path.as_deref(),
        selection: &args.selection,
        engine: &args.engine,
        consent: args.consent.consent(),
        plans: Plans::default(),
        leave_dependents: false,
    };
    Ok(execute(ui, global, execution).await?.exit)
}
