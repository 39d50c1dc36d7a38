//! Saved plans as a run applies them, each held to what it was made on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node::Reporter;
use super::unit_loader::UnitLoader;
use crate::engine::plan::fingerprint::state_difference;
use crate::engine::plan::left_out::LeftOut;
use crate::engine::{EngineError, Fingerprint, PlanSummary, StateMark, UnitJob};

/// Plans that were saved, by the names of their units.
pub struct SavedPlans {
    /// Where they came from, such as `prod-plans, saved by ada`.
    pub origin: String,
    /// The plans.
    pub units: BTreeMap<String, SavedUnit>,
}

/// One of them.
pub struct SavedUnit {
    /// The plan, in the tool's format.
    pub content: Vec<u8>,
    /// What it would do.
    pub summary: PlanSummary,
    /// What it was made on.
    pub fingerprint: Fingerprint,
    /// The state it was made on.
    pub state: Option<StateMark>,
    /// What the digests leave out, since it is held to something else.
    pub left_out: Arc<LeftOut>,
}

impl SavedUnit {
    /// Why it may not be applied as things are; none where it may.
    pub async fn objection(
        &self,
        loader: &UnitLoader,
        job: &UnitJob,
        reporter: &Reporter,
    ) -> Result<Option<String>, EngineError> {
        if !job.config.mocked.is_empty() {
            return Ok(Some(format!("mock outputs of {} went into it", job.config.mocked.join(", "))));
        }
        let engine = loader.engine();
        let now = engine.fingerprint(job, &self.left_out, reporter.session()).await?;
        if let Some(difference) = self.fingerprint.difference(&now) {
            return Ok(Some(difference));
        }
        let state = engine.state_mark(job, reporter.session()).await?;
        Ok(state_difference(self.state.as_ref(), state.as_ref()))
    }
}
