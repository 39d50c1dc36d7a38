//! `slipway drift`: what is not as it was left.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, concluded};
use super::global::{EngineArgs, Global};
use super::selection::SelectionArgs;
use super::shared::SharedArgs;
use crate::launch::{CommandError, Consent, Launch, RunOptions, Scope, launch};
use crate::run::command::Command;
use crate::run::plans::Plans;
use crate::ui::Ui;

/// Look for what was changed by hand, in units and in applications
///
/// Each unit is planned with `-refresh-only`, and the applications of each cluster are held against the manifests repository. Nothing is changed. Exits with 4 where something has drifted.
#[derive(Args, Clone, Debug)]
pub struct DriftArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Show under the table what differs in each resource, attribute by attribute; sensitive values are masked
    #[arg(long, env = "SLIPWAY_DETAIL")]
    detail: bool,

    /// Look at the units only, and at no cluster
    #[arg(long, env = "SLIPWAY_NO_APPLICATIONS")]
    no_applications: bool,

    #[command(flatten)]
    shared: SharedArgs,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Looks for it.
pub async fn cmd_drift(ui: Ui, global: &Global, args: &DriftArgs) -> Result<Exit, CommandError> {
    let scope = if args.no_applications { Scope::Units } else { Scope::Everything };
    let options = RunOptions { scope, ..args.shared.options(&args.engine) };
    let wanted = Launch {
        command: Command::Drift,
        path: args.path.as_deref(),
        selectors: &args.selection.selectors(),
        options: &options,
        consent: Consent::Once,
        plans: Plans { detailed: args.detail, ..Plans::default() },
        leave_dependents: false,
    };
    Ok(concluded(ui, &launch(ui, &global.invocation(), wanted).await?))
}
