//! `slipway runs`: what happened, when, by whom, at which commit.

mod far;
mod list;
mod prune;
mod show;
mod watch;

pub use prune::{age, ago};

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::global::Global;
use super::reports::ReportArgs;
use crate::launch::{CommandError, Workspace, cancel, unlock_run};
use crate::project::Needs;
use crate::ui::Ui;

/// List runs, or show one
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunsArgs {
    #[command(subcommand)]
    command: Option<RunsCommand>,

    /// How many runs are listed at most, the newest first; 0 for all [default: 20, in JSON all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// List the runs that machines share, wherever they are, below an address such as `s3://acme-runs`
    #[arg(long, value_name = "ADDRESS")]
    shared: Option<String>,
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
    /// Have the machines of a shared run begin nothing more
    ///
    /// What they work on, they finish, and nobody takes part in it any more: what is left is another run's.
    Cancel {
        /// The run's address, such as `s3://acme-runs/nightly`
        address: String,
    },
    /// Remove the records of old runs, with their logs and plans
    ///
    /// A run that still goes on stays, and so does one that stopped before its end, which `slipway resume` goes on with. States and locks are somewhere else.
    Prune(prune::PruneArgs),
    /// Show one run, by default the newest: how it went, what failed and why
    ///
    /// Also of a run that was killed, and of one that still goes on.
    Show {
        /// The run's id, or how it begins; or the address of one that machines share, such as `s3://acme-runs/nightly`
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
    /// Watch a run to its end: by default the newest here
    ///
    /// Of a run that machines share, its address shows it from anywhere. Nothing is changed, and Ctrl-C ends the watching only. Exits as the run does.
    Watch {
        /// The run's id, or how it begins; or the address of one that machines share
        run: Option<String>,
    },
}

impl RunsArgs {
    /// Which reports are made of a run that is shown.
    pub fn reports(&self) -> Option<&ReportArgs> {
        match &self.command {
            Some(RunsCommand::Show { reports, .. }) => Some(reports),
            _ => None,
        }
    }

    /// What has to be known of `slipway.hcl`: nothing where records are read or an address is given.
    fn needs(&self) -> Needs {
        match &self.command {
            Some(RunsCommand::Show { run: Some(run), .. }) if far::is_address(run) => Needs::NOTHING,
            Some(RunsCommand::Unlock { .. } | RunsCommand::Show { detail: true, .. }) => Needs::ENGINE,
            _ => Needs::NOTHING,
        }
    }

    /// Whether nothing is asked but what the records say.
    pub fn only_looks(&self) -> bool {
        let is_here = |run: &Option<String>| !run.as_deref().is_some_and(far::is_address);
        match &self.command {
            None => self.shared.is_none(),
            Some(RunsCommand::Prune(_)) => true,
            Some(RunsCommand::Show { run, detail, .. }) => is_here(run) && !detail,
            Some(RunsCommand::Watch { run }) => is_here(run),
            Some(RunsCommand::Unlock { .. } | RunsCommand::Cancel { .. }) => false,
        }
    }
}

/// Lists or shows.
pub async fn cmd_runs(ui: Ui, global: &Global, args: &RunsArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open(ui, &global.invocation(), args.needs())?;
    match &args.command {
        Some(RunsCommand::Unlock { run, path }) => unlock_run(ui, &workspace, run, path.as_deref()).await?,
        Some(RunsCommand::Cancel { address }) => cancel(ui, address).await?,
        Some(RunsCommand::Prune(args)) => prune::prune(ui, &workspace, args)?,
        Some(RunsCommand::Watch { run }) => return watch::watch(ui, &workspace, run.as_deref()).await,
        None => match &args.shared {
            Some(address) => far::list(ui, address, args.limit).await?,
            None => list::list(ui, &workspace, args.limit)?,
        },
        Some(RunsCommand::Show { run, detail, timeline, reports }) => {
            let wanted = show::Wanted { detail: *detail, timeline: *timeline, reports };
            match run.as_deref().filter(|run| far::is_address(run)) {
                Some(address) => far::show(ui, &workspace, address, &wanted).await?,
                None => show::show(ui, workspace, run.as_deref(), &wanted).await?,
            }
        }
    }
    Ok(Exit::Done)
}
