//! Asks a person at the terminal before anything changes.

use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use indicatif::MultiProgress;

use crate::engine::{Action, PlanSummary};
use crate::run::approval::{Approval, Approver};

/// Asks on the terminal, once a unit.
pub struct Prompt {
    bars: MultiProgress,
    all: AtomicBool,
    none: AtomicBool,
}

impl Prompt {
    /// Asks above the bars of the live display.
    pub fn new(bars: MultiProgress) -> Self {
        Self { bars, all: AtomicBool::new(false), none: AtomicBool::new(false) }
    }

    fn ask(&self, unit: &str, plan: &PlanSummary) -> Approval {
        let mut question = String::new();
        for change in &plan.resources {
            let sign = match change.action {
                Action::Create => "+",
                Action::Update => "~",
                Action::Delete => "-",
                Action::Replace => "-/+",
                Action::Import => "<-",
                Action::Move => "->",
                Action::Forget => "x",
                Action::Read | Action::Other => " ",
            };
            question = format!("{question}  {sign:>3} {}\n", change.address);
        }
        question =
            format!("{question}Apply {} to {unit}? [y]es, [n]o, [a]ll that follow, [q]uit: ", plan.short());
        let answer = self.bars.suspend(|| {
            let mut stderr = std::io::stderr();
            let asked = write!(stderr, "{question}").and_then(|()| stderr.flush());
            let mut line = String::new();
            // No answer, or a terminal that has gone, is a no.
            asked
                .and_then(|()| std::io::stdin().lock().read_line(&mut line))
                .map(|_| line)
                .unwrap_or_default()
        });
        match answer.trim() {
            "y" | "yes" => Approval::Yes,
            "a" | "all" => {
                self.all.store(true, Ordering::Relaxed);
                Approval::Yes
            }
            "q" | "quit" => {
                self.none.store(true, Ordering::Relaxed);
                Approval::No
            }
            _ => Approval::No,
        }
    }
}

#[async_trait]
impl Approver for Prompt {
    async fn approve(&self, unit: &str, plan: &PlanSummary) -> Approval {
        if self.none.load(Ordering::Relaxed) {
            return Approval::No;
        }
        if self.all.load(Ordering::Relaxed) {
            return Approval::Yes;
        }
        tokio::task::block_in_place(|| self.ask(unit, plan))
    }
}
