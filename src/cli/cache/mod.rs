//! `slipway cache`: the modules that were fetched, the providers that were installed and the clones of manifests repositories, and
//! how much of them is kept.

mod list;
mod prune;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::exit::Exit;
use super::global::Global;
use crate::engine::cache::{Entry, Kind};
use crate::launch::{CommandError, Workspace};
use crate::project::Needs;
use crate::ui::Ui;

/// List the modules, providers and clones kept, or remove some
#[derive(Args, Clone, Debug)]
pub struct CacheArgs {
    #[command(subcommand)]
    command: Option<CacheCommand>,
}

#[derive(Subcommand, Clone, Debug)]
enum CacheCommand {
    /// List what is kept, what was used least lately first: it goes first
    List(list::ListArgs),
    /// Remove what was used least lately, until the rest is within the limit
    ///
    /// What a run uses at this moment stays. States, work folders, runs and saved plans are somewhere else, and so is a provider cache of yours (`TF_PLUGIN_CACHE_DIR`). All that goes is fetched again when it is needed.
    Prune(prune::PruneArgs),
}

/// Lists or removes.
pub fn cmd_cache(ui: Ui, global: &Global, args: &CacheArgs) -> Result<Exit, CommandError> {
    // Nothing of slipway.hcl is needed but the limit, where no program has to say it.
    let workspace = Workspace::open(ui, &global.invocation(), Needs::NOTHING)?;
    match &args.command {
        None => list::list(ui, &workspace, &list::ListArgs::default())?,
        Some(CacheCommand::List(args)) => list::list(ui, &workspace, args)?,
        Some(CacheCommand::Prune(args)) => prune::prune(ui, &workspace, args)?,
    }
    Ok(Exit::Done)
}

/// An entry as JSON.
#[derive(Serialize)]
struct Listed {
    kind: Kind,
    names: Vec<String>,
    path: String,
    bytes: u64,
    used: jiff::Timestamp,
    in_use: bool,
}

impl Listed {
    fn of(entry: &Entry) -> Self {
        Self {
            kind: entry.kind,
            names: entry.names.clone(),
            path: entry.path.display().to_string(),
            bytes: entry.bytes,
            used: used(entry),
            in_use: entry.in_use,
        }
    }
}

fn used(entry: &Entry) -> jiff::Timestamp {
    jiff::Timestamp::try_from(entry.used).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// What an entry is called.
fn title(entry: &Entry) -> String {
    match entry.names.as_slice() {
        [] => entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        names => names.join(", "),
    }
}
