//! What is known of the run at this moment, and this machine's part in it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tracing::debug;

use super::record::{Claim, End, Machine, Start};
use super::store::{Mark, Store, StoreError};

/// What the run is.
pub(super) const START: &str = "run.json";
/// That nothing more is to begin.
pub(super) const CANCELLED: &str = "cancelled";
/// The longest time between two looks.
const LONGEST_LOOK: Duration = Duration::from_secs(2);
/// For how many leases a store may not answer, and the tool of a machine that is gone may go on.
const PATIENCE: u32 = 10;

/// What tells the time that passes on this machine.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The run as this machine sees it.
pub struct Board {
    store: Arc<dyn Store>,
    me: Machine,
    lease: Duration,
    view: watch::Sender<View>,
    beats: AtomicU64,
    clock: Clock,
}

/// What was seen the last time.
#[derive(Default)]
struct View {
    ends: HashSet<String>,
    claims: HashMap<String, Held>,
    released: HashSet<(String, u32)>,
    beats: HashMap<String, Beat>,
    is_cancelled: bool,
    /// When the last look began that succeeded.
    sure: Option<Instant>,
    trouble: Option<StoreError>,
}

/// The newest claim on a unit.
#[derive(Clone)]
struct Held {
    fence: u32,
    machine: Machine,
    seen: Instant,
}

/// The last sign of life of a machine.
struct Beat {
    version: String,
    since: Instant,
}

/// How a unit stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has ended.
    Ended,
    /// This machine works on it, by the claim with that fence.
    Ours(u32),
    /// Another machine does.
    Theirs(Machine),
    /// Nobody does; who wants it takes that fence.
    Free(u32),
}

impl Board {
    /// A board on which nothing is known yet.
    pub fn new(store: Arc<dyn Store>, lease: Duration) -> Self {
        Self::at(store, lease, Arc::new(Instant::now))
    }

    /// One that tells the time by another clock.
    pub fn at(store: Arc<dyn Store>, lease: Duration, clock: Clock) -> Self {
        let view = watch::Sender::new(View::default());
        Self { store, me: Machine::ours(), lease, view, beats: AtomicU64::default(), clock }
    }

    fn since(&self, then: Instant) -> Duration {
        (self.clock)().saturating_duration_since(then)
    }

    /// The run at an address; none where none has begun.
    pub async fn start(store: &dyn Store) -> Result<Option<Start>, StoreError> {
        read(store, START).await
    }

    /// Begins the run, where nobody has; else says what it is.
    pub async fn begin(store: &dyn Store, ours: &Start) -> Result<Start, StoreError> {
        if let Some(start) = Self::start(store).await? {
            return Ok(start);
        }
        // Two that write where only one may: a store that lets both is none to rely on.
        let probe = format!("probes/{}", ours.by.id);
        let (first, second) =
            (create(store, &probe, &ours.by).await?, create(store, &probe, &ours.by).await?);
        if !first || second {
            return Err(StoreError {
                address: store.address().to_owned(),
                cause: "it writes an object over another one although it is told not to (If-None-Match)"
                    .to_owned(),
                advice: Some("use a bucket of a store with conditional writes, as S3 has them".to_owned()),
            });
        }
        create(store, START, ours).await?;
        // Whoever was first.
        let start = Self::start(store).await?;
        start.ok_or_else(|| StoreError::strange(store.address(), "what was written just now is not there"))
    }

    /// This machine.
    pub fn me(&self) -> &Machine {
        &self.me
    }

