//! `slipway plan`: what would change.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, concluded};
use super::global::{EngineArgs, Global};
use super::selection::SelectionArgs;
use super::shared::SharedArgs;
use crate::launch::{CommandError, Planning, Signing, plan};
use crate::ui::Ui;

/// How saved plans are signed.
#[derive(Args, Clone, Debug)]
pub struct SigningArgs {
    /// Sign the saved plans with this SSH key [default: the one that git signs with, where gpg.format is ssh]
    #[arg(long, value_name = "KEY", env = "SLIPWAY_SIGN_WITH")]
    sign_with: Option<PathBuf>,

    /// Save the plans unsigned, although git is configured to sign with an SSH key
    #[arg(long, env = "SLIPWAY_NO_SIGN", conflicts_with = "sign_with")]
    no_sign: bool,
}

/// Show what would change in every unit
///
/// A unit is planned with the outputs that what it depends on will have. Where some of these are known only after an apply, or mocks stand in for them, its plan is shown as provisional.
#[derive(Args, Clone, Debug)]
pub struct PlanArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Show under the table what changes in each resource, attribute by attribute; sensitive values are masked
    #[arg(long, env = "SLIPWAY_DETAIL")]
    detail: bool,

    /// Do not look again at what is really there of units that are as they were at the last look, and whose state is
    #[arg(long, env = "SLIPWAY_CHANGED_ONLY")]
    changed_only: bool,

    /// Save the plans into this new folder, for `slipway apply DIR`; provisional ones are left out
    #[arg(long, value_name = "DIR", env = "SLIPWAY_OUT")]
    out: Option<PathBuf>,

    #[command(flatten)]
    signing: SigningArgs,

    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    shared: SharedArgs,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Plans.
pub async fn cmd_plan(ui: Ui, global: &Global, args: &PlanArgs) -> Result<Exit, CommandError> {
    let wanted = Planning {
        path: args.path.as_deref(),
        selectors: &args.selection.selectors(),
        options: &args.shared.options(&args.engine),
        detailed: args.detail,
        changed_only: args.changed_only,
        out: args.out.as_deref(),
        signing: &Signing { key: args.signing.sign_with.clone(), unsigned: args.signing.no_sign },
    };
    let conclusion = plan(ui, &global.invocation(), wanted).await?;
    let exit = concluded(ui, &conclusion);
    let has_changes = conclusion.has_changes && args.detailed_exitcode;
    Ok(if exit == Exit::Done && has_changes { Exit::Changes } else { exit })
}
