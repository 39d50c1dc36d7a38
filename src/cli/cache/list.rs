//! `slipway cache list`.

use clap::Args;
use indicatif::HumanBytes;
use serde_json::json;

use super::{Listed, title, used};
use crate::engine::cache::{Entry, counted, entries, total};
use crate::launch::{CommandError, Workspace};
use crate::support::shown;
use crate::ui::{Format, Ui};

/// No flags of its own.
#[derive(Args, Clone, Debug, Default)]
pub struct ListArgs {}

/// Lists.
pub fn list(ui: Ui, workspace: &Workspace, _args: &ListArgs) -> Result<(), CommandError> {
    let entries = entries(workspace.look_at_home()?)?;
    let (bytes, limit) = (total(&entries), workspace.cache_limit());
    if ui.format() == Format::Json {
        let listed: Vec<Listed> = entries.iter().map(Listed::of).collect();
        return Ok(ui.json(&json!({ "limit": limit, "bytes": bytes, "entries": listed }))?);
    }
    ui.answer(&entries.iter().map(line).collect::<String>())?;
    ui.say(&format!("{}, {} of {} at most", counted(&entries), HumanBytes(bytes), HumanBytes(limit)));
    Ok(())
}

fn line(entry: &Entry) -> String {
    let size = HumanBytes(entry.bytes).to_string();
    let in_use = if entry.in_use { "  (in use)" } else { "" };
    let used = used(entry).strftime("%Y-%m-%dT%H:%M:%SZ");
    let kind = match entry.kind {
        crate::engine::cache::Kind::Module => "module",
        crate::engine::cache::Kind::Provider => "provider",
        crate::engine::cache::Kind::Repository => "repository",
        crate::engine::cache::Kind::Unfinished => "unfinished",
    };
    format!("{}\n", shown::name(&format!("{size:>10}  {used}  {kind:<10}  {}{in_use}", title(entry))))
}
