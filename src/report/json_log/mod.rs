//! The events themselves, a JSON object a line, for programs that watch.

use std::io::Write;

use crate::run::event::{Event, EventKind};
use crate::run::events::Listener;

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
        if let Ok(mut line) = serde_json::to_vec(event) {
            line.push(b'\n');
            // One write a line, so that nobody's lines come apart; a reader that has gone must not end the run.
            let _closed = self.writer.write_all(&line);
        }
    }

    fn on_past(&mut self, _event: &Event) {}
}

#[cfg(test)]
mod tests;
