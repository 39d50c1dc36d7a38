//! `slipway apply`: units only, planned now or before.

use std::path::PathBuf;

use clap::Args;

use super::consent::ConsentArgs;
use super::exit::{Exit, concluded};
use super::global::{EngineArgs, Global};
use super::plans_key::plans_key;
use super::selection::SelectionArgs;
use super::shared::SharedArgs;
use crate::engine::plan::folder::is_saved;
use crate::launch::{CommandError, Launch, SavedApply, Trust, Workspace, apply_saved, launch, working_dir};
use crate::project::Needs;
use crate::run::command::Command;
use crate::run::plans::Plans;
use crate::ui::Ui;

/// Whose saved plans are applied.
#[derive(Args, Clone, Debug)]
pub struct TrustArgs {
    /// Apply saved plans only with a signature of someone on this list, which ssh-keygen reads [default for signed ones: git's gpg.ssh.allowedSignersFile]
    #[arg(long, value_name = "FILE", env = "SLIPWAY_ALLOWED_SIGNERS")]
    allowed_signers: Option<PathBuf>,

    /// Refuse saved plans that are not signed by an allowed signer
    #[arg(long, env = "SLIPWAY_REQUIRE_SIGNATURE")]
    require_signature: bool,
}

impl TrustArgs {
    /// Whether anything is asked of signatures on the command line itself: a variable may be set for all commands.
    pub(super) fn is_used(&self) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some();
        self.allowed_signers.is_some() && !set("SLIPWAY_ALLOWED_SIGNERS")
            || self.require_signature && !set("SLIPWAY_REQUIRE_SIGNATURE")
    }

    /// What is asked.
    pub(super) fn trust(&self) -> Trust {
        Trust { allowed_signers: self.allowed_signers.clone(), require_signature: self.require_signature }
    }
}

/// Plan and apply the units, or apply saved plans
///
/// As `up`, without the gates of clusters. Where PATH is a folder that `slipway plan --out` wrote, exactly the plans in it are applied: they are refused where anything they were made on has changed since, which the commit alone does not. With --shared the plans are laid beside the run, sealed with the key in `SLIPWAY_PLANS_KEY`, for the other machines.
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

    /// Where what saved plans were made on has changed, plan anew, and apply what means the same: the same actions on the same objects with the same values
    #[arg(long, env = "SLIPWAY_REPLAN")]
    replan: bool,

    #[command(flatten)]
    shared: SharedArgs,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Applies.
pub async fn cmd_apply(ui: Ui, global: &Global, args: &ApplyArgs) -> Result<Exit, CommandError> {
    let invocation = global.invocation();
    let working_dir = working_dir(&invocation)?;
    let options = args.shared.options(&args.engine);
    let saved = args.path.as_ref().map(|path| working_dir.join(path)).filter(|path| is_saved(path));
    if let Some(folder) = saved {
        if args.selection.is_narrowed() {
            return Err(CommandError::usage(
                "saved plans are applied as a whole",
                "leave the filters out, or give them to `slipway plan --out`",
            ));
        }
        let key = if options.shared.is_some() { plans_key()? } else { None };
        let workspace = Workspace::open(ui, &invocation, Needs::RUN)?;
        let wanted = SavedApply {
            folder: &folder,
            consent: args.consent.consent(),
            trust: &args.trust.trust(),
            replan: args.replan,
            options: &options,
            key: key.as_ref(),
        };
        return Ok(concluded(ui, &apply_saved(ui, workspace, wanted).await?));
    }
    if args.trust.is_used() {
        return Err(CommandError::usage(
            "there are no saved plans whose signature could be checked",
            "name the folder that `slipway plan --out` wrote",
        ));
    }
    if args.replan && std::env::var_os("SLIPWAY_REPLAN").is_none() {
        return Err(CommandError::usage(
            "there are no saved plans that could be made anew",
            "name the folder that `slipway plan --out` wrote",
        ));
    }
    let wanted = Launch {
        command: Command::Apply,
        path: args.path.as_deref(),
        selectors: &args.selection.selectors(),
        options: &options,
        consent: args.consent.consent(),
        plans: Plans::default(),
        leave_dependents: false,
    };
    Ok(concluded(ui, &launch(ui, &invocation, wanted).await?))
}
