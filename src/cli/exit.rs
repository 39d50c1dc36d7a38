//! How a command ends: the one place where results become exit codes.

use std::process::ExitCode;

use crate::hcl::diagnostic::Diagnostic;
use crate::run::event::Outcome;
use crate::run::journal::JournalError;
use crate::run::scheduler::RunResult;

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
    pub const ALL: [Self; 7] = [
        Self::Done,
        Self::Failed,
        Self::Changes,
        Self::Configuration,
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

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is wrong; every error is told.
    #[error("the configuration is wrong")]
    Configuration(Vec<Diagnostic>),
    /// It was tried and failed.
    #[error("{message}")]
    Failed {
        /// Why.
        message: String,
        /// The way out.
        help: Option<String>,
    },
    /// It would not have been safe.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
        /// The way out.
        help: Option<String>,
    },
    /// It was called wrongly.
    #[error("{message}")]
    Usage {
        /// Why.
        message: String,
        /// The way out.
        help: Option<String>,
    },
}

impl CliError {
    /// A failure, with what the library knows of the way out.
    pub fn failed(error: impl std::fmt::Display, help: Option<String>) -> Self {
        Self::Failed { message: error.to_string(), help }
    }

    /// A usage error.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// A refusal.
    pub fn refused(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), help: Some(help.into()) }
    }

    /// Its exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Configuration(_) => Exit::Configuration,
            Self::Failed { .. } => Exit::Failed,
            Self::Refused { .. } => Exit::Refused,
            Self::Usage { .. } => Exit::Usage,
        }
    }

    /// The way out.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Configuration(_) => None,
            Self::Failed { help, .. } | Self::Refused { help, .. } | Self::Usage { help, .. } => {
                help.as_deref()
            }
        }
    }
}

impl From<Vec<Diagnostic>> for CliError {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self::Configuration(diagnostics)
    }
}

impl From<crate::support::fs::FileError> for CliError {
    fn from(error: crate::support::fs::FileError) -> Self {
        match error.advice() {
            // What is in the way was put there by somebody.
            Some(help) => Self::Refused { message: error.to_string(), help: Some(help) },
            None => Self::failed(error, None),
        }
    }
}

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::File(error) => error.into(),
            JournalError::Held => {
                Self::refused(error.to_string(), "wait for it, or stop it with Ctrl-C where it runs")
            }
        }
    }
}

impl From<crate::engine::EngineError> for CliError {
    fn from(error: crate::engine::EngineError) -> Self {
        let help = error.advice();
        Self::failed(error, help)
    }
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
