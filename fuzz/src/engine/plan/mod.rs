//! Saved plans.

#![expect(dead_code, reason = "plans are made, signed and shown elsewhere")]

pub mod detail;
pub mod folder;
pub mod manifest;
mod mask;
mod signature;
mod summary;

use serde::{Deserialize, Serialize};

pub use detail::PlanDetail;
pub use mask::Secrets;
pub use summary::{Action, OutputChange, PlanSummary, ResourceChange};

/// What a plan was made on, as `src/engine/plan/fingerprint.rs` has it; how it is found needs the engines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    tool: String,
    version: String,
    inputs: String,
    source: String,
    #[serde(default)]
    lock: Option<String>,
}

/// Which state it was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateMark {
    lineage: String,
    serial: u64,
}

/// A plan as the tools show it.
pub struct PlanJson(String);

impl PlanJson {
    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.0
    }
}
