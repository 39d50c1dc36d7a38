//! Answers found once and shared by threads.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

type Once<T> = Arc<OnceLock<T>>;

/// Answers by key; whoever comes second waits for the first.
pub(crate) struct Cache<K, V>(Mutex<HashMap<K, Once<V>>>);

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// The answer for `key`, found by `find` at the first call. `find` must not ask for the same key again.
    pub fn get<Q>(&self, key: &Q, find: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let cell = self.cell(key);
        cell.get_or_init(find).clone()
    }

    /// The answer where it has been found.
    pub fn known<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        locked(&self.0).get(key).and_then(|cell| cell.get()).cloned()
    }

    /// Sets the answer, unless another was found before.
    pub fn keep<Q>(&self, key: &Q, value: V)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        // Of two that are found at the same time either will do.
        let _other = self.cell(key).set(value);
    }

    /// What was asked for so far.
    pub fn keys(&self) -> Vec<K>
    where
        K: Clone,
    {
        locked(&self.0).keys().cloned().collect()
    }

    /// Lets go of an answer that nobody will ask for again.
    pub fn forget<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        locked(&self.0).remove(key);
    }

    fn cell<Q>(&self, key: &Q) -> Once<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let mut cells = locked(&self.0);
        if let Some(cell) = cells.get(key) {
            return Arc::clone(cell);
        }
        Arc::clone(cells.entry(key.to_owned()).or_default())
    }
}

/// A cache that a panicking thread left is still a cache: entries are written whole.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
