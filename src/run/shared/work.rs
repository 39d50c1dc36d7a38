//! A unit or a gate that any machine of the run may work on, and one does.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::board::{Board, Standing};
use super::places::Places;
use super::record::{End, is_told};
use super::store::StoreError;
use crate::run::event::{EventKind, Outcome};
use crate::run::events::clean_outcome;
use crate::run::gate::Greens;
use crate::run::node::{Reporter, Witness, Work};
use crate::run::unit_loader::UnitLoader;
use crate::support::interrupt::{Stop, channel};

/// A unit or a gate of a shared run.
pub struct SharedWork {
    /// What is done with it, where that is done here.
    pub work: Arc<dyn Work>,
    /// The unit's folder; none for a gate.
    pub unit: Option<PathBuf>,
    /// Who has to know that the unit's outputs are others now.
    pub loader: Arc<UnitLoader>,
    /// What is known of clusters that others wait for.
    pub greens: Arc<Greens>,
    /// Who does what.
    pub board: Arc<Board>,
    /// How much is done here at once.
    pub places: Arc<Places>,
}

/// How it ended, and for how long it was worked on.
struct Ended {
    outcome: Outcome,
    worked: Duration,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, worked: Duration::ZERO }
    }
}

/// What came of a try here.
struct Tried {
    outcome: Outcome,
    /// Whether another machine has taken the unit meanwhile.
    is_lost: bool,
    events: Vec<EventKind>,
}

impl Tried {
    fn met_a_lock(&self) -> bool {
        self.events.iter().any(|event| matches!(event, EventKind::LockLeft(_)))
    }
}

#[async_trait]
impl Work for SharedWork {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        let begun = Instant::now();
        let Ended { outcome, worked } = self.somewhere(reporter).await;
        // What it waited for others is nobody's work.
        reporter.waited(begun.elapsed().saturating_sub(reporter.waited_in_all() + worked));
        outcome
    }
}

impl SharedWork {
    async fn somewhere(&self, reporter: &Reporter) -> Ended {
        let mut shown = None;
        loop {
            if reporter.interrupts().step() >= Stop::Drain || self.board.is_cancelled() {
                return Outcome::Interrupted.into();
            }
            if let Some(error) = self.board.trouble() {
                return failed(&error);
            }
            match self.board.standing(&reporter.node) {
                Standing::Ended => match self.board.end(&reporter.node).await {
                    Ok(Some(end)) => return self.adopt(end, reporter),
                    Ok(None) => {
                        return failed(&StoreError::strange(
                            "the run's store",
                            "an end that was there is gone",
                        ));
                    }
                    Err(_) => self.wait(reporter).await,
                },
                Standing::Theirs(machine) => {
                    if shown.as_ref() != Some(&machine) {
                        reporter.doing(&format!("elsewhere: {machine}"));
                        shown = Some(machine);
                    }
                    self.wait(reporter).await;
                }
                Standing::Free(fence) => {
                    if let Some(ended) = self.take(fence, reporter).await {
                        return ended;
                    }
                }
                // It was begun here, and nobody could be sure that it was ours.
                Standing::Ours(fence) => {
                    let _seen_next_time = self.board.refresh().await;
                    if !self.board.is_sure() {
                        self.wait(reporter).await;
                    } else if let Some(ended) = self.take(fence, reporter).await {
                        return ended;
                    }
                }
            }
        }
    }

    async fn wait(&self, reporter: &Reporter) {
        tokio::select! {
            () = self.board.changed() => {}
            () = reporter.interrupts().reached(Stop::Drain) => {}
        }
    }

    /// Takes it and works on it, as soon as there is a place; none where it has to be looked at once more.
    async fn take(&self, fence: u32, reporter: &Reporter) -> Option<Ended> {
        let place = tokio::select! {
            place = self.places.take() => place?,
            () = reporter.interrupts().reached(Stop::Drain) => return None,
        };
        match self.board.standing(&reporter.node) {
            Standing::Ours(now) if now == fence => {}
            Standing::Free(now) if now == fence => match self.board.claim(&reporter.node, fence).await {
                Ok(true) => {}
                Ok(false) => {
                    drop(place);
                    let _seen_next_time = self.board.refresh().await;
                    return None;
                }
                Err(error) => {
                    drop(place);
                    reporter.log(&format!("it could not be taken: {error}"));
                    self.wait(reporter).await;
                    return None;
                }
            },
            _ => return None,
        }
        self.here(fence, reporter).await
    }

