//! The providers of a run.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::error::ProviderError;
use super::place::Place;
use super::process::Spec;
use super::program::Program;

/// So many processes are kept that nobody uses, for whoever comes with the same configuration.
const KEPT_IDLE: usize = 4;

/// The providers of a run: dropped, or ended by [`Pool::end`], it leaves none.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Shared>);

/// A program's source and identity, and a digest of its environment.
type Key = (String, [u8; 32]);

/// What all who are served share.
#[derive(Debug)]
pub struct Shared {
    /// Where sockets are.
    pub place: Arc<Place>,
    programs: Mutex<HashMap<Key, Arc<Program>>>,
    units: AtomicU64,
    calls: AtomicUsize,
}

/// A call that is being answered.
pub struct Underway(Arc<Shared>);

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.forget_all();
    }
}

impl Pool {
    /// One in which nothing is started yet; `tell` hears what is decided.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Result<Self, ProviderError> {
        Ok(Self(Arc::new(Shared {
            place: Place::new(Box::new(tell))?,
            programs: Mutex::default(),
            units: AtomicU64::new(0),
            calls: AtomicUsize::new(0),
        })))
    }

    /// How many processes were started so far.
    pub fn started(&self) -> usize {
        self.0.place.how_many()
    }

    /// How many calls are being answered.
    pub fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// The numbers of the processes that have not ended.
    pub fn processes(&self) -> Vec<u32> {
        self.0.place.processes()
    }

    /// Ends all processes that nobody is served by, and waits for that.
    pub async fn end(&self) {
        self.0.forget_all();
        self.0.place.ended().await;
    }

    /// What all who are served share.
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Shared {
    /// A program in an environment. Two of the same source and identity are taken for the same.
    pub fn program(&self, identity: &str, spec: Spec) -> Arc<Program> {
        let key = (format!("{} {identity}", spec.name), digest(&spec.environment));
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(programs.entry(key).or_insert_with(|| Program::new(spec, Arc::clone(&self.place))))
    }

    /// Counts a call until what is returned is dropped.
    pub fn underway(self: &Arc<Self>) -> Underway {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Underway(Arc::clone(self))
    }

    /// A number that no other unit has.
    pub fn next_unit(&self) -> u64 {
        self.units.fetch_add(1, Ordering::SeqCst)
    }

    /// Lets those go that nobody has used for the longest, where there are more than are kept.
    pub fn let_go_of_idle(&self) {
        let programs: Vec<_> =
            self.programs.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let mut idle: Vec<_> = programs.iter().flat_map(|program| program.idle()).collect();
        idle.sort_by_key(|(left, ..)| *left);
        let excess = idle.len().saturating_sub(KEPT_IDLE);
        for (_, room, key) in idle.into_iter().take(excess) {
            room.let_go(&key);
        }
    }

    fn forget_all(&self) {
        let programs = std::mem::take(&mut *self.programs.lock().unwrap_or_else(PoisonError::into_inner));
        for program in programs.values() {
            program.forget_all();
        }
    }
}

/// A digest of an environment, in whatever order it is given.
fn digest(environment: &[(OsString, OsString)]) -> [u8; 32] {
    let mut variables: Vec<_> = environment.iter().collect();
    variables.sort_unstable();
    let mut digest = Sha256::new();
    for text in variables.into_iter().flat_map(|(name, value)| [name, value]) {
        digest.update(text.len().to_le_bytes());
        digest.update(text.as_encoded_bytes());
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_the_same_in_any_order_and_others_with_other_values() {
        let of = |variables: &[(&str, &str)]| {
            let owned = variables.iter().map(|(name, value)| (name.into(), value.into()));
            digest(&owned.collect::<Vec<(OsString, OsString)>>())
        };
        assert_eq!(of(&[("A", "1"), ("B", "2")]), of(&[("B", "2"), ("A", "1")]));
        assert_ne!(of(&[("A", "1")]), of(&[("A", "2")]));
        assert_ne!(of(&[("A", "BC")]), of(&[("AB", "C")]));
    }
}
