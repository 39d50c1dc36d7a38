//! A bump in a line.

use crate::gitops::BumpOutcome;
use crate::support::git::short;

/// What it did, or would do.
pub(super) fn described(outcome: &BumpOutcome, is_rehearsal: bool) -> String {
    let BumpOutcome { app, previous, image, file, line, commit, .. } = outcome;
    let commit = short(commit);
    let links = match &outcome.reached_by[..] {
        [] => String::new(),
        [one] => format!("; {one} leads there by a link, and has it too"),
        several => format!("; {} lead there by links, and have it too", several.join(", ")),
    };
    if outcome.changed && is_rehearsal {
        format!("{app}: {previous} → {image} ({file}:{line}){links}, were it not for --dry-run")
    } else if outcome.changed {
        format!("{app}: {previous} → {image} ({file}:{line}, commit {commit}){links}")
    } else {
        format!("{app}: {image} is there already ({file}:{line}, commit {commit}){links}")
    }
}
