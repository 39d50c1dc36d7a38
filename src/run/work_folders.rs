//! The places in which tools work on units: `.slipway/work/<unit>/`.
//!
//! One process tree at a time works on a unit, of whichever run. Where a run was killed and its tool still works, the
//! next run waits until it has ended: what it is doing is then in the state, and is not done twice.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::node::Reporter;
use crate::support::fs::FileError;
use crate::support::interrupt::Stop;
use crate::support::work_folder::{self, WorkFolder};

/// How often a place that is taken is tried.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The places of all units.
#[derive(Clone, Debug)]
pub struct WorkFolders {
    home: PathBuf,
    holder: String,
}

impl WorkFolders {
    /// For one run.
    pub fn new(home: &Path, run: &str, command: &str) -> Self {
        let holder = format!("slipway {command}, run {run}, process {}", std::process::id());
        Self { home: home.to_owned(), holder }
    }

    /// Enters the place of the reporter's node, as soon as nobody works there any more; `None` where a person asks to
    /// stop before that.
    pub async fn enter(&self, reporter: &Reporter) -> Result<Option<Reporter>, FileError> {
        self.enter_that_of(&reporter.node, reporter).await
    }

    /// Enters the place of a unit for whatever the reporter's node does with it.
    pub async fn enter_that_of(
        &self,
        unit: &str,
        reporter: &Reporter,
    ) -> Result<Option<Reporter>, FileError> {
        let folder = work_folder::of_unit(&self.home, unit);
        let mut told = false;
        loop {
            if let Some(place) = WorkFolder::take(&self.home, &folder, &self.holder)? {
                if let Some(text) = place.left_behind() {
                    reporter.log("a run was killed while its tool worked on this unit; the tool printed:");
                    text.lines().for_each(|line| reporter.log(line));
                }
                return Ok(Some(reporter.at(place)));
            }
            if !told {
                let who = WorkFolder::holder(&folder).unwrap_or_else(|| "another run".to_owned());
                reporter.doing(&format!("waiting: a tool still works on it ({who})"));
                told = true;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = reporter.interrupts().reached(Stop::Drain) => return Ok(None),
            }
        }
    }
}
