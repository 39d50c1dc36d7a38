//! What reads archives and saved plans.

pub mod plan;
pub mod source;

pub use plan::{Action, OutputChange, PlanDetail, PlanJson, PlanSummary, ResourceChange};
