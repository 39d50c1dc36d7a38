//! The live display: a line for each node that has ended, and below it what runs now.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::line::{finished, judged, lock_left, priced, retrying};
use super::plain::stopping;
use crate::engine::PlanSummary;
use crate::run::event::{Event, EventKind};
use crate::run::events::Listener;

/// More lines than this flicker and push what matters off the screen.
const VISIBLE: usize = 10;
/// How often spinners turn.
const TICK: Duration = Duration::from_millis(120);

/// Draws on a terminal.
pub struct Terminal {
    bars: MultiProgress,
    total: ProgressBar,
    running: HashMap<String, ProgressBar>,
    plans: HashMap<String, PlanSummary>,
}

impl Terminal {
    /// Draws on standard error.
    pub fn new() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    /// Draws on another target, such as a hidden one.
    pub fn on(target: ProgressDrawTarget) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        let total = ProgressBar::new(0);
        Self { bars, total, running: HashMap::new(), plans: HashMap::new() }
    }

    /// A handle with which others can print above the display or hide it.
    pub fn bars(&self) -> MultiProgress {
        self.bars.clone()
    }

    fn print(&self, text: &str) {
        // Drawing fails only where the terminal has gone; the run goes on without it.
        let _closed = self.bars.println(text);
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a wrong one falls back to indicatif's own.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Listener for Terminal {
    fn on(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted(start) => {
                self.print(&format!(
                    "{} with the {} engine, {} at once (run {})",
                    start.command, start.engine, start.parallelism, start.run
                ));
                let total = u64::try_from(start.nodes.len()).unwrap_or(u64::MAX);
                self.total = self.bars.add(ProgressBar::new(total));
                self.total
                    .set_style(style("{bar:24.cyan/dim} {pos}/{len} · {elapsed}").progress_chars("━━─"));
                self.total.enable_steady_tick(TICK);
            }
            EventKind::NodeStarted { node } if self.running.len() < VISIBLE => {
                let bar = self.bars.insert_before(&self.total, ProgressBar::new_spinner());
                bar.set_style(style("{spinner:.cyan} {prefix} {wide_msg:.dim} {elapsed}"));
                bar.set_prefix(node.clone());
                bar.enable_steady_tick(TICK);
                self.running.insert(node.clone(), bar);
            }
            EventKind::Step { node, step } => {
                if let Some(bar) = self.running.get(node) {
                    bar.set_message(step.clone());
                }
            }
            EventKind::Planned { node, summary, .. } => {
                self.plans.insert(node.clone(), summary.clone());
            }
            EventKind::NodeFinished { node, outcome, seconds } => {
                if let Some(bar) = self.running.remove(node) {
                    bar.finish_and_clear();
                    self.bars.remove(&bar);
                }
                self.print(&finished(node, outcome, self.plans.get(node), *seconds));
                self.total.inc(1);
            }
            EventKind::Stopping { step } => self.print(stopping(*step)),
            EventKind::RunFinished { .. } => self.total.finish_and_clear(),
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
            EventKind::NodeStarted { .. }
            | EventKind::Detailed { .. }
            | EventKind::Applying { .. }
            | EventKind::Output { .. } => {}
        }
    }
}
