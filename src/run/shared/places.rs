//! How many units of a shared run this machine works on at once: waiting for other machines takes no place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::run::memory::{LOOK_AGAIN, MemoryBound, MemoryWatch};

/// The places of this machine.
pub struct Places {
    free: Arc<Semaphore>,
    memory: Mutex<MemoryWatch>,
    taken: Arc<AtomicUsize>,
}

/// A place; it is given back when this is dropped.
pub struct Place {
    _permit: OwnedSemaphorePermit,
    taken: Arc<AtomicUsize>,
}

impl Places {
    /// So many, as far as the memory bears it.
    pub fn new(parallelism: usize, memory: MemoryBound) -> Self {
        let free = Arc::new(Semaphore::new(parallelism.max(1)));
        Self { free, memory: Mutex::new(memory.watch()), taken: Arc::default() }
    }

    /// Waits for one; whoever came first gets the first. None where there are none any more.
    pub async fn take(&self) -> Option<Place> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        let mut memory = self.memory.lock().await;
        while !memory.allows_another(self.taken.load(Ordering::SeqCst)) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.taken.fetch_add(1, Ordering::SeqCst);
        Some(Place { _permit: permit, taken: Arc::clone(&self.taken) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::SeqCst);
    }
}
