//! One run: how it went, what failed and why.

use crate::cli::detail::add_details;
use crate::cli::reports::ReportArgs;
use crate::launch::{CommandError, Workspace};
use crate::report::model::Summary;
use crate::run::folder::RunFolder;
use crate::run::journal;
use crate::run::past::Past;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// What is shown of a run besides its table.
pub struct Wanted<'a> {
    /// With what changes in each resource.
    pub detail: bool,
    /// With when each unit ran.
    pub timeline: bool,
    /// Which reports are made of it.
    pub reports: &'a ReportArgs,
}

/// Shows it, by default the newest.
pub async fn show(
    ui: Ui,
    workspace: Workspace,
    run: Option<&str>,
    wanted: &Wanted<'_>,
) -> Result<(), CommandError> {
    let Some(folder) = RunFolder::find(workspace.look_at_home()?, run)? else {
        return Err(CommandError::no_run(run));
    };
    let reports = wanted.reports.files().prepare(&workspace)?;
    let events = journal::read(&folder.journal())?;
    let mut summary = Summary::of(&events);
    if let Some(past) = Past::of(events).filter(|_| wanted.detail) {
        add_details(ui, workspace, &folder, &past.start, &mut summary).await?;
    }
    reports.write(&summary, Some(&folder))?;
    // A page may have asked for them, which nobody wants on a terminal unasked.
    let summary = summary.with_details(wanted.detail);
    tell(ui, &summary, wanted)?;
    if ui.format() == Format::Json {
        return Ok(());
    }
    for row in summary.nodes.iter().filter(|row| row.has_failed() || row.was_cut_off()) {
        let log = folder.log(&row.name);
        ui.say(&shown::name(&format!("log of {}: {}", row.name, log.display())));
    }
    ui.say(&format!("logs: {}", folder.logs().display()));
    Ok(())
}

/// The table of a run, under what it was.
pub(super) fn tell(ui: Ui, summary: &Summary, wanted: &Wanted<'_>) -> Result<(), CommandError> {
    if ui.format() == Format::Json {
        return Ok(ui.json(summary)?);
    }
    ui.answer(&summary.heading())?;
    ui.answer(&summary.table(ui.width(), true))?;
    if wanted.timeline {
        ui.answer(&format!("\n{}", summary.timeline()))?;
    }
    Ok(())
}
