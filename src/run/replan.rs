//! A saved plan that may not be applied any more, since what it was made on has moved, is made anew; where the new one
//! means the same, it takes the place of the saved one.
//!
//! What was reviewed stays the measure, however often a plan is made anew: each is held to the saved one.

use std::path::Path;

use super::node::Reporter;
use super::saved::{Basis, SavedUnit};
use super::unit_loader::UnitLoader;
use crate::engine::plan::Deviation;
use crate::engine::{Direction, EngineError, SavedPlan, UnitJob};
use crate::support::confined::{PRIVATE, Root};
use crate::support::paths;

/// How many ways in which a plan deviates are told in one message; all of them are in the log.
const MOST_TOLD: usize = 12;

/// What came of planning anew.
pub enum Anew {
    /// The new plan means the same, and may be applied.
    Same(SavedPlan),
    /// There is nothing left to do: what was planned is as it should be.
    Done,
    /// It means something else, in these words.
    Another(String),
}

impl SavedUnit {
    /// Plans the unit anew into `file`, and holds the new plan to the saved one.
    pub async fn anew(
        &self,
        loader: &UnitLoader,
        job: &UnitJob,
        file: &Path,
        reporter: &Reporter,
    ) -> Result<Anew, EngineError> {
        let (engine, session) = (loader.engine(), reporter.session());
        let plan = engine.plan(job, Direction::Apply.into(), file, session).await?;
        let reviewed = file.with_extension("saved");
        Root::at(paths::folder(&reviewed))?.write(&reviewed, &self.content, PRIVATE)?;
        let then = engine.plan_json(job, &reviewed, session).await?;
        let now = engine.plan_json(job, file, session).await?;
        let deviations = then.deviations(&now).map_err(|error| EngineError::unread_plan(&error))?;
        if !deviations.is_empty() {
            for deviation in &deviations {
                reporter.log(&format!("{}: {deviation}", job.id));
            }
            return Ok(Anew::Another(told(&deviations)));
        }
        let basis = Basis::now(engine, job, &self.left_out, session).await?;
        self.renew(plan.summary.clone(), basis);
        Ok(if plan.summary.changes { Anew::Same(plan) } else { Anew::Done })
    }
}

fn told(deviations: &[Deviation]) -> String {
    let mut told: Vec<String> = deviations.iter().take(MOST_TOLD).map(ToString::to_string).collect();
    let more = deviations.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        told.push(format!("and {more} more, which are in the log"));
    }
    format!("planned anew, it is not the plan that was saved: {}", told.join("; "))
}