    /// Gives a sign of life, and looks at what the others have done.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let looked = self.look().await;
        if let Err(error) = &looked {
            debug!(%error, "the store of the run was not seen");
            self.view.send_modify(|view| view.trouble = Some(error.clone()));
        }
        looked
    }

    async fn look(&self) -> Result<(), StoreError> {
        let begun = (self.clock)();
        let beat = self.beats.fetch_add(1, Ordering::Relaxed).to_string();
        self.store.put(&format!("beats/{}", self.me.id), beat.into_bytes()).await?;
        let keys = self.store.list().await?;
        let now = (self.clock)();
        let mut claims = Vec::new();
        for (fence, unit) in keys.keys().filter_map(|key| fenced(key, "claims/")) {
            let known = self.view.borrow().claims.get(unit).map(|held| held.fence);
            if known.is_none_or(|known| known < fence) {
                claims.extend(self.claimant(unit, fence).await?.map(|machine| (unit, fence, machine)));
            }
        }
        self.view.send_modify(|view| {
            for key in keys.keys() {
                if let Some(unit) = key.strip_prefix("ends/") {
                    view.ends.insert(unit.to_owned());
                } else if let Some((fence, unit)) = fenced(key, "released/") {
                    view.released.insert((unit.to_owned(), fence));
                }
            }
            for (unit, fence, machine) in claims {
                view.hold(unit, Held { fence, machine, seen: now });
            }
            for (machine, Mark { version, .. }) in
                keys.iter().filter_map(|(key, mark)| Some((key.strip_prefix("beats/")?, mark)))
            {
                let known = view.beats.get(machine).is_some_and(|beat| beat.version == *version);
                if !known {
                    let beat = Beat { version: version.clone(), since: now };
                    view.beats.insert(machine.to_owned(), beat);
                }
            }
            view.is_cancelled |= keys.contains_key(CANCELLED);
            (view.sure, view.trouble) = (Some(begun), None);
        });
        Ok(())
    }

    async fn claimant(&self, unit: &str, fence: u32) -> Result<Option<Machine>, StoreError> {
        let claim: Option<Claim> = read(&*self.store, &claim_key(unit, fence)).await?;
        Ok(claim.map(|claim| claim.machine))
    }

    /// Looks again and again, until it is dropped.
    pub async fn keep_looking(&self) {
        loop {
            tokio::time::sleep((self.lease / 5).min(LONGEST_LOOK)).await;
            let _told_where_it_matters = self.refresh().await;
        }
    }

    /// Whether nobody can have replaced this machine: within a lease from the last sign of life that was taken.
    pub fn is_sure(&self) -> bool {
        self.view.borrow().sure.is_some_and(|sure| self.since(sure) < self.lease)
    }

    /// How long something that will end by itself is waited for.
    pub fn patience(&self) -> Duration {
        self.lease * PATIENCE
    }

    /// Whether somebody has asked for nothing more to begin.
    pub fn is_cancelled(&self) -> bool {
        self.view.borrow().is_cancelled
    }

    /// What keeps the store from being seen, where it has not been for some leases.
    pub fn trouble(&self) -> Option<StoreError> {
        let view = self.view.borrow();
        let is_long = view.sure.is_none_or(|sure| self.since(sure) > self.patience());
        view.trouble.clone().filter(|_| is_long)
    }

    /// Whether no machine works on anything.
    pub fn is_idle(&self) -> bool {
        let view = self.view.borrow();
        let is_over = |(unit, held): (&String, &Held)| {
            view.ends.contains(unit) || view.released.contains(&(unit.clone(), held.fence))
        };
        view.claims.iter().all(is_over)
    }

    /// How many have ended.
    pub fn ended(&self) -> usize {
        self.view.borrow().ends.len()
    }

    /// How a unit stands.
    pub fn standing(&self, unit: &str) -> Standing {
        let view = self.view.borrow();
        if view.ends.contains(unit) {
            return Standing::Ended;
        }
        let Some(held) = view.claims.get(unit) else { return Standing::Free(1) };
        if held.machine == self.me {
            return Standing::Ours(held.fence);
        }
        let beat = view.beats.get(&held.machine.id).map_or(held.seen, |beat| beat.since.max(held.seen));
        let silent = self.since(beat);
        // One that stopped being sure of itself a lease after its last sign has half a lease to know it.
        if silent > self.lease * 3 / 2 || view.released.contains(&(unit.to_owned(), held.fence)) {
            return Standing::Free(held.fence + 1);
        }
        Standing::Theirs(held.machine.clone())
    }

    /// Returns when something else is known, or a claim has grown old.
    pub async fn changed(&self) {
        let mut view = self.view.subscribe();
        view.mark_unchanged();
        let _either = tokio::time::timeout(self.lease / 2, view.changed()).await;
    }

    /// Takes a unit; false where another machine was faster.
    pub async fn claim(&self, unit: &str, fence: u32) -> Result<bool, StoreError> {
        let claim = Claim { machine: self.me.clone() };
        let is_ours = match create(&*self.store, &claim_key(unit, fence), &claim).await {
            Ok(true) => true,
            // The answer to our own write was lost, perhaps, and it was sent again.
            Ok(false) => self.claimant(unit, fence).await?.as_ref() == Some(&self.me),
            Err(error) => {
                if self.claimant(unit, fence).await?.as_ref() != Some(&self.me) {
                    return Err(error);
                }
                true
            }
        };
        if is_ours {
            let held = Held { fence, machine: self.me.clone(), seen: (self.clock)() };
            self.view.send_modify(|view| view.hold(unit, held));
        }
        Ok(is_ours)
    }

    /// Gives a unit back, unfinished.
    pub async fn release(&self, unit: &str, fence: u32) -> Result<(), StoreError> {
        self.store.put(&format!("released/{fence:04}/{unit}"), Vec::new()).await?;
        self.view.send_modify(|view| view.released.extend([(unit.to_owned(), fence)]));
        Ok(())
    }

    /// Returns when another machine has taken the unit although we had it.
    pub async fn lost(&self, unit: &str, fence: u32) {
        let mut view = self.view.subscribe();
        let is_lost = |view: &View| view.claims.get(unit).is_some_and(|held| held.fence > fence);
        if view.wait_for(is_lost).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Tells how a unit ended; the end that counts, which is another machine's where that was faster. A store that does not answer is
    /// asked for some leases.
    pub async fn tell(&self, unit: &str, end: &End) -> Result<Option<End>, StoreError> {
        let key = end_key(unit);
        let begun = (self.clock)();
        loop {
            let told = match create(&*self.store, &key, end).await {
                Ok(true) => Ok(None),
                Ok(false) => self.end(unit).await,
                Err(error) => Err(error),
            };
            match told {
                Ok(other) => {
                    self.view.send_modify(|view| view.ends.extend([unit.to_owned()]));
                    return Ok(other.filter(|other| other.machine != self.me));
                }
                Err(error) if self.since(begun) > self.patience() => return Err(error),
                Err(error) => debug!(%error, unit, "how it ended was not told"),
            }
            tokio::time::sleep((self.lease / 5).min(LONGEST_LOOK)).await;
        }
    }

    /// How a unit ended.
    pub async fn end(&self, unit: &str) -> Result<Option<End>, StoreError> {
        read(&*self.store, &end_key(unit)).await
    }

    /// Asks all machines to begin nothing more.
    pub async fn cancel(store: &dyn Store, by: &Machine) -> Result<(), StoreError> {
        create(store, CANCELLED, by).await.map(drop)
    }
}

