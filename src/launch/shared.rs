//! This machine's part in a run that many share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::AbortHandle;

use super::agree::Consent;
use super::error::CommandError;
use super::locks::{dirs, in_s3};
use super::options::{RunOptions, Sharing};
use super::prepared::PreparedRun;
use super::select::Selection;
use super::shared_states::refuse_local;
use super::workspace::Workspace;
use crate::run::ahead::NamedUnit;
use crate::run::command::Command;
use crate::run::event::Outcome;
use crate::run::folder::RunFolder;
use crate::run::gate::Greens;
use crate::run::locks::{RunLocks, break_locks};
use crate::run::memory::MemoryBound;
use crate::run::node::{Node, Nodes};
use crate::run::plans::Plans;
use crate::run::scheduler::{RunResult, announce};
use crate::run::shared::record::{Machine, StartPlans, VERSION};
use crate::run::shared::{Board, Bucket, Places, SharedWork, Start, Store};
use crate::run::unit_loader::UnitLoader;
use crate::support::git;
use crate::terragrunt::Reader;
use crate::ui::Ui;

/// This machine's part in a run.
pub struct Shared {
    address: String,
    start: Start,
    board: Arc<Board>,
    looking: AbortHandle,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

/// Refuses what one machine alone can do.
pub fn refuse_alone(
    command: Command,
    options: &RunOptions,
    consent: Consent,
    plans: &Plans,
    (selection, reader): (&Selection, &Reader),
) -> Result<(), CommandError> {
    if options.shared.is_none() {
        return Ok(());
    }
    if plans.keeper.is_some() {
        return Err(CommandError::usage(
            "plans are saved by the machine that makes them, and those of a shared run are made on many",
            "leave --shared or --out out",
        ));
    }
    if command.mode().only_looks() {
        return Ok(());
    }
    if !consent.is_given() {
        return Err(CommandError::refused(
            "a run that machines share asks nobody",
            "look at `slipway plan` and pass --yes on each of them",
        ));
    }
    refuse_local(reader, &dirs(selection))
}

impl Shared {
    /// Begins the run that was asked for, or takes part in it where it has begun.
    pub async fn take_part(
        ui: Ui,
        workspace: &Workspace,
        run: &PreparedRun<'_>,
        nodes: &Nodes,
        (folder, engine): (&RunFolder, &str),
    ) -> Result<Option<Self>, CommandError> {
        let Some(sharing) = &run.options.shared else { return Ok(None) };
        let part = Self::begin(ui, workspace, run, (sharing, nodes), (&folder.id, engine)).await;
        if part.is_err() {
            // A run that was refused is none.
            let _gone = folder.remove();
        }
        part.map(Some)
    }

    async fn begin(
        ui: Ui,
        workspace: &Workspace,
        run: &PreparedRun<'_>,
        (Sharing { address, lease }, nodes): (&Sharing, &Nodes),
        (id, engine): (&str, &str),
    ) -> Result<Self, CommandError> {
        let store: Arc<dyn Store> = Arc::new(Bucket::at(address).await?);
        let below = run.request.path.strip_prefix(&workspace.project.dir).unwrap_or(&run.request.path);
        let ours = Start {
            version: VERSION,
            run: id.to_owned(),
            command: run.command.name().to_owned(),
            path: below.to_string_lossy().into_owned(),
            commit: git::head_commit(&workspace.project.dir).ok(),
            engine: engine.to_owned(),
            features: run.request.features.clone(),
            experiments: run.request.experiments.clone(),
            plans: run
                .plans
                .saved
                .as_ref()
                .map(|saved| StartPlans { manifest: saved.manifest.clone(), replan: saved.replan }),
            nodes: announce(nodes),
            lease_seconds: lease.as_secs_f64(),
            began: Timestamp::now(),
            by: Machine::ours(),
        };
        let start = Board::begin(&*store, &ours).await?;
        if let Some(why) = start.differs_from(&ours) {
            return Err(CommandError::refused(
                format!("the run at {address} is another one: {why}"),
                "nothing was touched; take part from the same commit, or begin a run at another address",
            ));
        }
        let board = Arc::new(Board::new(store, start.lease()));
        board.refresh().await?;
        if board.is_cancelled() {
            return Err(CommandError::refused(
                format!("run {} was cancelled", start.run),
                "begin another one at another address: what is applied already will be found so",
            ));
        }
        let looking = tokio::spawn({
            let board = Arc::clone(&board);
            async move { board.keep_looking().await }
        });
        if start.by == ours.by {
            ui.say(&format!("run {} is shared: slipway join {address}", start.run));
        } else {
            let (ended, all) = (board.ended(), start.nodes.len());
            ui.say(&format!("takes part in run {}, begun on {}: {ended} of {all} done", start.run, start.by));
        }
        Ok(Self { address: address.clone(), start, board, looking: looking.abort_handle() })
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.start.run
    }

    /// The nodes, each open to all machines, and how many of them may wait at once: all, since only what is worked on here takes a
    /// place.
    pub fn open(
        &self,
        nodes: Nodes,
        units: &[NamedUnit],
        (loader, greens): (&Arc<UnitLoader>, &Arc<Greens>),
        (parallelism, memory): (usize, MemoryBound),
    ) -> (Nodes, (usize, MemoryBound)) {
        let places = Arc::new(Places::new(parallelism, memory));
        let dirs: HashMap<&str, &PathBuf> =
            units.iter().map(|unit| (unit.name.as_str(), &unit.work.dir)).collect();
        let open = |mut node: Node| {
            node.work = Arc::new(SharedWork {
                work: node.work,
                unit: dirs.get(node.name.as_str()).map(|dir| (*dir).clone()),
                loader: Arc::clone(loader),
                greens: Arc::clone(greens),
                board: Arc::clone(&self.board),
                places: Arc::clone(&places),
            });
            node
        };
        let waiting = nodes.len();
        (nodes.into_iter().map(open).collect(), (waiting, MemoryBound { of_a_node: 0, ..memory }))
    }

    /// What to type where something is left.
    pub fn next_step(&self) -> String {
        format!("go on with it: slipway join {} --yes", self.address)
    }

    /// Releases the locks of the run, of whichever machine, once all of it is over; until then they are all machines'.
    pub async fn release(
        &self,
        ui: Ui,
        held: Option<RunLocks>,
        selection: &Selection,
        loader: &UnitLoader,
        result: &RunResult,
    ) {
        let Some(held) = held else { return };
        // Those on this machine go with this; those beside the states stay.
        drop(held);
        let is_open = result.outcomes.iter().any(|(_, outcome)| *outcome == Outcome::Interrupted);
        let is_abandoned = || self.board.is_cancelled() && self.board.is_idle();
        if is_open && !is_abandoned() {
            return;
        }
        let in_s3 = in_s3(loader, &dirs(selection)).await;
        if let Err(error) = break_locks(self.run(), &in_s3).await {
            ui.say(&format!("the locks of this run are left beside its states: {error}"));
            ui.say(&format!("release them: slipway runs unlock {}", self.run()));
        }
    }
}
