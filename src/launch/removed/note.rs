//! What a plan says of units that are gone.

use std::path::Path;

use super::{RemovedUnits, Search, find, within};
use crate::launch::options::Tools;
use crate::launch::workspace::Workspace;
use crate::project::EngineChoice;

/// How many commits of the history are looked at beside a plan.
const COMMITS: usize = 500;
/// How many of those that had units last are read.
const REMOVALS: usize = 5;

/// What a plan says of units that are no longer in the tree, where there are any. It looks at the newest part of the
/// history only, starts no program but Git, and reads no state but those that one request gives.
pub async fn note(workspace: &Workspace, path: Option<&Path>) -> Option<String> {
    let tools = Tools { engine: Some(EngineChoice::Native), ..Tools::default() };
    let engine = workspace.engine(&tools, false).ok()?;
    let within = within(workspace, path).ok()?;
    let (commits, removals) = (Some(COMMITS), Some(REMOVALS));
    let search = Search { within, commits, removals, exec: false };
    let found = find(workspace, &engine, &search).await.ok()?;
    let names: Vec<String> = found.iter().flat_map(RemovedUnits::names).collect();
    let what = match names.len() {
        0 => return None,
        1 => "1 unit is no longer in the tree but still has resources".to_owned(),
        count => format!("{count} units are no longer in the tree but still have resources"),
    };
    Some(format!("{what}: {}; see `slipway destroy --removed`", names.join(", ")))
}
