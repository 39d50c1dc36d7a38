//! Locks of whole runs: two runs that change the same units at once are refused before anything starts.
//!
//! On one machine a locked file does it. Across machines each unit whose state is in S3 gets a small object beside its
//! state, written only where none is there. There is no heartbeat: a holder that died on this machine is seen to be dead
//! and replaced; one that died elsewhere is broken by name, with `slipway runs unlock RUN`. What cannot be locked this
//! way (no right to write, a bucket without conditional writes) is told and gone on without: each state still has the
//! tool's own lock.

mod conflict;
mod holder;
mod local;

use std::collections::BTreeMap;
use std::path::Path;

use futures::StreamExt;
use futures::stream;

pub use self::conflict::Conflict;
pub use self::holder::Holder;
use local::LocalLock;

use crate::engine::beside_state::{BesideStates, Over, StateAddress};
use crate::engine::{EngineError, UnitJob};
use crate::support::fs::FileError;

/// What the object's key adds to the state's.
const SUFFIX: &str = ".slipway-lock";
/// How many requests are under way at once.
const AT_ONCE: usize = 32;

/// The locks that a run holds.
#[derive(Debug)]
pub struct RunLocks {
    _local: LocalLock,
    objects: BesideStates,
    taken: Vec<Taken>,
    /// What could not be locked, a line each.
    pub warnings: Vec<String>,
}

struct Taken {
    address: StateAddress,
    etag: String,
}

impl std::fmt::Debug for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Taken").field("etag", &self.etag).finish_non_exhaustive()
    }
}

/// How one unit's lock went.
enum Answer {
    Ours(Taken),
    Theirs(String, Holder),
    /// There is nothing to lock.
    None,
    /// It cannot be locked: the bucket and why.
    Refused(String, EngineError),
}

impl RunLocks {
    /// Locks all units of a run, or none and says who holds some of them.
    ///
    /// `in_s3` are those whose state may be in S3.
    pub async fn take(
        home: &Path,
        holder: &Holder,
        units: &[String],
        in_s3: &[UnitJob],
    ) -> Result<Result<Self, Conflict>, FileError> {
        let local = match LocalLock::take(home, holder, units)? {
            Ok(local) => local,
            Err(conflict) => return Ok(Err(conflict)),
        };
        let objects = BesideStates::default();
        let locking = stream::iter(in_s3).map(|job| lock(&objects, job, holder)).buffer_unordered(AT_ONCE);
        let answers: Vec<Answer> = locking.collect().await;
        let mut taken = Vec::new();
        let mut held: BTreeMap<String, (Holder, Vec<String>)> = BTreeMap::new();
        let mut refused = BTreeMap::new();
        for answer in answers {
            match answer {
                Answer::Ours(ours) => taken.push(ours),
                Answer::Theirs(unit, holder) => {
                    held.entry(holder.run.clone()).or_insert_with(|| (holder, Vec::new())).1.push(unit);
                }
                Answer::None => {}
                Answer::Refused(bucket, error) => {
                    refused.entry(bucket).or_insert(error);
                }
            }
        }
        let warning = |(bucket, error): (String, EngineError)| {
            format!("runs on other machines are not kept off: no lock can be written to {bucket} ({error})")
        };
        let warnings = refused.into_iter().map(warning).collect();
        let locks = Self { _local: local, objects, taken, warnings };
        let Some((holder, mut units)) = held.into_values().next() else { return Ok(Ok(locks)) };
        let _not_ours = locks.release().await;
        units.sort();
        Ok(Err(Conflict { units, holder: Box::new(holder), alive: false }))
    }

    /// Releases them all; what cannot be released is told, a line each.
    pub async fn release(self) -> Vec<String> {
        let objects = &self.objects;
        let releasing = stream::iter(&self.taken)
            .map(|taken| async move {
                let removed = objects.remove(&taken.address, SUFFIX, &taken.etag).await;
                removed.err().map(|error| format!("the lock of this run is left beside a state: {error}"))
            })
            .buffer_unordered(AT_ONCE);
        let mut left: Vec<String> = releasing.filter_map(|left| async { left }).collect().await;
        left.dedup();
        left
    }
}

async fn lock(objects: &BesideStates, job: &UnitJob, holder: &Holder) -> Answer {
    let address = match objects.address(&job.config).await {
        Ok(Some(address)) => address,
        Ok(None) => return Answer::None,
        Err(error) => return Answer::Refused("the state bucket".to_owned(), error),
    };
    match try_lock(objects, &address, job, holder).await {
        Ok(Ok(etag)) => Answer::Ours(Taken { address, etag }),
        Ok(Err(holder)) => Answer::Theirs(job.id.clone(), holder),
        // Where no bucket is there, nobody can work on a state in it.
        Err(EngineError::Bucket { cause, .. }) if cause.contains("NoSuchBucket") => Answer::None,
        Err(error) => Answer::Refused(address.bucket().to_owned(), error),
    }
}

async fn try_lock(
    objects: &BesideStates,
    address: &StateAddress,
    job: &UnitJob,
    holder: &Holder,
) -> Result<Result<String, Holder>, EngineError> {
    let unreadable = |error: serde_json::Error| EngineError::Answer {
        command: format!("reading the lock of {}", job.id),
        cause: error.to_string(),
    };
    let body = serde_json::to_vec_pretty(holder).map_err(unreadable)?;
    let mut over = None;
    // Somebody else may take or release it between two requests; nobody does that for ever.
    for _ in 0..5 {
        let condition = over.as_deref().map_or(Over::Nothing, Over::Object);
        if let Some(etag) = objects.write(address, SUFFIX, &body, condition).await? {
            return Ok(Ok(etag));
        }
        let Some(found) = objects.read(address, SUFFIX).await? else {
            over = None;
            continue;
        };
        let theirs: Holder = serde_json::from_slice(&found.body).map_err(unreadable)?;
        if theirs == *holder {
            // The answer to our own write was lost, and it was sent again.
            return Ok(Ok(found.etag));
        }
        if !theirs.is_dead() && theirs.run != holder.run {
            return Ok(Err(theirs));
        }
        over = Some(found.etag);
    }
    let cause = "it changes hands again and again".to_owned();
    Err(EngineError::Answer { command: format!("taking the lock of {}", job.id), cause })
}

/// What breaking the locks of a run has come to.
#[derive(Debug, Default)]
pub struct Broken {
    /// The units whose locks are gone.
    pub units: Vec<String>,
    /// The run, as its locks described it.
    pub holder: Option<Holder>,
}

/// Breaks the locks that a run holds across machines, whoever it was; other runs' locks stay.
pub async fn break_locks(run: &str, in_s3: &[UnitJob]) -> Result<Broken, EngineError> {
    let objects = BesideStates::default();
    let breaking = stream::iter(in_s3)
        .map(|job| async {
            let Some(address) = objects.address(&job.config).await? else { return Ok(None) };
            let Some(found) = objects.read(&address, SUFFIX).await? else { return Ok(None) };
            let Ok(holder) = serde_json::from_slice::<Holder>(&found.body) else { return Ok(None) };
            if holder.run != run {
                return Ok(None);
            }
            objects.remove(&address, SUFFIX, &found.etag).await?;
            Ok(Some((job.id.clone(), holder)))
        })
        .buffer_unordered(AT_ONCE);
    let answers: Vec<Result<_, EngineError>> = breaking.collect().await;
    let mut broken = Broken::default();
    for answer in answers {
        if let Some((unit, holder)) = answer? {
            broken.units.push(unit);
            broken.holder = Some(holder);
        }
    }
    broken.units.sort();
    Ok(broken)
}
