//! Whether this process has brought anything into a cache: who brings it knows nothing of what is kept.

use std::sync::atomic::{AtomicBool, Ordering};

static HAS_GROWN: AtomicBool = AtomicBool::new(false);

/// Notes that something came into a cache.
pub(in crate::engine) fn has_come() {
    HAS_GROWN.store(true, Ordering::Relaxed);
}

/// Whether this process has brought anything into a cache.
pub fn has_grown() -> bool {
    HAS_GROWN.load(Ordering::Relaxed)
}
