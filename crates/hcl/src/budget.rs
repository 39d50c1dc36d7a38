//! What a whole evaluation may take: steps of work, and bytes of values.
//!
//! A few lines can ask for more than any machine has, without any one value that is too large: texts that double from
//! local to local, files that read each other twice. So the work and the values are counted together, for all that is
//! evaluated for one file of one unit, whatever else it includes and reads. The count goes with the thread.
//!
//! Steps are counted before work is done, bytes when a value is made; nothing is given back. An evaluation that has
//! spent its budget is over: nothing in it is tried any further, and the first place where it ran out is what is told.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::diagnostic::Diagnostic;
use super::limits::MOST_DEPTH;
use super::source::Location;
use slipway_support::counted::with_commas;
use slipway_support::interrupt::interruptions;

/// The most steps: an operation, a call, a round of a `for`, a file that is looked at. A few seconds.
pub const MOST_STEPS: u64 = 20_000_000;
/// The most bytes of values that are made, also of those that are gone by then.
pub const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// The most steps of one that begins after a run was interrupted, to see what is left: a moment.
const MOST_STEPS_IN_A_HURRY: u64 = 200_000;
/// The variable that allows more.
pub const VARIABLE: &str = "SLIPWAY_EVALUATION_BUDGET";
/// How often it is looked whether somebody wants it to end: every millisecond or so.
const LOOK: u64 = 4_096;

/// In thousandths of the usual budget.
static ALLOWED: AtomicU64 = AtomicU64::new(1_000);

/// Allows so many times the usual budget, in every evaluation that begins from here on.
pub fn allow(times: f64) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    let thousandths = (times * 1_000.0).clamp(1.0, 1e9) as u64;
    ALLOWED.store(thousandths, Ordering::Relaxed);
}

/// So much of what there usually may be, with what is allowed beyond.
pub fn allowed(usual: u64) -> u64 {
    usual.saturating_mul(ALLOWED.load(Ordering::Relaxed)) / 1_000
}

/// What ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Spent {
    /// The steps.
    #[error("takes more than {} steps", with_commas(allowed(MOST_STEPS)))]
    Steps,
    /// The bytes.
    #[error("makes more than {} of values", size(allowed(MOST_BYTES)))]
    Bytes,
    /// The patience of whoever waits.
    #[error("was interrupted")]
    Interrupted,
}

fn size(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) }
}

impl Spent {
    /// The code of its diagnostic.
    pub fn code(self) -> &'static str {
        match self {
            Self::Steps | Self::Bytes => "hcl::budget",
            Self::Interrupted => "hcl::interrupted",
        }
    }

    /// What is told of it, where it ran out; where that was told before, the same once more.
    pub fn at(self, location: &Location) -> Box<Diagnostic> {
        TOLD.with_borrow_mut(|told| told.get_or_insert_with(|| Box::new(self.describe(location))).clone())
    }

    fn describe(self, location: &Location) -> Diagnostic {
        let subject = SUBJECT.with_borrow(Clone::clone);
        let subject = subject.as_deref().unwrap_or(location.file.path()).display().to_string();
        let error = Diagnostic::error(self.code(), format!("the evaluation of {subject} {self}"));
        let error = error.at(location.clone());
        let raise = format!("where it is meant, {VARIABLE}=2 allows twice as much");
        match self {
            Self::Steps => error.help(format!(
                "look for loops within loops, files read again and again, and patterns over many folders; {raise}"
            )),
            Self::Bytes => {
                error.help(format!("look for texts and lists that double from one local to the next; {raise}"))
            }
            Self::Interrupted => error,
        }
    }
}

