//! What a run came to.

use super::error::CommandError;
use crate::report::model::Summary;
use crate::run::event::Outcome;
use crate::run::scheduler::RunResult;

/// What a run came to; whoever asked for it makes an exit code of it.
#[derive(Debug, Default)]
pub struct Conclusion {
    /// How its nodes ended; none where there was nothing to run.
    pub result: Option<RunResult>,
    /// Whether something was, or would be, changed.
    pub has_changes: bool,
    /// Whether something is not as it was left.
    pub has_drifted: bool,
    /// Why a report of it could not be written.
    pub unreported: Option<CommandError>,
}

impl Conclusion {
    /// Of a run that was seen to its end.
    pub fn seen(summary: &Summary, result: RunResult, unreported: Option<CommandError>) -> Self {
        let (has_changes, has_drifted) = (summary.has_changes(), summary.has_drifted());
        Self { result: Some(result), has_changes, has_drifted, unreported }
    }

    /// Whether all of it was done, written down and reported.
    pub fn is_done(&self) -> bool {
        let is_success = |result: &RunResult| {
            result.journal_failure.is_none()
                && result.outcomes.iter().all(|(_, outcome)| Outcome::is_success(outcome))
        };
        self.unreported.is_none() && self.result.as_ref().is_none_or(is_success)
    }
}
