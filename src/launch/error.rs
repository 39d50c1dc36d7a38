//! Why a command could not do what it was asked.

use crate::hcl::diagnostic::Diagnostic;
use crate::pipeline::sealed::SealedError;
use crate::run::journal::JournalError;
use crate::run::shared::StoreError;
use crate::ui::PrintError;

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
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

impl CommandError {
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

    /// That there is no such run, or none at all.
    pub fn no_run(run: Option<&str>) -> Self {
        match run {
            Some(run) => Self::usage(format!("there is no run {run}"), "list them with `slipway runs`"),
            None => Self::usage("there are no runs yet", "plan, apply, destroy, up and down make them"),
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

impl From<Vec<Diagnostic>> for CommandError {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self::Configuration(diagnostics)
    }
}

impl From<crate::support::fs::FileError> for CommandError {
    fn from(error: crate::support::fs::FileError) -> Self {
        match error.advice() {
            // What is in the way was put there by somebody.
            Some(help) => Self::Refused { message: error.to_string(), help: Some(help) },
            None => Self::failed(error, None),
        }
    }
}

impl From<JournalError> for CommandError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::File(error) => error.into(),
            JournalError::Held => {
                Self::refused(error.to_string(), "wait for it, or stop it with Ctrl-C where it runs")
            }
        }
    }
}

impl From<crate::engine::EngineError> for CommandError {
    fn from(error: crate::engine::EngineError) -> Self {
        let help = error.advice();
        Self::failed(error, help)
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let help = error.advice.clone();
        Self::failed(error, help)
    }
}

impl From<SealedError> for CommandError {
    fn from(error: SealedError) -> Self {
        match error {
            SealedError::File(error) => error.into(),
            SealedError::NoPlans(_) => Self::usage(error.to_string(), "name what `slipway plan --out` wrote"),
            SealedError::Crypto => Self::failed(error, None),
            SealedError::Opened | SealedError::Content(_) => {
                Self::refused(error.to_string(), "nothing was touched; plan again")
            }
        }
    }
}

impl From<PrintError> for CommandError {
    fn from(error: PrintError) -> Self {
        Self::failed(error, None)
    }
}