thread_local! {
    static EVALUATIONS: Cell<u32> = const { Cell::new(0) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static STEPS: Cell<u64> = const { Cell::new(0) };
    /// Where it is time to look; no steps may be taken unlooked where nothing has begun.
    static NEXT_LOOK: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
    static MOST: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    static SPENT: Cell<Option<Spent>> = const { Cell::new(None) };
    static INTERRUPTIONS: Cell<u32> = const { Cell::new(0) };
    static SUBJECT: RefCell<Option<Arc<Path>>> = const { RefCell::new(None) };
    static TOLD: RefCell<Option<Box<Diagnostic>>> = const { RefCell::new(None) };
}

/// One evaluation that is going on, on this thread; the outermost one starts the count.
#[derive(Debug)]
pub struct Evaluation(std::marker::PhantomData<*const ()>);

impl Evaluation {
    /// Begins one of a file; none where there is no file to name.
    pub fn begin(subject: Option<&Arc<Path>>) -> Self {
        if EVALUATIONS.get() == 0 {
            let most = if interruptions() > 0 { MOST_STEPS_IN_A_HURRY } else { u64::MAX };
            Self::start(subject, allowed(MOST_STEPS).min(most), allowed(MOST_BYTES));
        }
        EVALUATIONS.set(EVALUATIONS.get() + 1);
        Self(std::marker::PhantomData)
    }

    fn start(subject: Option<&Arc<Path>>, steps: u64, bytes: u64) {
        STEPS.set(0);
        BYTES.set(0);
        MOST.set((steps, bytes));
        NEXT_LOOK.set(LOOK.min(steps));
        INTERRUPTIONS.set(interruptions());
        SUBJECT.set(subject.cloned());
        if SPENT.take().is_some() {
            TOLD.set(None);
        }
    }

    /// One with a budget of its own, for tests.
    #[cfg(test)]
    pub fn with(steps: u64, bytes: u64) -> Self {
        let evaluation = Self::begin(None);
        Self::start(None, steps, bytes);
        evaluation
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

/// Takes steps, before the work is done.
#[inline]
pub fn take(steps: u64) -> Result<(), Spent> {
    let taken = STEPS.get().saturating_add(steps);
    STEPS.set(taken);
    if taken <= NEXT_LOOK.get() { Ok(()) } else { look(taken) }
}

#[cold]
fn look(taken: u64) -> Result<(), Spent> {
    if EVALUATIONS.get() == 0 {
        return Ok(());
    }
    if interruptions() != INTERRUPTIONS.get() {
        return spend(Spent::Interrupted);
    }
    let (most, _) = MOST.get();
    if taken > most {
        return spend(Spent::Steps);
    }
    NEXT_LOOK.set(taken.saturating_add(LOOK).min(most));
    spent().map_or(Ok(()), Err)
}

/// Takes bytes for a value.
#[inline]
pub fn make(bytes: usize) -> Result<(), Spent> {
    let made = BYTES.get().saturating_add(bytes as u64);
    BYTES.set(made);
    if made <= MOST.get().1 || EVALUATIONS.get() == 0 { Ok(()) } else { spend(Spent::Bytes) }
}

/// From here on every look finds it spent.
fn spend(what: Spent) -> Result<(), Spent> {
    let what = SPENT.get().unwrap_or(what);
    SPENT.set(Some(what));
    NEXT_LOOK.set(0);
    Err(what)
}

/// What has run out, where something has.
pub fn spent() -> Option<Spent> {
    SPENT.get()
}

/// The steps and bytes that the evaluation on this thread has taken so far.
pub fn taken() -> (u64, u64) {
    (STEPS.get(), BYTES.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_counts_towards_the_outermost_one_and_the_next_begins_anew() {
        let outer = Evaluation::with(10_000, 100);
        assert_eq!(take(9_000), Ok(()));
        {
            let _inner = Evaluation::begin(None);
            assert_eq!(take(1_000), Ok(()));
            assert_eq!(make(100), Ok(()));
        }
        assert_eq!(taken(), (10_000, 100));
        assert_eq!(make(1), Err(Spent::Bytes));
        // Whatever comes then, it is over.
        assert_eq!(take(1), Err(Spent::Bytes));
        drop(outer);
        let _next = Evaluation::with(10_000, 100);
        assert_eq!((take(1), make(1)), (Ok(()), Ok(())));
        assert_eq!(take(u64::MAX), Err(Spent::Steps));
        assert_eq!(spent(), Some(Spent::Steps));
    }

    #[test]
    fn sizes_are_told_as_people_read_them() {
        assert_eq!((size(256 << 20), size(300 << 10)), ("256 MiB".into(), "300 KiB".into()));
    }
}