impl View {
    fn hold(&mut self, unit: &str, held: Held) {
        if self.claims.get(unit).is_none_or(|known| known.fence < held.fence) {
            self.claims.insert(unit.to_owned(), held);
        }
    }
}

pub(super) fn claim_key(unit: &str, fence: u32) -> String {
    format!("claims/{fence:04}/{unit}")
}

pub(super) fn end_key(unit: &str) -> String {
    format!("ends/{unit}")
}

/// The fence and the unit of a key like `claims/0001/dev/vpc`.
pub(super) fn fenced<'k>(key: &'k str, kind: &str) -> Option<(u32, &'k str)> {
    let (fence, unit) = key.strip_prefix(kind)?.split_once('/')?;
    Some((fence.parse().ok()?, unit))
}

async fn create(store: &dyn Store, key: &str, what: &impl Serialize) -> Result<bool, StoreError> {
    let body = serde_json::to_vec(what).map_err(|error| StoreError::strange(store.address(), error))?;
    store.create(key, body).await
}

pub(super) async fn read<T: DeserializeOwned>(store: &dyn Store, key: &str) -> Result<Option<T>, StoreError> {
    let Some(body) = store.read(key).await? else { return Ok(None) };
    let read = serde_json::from_slice(&body);
    read.map(Some)
        .map_err(|error| StoreError::strange(store.address(), format!("{key} is no word of a run: {error}")))
}