    async fn here(&self, fence: u32, reporter: &Reporter) -> Option<Ended> {
        let (begun, waited) = (Instant::now(), reporter.waited_in_all());
        let tried = loop {
            let tried = self.attempt(fence, reporter).await;
            let is_new = begun.elapsed() < self.board.patience();
            // A tool that has outlived its machine still works on the state, and ends.
            if fence == 1 || tried.is_lost || !tried.outcome.is_failure() || !tried.met_a_lock() || !is_new {
                break tried;
            }
            reporter.doing("waits for the tool of a machine that is gone");
            self.wait(reporter).await;
        };
        let asked = reporter.waited_in_all().saturating_sub(waited);
        let worked = begun.elapsed().saturating_sub(asked);
        match tried.outcome {
            Outcome::Interrupted if !tried.is_lost && reporter.interrupts().step() >= Stop::Drain => {
                if let Err(error) = self.board.release(&reporter.node, fence).await {
                    reporter.log(&format!(
                        "it was not given back; it is free when this machine is found silent: {error}"
                    ));
                }
                Some(Ended { outcome: Outcome::Interrupted, worked })
            }
            // By its loss, or since nothing may be changed by whoever is not sure.
            Outcome::Interrupted => None,
            outcome if tried.is_lost && outcome.is_failure() => None,
            outcome => Some(self.tell(Ended { outcome, worked }, tried.events, reporter).await),
        }
    }

    async fn attempt(&self, fence: u32, reporter: &Reporter) -> Tried {
        let (interruptor, interrupts) = channel();
        let seen = Arc::new(Seen { board: Arc::clone(&self.board), events: Mutex::default() });
        let ours = reporter.interrupted_by(&interrupts).witnessed_by(Arc::<Seen>::clone(&seen));
        let work = self.work.run(&ours);
        let lost = self.board.lost(&reporter.node, fence);
        tokio::pin!(work, lost);
        let (mut passed_on, mut is_lost) = (Stop::None, false);
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome,
                () = reporter.interrupts().reached(passed_on.next()), if passed_on < Stop::Kill => {
                    passed_on = reporter.interrupts().step();
                    interruptor.raise(passed_on);
                }
                () = &mut lost, if !is_lost => {
                    is_lost = true;
                    reporter.log("no sign of life came from here for too long: another machine goes on with it");
                    interruptor.raise(Stop::Interrupt);
                }
            }
        };
        let events = std::mem::take(&mut *seen.events.lock().unwrap_or_else(PoisonError::into_inner));
        Tried { outcome, is_lost, events }
    }

    async fn tell(&self, ended: Ended, events: Vec<EventKind>, reporter: &Reporter) -> Ended {
        let mut outcome = ended.outcome.clone();
        clean_outcome(&mut outcome);
        let end =
            End { machine: self.board.me().clone(), outcome, seconds: ended.worked.as_secs_f64(), events };
        match self.board.tell(&reporter.node, &end).await {
            Ok(None) => ended,
            Ok(Some(theirs)) => self.adopt(theirs, reporter),
            // What was done here is done.
            Err(error) => {
                reporter.log(&format!("no other machine knows how it ended: {error}"));
                ended
            }
        }
    }

    /// What another machine has done, as if it had been done here.
    fn adopt(&self, end: End, reporter: &Reporter) -> Ended {
        if let Some(dir) = &self.unit {
            self.loader.applied(dir, None);
        }
        for event in end.events.into_iter().filter(is_told) {
            match event {
                EventKind::Green(green) => self.greens.tell(green, reporter),
                event => reporter.emit(event),
            }
        }
        Ended { outcome: end.outcome, worked: Duration::try_from_secs_f64(end.seconds).unwrap_or_default() }
    }
}

fn failed(error: &StoreError) -> Ended {
    let message = format!("what other machines do is not known: {error}");
    Outcome::Failed { message, advice: error.advice.clone() }.into()
}

/// What is seen of a unit here, for the other machines.
struct Seen {
    board: Arc<Board>,
    events: Mutex<Vec<EventKind>>,
}

impl Witness for Seen {
    fn saw(&self, event: &EventKind) {
        if is_told(event) {
            self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        }
    }

    fn may_change(&self) -> bool {
        self.board.is_sure()
    }
}
