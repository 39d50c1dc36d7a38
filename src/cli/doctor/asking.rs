//! How a question is asked: whether at all, on a thread of its own, and for how long.

use std::time::Duration;

use crate::launch::CommandError;
use crate::support::children;

/// What any one question may take; those to AWS end sooner, with their reason.
pub const BOUND: Duration = Duration::from_secs(8);
/// What programs may take to say their version.
pub const VERSIONS: Duration = Duration::from_secs(10);
/// How many places are asked at once.
pub const AT_ONCE: usize = 16;

/// Whether AWS is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// It is.
    Aws,
    /// Nobody, by this flag.
    Nobody(&'static str),
}

impl Asks {
    /// That something was not asked; none where it is.
    pub fn nobody(self) -> Option<String> {
        match self {
            Self::Aws => None,
            Self::Nobody(flag) => Some(format!("not asked ({flag})")),
        }
    }
}

/// Work on files and with programs, on a thread of its own.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CommandError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| CommandError::failed(format!("looking ended unexpectedly: {error}"), None))
}

/// A program that is asked for its version, on a thread of its own; none where it does not answer, and then it is ended.
pub async fn versions<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let asked = tokio::task::spawn_blocking(work);
    if let Ok(answered) = tokio::time::timeout(VERSIONS, asked).await {
        return answered.ok();
    }
    children::end_evaluations();
    None
}
