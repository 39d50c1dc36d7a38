//! The plans of a run attribute by attribute, read from what the run kept of them.

use std::sync::Arc;

use crate::engine::{OpenInputs, Session, Unwatched};
use crate::launch::{CommandError, Tools, Workspace};
use crate::project::EngineChoice;
use crate::report::model::Summary;
use crate::run::event::{NodeKind, RunStart};
use crate::run::folder::RunFolder;
use crate::run::home::is_from_elsewhere;
use crate::run::unit_loader::UnitLoader;
use crate::support::interrupt::channel;
use crate::support::redact;
use crate::support::unit_name;
use crate::ui::Ui;

/// Adds them to a summary: of each unit whose plan is still there and that does not have them already.
///
/// The tool shows a plan from within the unit, so the unit has to be there still, with the providers it had.
pub async fn add_details(
    ui: Ui,
    workspace: Workspace,
    folder: &RunFolder,
    start: &RunStart,
    summary: &mut Summary,
) -> Result<(), CommandError> {
    workspace.home()?;
    if is_from_elsewhere(folder.path()) {
        // Its record names the tool, and its plans are whoever's.
        ui.say(&format!("details are not shown: run {} was not begun here by you", folder.id));
        return Ok(());
    }
    let request = start.request.clone().unwrap_or_default();
    let workspace = workspace.with_settings_of(&request)?;
    let tools = Tools {
        engine: EngineChoice::named(&start.engine),
        tf_path: request.tool.clone(),
        ..Tools::default()
    };
    let engine = workspace.engine(&tools, false)?;
    let root = workspace.project.estate_root.clone();
    let loader = UnitLoader::new(Arc::clone(&engine), workspace.reader("plan"), root.clone());
    let (_nobody_stops_it, interrupts) = channel();
    let session = Session { watcher: &Unwatched, interrupts: &interrupts, place: None };
    for row in &mut summary.nodes {
        let file = folder.plan(&row.name);
        let told = row.plan.as_ref().is_none_or(crate::engine::PlanSummary::is_empty) || row.detail.is_some();
        if row.kind != NodeKind::Unit || told || !file.is_file() {
            continue;
        }
        let detail = match loader.job(&unit_name::dir(&root, &row.name), session).await {
            Ok(job) => engine
                .detail(&job, &file, &OpenInputs::new(), session)
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match detail {
            Ok(mut detail) => {
                redact::clean_deep(&mut detail);
                row.detail = Some(detail);
            }
            Err(error) => ui.say(&format!("the detail of {} cannot be read any more: {error}", row.name)),
        }
    }
    Ok(())
}
