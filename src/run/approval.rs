//! Whether a plan may be applied.

use async_trait::async_trait;

use crate::engine::PlanSummary;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Apply it.
    Yes,
    /// Leave it.
    No,
}

/// Whoever answers.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Is asked for every plan that would change something, one at a time.
    async fn approve(&self, unit: &str, plan: &PlanSummary) -> Approval;
}

/// `--yes`: whatever was planned may be applied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Always;

#[async_trait]
impl Approver for Always {
    async fn approve(&self, _unit: &str, _plan: &PlanSummary) -> Approval {
        Approval::Yes
    }
}
