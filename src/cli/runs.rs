//! `slipway runs`: what happened, when, by whom, at which commit.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::exit::{CliError, Exit};
use super::global::{Format, Global};
use super::ui::Ui;
use super::workspace::Workspace;
use crate::report::model::Summary;
use crate::run::event::{Event, EventKind, RunStart};
use crate::run::folder::RunFolder;
use crate::run::journal;
use crate::support::git::short;

/// List runs, or show one
#[derive(Args, Clone, Debug)]
pub struct RunsArgs {
    #[command(subcommand)]
    command: Option<RunsCommand>,
}

#[derive(Subcommand, Clone, Debug)]
enum RunsCommand {
    /// Show the table of one run, by default the newest
    Show {
        /// The run's id, or how it begins
        run: Option<String>,
    },
}

#[derive(Serialize)]
struct Listed {
    run: String,
    time: String,
    command: String,
    engine: String,
    commit: Option<String>,
    user: Option<String>,
    finished: bool,
    failed: usize,
}

/// Lists or shows.
pub fn cmd_runs(ui: Ui, global: &Global, args: &RunsArgs) -> Result<Exit, CliError> {
    let workspace = Workspace::open(global)?;
    let folders = RunFolder::all(&workspace.home);
    match &args.command {
        None => list(ui, &folders)?,
        Some(RunsCommand::Show { run }) => show(ui, &folders, run.as_deref())?,
    }
    Ok(Exit::Done)
}

fn list(ui: Ui, folders: &[RunFolder]) -> Result<(), CliError> {
    let mut runs = Vec::new();
    for folder in folders {
        let events = journal::read(&folder.journal())?;
        runs.extend(listed(folder, &events));
    }
    if ui.format() == Format::Json {
        return ui.json(&runs);
    }
    let line = |run: &Listed| {
        let state = match (run.finished, run.failed) {
            (false, _) => "not finished".to_owned(),
            (true, 0) => "done".to_owned(),
            (true, failed) => format!("{failed} failed"),
        };
        let commit = run.commit.as_deref().map_or("no commit", short);
        let user = run.user.as_deref().unwrap_or("unknown");
        format!("{}  {}  {:<8} {commit}  {user}  {state}\n", run.run, run.time, run.command)
    };
    ui.answer(&runs.iter().map(line).collect::<String>())
}

fn listed(folder: &RunFolder, events: &[Event]) -> Option<Listed> {
    let first = events.first()?;
    let EventKind::RunStarted(RunStart { command, engine, commit, user, .. }) = &first.kind else {
        return None;
    };
    let summary = Summary::of(events);
    let failed =
        |row: &&crate::report::model::Row| row.outcome.as_ref().is_some_and(|outcome| !outcome.is_success());
    Some(Listed {
        run: folder.id.clone(),
        time: first.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        command: command.clone(),
        engine: engine.clone(),
        commit: commit.clone(),
        user: user.clone(),
        finished: events.iter().any(|event| matches!(event.kind, EventKind::RunFinished { .. })),
        failed: summary.nodes.iter().filter(failed).count(),
    })
}

fn show(ui: Ui, folders: &[RunFolder], run: Option<&str>) -> Result<(), CliError> {
    let found = folders.iter().find(|folder| run.is_none_or(|run| folder.id.starts_with(run)));
    let Some(folder) = found else {
        let what =
            run.map_or_else(|| "there are no runs yet".to_owned(), |run| format!("there is no run {run}"));
        return Err(CliError::usage(what, "list them with `slipway runs`"));
    };
    let summary = Summary::of(&journal::read(&folder.journal())?);
    if ui.format() == Format::Json {
        return ui.json(&summary);
    }
    ui.answer(&summary.table())?;
    ui.say(&format!("logs: {}", folder.logs().display()));
    Ok(())
}
