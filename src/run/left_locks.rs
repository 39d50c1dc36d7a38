//! The tool's locks that are left on a state after it was killed, or that somebody else has left there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::event::{EventKind, LeftLock, Outcome};
use super::node::Reporter;
use super::unit_loader::UnitLoader;
use crate::engine::beside_state::BesideStates;
use crate::engine::state_lock::{self, Found, StateLock};
use crate::support::interrupt::Stop;

/// How long looking for one may take: whoever stops a run is in a hurry.
const PATIENCE: Duration = Duration::from_secs(15);
/// And where they have killed it, when the process is about to end.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// Looks for locks that are left.
#[derive(Debug)]
pub struct LeftLocks {
    home: PathBuf,
    objects: BesideStates,
}

impl LeftLocks {
    /// `home` is `.slipway`.
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), objects: BesideStates::default() }
    }

    /// Looks at the state of a unit that has ended, where its end makes a lock likely, and tells of the one it finds.
    pub async fn look(&self, outcome: &Outcome, loader: &UnitLoader, dir: &Path, reporter: &Reporter) {
        if !is_likely(outcome, reporter.interrupts().step()) {
            return;
        }
        let told = match outcome {
            Outcome::Failed { message, .. } => StateLock::told(message),
            _ => None,
        };
        let killed = async {
            reporter.interrupts().reached(Stop::Kill).await;
            tokio::time::sleep(LAST_PATIENCE).await;
        };
        let found = tokio::select! {
            found = self.find(loader, dir) => Some(found),
            () = tokio::time::sleep(PATIENCE) => None,
            () = killed => None,
        };
        let lock = match found {
            Some(Some(Ok(Found::Lock(lock)))) => Some(lock),
            Some(Some(Ok(Found::Debris(note)))) => {
                // Nobody holds the file: the tool that noted it is dead.
                let _gone = state_lock::remove_debris(&note);
                reporter.log(&format!("removed {}: no process holds that lock any more", note.display()));
                None
            }
            Some(Some(Ok(Found::Nothing)) | None) | None => told,
            Some(Some(Err(error))) => {
                reporter.log(&format!("whether a lock is left on the state could not be seen: {error}"));
                told
            }
        };
        if let Some(lock) = lock {
            reporter.emit(EventKind::LockLeft(LeftLock {
                node: reporter.node.clone(),
                release: format!("slipway unlock {} {}", reporter.node, lock.id),
                id: lock.id,
                who: lock.who,
                created: lock.created,
                process: lock.process,
            }));
        }
    }

    async fn find(
        &self,
        loader: &UnitLoader,
        dir: &Path,
    ) -> Option<Result<Found, crate::engine::EngineError>> {
        let job = loader.bare_job(dir).await?;
        Some(state_lock::find(&self.home, &job, &self.objects).await)
    }
}

/// Whether a tool may have ended without releasing its lock, or has met another one's.
fn is_likely(outcome: &Outcome, step: Stop) -> bool {
    match outcome {
        Outcome::Interrupted => step >= Stop::Interrupt,
        Outcome::Failed { message, .. } => {
            ["state lock", "signal: ", "time limit"].iter().any(|part| message.contains(part))
        }
        _ => false,
    }
}
