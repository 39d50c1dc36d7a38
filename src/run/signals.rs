//! Signals become steps of stopping.
//!
//! Ctrl-C goes one step a press. SIGTERM from a CI system and SIGHUP from a closed terminal leave little
//! time before a kill, so they go straight to the one interrupt.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use super::event::EventKind;
use super::events::Events;
use crate::support::interrupt::{Interruptor, Stop};

/// Listens until the handle is aborted.
pub fn listen(interruptor: Interruptor, events: Arc<Events>) -> std::io::Result<JoinHandle<()>> {
    // A file that may not grow any more is an error of its write, as a full disk is, and not our end.
    let _caught_from_here_on = signal(SignalKind::from_raw(nix::libc::SIGXFSZ))?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Whoever started us with `nohup` has said what a closed terminal means.
    let hangup = if is_ignored(SignalKind::hangup()) { None } else { Some(signal(SignalKind::hangup())?) };
    Ok(tokio::spawn(async move {
        let mut hangup = hangup;
        loop {
            let step = tokio::select! {
                _ = interrupt.recv() => interruptor.press(),
                _ = terminate.recv() => interruptor.raise(Stop::Interrupt),
                () = received(&mut hangup) => interruptor.raise(Stop::Interrupt),
            };
            events.emit(EventKind::Stopping { step: step as u8 });
        }
    }))
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether a signal was to be ignored when we were started; only where the kernel tells it.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let bit = u32::try_from(kind.as_raw_value() - 1).ok();
    bit.is_some_and(|bit| mask.checked_shr(bit).is_some_and(|mask| mask & 1 == 1))
}
