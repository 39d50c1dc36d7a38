//! Where events go: first to the journal, then to whoever listens.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::event::{Event, EventKind};
use super::journal::Journal;

/// Someone who watches.
pub trait Listener: Send {
    /// Takes an event; it is on disk by now.
    fn on(&mut self, event: &Event);

    /// Takes an event of the part of this run that another process has done.
    fn on_past(&mut self, event: &Event) {
        self.on(event);
    }
}

/// Where events go: first to the journal, then to whoever listens.
pub struct Events {
    inner: Mutex<Inner>,
}

struct Inner {
    journal: Option<Journal>,
    listeners: Vec<Box<dyn Listener>>,
    failure: Option<String>,
}

impl Events {
    /// Events with a journal, or without one where nothing is changed.
    pub fn new(journal: Option<Journal>, listeners: Vec<Box<dyn Listener>>) -> Self {
        Self { inner: Mutex::new(Inner { journal, listeners, failure: None }) }
    }

    /// Tells of something. Returns when it is on disk and every listener has seen it.
    pub fn emit(&self, kind: EventKind) {
        let event = Event { time: Timestamp::now(), kind };
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let journaled = !matches!(event.kind, EventKind::Output { .. });
        if let Some(journal) = inner.journal.as_mut().filter(|_| journaled)
            && let Err(error) = journal.append(&event)
        {
            // The run ends by itself when it sees this: what is not on disk must not go on.
            inner.failure.get_or_insert(error.to_string());
        }
        for listener in &mut inner.listeners {
            listener.on(&event);
        }
    }

    /// Tells the listeners what the journal already has.
    pub fn replay(&self, past: &[Event]) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for listener in &mut inner.listeners {
            for event in past {
                listener.on_past(event);
            }
        }
    }

    /// Why the journal could not be written, if so.
    pub fn failure(&self) -> Option<String> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).failure.clone()
    }
}
