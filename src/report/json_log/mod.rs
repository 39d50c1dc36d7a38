//! The events themselves, a JSON object a line, for programs that watch.

use std::io::Write;

use crate::run::event::{Event, EventKind};
use crate::run::events::Listener;
use crate::support::shown;

/// Writes events as JSON lines.
pub struct JsonLog<W> {
    writer: W,
}

impl<W: Write + Send> JsonLog<W> {
    /// To a writer, usually standard error.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write + Send> Listener for JsonLog<W> {
    fn on(&mut self, event: &Event) {
        if matches!(event.kind, EventKind::Output { .. }) {
            return;
        }
        if let Ok(line) = serde_json::to_string(event) {
            let line = format!("{}\n", shown::json(&line));
            // One write a line, so that nobody's lines come apart; a reader that has gone must not end the run.
            let _closed = self.writer.write_all(line.as_bytes());
        }
    }

    fn on_past(&mut self, _event: &Event) {}
}

#[cfg(test)]
mod tests;
