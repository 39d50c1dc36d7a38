//! `slipway destroy`: units only, in reverse.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, concluded};
use super::global::{EngineArgs, Global};
use super::selection::SelectionArgs;
use super::shared::SharedArgs;
use crate::launch::{CommandError, Consent, DestroyRemoved, Launch, Workspace, destroy_removed, launch};
use crate::project::Needs;
use crate::run::command::Command;
use crate::run::plans::Plans;
use crate::ui::Ui;

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

    /// Destroy units that are no longer in the tree, and whose states still hold resources; PATH need not be there
    #[arg(long, conflicts_with_all = ["filters", "affected", "leave_dependents", "shared"])]
    removed: bool,

    /// Go on where units that stay depend on those that go
    #[arg(long, env = "SLIPWAY_LEAVE_DEPENDENTS")]
    leave_dependents: bool,

    #[command(flatten)]
    shared: SharedArgs,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Destroys.
pub async fn cmd_destroy(ui: Ui, global: &Global, args: &DestroyArgs) -> Result<Exit, CommandError> {
    if args.removed {
        let workspace =
            Workspace::open_for(ui, &global.invocation(), args.path.as_deref(), Needs::EVERYTHING)?;
        let wanted = DestroyRemoved {
            path: args.path.as_deref(),
            consent: Consent::of(args.yes),
            options: args.shared.options(&args.engine),
        };
        return Ok(concluded(ui, &destroy_removed(ui, &workspace, wanted).await?));
    }
    let wanted = Launch {
        command: Command::Destroy,
        path: args.path.as_deref(),
        selectors: &args.selection.selectors(),
        options: &args.shared.options(&args.engine),
        consent: Consent::of(args.yes),
        plans: Plans::default(),
        leave_dependents: args.leave_dependents,
    };
    Ok(concluded(ui, &launch(ui, &global.invocation(), wanted).await?))
}
