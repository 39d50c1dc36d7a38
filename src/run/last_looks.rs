//! When each unit was last held to what is really there, and what it was then: where both it and its state are still that, a plan
//! may do without another look.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::debug;

use super::saved::Basis;
use crate::engine::plan::left_out::LeftOut;
use crate::engine::{Engine, EngineError, PlanSummary, Session, UnitJob};
use crate::support::confined::{PRIVATE, PRIVATE_FOLDER, Root};
use crate::support::fs::{FileError, read_regular};
use crate::support::unit_name::as_file_name;

/// Its folder in ours.
pub const LOOKS: &str = "looks";
/// Arguments by which a plan looks at a part only, or at nothing.
const NARROWING: &[&str] = &["refresh", "target", "target-file", "exclude", "exclude-file", "replace"];
/// The variables by which whoever calls gives a plan arguments.
const VARIABLES: &[&str] = &["TF_CLI_ARGS", "TF_CLI_ARGS_plan"];

/// The last looks at the units of a project.
pub struct LastLooks {
    home: PathBuf,
    left_out: Mutex<LeftOut>,
}

/// A look at a unit: its plan found nothing that had been changed outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Look {
    /// The unit.
    unit: String,
    /// When it was.
    at: Timestamp,
    /// What the unit and its state were.
    basis: Basis,
}

/// A unit that is about to be planned.
pub struct Looked {
    basis: Basis,
    /// When it was last looked at as it is now; none where it has to be looked at.
    pub at: Option<Timestamp>,
}

impl LastLooks {
    /// `home` is our own folder in the project.
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), left_out: Mutex::default() }
    }

    /// What the digests of the run's units leave out.
    pub fn run_of(&self, left_out: LeftOut) {
        *self.left_out.lock().unwrap_or_else(PoisonError::into_inner) = left_out;
    }

    /// What is known of a unit as it is now; none where that says nothing, since it is planned on something else than what is there, or
    /// in part.
    pub async fn of(
        &self,
        engine: &dyn Engine,
        job: &UnitJob,
        session: Session<'_>,
    ) -> Result<Option<Looked>, EngineError> {
        if !job.config.mocked.is_empty() || !job.config.open.is_empty() || looks_at_a_part(job) {
            return Ok(None);
        }
        let left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let basis = match Basis::now(engine, job, &left_out, session).await {
            Ok(basis) => basis,
            Err(error @ EngineError::Interrupted { .. }) => return Err(error),
            // Then it is planned as it is without this, which says what is wrong where that matters.
            Err(error) => {
                debug!(unit = %job.id, %error, "what it was last cannot be compared: it is looked at");
                return Ok(None);
            }
        };
        let last = self.last(&job.id).filter(|look| look.basis == basis && look.at <= Timestamp::now());
        Ok(Some(Looked { at: last.map(|look| look.at), basis }))
    }

    fn last(&self, unit: &str) -> Option<Look> {
        let file = self.home.join(file_of(unit));
        let look: Look = serde_json::from_slice(&read_regular(&file).ok()?).ok()?;
        (look.unit == unit).then_some(look)
    }

    /// Notes a look. Where something had been changed outside, another one is needed until that is mended; what only the provider
    /// has settled since the apply counts for nothing where nothing is to be done.
    pub fn note(&self, job: &UnitJob, looked: Looked, summary: &PlanSummary) {
        let is_as_told = summary.drift.is_empty() || (!summary.changes && summary.drifted().next().is_none());
        let written = if is_as_told {
            self.write(&Look { unit: job.id.clone(), at: Timestamp::now(), basis: looked.basis })
        } else {
            Root::own(&self.home).and_then(|home| home.remove_all(&file_of(&job.id))).map(drop)
        };
        if let Err(error) = written {
            // The next plan looks once more than it would have to.
            debug!(unit = %job.id, %error, "the last look at it could not be noted");
        }
    }

    fn write(&self, look: &Look) -> Result<(), FileError> {
        let home = Root::own(&self.home)?;
        home.folder(Path::new(LOOKS), PRIVATE_FOLDER)?;
        let text = serde_json::to_vec(look).unwrap_or_default();
        home.write(&file_of(&look.unit), &text, PRIVATE)
    }
}

fn file_of(unit: &str) -> PathBuf {
    Path::new(LOOKS).join(as_file_name(unit))
}

/// Whether arguments keep the tool from looking at all that the unit has.
fn looks_at_a_part(job: &UnitJob) -> bool {
    let extra = job.config.terraform.iter().flat_map(|terraform| &terraform.extra_arguments);
    let of_unit = extra.flat_map(|extra| {
        let variables = extra.env_vars.iter().filter(|(name, _)| VARIABLES.contains(&name.as_str()));
        extra.arguments.iter().chain(variables.map(|(_, value)| value)).cloned()
    });
    let of_caller = VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
    of_unit.chain(of_caller).any(|arguments| narrows(&arguments))
}

fn narrows(arguments: &str) -> bool {
    arguments.split_whitespace().any(|argument| {
        let argument = argument.trim_start_matches(['-', '"', '\'']);
        NARROWING.contains(&argument.split_once('=').map_or(argument, |(name, _)| name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_look_at_a_part_are_known() {
        for arguments in
            ["-refresh=false", "-lock=false --target=a.b", "-target a.b", "-exclude=a.b", "-replace=a"]
        {
            assert!(narrows(arguments), "{arguments}");
        }
        for arguments in ["", "-var=refresh=false", "-lock-timeout=5m -parallelism=3", "-var-file=target"] {
            assert!(!narrows(arguments), "{arguments}");
        }
    }
}
