//! The live display: a line for each node that has ended, and below it what runs now.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use console::Term;

use self::screen::{Screen, Size};
use self::view::View;
use super::counts::Counts;
use super::line::{agreed, finished, judged, lock_left, priced, retrying};
use super::plain::stopping;
use super::voice::Voice;
use crate::run::event::{Event, EventKind};
use crate::run::events::Listener;
use crate::support::shown;

mod screen;
pub(super) mod view;

/// How often it is drawn anew.
const TICK: Duration = Duration::from_millis(120);
/// What a terminal is taken for that does not tell its size.
const USUAL: Size = Size { rows: 24, columns: 80 };

/// Draws on a terminal.
pub struct Terminal {
    display: Display,
    counts: Counts,
    command: String,
    voice: Voice,
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

/// What is drawn, for all who draw; a handle on it can be cloned.
#[derive(Clone)]
pub struct Display(Arc<Mutex<Drawn>>);

struct Drawn {
    screen: Screen<Box<dyn Write + Send>>,
    size: Box<dyn Fn() -> Size + Send>,
    /// None before the run begins and after it has ended.
    view: Option<View>,
    /// What is to be told when a question is answered; none where nothing is asked. Nothing is drawn meanwhile: what a
    /// person is asked about stays above the question.
    held: Option<Vec<String>>,
}

impl Display {
    /// Prints lines that stay, above what is drawn.
    pub fn print(&self, text: &str) {
        let text = &*shown::stream(text, console::colors_enabled_stderr());
        let mut drawn = self.lock();
        match &mut drawn.held {
            Some(held) => held.push(text.to_owned()),
            None => drawn.draw(text),
        }
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        let drawn = self.lock();
        (drawn.size)().columns
    }

    /// Asks: prints `listing`, and `question` behind which `read` takes the answer. The run goes on meanwhile, and
    /// what it has to tell is told after the answer.
    pub fn ask(
        &self,
        listing: &str,
        question: &str,
        read: impl FnOnce() -> Option<String>,
    ) -> Option<String> {
        {
            let mut drawn = self.lock();
            let size = (drawn.size)();
            let listing = shown::stream(listing, console::colors_enabled_stderr());
            drawn.screen.stay(&format!("{listing}{}", shown::name(question)), size);
            drawn.held = Some(Vec::new());
        }
        let answer = read();
        let mut drawn = self.lock();
        let held = drawn.held.take().unwrap_or_default();
        if answer.is_none() {
            // Whatever comes next begins on a line of its own.
            drawn.screen.write("\n");
        }
        drawn.draw(&held.join("\n"));
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Drawn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drawn {
    fn draw(&mut self, above: &str) {
        let size = (self.size)();
        let block = self.view.as_ref().map(|view| view.lines(size, Instant::now())).unwrap_or_default();
        self.screen.draw(above, block, size);
    }
}

impl Terminal {
    /// Draws on standard error.
    pub fn new(voice: Voice) -> Self {
        let size = || {
            let size = Term::stderr().size_checked();
            size.map_or(USUAL, |(rows, columns)| Size { rows: rows.into(), columns: columns.into() })
        };
        Self::on(Box::new(std::io::stderr()), Box::new(size), voice)
    }

    /// Draws on another terminal.
    fn on(writer: Box<dyn Write + Send>, size: Box<dyn Fn() -> Size + Send>, voice: Voice) -> Self {
        let drawn = Drawn { screen: Screen::new(writer), size, view: None, held: None };
        let display = Display(Arc::new(Mutex::new(drawn)));
        Self { display, counts: Counts::default(), command: String::new(), voice, ticker: None }
    }

    /// A handle with which others can print above what is drawn, and ask.
    pub fn display(&self) -> Display {
        self.display.clone()
    }

    fn print(&self, text: &str) {
        self.display.print(text);
    }

    fn change(&self, change: impl FnOnce(&mut View, Instant)) {
        if let Some(view) = &mut self.display.lock().view {
            change(view, Instant::now());
        }
    }

    /// Draws again and again, until the run ends: time passes though nothing happens.
    fn begin(&mut self, view: View) {
        self.display.lock().view = Some(view);
        let (stop, stopped) = channel();
        let display = self.display.clone();
        let draw = move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let mut drawn = display.lock();
                if drawn.held.is_none() {
                    drawn.draw("");
                }
            }
        };
        self.ticker = Some((stop, std::thread::spawn(draw)));
    }

    /// Takes the block away; what was printed stays.
    fn end(&mut self) {
        if let Some((stop, thread)) = self.ticker.take() {
            drop(stop);
            // It ends by itself, and draws nothing that is not asked for.
            let _ended = thread.join();
        }
        let mut drawn = self.display.lock();
        drawn.view = None;
        drawn.draw("");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.end();
    }
}

impl Listener for Terminal {
    fn on(&mut self, event: &Event) {
        self.counts.take(&event.kind);
        match &event.kind {
            EventKind::RunStarted(start) => {
                self.command.clone_from(&start.command);
                if self.voice.is_normal() {
                    self.print(&format!(
                        "{} with the {} engine, {} at once (run {})",
                        start.command, start.engine, start.parallelism, start.run
                    ));
                }
                self.begin(View::new(&start.nodes, Instant::now()));
            }
            EventKind::NodeStarted { node } => self.change(|view, now| view.starts(node, now)),
            EventKind::Step { node, step } => {
                self.change(|view, now| view.steps(node, step, now));
                if self.voice.is_verbose() {
                    self.print(&format!("  {}: {step}", shown::name(node)));
                }
            }
            EventKind::NodeWaiting { node } => self.change(|view, _| view.waits(node)),
            EventKind::NodeFinished { node, outcome, seconds } => {
                self.change(|view, _| view.ends(node, outcome));
                if self.voice.is_normal() || outcome.is_failure() {
                    let counts = self.counts.of(node, outcome);
                    let brief = self.voice.answer_follows;
                    self.print(&finished(node, outcome, counts.as_ref(), *seconds, brief));
                }
            }
            EventKind::Stopping { step } => self.print(stopping(*step)),
            EventKind::RunFinished { .. } => self.end(),
            EventKind::Agreed { word } => self.print(&agreed(&self.command, word.as_deref())),
            EventKind::Judged(judgement) => {
                if let Some(text) = judged(judgement) {
                    self.print(&text);
                }
            }
            EventKind::Priced { node, cost } => {
                self.print(&format!("  {node}: {}", priced(cost)));
            }
            EventKind::Retrying { node, attempt, seconds, cause } => {
                self.print(&retrying(node, *attempt, *seconds, cause));
            }
            EventKind::LockLeft(lock) => self.print(&lock_left(lock)),
            EventKind::Resumed { .. } => self.print("going on where the run stopped"),
            EventKind::Detailed { .. }
            | EventKind::Green(_)
            | EventKind::Applying { .. }
            | EventKind::Planned(_)
            | EventKind::Changed { .. }
            | EventKind::Output { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
