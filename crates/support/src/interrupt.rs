//! How far a person has asked a run to stop.
//!
//! Three steps, after the design: the first Ctrl-C starts nothing new and lets what runs finish, the second
//! interrupts each running tool once, the third kills. Whoever waits holds an [`Interrupts`] and is woken when
//! the step rises; it never falls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::watch;

/// How far stopping has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Nobody asked.
    #[default]
    None,
    /// Start nothing new.
    Drain,
    /// One interrupt to each running tool.
    Interrupt,
    /// Kill what still runs.
    Kill,
}

impl Stop {
    /// The step after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::None => Self::Drain,
            Self::Drain => Self::Interrupt,
            Self::Interrupt | Self::Kill => Self::Kill,
        }
    }
}

/// The side that asks.
#[derive(Debug)]
pub struct Interruptor {
    sender: watch::Sender<Stop>,
}

/// The side that waits.
#[derive(Clone, Debug)]
pub struct Interrupts {
    receiver: watch::Receiver<Stop>,
}

/// A fresh pair; dropping the asking side means that nobody will ask.
pub fn channel() -> (Interruptor, Interrupts) {
    let (sender, receiver) = watch::channel(Stop::None);
    (Interruptor { sender }, Interrupts { receiver })
}

static INTERRUPTIONS: AtomicU32 = AtomicU32::new(0);

/// How often this process was told to end what it evaluates. Whoever begins remembers the number, and ends when it is
/// another one: what begins later, to see what is left, is not meant.
pub fn interruptions() -> u32 {
    INTERRUPTIONS.load(Ordering::Relaxed)
}

/// Ends what is evaluated at this moment.
pub fn end_evaluations() {
    INTERRUPTIONS.fetch_add(1, Ordering::Relaxed);
}

impl Interruptor {
    /// The step now.
    pub fn step(&self) -> Stop {
        *self.sender.borrow()
    }

    /// One step further; returns the step reached.
    pub fn press(&self) -> Stop {
        // Bound first: the borrow must be over before the value is changed.
        let next = self.sender.borrow().next();
        self.raise(next)
    }

    /// At least to that step; returns the step reached.
    pub fn raise(&self, step: Stop) -> Stop {
        self.sender.send_if_modified(|current| {
            let rises = step > *current;
            if rises {
                *current = step;
            }
            rises
        });
        *self.sender.borrow()
    }
}

impl Interrupts {
    /// The step now.
    pub fn step(&self) -> Stop {
        *self.receiver.borrow()
    }

    /// Returns once the step is at least the given one; never, where nobody can ask any more.
    pub async fn reached(&self, step: Stop) {
        let mut receiver = self.receiver.clone();
        if receiver.wait_for(|current| *current >= step).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whoever waits for work on a thread of its own: once this is dropped, [`GivenUp::is`] says so there.
///
/// A future that is dropped takes nothing with it that a thread has begun. So the work is told, and looks now and then.
#[derive(Debug, Default)]
pub struct Waiting(GivenUp);

/// What such work looks at.
#[derive(Clone, Debug, Default)]
pub struct GivenUp(Arc<AtomicBool>);

impl Waiting {
    /// What the work has to look at.
    pub fn given_up(&self) -> GivenUp {
        self.0.clone()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

impl GivenUp {
    /// Whether nobody waits any more.
    pub fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_press_goes_one_step_and_never_back() {
        let (interruptor, interrupts) = channel();
        assert_eq!(interrupts.step(), Stop::None);
        assert_eq!(interruptor.press(), Stop::Drain);
        assert_eq!(interruptor.press(), Stop::Interrupt);
        assert_eq!(interruptor.raise(Stop::Drain), Stop::Interrupt);
        interrupts.reached(Stop::Interrupt).await;
        assert_eq!(interruptor.press(), Stop::Kill);
        assert_eq!(interruptor.press(), Stop::Kill);
    }
}
