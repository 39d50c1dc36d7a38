//! Plain lines, for pipelines and files: what begins, what it does, how it ends.

use std::io::Write;

use super::counts::Counts;
use super::line::{agreed, finished, judged, lock_left, priced, retrying};
use crate::run::event::{Event, EventKind};
use crate::run::events::Listener;
use crate::support::shown;

/// Writes lines.
pub struct Plain<W> {
    writer: W,
    counts: Counts,
}

impl<W: Write + Send> Plain<W> {
    /// To a writer, usually standard error.
    pub fn new(writer: W) -> Self {
        Self { writer, counts: Counts::default() }
    }

    fn line(&mut self, event: &Event, text: &str) {
        let time = event.time.strftime("%H:%M:%S");
        // A reader that has gone must not end the run.
        let text = format!("{time} {text}\n");
        let shown = shown::stream(&text, console::colors_enabled_stderr());
        let _closed = self.writer.write_all(shown.as_bytes());
    }
}

impl<W: Write + Send> Listener for Plain<W> {
    fn on(&mut self, event: &Event) {
        self.counts.take(&event.kind);
        match &event.kind {
            EventKind::RunStarted(start) => {
                let text = format!(
                    "run {}: {} over {} nodes with the {} engine, {} at once",
                    start.run,
                    start.command,
                    start.nodes.len(),
                    start.engine,
                    start.parallelism
                );
                self.line(event, &text);
            }
            EventKind::Step { node, step } => self.line(event, &format!("  {}: {step}", shown::name(node))),
            EventKind::NodeFinished { node, outcome, seconds } => {
                let text = finished(node, outcome, self.counts.of(node, outcome).as_ref(), *seconds);
                self.line(event, &text);
            }
            EventKind::Stopping { step } => self.line(event, stopping(*step)),
            EventKind::Agreed { word } => self.line(event, &agreed(word.as_deref())),
            EventKind::Judged(judgement) => {
                if let Some(text) = judged(judgement) {
                    self.line(event, &text);
                }
            }
            EventKind::Priced { node, cost } => {
                self.line(event, &format!("  {}: {}", shown::name(node), priced(cost)));
            }
            EventKind::Retrying { node, attempt, seconds, cause } => {
                self.line(event, &retrying(node, *attempt, *seconds, cause));
            }
            EventKind::LockLeft(lock) => self.line(event, &lock_left(lock)),
            EventKind::Resumed { .. } => self.line(event, "going on where the run stopped"),
            EventKind::NodeStarted { .. }
            | EventKind::NodeWaiting { .. }
            | EventKind::Applying { .. }
            | EventKind::Planned { .. }
            | EventKind::Changed { .. }
            | EventKind::Output { .. }
            | EventKind::Detailed { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }
}

/// What each Ctrl-C does, and what the next would do.
pub fn stopping(step: u8) -> &'static str {
    match step {
        0 | 1 => "stopping: nothing new begins, what runs is finished; once more interrupts it",
        2 => "interrupting what runs, once; its state is saved; once more kills it",
        _ => "killing what runs; locks may be left behind",
    }
}
