//! `slipway cache prune`: what was used least lately goes.

use std::time::SystemTime;

use clap::Args;
use indicatif::HumanBytes;
use serde_json::json;

use super::{Listed, title};
use crate::cli::global::size;
use crate::cli::runs::{age, ago};
use crate::engine::cache::{Pruned, Rules, counted, prune as take_away};
use crate::launch::{CommandError, Workspace};
use crate::ui::{Format, Ui};

/// What goes.
#[derive(Args, Clone, Debug)]
pub struct PruneArgs {
    /// Also what was not used for this long, such as 30d or "2w"
    #[arg(long, value_name = "TIME", value_parser = age)]
    older_than: Option<jiff::Span>,

    /// Until no more than this is left, such as 5GB; 0 for all that is not in use [default: the limit of runs]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,

    /// Say what would go, and leave it
    #[arg(long)]
    dry_run: bool,
}

/// Removes.
pub fn prune(ui: Ui, workspace: &Workspace, args: &PruneArgs) -> Result<(), CommandError> {
    let unused_since = args.older_than.map(ago).transpose()?.map(SystemTime::from);
    let rules = Rules { unused_since, most: Some(args.max_size.unwrap_or_else(|| workspace.cache_limit())) };
    let pruned = take_away(workspace.look_at_home()?, rules, args.dry_run, &|| true)?;
    if ui.format() == Format::Json {
        let listed = |entries: &[_]| entries.iter().map(Listed::of).collect::<Vec<_>>();
        return Ok(ui.json(&json!({
            "dry_run": args.dry_run,
            "removed": listed(&pruned.removed),
            "in_use": listed(&pruned.in_use),
            "freed": pruned.freed(),
            "left": pruned.left,
        }))?);
    }
    tell(ui, &pruned, args.dry_run)
}

fn tell(ui: Ui, pruned: &Pruned, dry_run: bool) -> Result<(), CommandError> {
    for entry in &pruned.removed {
        ui.say(&format!("{}: {}", title(entry), HumanBytes(entry.bytes)));
    }
    for entry in &pruned.in_use {
        ui.say(&format!("{} stays: a run uses it", title(entry)));
    }
    let verb = if dry_run { "would be removed" } else { "removed" };
    let (freed, left) = (HumanBytes(pruned.freed()), HumanBytes(pruned.left));
    Ok(ui.answer(&format!("{} {verb}, {freed} freed, {left} left", counted(&pruned.removed)))?)
}
