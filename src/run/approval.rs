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
    /// Leave it and whatever else is not begun; someone may go on with it.
    Stop,
}

/// Whoever answers.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Is asked, one at a time, for every plan that would change something and that nobody has agreed to. `beyond` is what
    /// of it goes beyond what was agreed to; none where nothing was.
    async fn approve(&self, unit: &str, plan: &PlanSummary, beyond: Option<&[String]>) -> Approval;
}

/// `--yes`: whatever was planned may be applied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Always;

#[async_trait]
impl Approver for Always {
    async fn approve(&self, _unit: &str, _plan: &PlanSummary, _beyond: Option<&[String]>) -> Approval {
        Approval::Yes
    }
}
