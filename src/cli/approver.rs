//! Asks a person at the terminal before anything changes.

use std::io::BufRead;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};

use crate::engine::{PlanSummary, ResourceChange};
use crate::report::terminal::Display;
use crate::run::approval::{Approval, Approver};
use crate::support::interrupt::{Interrupts, Stop};

/// Milliseconds between two looks at whether someone wants to stop.
const LOOK_UP: u8 = 100;

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

    fn ask(&self, unit: &str, plan: &PlanSummary) -> Approval {
        let line = |change: &ResourceChange| format!("  {:>3} {}\n", change.action.sign(), change.address);
        let listing: String = plan.resources.iter().map(line).collect();
        let question = format!("Apply {} to {unit}? [y]es, [n]o, [a]ll that follow, [q]uit: ", plan.short());
        // No answer, or a terminal that has gone, is a no.
        let answer = self.display.ask(&listing, &question, || self.answer()).unwrap_or_default();
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

impl Prompt {
    /// The line that is typed; none where Ctrl-C comes first, which a plain read would not notice.
    fn answer(&self) -> Option<String> {
        let stdin = std::io::stdin();
        while self.interrupts.step() == Stop::None {
            let mut waiting = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
            match poll(&mut waiting, LOOK_UP) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => {
                    let mut line = String::new();
                    return stdin.lock().read_line(&mut line).ok().map(|_| line);
                }
                Err(_) => return None,
            }
        }
        None
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
