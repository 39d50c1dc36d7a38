//! `slipway destroy`: units only, in reverse.

use std::path::PathBuf;

use clap::Args;

use super::agree::{self, Consent};
use super::carry_out::{carry_out, refuse_unattended};
use super::execute::{Execution, execute, refuse_protected};
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, EngineFlag, Global};
use super::removed::{self, Generation, Search};
use super::run::Run;
use super::selection::SelectionArgs;
use super::ui::Ui;
use super::workspace::{Selection, Workspace};
use crate::estate::{Graph, Needs};
use crate::run::command::Command;
use crate::run::plans::Plans;
use crate::support::git::short;

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
    #[arg(long, conflicts_with_all = ["filters", "affected", "leave_dependents"])]
    removed: bool,

    /// Go on where units that stay depend on those that go
    #[arg(long, env = "SLIPWAY_LEAVE_DEPENDENTS")]
    leave_dependents: bool,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Destroys.
pub async fn cmd_destroy(ui: Ui, global: &Global, args: &DestroyArgs) -> Result<Exit, CliError> {
    if args.removed {
        return destroy_removed(ui, global, args).await;
    }
    let execution = Execution {
        command: Command::Destroy,
        path: args.path.as_deref(),
        selection: &args.selection,
        engine: &args.engine,
        consent: Consent::of(args.yes),
        plans: Plans::default(),
        leave_dependents: args.leave_dependents,
    };
    Ok(execute(ui, global, execution).await?.exit)
}

/// Destroys what is no longer in the tree, a commit at a time: as the files of that commit say.
async fn destroy_removed(ui: Ui, global: &Global, args: &DestroyArgs) -> Result<Exit, CliError> {
    let workspace = Workspace::open_for(global, args.path.as_deref(), Needs::EVERYTHING)?;
    refuse_unattended(global, Command::DestroyRemoved, Consent::of(args.yes))?;
    let mut engine_args = args.engine.clone();
    // Only our own engine can work on files that stand for others.
    engine_args.tools.engine = Some(EngineFlag::Native);
    let engine = workspace.engine(&engine_args.tools, false)?;
    let within = removed::within(&workspace, args.path.as_deref())?;
    let search = Search { within: within.clone(), exec: true, ..Search::default() };
    let generations = removed::find(&workspace, &engine, &search).await;
    let generations = generations.map_err(|error| {
        CliError::usage(error.to_string(), "removed units are found in the history of a Git repository")
    })?;
    for generation in &generations {
        for unit in &generation.unknown {
            let (name, commit) = (generation.estate.name(*unit), short(&generation.commit));
            ui.say(&format!("{name} (last in {commit}) is left alone: its state cannot be read"));
        }
    }
    if within.is_none() {
        for place in removed::unexplained(&workspace, &generations).await {
            ui.say(&format!("{place} is left alone: no unit and no history explains this state"));
        }
    }
    let mut worst = Exit::Done;
    let mut found = false;
    for generation in generations.into_iter().filter(|generation| !generation.orphans.is_empty()) {
        found = true;
        ui.say(&format!(
            "last in commit {}, and still with resources: {}",
            short(&generation.commit),
            generation.names().join(", ")
        ));
        let exit = destroy_generation(ui, global, args, &engine_args, generation).await?;
        if exit != Exit::Done {
            worst = exit;
            // What went before it stands on what comes after.
            break;
        }
    }
    if !found {
        ui.say("no unit that is no longer in the tree has resources");
    }
    Ok(worst)
}

async fn destroy_generation(
    ui: Ui,
    global: &Global,
    args: &DestroyArgs,
    engine: &EngineArgs,
    generation: Generation,
) -> Result<Exit, CliError> {
    let mut workspace = Workspace::open_for(global, args.path.as_deref(), Needs::EVERYTHING)?;
    let mut request = workspace.request(None, global, engine)?;
    let root = workspace.project.estate_root.clone();
    let dirs: Vec<PathBuf> =
        generation.orphans.iter().map(|unit| root.join(&generation.estate.unit(*unit).path)).collect();
    let within = removed::within(&workspace, args.path.as_deref())?;
    let asked_for = within.unwrap_or_else(|| root.clone());
    let word = agree::word(&asked_for, &root, &dirs);
    request.path = asked_for;
    workspace.project.estate_root.clone_from(&generation.root);
    let graph = Graph::build(&generation.estate)?;
    let Generation { reader, estate, orphans, stands_for, snapshot: _snapshot, .. } = generation;
    let selection = Selection { estate, graph, selected: orphans, dependents: Vec::new() };
    refuse_protected(&workspace, &selection)?;
    let run = Run {
        command: Command::DestroyRemoved,
        consent: Consent::of(args.yes),
        word: Some(word),
        stands_for: Some(stands_for),
        plans: Plans::default(),
        engine,
        request,
        past: None,
    };
    Ok(carry_out(ui, global, &workspace, &selection, reader, run).await?.exit)
}
