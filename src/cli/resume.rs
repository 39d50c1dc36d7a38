//! `slipway resume`: go on where a run stopped.

use clap::Args;

use super::consent::ConsentArgs;
use super::exit::{Exit, concluded};
use super::global::{EngineArgs, Global};
use crate::launch::{CommandError, Resuming, Workspace, resume};
use crate::project::Needs;
use crate::ui::Ui;

/// Go on where a run stopped
///
/// What succeeded is not done again; all else of the run is planned anew, on what is there now, and done as it was asked for: with the same command, engine and tool. What a tool was changing when the run was killed is planned anew too, so that only what is missing is applied.
#[derive(Args, Clone, Debug)]
pub struct ResumeArgs {
    /// The run's id, or how it begins [default: the newest run]
    run: Option<String>,

    #[command(flatten)]
    consent: ConsentArgs,

    /// Go on also with a run that was not begun in this folder by you: its record says what is done already, and with which tool
    #[arg(long, env = "SLIPWAY_FROM_ELSEWHERE")]
    from_elsewhere: bool,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Goes on.
pub async fn cmd_resume(ui: Ui, global: &Global, args: &ResumeArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open(ui, &global.invocation(), Needs::EVERYTHING)?;
    let wanted = Resuming {
        run: args.run.as_deref(),
        consent: args.consent.consent(),
        from_elsewhere: args.from_elsewhere,
        options: &args.engine.options(),
    };
    Ok(concluded(ui, &resume(ui, workspace, wanted).await?))
}
