//! A run that only plans: beside it units that are gone are looked for, and its plans may be saved.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::agree::Consent;
use super::begin::{Launch, begin, open};
use super::conclusion::Conclusion;
use super::error::CommandError;
use super::options::{Invocation, RunOptions};
use super::removed;
use super::saved::{Saving, Signing};
use super::selectors::Selectors;
use crate::run::command::Command;
use crate::run::last_looks::LastLooks;
use crate::run::plans::{Keeper, Plans};
use crate::ui::Ui;

/// How long a plan that is done waits for the note on units that were removed.
const NOTE_LIMIT: Duration = Duration::from_secs(1);

/// A plan that is asked for.
pub struct Planning<'a> {
    /// The folder that it is for, here or under the estate's root; all that is here where none is named.
    pub path: Option<&'a Path>,
    /// Which units of it.
    pub selectors: &'a Selectors,
    /// How the run goes about its units.
    pub options: &'a RunOptions,
    /// Whether what changes in each resource is shown.
    pub detailed: bool,
    /// Whether units that are as they were when they were last looked at are not looked at again.
    pub changed_only: bool,
    /// The new folder that the plans are saved in.
    pub out: Option<&'a Path>,
    /// How they are signed there.
    pub signing: &'a Signing,
}

/// Plans, and saves the plans where that is asked for and every unit could be planned.
pub async fn plan(ui: Ui, invocation: &Invocation, wanted: Planning<'_>) -> Result<Conclusion, CommandError> {
    let workspace = Arc::new(open(ui, invocation, wanted.path, Command::Plan)?);
    // Beside the plan, so that nobody waits for it.
    let note = {
        let (workspace, path) = (Arc::clone(&workspace), wanted.path.map(Path::to_owned));
        tokio::spawn(async move { removed::note(&workspace, path.as_deref()).await })
    };
    let saving = wanted.out.map(|out| Saving::begin(&workspace, out, wanted.signing)).transpose()?;
    let keeper = saving.is_some().then(|| Arc::new(Keeper::new(workspace.project.dir.clone())));
    let run = Launch {
        command: Command::Plan,
        path: wanted.path,
        selectors: wanted.selectors,
        options: wanted.options,
        consent: Consent::Once,
        plans: Plans {
            detailed: wanted.detailed,
            looks: wanted.changed_only.then(|| Arc::new(LastLooks::new(workspace.home_path()))),
            keeper: keeper.clone(),
            saved: None,
        },
        leave_dependents: false,
    };
    let conclusion = begin(ui, &workspace, run).await?;
    if let Ok(Ok(Some(note))) = tokio::time::timeout(NOTE_LIMIT, note).await {
        ui.say(&note);
    }
    if let (Some(saving), Some(keeper)) = (saving, keeper) {
        if conclusion.is_done() {
            saving.save(ui, wanted.options, &keeper)?;
        } else {
            ui.say("nothing is saved: not every unit could be planned");
        }
    }
    Ok(conclusion)
}
