//! What is kept is bounded: at the end of a run that has brought something, what was used least lately goes.

use indicatif::HumanBytes;

use super::options::RunOptions;
use super::workspace::Workspace;
use crate::engine::cache::{Rules, USUAL, counted, has_grown, prune};
use crate::support::interrupt::{Interrupts, Stop};
use crate::ui::Ui;

impl Workspace {
    /// Bytes that the caches may take where a command does not say it.
    pub fn cache_limit(&self) -> u64 {
        self.project.cache_size.unwrap_or(USUAL)
    }
}

/// Keeps the caches within their limit, until a person wants to stop. What a run uses stays, this one's before all; that
/// something cannot be removed fails nobody's run.
pub fn keep_within(ui: Ui, workspace: &Workspace, options: &RunOptions, interrupts: &Interrupts) {
    // They are not gone through where nothing can have changed: a limit that was not set before is looked at once more.
    let is_set = options.cache_size.is_some() || workspace.project.cache_size.is_some();
    if !has_grown() && !is_set {
        return;
    }
    let most = options.cache_size.unwrap_or_else(|| workspace.cache_limit());
    let rules = Rules { unused_since: None, most: Some(most) };
    let goes_on = || interrupts.step() == Stop::None;
    match prune(workspace.home_path(), rules, false, &goes_on) {
        Ok(pruned) => {
            if !pruned.removed.is_empty() {
                let (gone, freed) = (counted(&pruned.removed), HumanBytes(pruned.freed()));
                ui.say(&format!(
                    "{gone} used least lately were removed from the cache, {freed}: it may take {}",
                    HumanBytes(most)
                ));
            }
            if pruned.left > most && has_grown() {
                ui.say(&format!(
                    "what is in use of the cache takes {}, more than the {} that it may; `slipway cache list` shows it",
                    HumanBytes(pruned.left),
                    HumanBytes(most)
                ));
            }
        }
        Err(error) => ui.warn(&format!("the cache is not kept within {}: {error}", HumanBytes(most))),
    }
}
