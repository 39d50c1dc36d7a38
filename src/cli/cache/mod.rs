//! `slipway cache`: the modules that were fetched and the providers that were installed, and how much of them is kept.

mod bound;
mod list;
mod prune;

pub use bound::keep_within;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::exit::{CliError, Exit};
use super::global::Global;
use super::ui::Ui;
use super::workspace::Workspace;
use crate::engine::cache::{Entry, Kind, USUAL};
use crate::estate::Needs;

/// List the modules and providers that are kept, or remove some
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
pub fn cmd_cache(ui: Ui, global: &Global, args: &CacheArgs) -> Result<Exit, CliError> {
    // Nothing of slipway.hcl is needed but the limit, where no program has to say it.
    let workspace = Workspace::open(global, Needs::NOTHING)?;
    match &args.command {
        None => list::list(ui, &workspace, &list::ListArgs::default())?,
        Some(CacheCommand::List(args)) => list::list(ui, &workspace, args)?,
        Some(CacheCommand::Prune(args)) => prune::prune(ui, &workspace, args)?,
    }
    Ok(Exit::Done)
}

/// The limit that holds where none is given.
fn limit(workspace: &Workspace) -> u64 {
    workspace.project.cache_size.unwrap_or(USUAL)
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

/// `2 modules and 1 provider`.
fn counted(entries: &[Entry]) -> String {
    let kinds = [
        (Kind::Module, "module", "modules"),
        (Kind::Provider, "provider", "providers"),
        (Kind::Unfinished, "unfinished fetch", "unfinished fetches"),
    ];
    let told: Vec<String> = kinds
        .iter()
        .filter_map(|(kind, one, many)| match entries.iter().filter(|entry| entry.kind == *kind).count() {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        })
        .collect();
    match told.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
