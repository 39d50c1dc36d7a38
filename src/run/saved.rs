//! Saved plans as a run applies them, each held to what it was made on.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::node::Reporter;
use super::unit_loader::UnitLoader;
use crate::engine::plan::fingerprint::state_difference;
use crate::engine::plan::left_out::LeftOut;
use crate::engine::{Engine, EngineError, Fingerprint, PlanSummary, Session, StateMark, UnitJob};

/// Plans that were saved, by the names of their units.
pub struct SavedPlans {
    /// Where they came from, such as `prod-plans, saved by ada`.
    pub origin: String,
    /// The SHA-256 of their manifest, which has the digest of all else.
    pub manifest: String,
    /// The plans.
    pub units: BTreeMap<String, SavedUnit>,
    /// Whether one that may not be applied any more is made anew, and applied where it means the same.
    pub replan: bool,
}

impl SavedPlans {
    /// Whether the plan of a unit may be made anew. Mocks are never applied, however a plan is made.
    pub fn may_be_made_anew(&self, job: &UnitJob) -> bool {
        self.replan && job.config.mocked.is_empty()
    }
}

/// One of them.
pub struct SavedUnit {
    /// The plan, in the tool's format.
    pub content: Vec<u8>,
    /// What it would do.
    pub summary: PlanSummary,
    /// What it was made on.
    pub basis: Basis,
    /// What the digests leave out, since it is held to something else.
    pub left_out: Arc<LeftOut>,
    /// The plan that was made in its place and means the same: it lies where the run keeps the unit's plan.
    pub renewed: OnceLock<Renewed>,
}

/// What a plan was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The digests of what the unit is made of.
    pub fingerprint: Fingerprint,
    /// The state; none where there was none yet.
    pub state: Option<StateMark>,
}

/// A plan that was made anew, before the first was applied.
#[derive(Debug)]
pub struct Renewed {
    summary: PlanSummary,
    basis: Basis,
}

impl Basis {
    /// What a plan of the unit would be made on now.
    pub async fn now(
        engine: &dyn Engine,
        job: &UnitJob,
        left_out: &LeftOut,
        session: Session<'_>,
    ) -> Result<Self, EngineError> {
        let fingerprint = engine.fingerprint(job, left_out, session).await?;
        Ok(Self { fingerprint, state: engine.state_mark(job, session).await? })
    }
}

impl SavedUnit {
    /// What the plan that may be applied would do.
    pub fn summary(&self) -> &PlanSummary {
        self.renewed.get().map_or(&self.summary, |renewed| &renewed.summary)
    }

    /// Notes the plan that was made in its place.
    pub fn renew(&self, summary: PlanSummary, basis: Basis) {
        // The first one is kept: a second is made in the unit's own turn, and applied at once.
        drop(self.renewed.set(Renewed { summary, basis }));
    }

    /// Why it, or the one in its place, may not be applied as things are; none where it may.
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
        let basis = self.renewed.get().map_or(&self.basis, |renewed| &renewed.basis);
        if let Some(difference) = basis.fingerprint.difference(&now) {
            return Ok(Some(difference));
        }
        let state = engine.state_mark(job, reporter.session()).await?;
        Ok(state_difference(basis.state.as_ref(), state.as_ref()))
    }
}
