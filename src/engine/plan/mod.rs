//! What a plan would do: its sums and addresses, its attributes on demand, and plans that are kept.

#[cfg(test)]
mod any_folder;
pub mod detail;
pub mod fingerprint;
pub mod folder;
pub mod left_out;
pub mod manifest;
mod mask;
mod outputs;
pub mod signature;
mod summary;

pub use crate::terraform::state::StateMark;
pub use detail::{
    AttributeChange, Deviation, DiffLine, OpenInputs, OutputDetail, PlanDetail, ResourceDetail, Shown,
};
pub use fingerprint::Fingerprint;
pub use mask::Secrets;
pub use outputs::outputs_after;
pub use summary::{Action, OutputChange, PlanSummary, ResourceChange};

use crate::terraform::outputs::object_in;

/// A saved plan as the tool's `show -json` tells it. It holds secrets in the clear: it is handed to policies and
/// read for [`PlanDetail`], and never logged, which is why `Debug` shows nothing of it.
#[derive(Clone)]
pub struct PlanJson(String);

impl PlanJson {
    /// The tool's answer; what it prints before it, such as warnings, is left out.
    pub fn new(answer: &str) -> Self {
        Self(object_in(answer).to_owned())
    }

    /// Every text in it that the tool calls sensitive.
    pub fn secrets(&self) -> Result<Secrets, serde_json::Error> {
        detail::secrets_of(self)
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PlanJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PlanJson").field(&format_args!("{} bytes", self.0.len())).finish()
    }
}
