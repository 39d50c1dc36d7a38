//! Where events go: first to the journal, then to whoever listens.

use std::borrow::Cow;
use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::event::{Event, EventKind, Outcome};
use super::journal::Journal;
use crate::support::redact::Redactor;

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
    secrets: Redactor,
}

struct Inner {
    journal: Option<Journal>,
    listeners: Vec<Box<dyn Listener>>,
    failure: Option<String>,
}

impl Events {
    /// Events with a journal, or without one where nothing is changed.
    pub fn new(journal: Option<Journal>, listeners: Vec<Box<dyn Listener>>) -> Self {
        let secrets = Redactor::default();
        secrets_of_environment().for_each(|secret| secrets.add(&secret));
        Self { inner: Mutex::new(Inner { journal, listeners, failure: None }), secrets }
    }

    /// A text that no event shows from now on: not what tools print, not the causes of failures.
    pub fn keep_secret(&self, secret: &str) {
        self.secrets.add(secret);
    }

    /// Tells of something. Returns when it is on disk and every listener has seen it.
    pub fn emit(&self, kind: EventKind) {
        let event = Event { time: Timestamp::now(), kind: self.without_secrets(kind) };
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

    /// The same with every secret masked that is known. Names stay as they are: who goes on with a run, or reads
    /// what it has done, needs them.
    fn without_secrets(&self, mut kind: EventKind) -> EventKind {
        if self.secrets.is_empty() {
            return kind;
        }
        let clean = |text: &mut String| {
            if let Cow::Owned(redacted) = self.secrets.redact(text) {
                *text = redacted;
            }
        };
        match &mut kind {
            EventKind::Output { line, .. } => clean(line),
            EventKind::Retrying { cause, .. } => clean(cause),
            EventKind::NodeFinished { outcome, .. } => match outcome {
                Outcome::Failed { message, advice } => {
                    clean(message);
                    advice.iter_mut().for_each(clean);
                }
                Outcome::Refused { message } => clean(message),
                Outcome::Unchanged { note: Some(note) }
                | Outcome::Passed { note }
                | Outcome::Done { note } => {
                    clean(note);
                }
                _ => {}
            },
            EventKind::Planned { summary, .. } => self.clean_deep(summary),
            EventKind::Detailed { detail, .. } => self.clean_deep(detail),
            EventKind::Judged(judgement) => judgement.messages.iter_mut().for_each(clean),
            _ => {}
        }
        kind
    }

    /// The same for all texts inside of something, names of fields included.
    fn clean_deep<T: Serialize + DeserializeOwned>(&self, value: &mut T) {
        let Ok(text) = serde_json::to_string(value) else { return };
        // Most hold none: then nothing is built anew.
        if let Cow::Owned(redacted) = self.secrets.redact(&text)
            && let Ok(clean) = serde_json::from_str(&redacted)
        {
            *value = clean;
        }
    }
}

/// What the environment holds for tools to show to others, and to nobody else.
fn secrets_of_environment() -> impl Iterator<Item = String> {
    const NAMES: &[&str] = &["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"];
    const ENDS: &[&str] = &["_TOKEN", "_PASSWORD"];
    // Words that stand for themselves are no secrets: a password of eight letters is one of theirs as well.
    const SHORTEST: usize = 12;
    // Bytes that are no text are shown as what tools print of them is.
    let shown = |text: OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (shown(name), shown(value))).filter_map(|(name, value)| {
        let secret = NAMES.contains(&name.as_str())
            || (name.starts_with("TF_TOKEN_") || ENDS.iter().any(|end| name.ends_with(end)))
                && value.len() >= SHORTEST;
        secret.then_some(value)
    })
}
