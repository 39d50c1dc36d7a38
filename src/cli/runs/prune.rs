//! `slipway runs prune`: the records of old runs go, with their logs and plans.

use std::path::Path;

use clap::Args;
use indicatif::HumanBytes;
use jiff::Timestamp;

use super::list::State;
use crate::launch::{CommandError, Workspace};
use crate::run::folder::RunFolder;
use crate::run::journal;
use crate::run::past::Past;
use crate::support::counted::plural;
use crate::ui::Ui;

/// Which runs go.
#[derive(Args, Clone, Debug)]
pub struct PruneArgs {
    /// How many of the newest runs stay
    #[arg(long, value_name = "N", default_value_t = 50)]
    keep: usize,

    /// Only runs that began longer ago than this, such as 90d or "2w"
    #[arg(long, value_name = "TIME", value_parser = age)]
    older_than: Option<jiff::Span>,

    /// Say what would go, and leave it
    #[arg(long)]
    dry_run: bool,
}

/// A time that is over, as people write it.
pub fn age(text: &str) -> Result<jiff::Span, String> {
    text.parse().map_err(|_| "write it like 90d, 2w or \"1mo 2w\"".to_owned())
}

/// Removes them.
pub fn prune(ui: Ui, workspace: &Workspace, args: &PruneArgs) -> Result<(), CommandError> {
    let before = match args.older_than {
        Some(span) => Some(ago(span)?),
        None => None,
    };
    let folders = RunFolder::all(workspace.home()?)?;
    let (mut gone, mut freed, mut kept) = (0_usize, 0_u64, 0_usize);
    for folder in folders.iter().skip(args.keep) {
        // What cannot be read may be anything, and is not ours to judge.
        let Ok(events) = journal::read(&folder.journal()) else {
            ui.warn(&format!("{} stays: its journal cannot be read", folder.id));
            continue;
        };
        let began = events.first().map(|event| event.time);
        if before.is_some_and(|before| began.is_none_or(|began| began >= before)) {
            continue;
        }
        let state = Past::of(events).map(|past| State::of(folder, &past));
        if !matches!(state, Some(State::Done | State::Incomplete)) {
            kept += 1;
            continue;
        }
        freed += bytes_in(folder.path());
        gone += 1;
        if !args.dry_run {
            folder.remove()?;
        }
    }
    let verb = if args.dry_run { "would be removed" } else { "removed" };
    ui.answer(&format!("{gone} {} {verb}, {}", plural(gone, "run"), HumanBytes(freed)))?;
    if kept > 0 {
        let stays = if kept == 1 { "run stays: it" } else { "runs stay: they" };
        ui.say(&format!("{kept} older {stays} can be gone on with, or still at work"));
    }
    Ok(())
}

/// The instant that long ago.
pub fn ago(span: jiff::Span) -> Result<Timestamp, CommandError> {
    let now = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let then = now.checked_sub(span.abs());
    let then =
        then.map_err(|error| CommandError::usage(error.to_string(), "write it like 90d, 2w or \"1mo 2w\""))?;
    Ok(then.timestamp())
}

/// How much is in a folder, without what links lead to.
fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    bytes.sum()
}
