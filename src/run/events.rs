//! Where events go: first to the journal, then to whoever listens.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::event::{Event, EventKind, Outcome};
use super::journal::Journal;
use crate::support::redact;

/// Someone who watches.
pub trait Listener: Send {
    /// Takes an event; it is on disk by now.
    fn on(&mut self, event: &Event);

    /// Takes an event of the part of this run that another process has done.
    fn on_past(&mut self, event: &Event) {
        self.on(event);
    }

    /// Why it could not write down what it has seen, where that is a reason to begin nothing more.
    fn failure(&self) -> Option<String> {
        None
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
        let event = Event { time: Timestamp::now(), kind: without_secrets(kind) };
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
        if inner.failure.is_none() {
            inner.failure = inner.listeners.iter().find_map(|listener| listener.failure());
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

    /// Why the journal or a log could not be written, if so.
    pub fn failure(&self) -> Option<String> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).failure.clone()
    }
}

/// An event with every secret masked that is known. Names stay as they are, and so does what was asked for: who goes
/// on with a run, or reads what it has done, needs them.
pub(in crate::run) fn without_secrets(mut kind: EventKind) -> EventKind {
    match &mut kind {
        EventKind::Output { line, .. } => clean(line),
        EventKind::Step { step, .. } => clean(step),
        EventKind::Retrying { cause, .. } => clean(cause),
        EventKind::NodeFinished { outcome, .. } => clean_outcome(outcome),
        EventKind::Planned(planned) => redact::clean_deep(&mut planned.summary),
        EventKind::Changed { summary, .. } => redact::clean_deep(summary),
        EventKind::Detailed { detail, .. } => redact::clean_deep(detail),
        EventKind::Judged(judgement) => judgement.messages.iter_mut().for_each(clean),
        EventKind::LockLeft(lock) => lock.who.iter_mut().for_each(clean),
        _ => {}
    }
    kind
}

/// Masks every secret in it that is known.
pub(in crate::run) fn clean_outcome(outcome: &mut Outcome) {
    match outcome {
        Outcome::Failed { message, advice } => {
            clean(message);
            advice.iter_mut().for_each(clean);
        }
        Outcome::Refused { message } => clean(message),
        Outcome::Unchanged { note: Some(note) }
        | Outcome::Passed { note }
        | Outcome::Done { note }
        | Outcome::Drifted { note } => {
            clean(note);
        }
        _ => {}
    }
}

fn clean(text: &mut String) {
    if let Cow::Owned(redacted) = redact::clean(text) {
        *text = redacted;
    }
}
