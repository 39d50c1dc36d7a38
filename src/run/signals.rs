//! The steps of stopping a run, told to whoever watches it.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use super::event::EventKind;
use super::events::Events;
use crate::support::interrupt::{Interrupts, Stop};

/// Tells of each step, as long as this lives.
#[derive(Debug)]
pub struct Telling {
    task: JoinHandle<()>,
    _large_file: Signal,
}

/// Tells of each step from here on. Signals become steps elsewhere, see [`crate::support::signals`]: there nobody waits
/// for a disk or a terminal.
pub fn tell(interrupts: Interrupts, events: Arc<Events>) -> std::io::Result<Telling> {
    // A file that may not grow any more is an error of its write, as a full disk is, and not our end.
    let large_file = signal(SignalKind::from_raw(nix::libc::SIGXFSZ))?;
    let task = tokio::spawn(async move {
        let mut last = Stop::None;
        while last < Stop::Kill {
            interrupts.reached(last.next()).await;
            last = interrupts.step();
            events.emit(EventKind::Stopping { step: last as u8 });
        }
    });
    Ok(Telling { task, _large_file: large_file })
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.task.abort();
    }
}
