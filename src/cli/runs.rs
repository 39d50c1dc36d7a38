//! `slipway runs`: what happened, when, by whom, at which commit.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::detail::add_details;
use super::exit::{CliError, Exit};
use super::global::{Format, Global};
use super::reports::ReportArgs;
use super::run_locks::unlock_run;
use super::ui::Ui;
use super::workspace::Workspace;
use crate::estate::Needs;
use crate::report::model::Summary;
use crate::run::event::Event;
use crate::run::folder::RunFolder;
use crate::run::journal;
use crate::run::past::Past;
use crate::support::git::short;
use crate::support::shown;

/// List runs, or show one
#[derive(Args, Clone, Debug)]
pub struct RunsArgs {
    #[command(subcommand)]
    command: Option<RunsCommand>,
}

#[derive(Subcommand, Clone, Debug)]
enum RunsCommand {
    /// Break the locks that a run left beside states when its machine died
    ///
    /// Only the locks of that run are deleted. A run that was killed on this machine needs no breaking: the next one sees that it is dead.
    Unlock {
        /// The run's id, as the refused run named it
        run: String,

        /// A unit or a folder of units, here or under the estate's root [default: all]
        path: Option<PathBuf>,
    },
    /// Show one run, by default the newest: how it went, what failed and why
    ///
    /// Also of a run that was killed, and of one that still goes on.
    Show {
        /// The run's id, or how it begins
        run: Option<String>,

        /// Show under the table what changes in each resource, as far as the run's plans are still there; sensitive values are masked
        #[arg(long)]
        detail: bool,

        /// Show when each unit ran, and what it waited for
        #[arg(long)]
        timeline: bool,

        #[command(flatten)]
        reports: ReportArgs,
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
    state: State,
    finished: bool,
    failed: usize,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// A process is at it.
    Running,
    /// It was killed, or its machine was.
    Stopped,
    /// It came to its end, and not all is done.
    Incomplete,
    /// All is done.
    Done,
}

impl RunsArgs {
    /// Whether nothing is asked but what the records say.
    pub fn only_looks(&self) -> bool {
        matches!(self.command, None | Some(RunsCommand::Show { detail: false, .. }))
    }
}

/// Lists or shows.
pub async fn cmd_runs(ui: Ui, global: &Global, args: &RunsArgs) -> Result<Exit, CliError> {
    // What has happened is read without anything of slipway.hcl.
    let needs = if args.only_looks() { Needs::NOTHING } else { Needs::ENGINE };
    let workspace = Workspace::open(global, needs)?;
    match &args.command {
        Some(RunsCommand::Unlock { run, path }) => unlock_run(ui, &workspace, run, path.as_deref()).await?,
        None => list(ui, &RunFolder::all(workspace.look_at_home()?)?)?,
        Some(RunsCommand::Show { run, detail, timeline, reports }) => {
            let wanted = Wanted { detail: *detail, timeline: *timeline, reports };
            show(ui, workspace, run.as_deref(), &wanted).await?;
        }
    }
    Ok(Exit::Done)
}

fn list(ui: Ui, folders: &[RunFolder]) -> Result<(), CliError> {
    let mut runs = Vec::new();
    for folder in folders {
        match journal::read(&folder.journal()) {
            Ok(events) => runs.extend(listed(folder, events)),
            // One that is damaged does not hide the others.
            Err(error) => ui.say(&format!("{}: {error}", folder.id)),
        }
    }
    if ui.format() == Format::Json {
        return ui.json(&runs);
    }
    let line = |run: &Listed| {
        let state = match run.state {
            State::Running => "running".to_owned(),
            State::Stopped => "stopped before its end".to_owned(),
            State::Incomplete => format!("{} not done", run.failed),
            State::Done => "done".to_owned(),
        };
        let commit = run.commit.as_deref().map_or("no commit", short);
        let user = run.user.as_deref().unwrap_or("unknown");
        let line = format!("{}  {}  {:<8} {commit}  {user}  {state}", run.run, run.time, run.command);
        format!("{}\n", shown::name(&line))
    };
    ui.answer(&runs.iter().map(line).collect::<String>())
}

fn listed(folder: &RunFolder, events: Vec<Event>) -> Option<Listed> {
    let time = events.first()?.time;
    let summary = Summary::of(&events);
    let past = Past::of(events)?;
    let state = if journal::is_held(&folder.journal()) {
        State::Running
    } else if past.is_done() {
        State::Done
    } else if past.finished {
        State::Incomplete
    } else {
        State::Stopped
    };
    let failed =
        |row: &&crate::report::model::Row| row.outcome.as_ref().is_some_and(|outcome| !outcome.is_success());
    Some(Listed {
        run: folder.id.clone(),
        time: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        state,
        finished: past.finished,
        command: past.start.command,
        engine: past.start.engine,
        commit: past.start.commit,
        user: past.start.user,
        failed: summary.nodes.iter().filter(failed).count(),
    })
}

/// What is shown of a run besides its table.
struct Wanted<'a> {
    detail: bool,
    timeline: bool,
    reports: &'a ReportArgs,
}

async fn show(ui: Ui, workspace: Workspace, run: Option<&str>, wanted: &Wanted<'_>) -> Result<(), CliError> {
    let Some(folder) = RunFolder::find(workspace.look_at_home()?, run)? else {
        let what =
            run.map_or_else(|| "there are no runs yet".to_owned(), |run| format!("there is no run {run}"));
        return Err(CliError::usage(what, "list them with `slipway runs`"));
    };
    let reports = wanted.reports.prepare(&workspace)?;
    let events = journal::read(&folder.journal())?;
    let mut summary = Summary::of(&events);
    if let Some(past) = Past::of(events).filter(|_| wanted.detail) {
        add_details(ui, workspace, &folder, &past.start, &mut summary).await?;
    }
    reports.write(&summary, &folder)?;
    // A page may have asked for them, which nobody wants on a terminal unasked.
    let summary = summary.with_details(wanted.detail);
    if ui.format() == Format::Json {
        return ui.json(&summary);
    }
    ui.answer(&summary.heading())?;
    ui.answer(&summary.table())?;
    if wanted.timeline {
        ui.answer(&format!("\n{}", summary.timeline()))?;
    }
    for row in summary.nodes.iter().filter(|row| row.has_failed() || row.was_cut_off()) {
        let log = folder.log(&row.name);
        ui.say(&shown::name(&format!("log of {}: {}", row.name, log.display())));
    }
    ui.say(&format!("logs: {}", folder.logs().display()));
    Ok(())
}
