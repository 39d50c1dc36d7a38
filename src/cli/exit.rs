//! How a command ends: the one place where results become exit codes.

use std::process::ExitCode;

use crate::launch::{CommandError, Conclusion};
use crate::run::event::Outcome;
use crate::run::scheduler::RunResult;
use crate::ui::Ui;

/// The exit codes, which are a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// A unit or a gate failed.
    Failed = 1,
    /// Changes are present, with `--detailed-exitcode` only.
    Changes = 2,
    /// The configuration is wrong.
    Configuration = 3,
    /// Something has drifted, with `drift`, `argocd status` and `argocd diff` only.
    Drifted = 4,
    /// Refused for safety.
    Refused = 5,
    /// Wrong usage.
    Usage = 64,
    /// A person stopped it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::Changes,
        Self::Configuration,
        Self::Drifted,
        Self::Refused,
        Self::Usage,
        Self::Interrupted,
    ];

    /// What it says, as the manual and the documentation have it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Failed => "a unit or a gate failed, or the command could not do what it was asked",
            Self::Changes => "changes are present; only with `slipway plan --detailed-exitcode`",
            Self::Configuration => "the configuration is wrong",
            Self::Drifted => {
                "drift found; only with `slipway drift`, `slipway argocd status` and `slipway argocd diff`"
            }
            Self::Refused => "refused for safety",
            Self::Usage => "wrong usage",
            Self::Interrupted => "interrupted",
        }
    }

    /// The code of a run: the gravest of its outcomes.
    pub fn of(result: &RunResult) -> Self {
        let any = |wanted: fn(&Outcome) -> bool| result.outcomes.iter().any(|(_, outcome)| wanted(outcome));
        if any(|outcome| matches!(outcome, Outcome::Interrupted)) && result.journal_failure.is_none() {
            Self::Interrupted
        } else if any(|outcome| matches!(outcome, Outcome::Failed { .. })) || result.journal_failure.is_some()
        {
            Self::Failed
        } else if any(|outcome| matches!(outcome, Outcome::Refused { .. } | Outcome::Declined)) {
            Self::Refused
        } else if any(|outcome| !outcome.is_success()) {
            Self::Failed
        } else {
            Self::Done
        }
    }
}

impl From<&CommandError> for Exit {
    fn from(error: &CommandError) -> Self {
        match error {
            CommandError::Configuration(_) => Self::Configuration,
            CommandError::Failed { .. } => Self::Failed,
            CommandError::Refused { .. } => Self::Refused,
            CommandError::Usage { .. } => Self::Usage,
        }
    }
}

/// What a run came to, as an exit code; a report that could not be written says less than the run.
pub fn concluded(ui: Ui, conclusion: &Conclusion) -> Exit {
    let exit = conclusion.result.as_ref().map_or(Exit::Done, Exit::of);
    let Some(error) = &conclusion.unreported else {
        return if exit == Exit::Done && conclusion.has_drifted { Exit::Drifted } else { exit };
    };
    let failed = tell(ui, error);
    if exit == Exit::Done { failed } else { exit }
}

/// Tells of an error and returns its exit code.
pub fn tell(ui: Ui, error: &CommandError) -> Exit {
    match error {
        CommandError::Configuration(diagnostics) => ui.misconfigured(diagnostics),
        error => ui.error(&error.to_string(), error.help()),
    }
    Exit::from(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(outcomes: &[Outcome]) -> RunResult {
        let outcomes = outcomes.iter().map(|outcome| ("unit".to_owned(), outcome.clone())).collect();
        RunResult { outcomes, seconds: 0.0, journal_failure: None }
    }

    #[test]
    fn the_gravest_outcome_decides() {
        let failed = Outcome::Failed { message: String::new(), advice: None };
        let skipped = Outcome::Skipped { cause: String::new() };
        let refused = Outcome::Refused { message: String::new() };
        assert_eq!(Exit::of(&result(&[Outcome::Applied])), Exit::Done);
        assert_eq!(Exit::of(&result(&[Outcome::Applied, failed.clone(), skipped.clone()])), Exit::Failed);
        assert_eq!(Exit::of(&result(&[refused, skipped])), Exit::Refused);
        assert_eq!(Exit::of(&result(&[failed, Outcome::Interrupted])), Exit::Interrupted);
    }

    #[test]
    fn a_full_disk_is_a_failure() {
        let result =
            RunResult { journal_failure: Some("disk full".to_owned()), ..result(&[Outcome::Interrupted]) };
        assert_eq!(Exit::of(&result), Exit::Failed);
    }
}
