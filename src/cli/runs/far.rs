//! Runs that machines share, seen from wherever their bucket is.

use serde::Serialize;

use super::list::{lines, most};
use super::show::{Wanted, tell};
use crate::launch::{CommandError, Workspace, observer};
use crate::report::model::Summary;
use crate::run::event::Outcome;
use crate::run::shared::listing::{Listed, below};
use crate::run::shared::{Bucket, Observer};
use crate::support::git::short;
use crate::ui::{Format, Ui};

/// Whether a run is named by where its machines leave word for each other; no id of a run has such letters.
pub fn is_address(run: &str) -> bool {
    run.contains("://")
}

#[derive(Serialize)]
struct Row<'a> {
    address: &'a str,
    run: &'a str,
    time: String,
    command: &'a str,
    engine: &'a str,
    path: &'a str,
    commit: Option<&'a str>,
    user: String,
    nodes: usize,
    ended: usize,
    machines: usize,
    cancelled: bool,
    heard: Option<String>,
}

impl<'a> Row<'a> {
    fn of(run: &'a Listed) -> Self {
        let time = |time: jiff::Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self {
            address: &run.address,
            run: &run.start.run,
            time: time(run.start.began),
            command: &run.start.command,
            engine: &run.start.engine,
            path: &run.start.path,
            commit: run.start.commit.as_deref(),
            user: run.start.by.to_string(),
            nodes: run.start.nodes.len(),
            ended: run.ended,
            machines: run.machines,
            cancelled: run.is_cancelled,
            heard: run.heard.map(time),
        }
    }
}

/// Lists the newest below an address.
pub async fn list(ui: Ui, address: &str, limit: Option<usize>) -> Result<(), CommandError> {
    let is_json = ui.format() == Format::Json;
    let limit = most(ui, limit);
    let bucket = Bucket::below(address).await?;
    let (runs, all) = below(&bucket, limit).await?;
    if is_json {
        return Ok(ui.json(&runs.iter().map(Row::of).collect::<Vec<_>>())?);
    }
    if runs.is_empty() {
        ui.say(&format!("no run is below {address}"));
        return Ok(());
    }
    let rows = runs.iter().map(|run| {
        let row = Row::of(run);
        let commit = row.commit.map_or("·", short).to_owned();
        let (command, path) = (row.command.to_owned(), row.path.to_owned());
        [run.address.clone(), row.time, command, path, commit, row.user, run.standing()]
    });
    ui.answer(&lines("address", rows))?;
    if all > limit {
        ui.say(&format!("and {} older ones: list them with --limit 0", all - limit));
    }
    Ok(())
}

/// Shows how the run of an address stands.
pub async fn show(
    ui: Ui,
    workspace: &Workspace,
    address: &str,
    wanted: &Wanted<'_>,
) -> Result<(), CommandError> {
    let reports = wanted.reports.files().prepare(workspace)?;
    let mut observer = observer(address).await?;
    let events = observer.look().await?;
    let summary = Summary::of(&events);
    reports.write(&summary, None)?;
    let summary = summary.with_details(wanted.detail);
    tell(ui, &summary, wanted)?;
    if ui.format() == Format::Json {
        return Ok(());
    }
    for row in summary.nodes.iter().filter(|row| row.has_failed()) {
        if let Some(step) = row.steps.last() {
            ui.say(&format!("log of {}: {}", row.name, step.name));
        }
    }
    standing(ui, address, &observer, &summary);
    Ok(())
}

/// What a person does next with a run that is not over.
pub fn standing(ui: Ui, address: &str, observer: &Observer, summary: &Summary) {
    if observer.is_over() {
        return;
    }
    let heard = observer.heard().map(|heard| heard.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let heard = heard.unwrap_or_else(|| "not known".to_owned());
    let left = summary.nodes.iter().filter(|row| !row.outcome.as_ref().is_some_and(Outcome::is_success));
    ui.say(&format!("{} are left; the last sign of life of a machine: {heard}", left.count()));
    ui.say(&format!("watch it: slipway runs watch {address}; take part: slipway join {address} --yes"));
}
