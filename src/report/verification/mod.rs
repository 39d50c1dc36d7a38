//! What `verify` found, written for people and for programs.

mod json;
mod junit;
mod markdown;
mod sarif;
#[cfg(test)]
mod tests;
mod text;

use std::path::PathBuf;

use crate::cluster::{Check, CheckStatus, Verification};

pub use self::json::{many as many_as_json, one as as_json};
pub use self::junit::junit;
pub use self::markdown::markdown;
pub use self::sarif::sarif;
pub use self::text::{many as many_as_text, one as as_text};

/// A cluster that was asked about.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What slipway.hcl calls it, or EKS where it stands in none.
    pub label: String,
    /// Where its block stands: a path from the working folder, and the line; none where it stands in none.
    pub place: Option<(PathBuf, usize)>,
    /// The answer, or why there is none.
    pub answer: Result<Verification, Unverified>,
}

/// Why a cluster could not be judged at all.
#[derive(Clone, Debug)]
pub struct Unverified {
    /// The region that was asked, where one is known.
    pub region: Option<String>,
    /// What went wrong, with the way out.
    pub message: String,
}

impl Verified {
    /// Whether the cluster is usable.
    pub fn passed(&self) -> bool {
        self.answer.as_ref().is_ok_and(Verification::passed)
    }

    fn checks(&self) -> &[Check] {
        self.answer.as_ref().map(|answer| answer.checks.as_slice()).unwrap_or_default()
    }

    fn count(&self, status: CheckStatus) -> usize {
        self.checks().iter().filter(|check| check.status == status).count()
    }
}
