//! The list of runs.

use std::path::Path;

use serde::Serialize;

use crate::launch::{CommandError, Workspace};
use crate::report::model::Summary;
use crate::run::event::Event;
use crate::run::folder::RunFolder;
use crate::run::journal;
use crate::run::past::Past;
use crate::support::git::short;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// How many runs a person is shown.
const MOST: usize = 20;

#[derive(Serialize)]
struct Listed {
    run: String,
    time: String,
    command: String,
    engine: String,
    path: Option<String>,
    commit: Option<String>,
    user: Option<String>,
    state: State,
    finished: bool,
    failed: usize,
    /// How it ended, as its summary says it.
    #[serde(skip)]
    verdict: String,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// A process is at it.
    Running,
    /// It was killed, or its machine was.
    Stopped,
    /// It came to its end, and not all is done.
    Incomplete,
    /// All is done.
    Done,
}

impl State {
    /// Where the run of a folder stands, of which the journal says `past`.
    pub(super) fn of(folder: &RunFolder, past: &Past) -> Self {
        if journal::is_held(&folder.journal()) {
            Self::Running
        } else if past.is_done() {
            Self::Done
        } else if past.finished {
            Self::Incomplete
        } else {
            Self::Stopped
        }
    }
}

/// How many runs are listed: so many as somebody says, 0 for all; else all for a program, and the newest for a person.
pub(super) fn most(ui: Ui, limit: Option<usize>) -> usize {
    match limit {
        Some(0) => usize::MAX,
        Some(limit) => limit,
        None if ui.format() == Format::Json => usize::MAX,
        None => MOST,
    }
}

/// Lists the newest runs.
pub fn list(ui: Ui, workspace: &Workspace, limit: Option<usize>) -> Result<(), CommandError> {
    let folders = RunFolder::all(workspace.look_at_home()?)?;
    let is_json = ui.format() == Format::Json;
    let limit = most(ui, limit);
    let mut runs = Vec::new();
    for folder in folders.iter().take(limit) {
        match journal::read(&folder.journal()) {
            Ok(events) => runs.extend(listed(workspace, folder, events)),
            // One that is damaged does not hide the others.
            Err(error) => ui.say(&format!("{}: {error}", folder.id)),
        }
    }
    if is_json {
        return Ok(ui.json(&runs)?);
    }
    if folders.is_empty() {
        ui.say("there are no runs yet");
        return Ok(());
    }
    ui.answer(&table(&runs))?;
    if folders.len() > limit {
        ui.say(&format!("and {} older ones: list them with --limit 0", folders.len() - limit));
    }
    Ok(())
}

fn table(runs: &[Listed]) -> String {
    let rows = runs.iter().map(|run| {
        let result = match run.state {
            State::Running => "running".to_owned(),
            State::Stopped => "stopped before its end".to_owned(),
            State::Incomplete => run.verdict.clone(),
            State::Done => "done".to_owned(),
        };
        let or_none = |text: Option<&str>| text.unwrap_or("·").to_owned();
        [
            run.run.clone(),
            run.time.clone(),
            run.command.clone(),
            or_none(run.path.as_deref()),
            or_none(run.commit.as_deref().map(short)),
            or_none(run.user.as_deref()),
            result,
        ]
    });
    lines("run", rows)
}

/// A line a run, under what each column is; in the first is what it is called by.
pub(super) fn lines(called: &str, rows: impl Iterator<Item = [String; 7]>) -> String {
    let heading = [called, "began", "command", "path", "commit", "by", "result"].map(str::to_owned);
    let rows = rows.map(|row| row.map(|cell| shown::name(&cell).into_owned()));
    let rows: Vec<[String; 7]> = std::iter::once(heading).chain(rows).collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 7]| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn listed(workspace: &Workspace, folder: &RunFolder, events: Vec<Event>) -> Option<Listed> {
    let time = events.first()?.time;
    let summary = Summary::of(&events);
    let past = Past::of(events)?;
    let state = State::of(folder, &past);
    let failed =
        |row: &&crate::report::model::Row| row.outcome.as_ref().is_some_and(|outcome| !outcome.is_success());
    Some(Listed {
        run: folder.id.clone(),
        time: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        state,
        finished: past.finished,
        path: past.start.request.map(|request| asked_for(workspace, &request.path)),
        command: past.start.command,
        engine: past.start.engine,
        commit: past.start.commit,
        user: past.start.user,
        failed: summary.nodes.iter().filter(failed).count(),
        verdict: summary.verdict(),
    })
}

/// What a run was asked for, as units are called; all of the estate is `.`.
fn asked_for(workspace: &Workspace, path: &Path) -> String {
    if workspace.project.estate_root.starts_with(path) { ".".to_owned() } else { workspace.name(path) }
}
