//! How long units took lately, as the journals of this machine have it.

use std::collections::BTreeMap;
use std::path::Path;

use super::event::EventKind;
use super::folder::RunFolder;
use super::journal;
use crate::support::fs::FileError;

/// So many runs are looked at, the newest first.
const RUNS: usize = 20;

/// The seconds that units took, by their names: in the newest of the last runs of a command that had them. A journal that
/// cannot be read says nothing.
pub fn lately(home: &Path, command: &str) -> Result<BTreeMap<String, f64>, FileError> {
    let mut seconds = BTreeMap::new();
    for run in RunFolder::all(home)?.into_iter().take(RUNS) {
        let Ok(events) = journal::read(&run.journal()) else { continue };
        let is_of_it = events.first().is_some_and(
            |event| matches!(&event.kind, EventKind::RunStarted(start) if start.command == command),
        );
        if !is_of_it {
            continue;
        }
        for event in events {
            if let EventKind::NodeFinished { node, outcome, seconds: took } = event.kind
                && outcome.is_success()
            {
                seconds.entry(node).or_insert(took);
            }
        }
    }
    Ok(seconds)
}
