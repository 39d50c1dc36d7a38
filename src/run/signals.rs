//! Signals become steps of stopping.
//!
//! Ctrl-C goes one step a press. SIGTERM from a CI system and SIGHUP from a closed terminal leave little
//! time before a kill, so they go straight to the one interrupt.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::event::EventKind;
use super::events::Events;
use crate::support::interrupt::{Interruptor, Stop};

/// Listens until the handle is aborted.
pub fn listen(interruptor: Interruptor, events: Arc<Events>) -> std::io::Result<JoinHandle<()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::spawn(async move {
        loop {
            let step = tokio::select! {
                _ = interrupt.recv() => interruptor.press(),
                _ = terminate.recv() => interruptor.raise(Stop::Interrupt),
                _ = hangup.recv() => interruptor.raise(Stop::Interrupt),
            };
            events.emit(EventKind::Stopping { step: step as u8 });
        }
    }))
}
