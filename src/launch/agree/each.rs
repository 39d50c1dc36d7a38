//! Asks a person at the terminal for each unit, when its turn comes.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::typed::typed;
use crate::engine::{PlanSummary, ResourceChange};
use crate::report::terminal::Display;
use crate::run::approval::{Approval, Approver};
use crate::support::interrupt::Interrupts;

/// Asks on the terminal, once a unit.
pub struct Prompt {
    display: Display,
    interrupts: Interrupts,
    all: AtomicBool,
    none: AtomicBool,
}

impl Prompt {
    /// Asks at the end of the live display, until someone wants to stop.
    pub fn new(display: Display, interrupts: Interrupts) -> Self {
        Self { display, interrupts, all: AtomicBool::new(false), none: AtomicBool::new(false) }
    }

    fn ask(&self, unit: &str, plan: &PlanSummary, beyond: Option<&[String]>) -> Approval {
        let line = |change: &ResourceChange| format!("  {:>3} {}\n", change.action.sign(), change.address);
        let listing: String = match beyond {
            None => plan.resources.iter().map(line).collect(),
            Some(beyond) => {
                let heading = "on the real outputs of what it depends on it would do more than was shown";
                let lines = beyond.iter().map(|change| format!("  {change}\n"));
                std::iter::once(format!("{unit}: {heading}:\n")).chain(lines).collect()
            }
        };
        let question = format!("Apply {} to {unit}? [y]es, [n]o, [a]ll that follow, [q]uit: ", plan.short());
        // No answer, or a terminal that has gone, is a no.
        let answer = self.display.ask(&listing, &question, || typed(&self.interrupts)).unwrap_or_default();
        match answer.trim() {
            "y" | "yes" => Approval::Yes,
            "a" | "all" => {
                self.all.store(true, Ordering::Relaxed);
                Approval::Yes
            }
            "q" | "quit" => {
                self.none.store(true, Ordering::Relaxed);
                Approval::Stop
            }
            _ => Approval::No,
        }
    }
}

#[async_trait]
impl Approver for Prompt {
    async fn approve(&self, unit: &str, plan: &PlanSummary, beyond: Option<&[String]>) -> Approval {
        if self.none.load(Ordering::Relaxed) {
            return Approval::Stop;
        }
        if self.all.load(Ordering::Relaxed) {
            return Approval::Yes;
        }
        tokio::task::block_in_place(|| self.ask(unit, plan, beyond))
    }
}
