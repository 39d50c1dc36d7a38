//! The locks of a run: taken before it begins, released at its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::CommandError;
use super::select::Selection;
use super::workspace::Workspace;
use crate::engine::UnitJob;
use crate::estate::UnitIndex;
use crate::run::folder::RunFolder;
use crate::run::locks::{Conflict, Holder, RunLocks};
use crate::run::unit_loader::UnitLoader;
use crate::support::interrupt::{Interrupts, Stop};
use crate::ui::Ui;

/// What a run has to lock before it begins.
pub struct ToLock {
    home: PathBuf,
    holder: Holder,
    dirs: Vec<PathBuf>,
    loader: Arc<UnitLoader>,
    /// The folder of the run, where it is made for it and nothing has happened yet.
    fresh: Option<RunFolder>,
}

impl ToLock {
    /// The units that are selected.
    pub fn of(
        workspace: &Workspace,
        selection: &Selection,
        loader: &Arc<UnitLoader>,
        (folder, fresh): (&RunFolder, bool),
        (run, command): (&str, &str),
    ) -> Self {
        Self {
            home: workspace.home_path().to_owned(),
            holder: Holder::ours(run, command),
            dirs: dirs(selection),
            loader: Arc::clone(loader),
            fresh: fresh.then(|| folder.clone()),
        }
    }

    /// For a run of many machines, which lives on when this process has ended.
    #[must_use]
    pub fn of_many(mut self) -> Self {
        self.holder.identity = None;
        self
    }

    /// Locks them, or refuses and names who holds one.
    pub async fn take(self, ui: Ui) -> Result<RunLocks, CommandError> {
        let units: Vec<String> = self.dirs.iter().map(|dir| self.loader.name(dir)).collect();
        let in_s3 = in_s3(&self.loader, &self.dirs).await;
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

fn refused(conflict: &Conflict) -> CommandError {
    let Conflict { units, holder, alive } = conflict;
    let help = if *alive {
        "nothing was touched; wait for it, or stop it where it runs".to_owned()
    } else {
        let run = &holder.run;
        format!(
            "nothing was touched; wait for it, or, where it is dead, break its locks: slipway runs unlock {run}"
        )
    };
    CommandError::refused(format!("{} changes {}", holder, units.join(", ")), help)
}

pub(super) fn dirs(selection: &Selection) -> Vec<PathBuf> {
    let chosen = |unit: &UnitIndex| selection.selected.contains(unit);
    let order = selection.graph.order().into_iter().filter(chosen);
    order.map(|unit| selection.estate.unit(unit).dir.clone()).collect()
}

pub(super) async fn in_s3(loader: &UnitLoader, dirs: &[PathBuf]) -> Vec<UnitJob> {
    let jobs = futures::future::join_all(dirs.iter().map(|dir| loader.job_in_s3(dir))).await;
    jobs.into_iter().flatten().collect()
}
