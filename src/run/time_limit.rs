//! How long a unit may take, and what happens when it takes longer: its tool gets one interrupt, as a person's second
//! Ctrl-C would give it, and long after that, where it does not end, a kill.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::event::Outcome;
use super::node::Reporter;
use crate::support::interrupt::{Stop, channel};

/// How long a tool may take to end after its interrupt: providers finish what they are waiting for.
const GRACE: Duration = Duration::from_mins(5);
/// How often a clock that stands still is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The time that a unit has worked; it stands still while a person is asked.
#[derive(Debug)]
pub struct Clock(Mutex<Reading>);

#[derive(Debug)]
struct Reading {
    worked: Duration,
    since: Option<Instant>,
}

impl Default for Clock {
    fn default() -> Self {
        Self(Mutex::new(Reading { worked: Duration::ZERO, since: Some(Instant::now()) }))
    }
}

impl Clock {
    /// Stands still.
    pub fn stop(&self) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = reading.since.take() {
            reading.worked += since.elapsed();
        }
    }

    /// Goes on.
    pub fn go_on(&self) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.since.get_or_insert_with(Instant::now);
    }

    /// How long to wait until it may have reached a limit; `None` when it has.
    fn rest(&self, limit: Duration) -> Option<Duration> {
        let reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let worked = reading.worked + reading.since.map_or(Duration::ZERO, |since| since.elapsed());
        let rest = limit.checked_sub(worked).filter(|rest| !rest.is_zero())?;
        Some(if reading.since.is_some() { rest } else { LOOK_AGAIN })
    }
}

/// Does a piece of work within a limit; the work gets a reporter whose interrupts are its own.
pub async fn within<F>(
    limit: Duration,
    reporter: &Reporter,
    clock: &Clock,
    work: impl FnOnce(Reporter) -> F,
) -> Outcome
where
    F: Future<Output = Outcome>,
{
    let (interruptor, interrupts) = channel();
    let work = work(reporter.interrupted_by(&interrupts));
    tokio::pin!(work);
    let mut passed_on = Stop::None;
    let mut limit_now = limit;
    loop {
        let rest = clock.rest(limit_now);
        tokio::select! {
            outcome = &mut work => return if limit_now > limit { late(outcome, limit) } else { outcome },
            () = reporter.interrupts().reached(passed_on.next()), if passed_on < Stop::Kill => {
                passed_on = reporter.interrupts().step();
                interruptor.raise(passed_on);
            }
            () = tokio::time::sleep(rest.unwrap_or_default()), if interrupts.step() < Stop::Kill => {
                if clock.rest(limit_now).is_some() {
                    continue;
                }
                // First the one interrupt; the kill comes only long after it.
                interruptor.raise(if limit_now == limit { Stop::Interrupt } else { Stop::Kill });
                limit_now += GRACE;
            }
        }
    }
}

/// What was interrupted because of the limit has failed; what ended all the same has ended.
fn late(outcome: Outcome, limit: Duration) -> Outcome {
    let Outcome::Interrupted = outcome else { return outcome };
    let limit = jiff::SignedDuration::try_from(limit).unwrap_or_default();
    Outcome::Failed {
        message: format!("it took longer than its time limit of {limit:#} and was interrupted"),
        advice: Some(
            "see its log for what it waited for, or allow it more by --unit-timeout or a unit block in slipway.hcl"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::run::events::Events;
    use crate::support::interrupt::Interrupts;

    fn reporter(interrupts: &Interrupts) -> Reporter {
        Reporter::new("unit", &Arc::new(Events::new(None, Vec::new())), interrupts)
    }

    async fn until_interrupted(reporter: Reporter) -> Outcome {
        reporter.interrupts().reached(Stop::Interrupt).await;
        Outcome::Interrupted
    }

    #[tokio::test]
    async fn what_takes_too_long_is_interrupted_and_has_failed() {
        let (_interruptor, interrupts) = channel();
        let limit = Duration::from_millis(20);
        let outcome = within(limit, &reporter(&interrupts), &Clock::default(), until_interrupted).await;
        let Outcome::Failed { message, .. } = outcome else { panic!("{outcome:?}") };
        assert!(message.contains("20ms"), "{message}");
    }

    #[tokio::test]
    async fn a_persons_wish_reaches_the_work_and_is_no_failure() {
        let (interruptor, interrupts) = channel();
        interruptor.raise(Stop::Interrupt);
        let limit = Duration::from_mins(1);
        let outcome = within(limit, &reporter(&interrupts), &Clock::default(), until_interrupted).await;
        assert_eq!(outcome, Outcome::Interrupted);
    }

    #[tokio::test]
    async fn the_clock_stands_still_while_a_person_thinks() {
        let (_interruptor, interrupts) = channel();
        let clock = Clock::default();
        let asking = async |_: Reporter| {
            clock.stop();
            tokio::time::sleep(Duration::from_millis(80)).await;
            clock.go_on();
            Outcome::Applied
        };
        let limit = Duration::from_millis(50);
        assert_eq!(within(limit, &reporter(&interrupts), &clock, asking).await, Outcome::Applied);
    }
}
