//! What evaluation may still do.
//!
//! Counted for a thread, from the outermost evaluation on: a local that another one needs, and a template that a
//! function reads, are evaluated within it.

use std::cell::Cell;

use super::super::limits::{MOST_DEPTH, MOST_STEPS};

thread_local! {
    static EVALUATIONS: Cell<u32> = const { Cell::new(0) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// One evaluation that is going on; the outermost one starts the count.
pub(super) struct Evaluation(());

impl Evaluation {
    pub(super) fn begin() -> Self {
        if EVALUATIONS.get() == 0 {
            STEPS.set(0);
        }
        EVALUATIONS.set(EVALUATIONS.get() + 1);
        Self(())
    }
}

impl Drop for Evaluation {
    fn drop(&mut self) {
        EVALUATIONS.set(EVALUATIONS.get() - 1);
    }
}

/// One more level of evaluation, until it is dropped.
pub(super) struct Level(());

impl Level {
    /// `None` where that would be too deep.
    pub(super) fn enter() -> Option<Self> {
        let depth = DEPTH.get() + 1;
        DEPTH.set(depth);
        let level = Self(());
        (depth <= MOST_DEPTH).then_some(level)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Takes steps; false where there are not so many left.
pub(super) fn take(steps: u64) -> bool {
    let taken = STEPS.get().saturating_add(steps);
    STEPS.set(taken);
    taken <= MOST_STEPS
}
