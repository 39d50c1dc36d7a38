//! `slipway up`: units and gates in one graph.

use std::path::PathBuf;

use clap::Args;

use super::consent::ConsentArgs;
use super::exit::{Exit, concluded};
use super::global::{EngineArgs, Global};
use super::selection::SelectionArgs;
use super::shared::SharedArgs;
use crate::launch::{CommandError, Launch, launch};
use crate::run::command::Command;
use crate::run::plans::Plans;
use crate::ui::Ui;

/// Plan, apply, verify and bootstrap: units and gates in one graph
///
/// Each unit is planned on the real outputs of what it depends on, and exactly that plan is applied. Behind a cluster's unit the cluster is verified, Argo CD is installed, and its applications are waited for.
#[derive(Args, Clone, Debug)]
pub struct UpArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    shared: SharedArgs,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Brings everything up.
pub async fn cmd_up(ui: Ui, global: &Global, args: &UpArgs) -> Result<Exit, CommandError> {
    let wanted = Launch {
        command: Command::Up,
        path: args.path.as_deref(),
        selectors: &args.selection.selectors(),
        options: &args.shared.options(&args.engine),
        consent: args.consent.consent(),
        plans: Plans::default(),
        leave_dependents: false,
    };
    Ok(concluded(ui, &launch(ui, &global.invocation(), wanted).await?))
}
