//! Signals, taken by a thread that does nothing else.
//!
//! Whatever the rest of the program is at (a computation, a read that does not return, a lock), this thread hears the
//! signal and can end the process: it takes no lock that is held for long, and waits for nobody.
//!
//! While a run goes on, a signal is a step of stopping it, see [`Stop`]; the run has a moment to end by itself after the
//! last step, and no longer. Everything else ends at the first one.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::children;
use super::fs::read_text;
use super::interrupt::{self, Interruptor, Stop};
use super::scratch;

/// How long a run may take to say what it leaves, after it was told to kill. The process ends within a second.
const LAST_WORDS: Duration = Duration::from_millis(850);
/// How long a child may take to clean up where there is no run.
const CLEAN_UP: Duration = Duration::from_millis(200);

static RUN: Mutex<Option<Arc<Interruptor>>> = Mutex::new(None);
/// Whether there was a run.
static HAS_RUN: AtomicBool = AtomicBool::new(false);
static ENDING: AtomicBool = AtomicBool::new(false);

/// Whoever tells a person something.
pub type Tell = fn(&str);

/// Listens from here on. `interrupted` is the exit code of what was stopped by Ctrl-C.
pub fn watch(interrupted: i32, tell: Tell) -> std::io::Result<()> {
    let interruptible = !is_ignored(SIGINT);
    // Whoever started us with `nohup` has said what a closed terminal means.
    let hangup = (!is_ignored(SIGHUP)).then_some(SIGHUP);
    let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hangup))?;
    let listen = move || {
        for signal in signals.forever() {
            let run = RUN.lock().unwrap_or_else(PoisonError::into_inner).clone();
            match run {
                Some(run) => step(&run, signal, interrupted, tell),
                // As a program in the background of a script is started: its Ctrl-C is meant for others.
                None if signal == SIGINT && !interruptible => {}
                None => end(signal, interrupted),
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
    Ok(())
}

/// Waits for the end where a signal is about to bring it: what failed because its programs were ended is no failure that
/// anybody has to be told of.
pub fn settle() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// A run that signals stop step by step, as long as this lives.
#[derive(Debug)]
pub struct Attached(());

/// Lets signals stop a run from here on.
#[must_use]
pub fn attach(interruptor: Interruptor) -> Attached {
    HAS_RUN.store(true, Ordering::SeqCst);
    *RUN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(interruptor));
    Attached(())
}

impl Drop for Attached {
    fn drop(&mut self) {
        *RUN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Ctrl-C goes one step a press. SIGTERM from a CI system and SIGHUP from a closed terminal leave little time before a
/// kill, so they go straight to the one interrupt.
fn step(run: &Interruptor, signal: i32, interrupted: i32, tell: Tell) {
    let before = run.step();
    let step = if signal == SIGINT { run.press() } else { run.raise(Stop::Interrupt) };
    if step >= Stop::Interrupt && step > before {
        interrupt::end_evaluations();
        children::end_evaluations();
    }
    if step == Stop::Kill {
        // Most often the run is over before this is.
        std::thread::sleep(LAST_WORDS);
        children::kill_all();
        say(
            tell,
            "stopped while it was still at work; what a killed tool leaves locked, `slipway unlock UNIT` shows",
        );
        signal_hook::low_level::exit(interrupted);
    }
}

/// There is no run: it ends as it would have without us, and nothing that it started goes on. While a run's end is still
/// being told, it is one that was interrupted.
fn end(signal: i32, interrupted: i32) {
    ENDING.store(true, Ordering::SeqCst);
    children::end_all(CLEAN_UP);
    scratch::take_all_away();
    if signal != SIGINT && !HAS_RUN.load(Ordering::SeqCst) {
        let _it_ends_here = signal_hook::low_level::emulate_default_handler(signal);
    }
    signal_hook::low_level::exit(interrupted);
}

/// A word to the person, where that takes no time: nobody may read, or the terminal may stand still.
fn say(tell: Tell, text: &'static str) {
    let told = std::thread::spawn(move || tell(text));
    for _ in 0..10 {
        if told.is_finished() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a signal was to be ignored when we were started; only where the kernel tells it.
fn is_ignored(signal: i32) -> bool {
    let status = read_text(Path::new("/proc/self/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let bit = u32::try_from(signal - 1).ok();
    bit.is_some_and(|bit| mask.checked_shr(bit).is_some_and(|mask| mask & 1 == 1))
}
