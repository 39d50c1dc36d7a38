//! What a run does with plans besides making and applying them: tell them in full, keep them, or take kept ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::event::NodeInfo;
use super::last_looks::LastLooks;
use super::saved::{Basis, SavedPlans};
use crate::engine::plan::fingerprint::files_read;
use crate::engine::plan::left_out::LeftOut;
use crate::engine::{Engine, EngineError, PlanSummary, SavedPlan, Session, UnitJob};
use crate::support::paths::relative;

/// What a run does with plans besides applying them; by default nothing.
#[derive(Clone, Default)]
pub struct Plans {
    /// Whether each is told attribute by attribute, which starts its providers once more.
    pub detailed: bool,
    /// The last looks at the units, where those that are as they were then are not looked at again.
    pub looks: Option<Arc<LastLooks>>,
    /// Who notes what each was made on, so that it can be saved.
    pub keeper: Option<Arc<Keeper>>,
    /// The saved plans that are applied; nothing is planned then.
    pub saved: Option<Arc<SavedPlans>>,
}

/// Notes of each plan what it was made on.
pub struct Keeper {
    root: PathBuf,
    states: Mutex<(LeftOut, BTreeSet<PathBuf>)>,
    order: Mutex<Vec<NodeInfo>>,
    kept: Mutex<BTreeMap<String, Kept>>,
}

/// One plan that is to be saved.
pub struct Kept {
    /// The tool's file.
    pub file: PathBuf,
    /// What it would do.
    pub summary: PlanSummary,
    /// The dependencies whose mocks went into it.
    pub mocked: Vec<String>,
    /// What it was made on; none where mocks went into it or inputs are not known yet, since it is not saved then.
    pub basis: Option<Basis>,
    /// The files that were read for it, with their digests, by their paths from the project's folder.
    pub files: BTreeMap<PathBuf, String>,
}

impl Keeper {
    /// `root` is the project's folder.
    pub fn new(root: PathBuf) -> Self {
        Self { root, states: Mutex::default(), order: Mutex::default(), kept: Mutex::default() }
    }

    /// Takes what the digests of the run's units leave out, and the states among theirs that are files.
    pub fn run_of(&self, left_out: LeftOut, states: BTreeSet<PathBuf>) {
        *self.states.lock().unwrap_or_else(PoisonError::into_inner) = (left_out, states);
    }

    /// The states that are files, by their paths from the project's folder.
    pub fn states(&self) -> BTreeSet<PathBuf> {
        let (_, states) = &*self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.iter().map(|state| relative(&self.root, state)).collect()
    }

    /// Takes the order of the run.
    pub fn announce(&self, nodes: Vec<NodeInfo>) {
        *self.order.lock().unwrap_or_else(PoisonError::into_inner) = nodes;
    }

    /// The nodes of the run, each behind what it waits for.
    pub fn order(&self) -> Vec<NodeInfo> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what the plan of a unit was made on.
    pub async fn keep(
        &self,
        engine: &dyn Engine,
        job: &UnitJob,
        plan: &SavedPlan,
        session: Session<'_>,
    ) -> Result<(), EngineError> {
        let mocked = job.config.mocked.clone();
        let (basis, files) = if mocked.is_empty() && job.config.open.is_empty() {
            let left_out = self.states.lock().unwrap_or_else(PoisonError::into_inner).0.clone();
            let basis = Basis::now(engine, job, &left_out, session).await?;
            (Some(basis), files_read(&job.config, &self.root)?)
        } else {
            (None, BTreeMap::new())
        };
        let kept = Kept { file: plan.file.clone(), summary: plan.summary.clone(), mocked, basis, files };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(job.id.clone(), kept);
        Ok(())
    }

    /// What was kept, by the names of the units; nothing is kept any more.
    pub fn take(&self) -> BTreeMap<String, Kept> {
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
