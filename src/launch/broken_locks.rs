//! The locks of a run that is dead, broken by its name.

use std::path::Path;

use super::error::CommandError;
use super::locks::{dirs, in_s3};
use super::options::Tools;
use super::selectors::Selectors;
use super::workspace::Workspace;
use crate::run::folder::RunFolder;
use crate::run::journal::is_held;
use crate::run::locks::break_locks;
use crate::ui::Ui;

/// Breaks the locks of a run that is dead.
pub async fn unlock_run(
    ui: Ui,
    workspace: &Workspace,
    run: &str,
    path: Option<&Path>,
) -> Result<(), CommandError> {
    let all = workspace.project.estate_root.clone();
    let reader = workspace.reader("plan");
    let selection = workspace.select(ui, path.or(Some(&all)), &reader, &Selectors::default())?;
    let engine = workspace.engine(&Tools::default(), false)?;
    let loader = workspace.loader(engine, reader);
    let folder = RunFolder::find(workspace.home()?, Some(run))?.filter(|folder| folder.id == run);
    if folder.as_ref().is_some_and(|folder| is_held(&folder.journal())) {
        return Err(CommandError::refused(
            format!("run {run} still goes on on this machine"),
            "wait for it, or stop it with Ctrl-C where it runs",
        ));
    }
    let in_s3 = in_s3(&loader, &dirs(&selection)).await;
    let broken = break_locks(run, &in_s3).await?;
    match &broken.holder {
        None if folder.is_some() => ui.say(&format!("run {run} holds no lock")),
        // Runs of other machines have no folder here, but a lock where they are known at all.
        None => return Err(CommandError::no_run(Some(run))),
        Some(holder) => {
            ui.say(&format!("broke the locks of {holder}:"));
            broken.units.iter().for_each(|unit| ui.say(&format!("  {unit}")));
        }
    }
    Ok(())
}
