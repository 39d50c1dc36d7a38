//! Plain lines, for pipelines and files: what begins, what it does, how it ends.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::counts::Counts;
use super::line::{agreed, finished, judged, lock_left, priced, retrying};
use super::terminal::view::View;
use super::voice::Voice;
use crate::run::event::{Event, EventKind};
use crate::run::events::Listener;
use crate::support::shown;

/// How long nothing may be said: CI systems take a job for dead that is silent for longer than some minutes.
const SILENCE: Duration = Duration::from_mins(1);

/// Writes lines.
pub struct Plain<W> {
    lines: Arc<Mutex<Lines<W>>>,
    counts: Counts,
    command: String,
    voice: Voice,
    reminder: Option<(Sender<()>, JoinHandle<()>)>,
}

struct Lines<W> {
    writer: W,
    said: Instant,
    view: Option<View>,
}

impl<W: Write> Lines<W> {
    fn say(&mut self, time: Timestamp, text: &str) {
        let text = format!("{} {text}\n", time.strftime("%H:%M:%S"));
        let shown = shown::stream(&text, console::colors_enabled_stderr());
        // A reader that has gone must not end the run.
        let _closed = self.writer.write_all(shown.as_bytes());
        self.said = Instant::now();
    }
}

impl<W: Write + Send + 'static> Plain<W> {
    /// To a writer, usually standard error.
    pub fn new(writer: W, voice: Voice) -> Self {
        let lines = Lines { writer, said: Instant::now(), view: None };
        let lines = Arc::new(Mutex::new(lines));
        Self { lines, counts: Counts::default(), command: String::new(), voice, reminder: None }
    }

    fn line(&self, event: &Event, text: &str) {
        self.lock().say(event.time, text);
    }

    /// What is only told where nobody wants it quiet.
    fn usual(&self, event: &Event, text: &str) {
        if self.voice.is_normal() {
            self.line(event, text);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines<W>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut View, Instant)) {
        if let Some(view) = &mut self.lock().view {
            change(view, Instant::now());
        }
    }

    /// Says how far the run is whenever nothing was said for long.
    fn begin(&mut self, view: View) {
        self.lock().view = Some(view);
        if !self.voice.is_normal() {
            return;
        }
        let (stop, stopped) = channel();
        let lines = Arc::clone(&self.lines);
        let remind = move || {
            let mut pause = SILENCE;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                let silent = lines.said.elapsed();
                if silent >= SILENCE
                    && let Some(text) = lines.view.as_ref().map(|view| view.line(Instant::now()))
                {
                    lines.say(Timestamp::now(), &text);
                }
                pause = SILENCE.saturating_sub(lines.said.elapsed()).max(Duration::from_secs(1));
            }
        };
        self.reminder = Some((stop, std::thread::spawn(remind)));
    }
}

impl<W> Drop for Plain<W> {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.reminder.take() {
            drop(stop);
            let _ended = thread.join();
        }
    }
}

impl<W: Write + Send + 'static> Listener for Plain<W> {
    fn on(&mut self, event: &Event) {
        self.counts.take(&event.kind);
        match &event.kind {
            EventKind::RunStarted(start) => {
                self.command.clone_from(&start.command);
                let text = format!(
                    "run {}: {} over {} nodes with the {} engine, {} at once",
                    start.run,
                    start.command,
                    start.nodes.len(),
                    start.engine,
                    start.parallelism
                );
                self.usual(event, &text);
                self.begin(View::new(&start.nodes, Instant::now()));
            }
            EventKind::NodeStarted { node } => self.change(|view, now| view.starts(node, now)),
            EventKind::NodeWaiting { node } => self.change(|view, _| view.waits(node)),
            EventKind::Step { node, step } => {
                self.change(|view, now| view.steps(node, step, now));
                if self.voice.is_verbose() {
                    self.line(event, &format!("  {}: {step}", shown::name(node)));
                }
            }
            EventKind::NodeFinished { node, outcome, seconds } => {
                self.change(|view, _| view.ends(node, outcome));
                if self.voice.is_normal() || outcome.is_failure() {
                    let counts = self.counts.of(node, outcome);
                    let brief = self.voice.answer_follows;
                    self.line(event, &finished(node, outcome, counts.as_ref(), *seconds, brief));
                }
            }
            EventKind::Stopping { step } => self.line(event, stopping(*step)),
            EventKind::Agreed { word } => self.usual(event, &agreed(&self.command, word.as_deref())),
            EventKind::Judged(judgement) => {
                if let Some(text) = judged(judgement) {
                    self.line(event, &text);
                }
            }
            EventKind::Priced { node, cost } => {
                self.usual(event, &format!("  {}: {}", shown::name(node), priced(cost)));
            }
            EventKind::Retrying { node, attempt, seconds, cause } => {
                self.line(event, &retrying(node, *attempt, *seconds, cause));
            }
            EventKind::LockLeft(lock) => self.line(event, &lock_left(lock)),
            EventKind::Resumed { .. } => self.usual(event, "going on where the run stopped"),
            EventKind::Applying { .. }
            | EventKind::Green(_)
            | EventKind::Planned(_)
            | EventKind::Changed { .. }
            | EventKind::Output { .. }
            | EventKind::Detailed { .. } => {}
            EventKind::RunFinished { .. } => self.lock().view = None,
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
