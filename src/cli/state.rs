//! `slipway state`: states as a whole.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::exit::Exit;
use super::global::{EngineArgs, Global};
use crate::launch::{CommandError, Consent, Moved, Moves, StateMove, move_states};
use crate::ui::{Format, Ui};

/// Bring states to where units are now
#[derive(Args, Clone, Debug)]
pub struct StateArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Clone, Debug)]
enum Command {
    Move(MoveArgs),
}

/// Move the state of a unit along with its folder, or to another backend
///
/// Without FROM and TO, all units whose folders have moved: those that are gone, still have resources, and are there elsewhere, as Git recognises them. The state is pulled as the files of the last commit say that had the unit, kept under .slipway/moved, pushed to where the files say now, compared, and only then emptied where it was.
#[derive(Args, Clone, Debug)]
struct MoveArgs {
    /// The folder that the unit had, here or under the estate's root
    #[arg(requires = "to")]
    from: Option<PathBuf>,

    /// The folder that it has
    to: Option<PathBuf>,

    /// The commit at which states were where they are: without FROM, of all units whose backends have changed since [default: the last that had the unit in FROM]
    #[arg(long, value_name = "COMMIT")]
    at: Option<String>,

    /// Say what would be moved, and move nothing
    #[arg(long)]
    dry_run: bool,

    /// Ask nobody: move them
    #[arg(short = 'y', long, env = "SLIPWAY_YES")]
    yes: bool,

    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Serialize)]
struct Answer<'a> {
    moved: &'a [Moved],
}

/// Moves states.
pub async fn cmd_state(ui: Ui, global: &Global, args: &StateArgs) -> Result<Exit, CommandError> {
    let Command::Move(args) = &args.command;
    let wanted = StateMove {
        unit: args.from.as_deref().zip(args.to.as_deref()),
        at: args.at.as_deref(),
        consent: Consent::of(args.yes),
        dry_run: args.dry_run,
        options: args.engine.options(),
    };
    let Moves { moved, declined, interrupted } = move_states(ui, &global.invocation(), wanted).await?;
    if ui.format() == Format::Json {
        ui.json(&Answer { moved: &moved })?;
    }
    Ok(match (interrupted, declined) {
        (true, _) => Exit::Interrupted,
        (_, true) => Exit::Refused,
        _ => Exit::Done,
    })
}
