//! Locks of runs from the command line: taken before a run begins, and broken by name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::exit::CliError;
use super::runs::no_run;
use super::selection::SelectionArgs;
use super::ui::Ui;
use super::workspace::{Selection, Workspace};
use crate::engine::UnitJob;
use crate::estate::UnitIndex;
use crate::run::folder::RunFolder;
use crate::run::locks::{Conflict, Holder, RunLocks, break_locks};
use crate::run::workshop::Workshop;
use crate::support::interrupt::{Interrupts, Stop};

/// What a run has to lock before it begins.
pub struct ToLock {
    home: PathBuf,
    holder: Holder,
    dirs: Vec<PathBuf>,
    workshop: Arc<Workshop>,
    /// The folder of the run, where it is made for it and nothing has happened yet.
    fresh: Option<RunFolder>,
}

impl ToLock {
    /// The units that are selected.
    pub fn of(
        workspace: &Workspace,
        selection: &Selection,
        workshop: &Arc<Workshop>,
        (folder, fresh): (&RunFolder, bool),
        command: &str,
    ) -> Self {
        Self {
            home: workspace.home_path().to_owned(),
            holder: Holder::ours(&folder.id, command),
            dirs: dirs(selection),
            workshop: Arc::clone(workshop),
            fresh: fresh.then(|| folder.clone()),
        }
    }

    /// Locks them, or refuses and names who holds one.
    pub async fn take(self, ui: Ui) -> Result<RunLocks, CliError> {
        let units: Vec<String> = self.dirs.iter().map(|dir| self.workshop.name(dir)).collect();
        let in_s3 = in_s3(&self.workshop, &self.dirs).await;
        match RunLocks::take(&self.home, &self.holder, &units, &in_s3).await? {
            Ok(locks) => {
                locks.warnings.iter().for_each(|warning| ui.warn(warning));
                Ok(locks)
            }
            Err(conflict) => {
                if let Some(folder) = self.fresh {
                    // A run that was refused is none.
                    let _gone = folder.remove();
                }
                Err(refused(&conflict))
            }
        }
    }
}

/// How long a server may take to release them once the run was killed.
const LAST_PATIENCE: Duration = Duration::from_millis(300);

/// Releases them at the end of the run; what is left of them is told. Whoever kills the run does not wait for a slow
/// server: the next one on this machine sees that the holder is dead.
pub async fn release(ui: Ui, locks: Option<RunLocks>, interrupts: &Interrupts) {
    let Some(locks) = locks else { return };
    let killed = async {
        interrupts.reached(Stop::Kill).await;
        tokio::time::sleep(LAST_PATIENCE).await;
    };
    tokio::select! {
        left = locks.release() => left.iter().for_each(|left| ui.say(left)),
        () = killed => {}
    }
}

fn refused(conflict: &Conflict) -> CliError {
    let Conflict { units, holder, alive } = conflict;
    let help = if *alive {
        "nothing was touched; wait for it, or stop it where it runs".to_owned()
    } else {
        let run = &holder.run;
        format!(
            "nothing was touched; wait for it, or, where it is dead, break its locks: slipway runs unlock {run}"
        )
    };
    CliError::refused(format!("{} changes {}", holder, units.join(", ")), help)
}

fn dirs(selection: &Selection) -> Vec<PathBuf> {
    let chosen = |unit: &UnitIndex| selection.selected.contains(unit);
    let order = selection.graph.order().into_iter().filter(chosen);
    order.map(|unit| selection.estate.unit(unit).dir.clone()).collect()
}

async fn in_s3(workshop: &Workshop, dirs: &[PathBuf]) -> Vec<UnitJob> {
    let jobs = futures::future::join_all(dirs.iter().map(|dir| workshop.job_in_s3(dir))).await;
    jobs.into_iter().flatten().collect()
}

/// Breaks the locks of a run that is dead.
pub async fn unlock_run(
    ui: Ui,
    workspace: &Workspace,
    run: &str,
    path: Option<&Path>,
) -> Result<(), CliError> {
    let all = workspace.project.estate_root.clone();
    let reader = workspace.reader("plan");
    let selection = workspace.select(ui, path.or(Some(&all)), &reader, &SelectionArgs::default())?;
    let engine = workspace.engine(&super::global::ToolArgs::default(), false)?;
    let workshop = Workshop::new(engine, reader, workspace.project.estate_root.clone());
    let folder = RunFolder::find(workspace.home()?, Some(run))?.filter(|folder| folder.id == run);
    if folder.as_ref().is_some_and(|folder| crate::run::journal::is_held(&folder.journal())) {
        return Err(CliError::refused(
            format!("run {run} still goes on on this machine"),
            "wait for it, or stop it with Ctrl-C where it runs",
        ));
    }
    let in_s3 = in_s3(&workshop, &dirs(&selection)).await;
    let broken = break_locks(run, &in_s3).await?;
    match &broken.holder {
        None if folder.is_some() => ui.say(&format!("run {run} holds no lock")),
        // Runs of other machines have no folder here, but a lock where they are known at all.
        None => return Err(no_run(Some(run))),
        Some(holder) => {
            ui.say(&format!("broke the locks of {holder}:"));
            broken.units.iter().for_each(|unit| ui.say(&format!("  {unit}")));
        }
    }
    Ok(())
}
