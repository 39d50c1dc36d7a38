//! Who uses a configured process, and whether it is to stop.
//!
//! A process that is asked to stop stops everything that it is at. So it is asked when everybody who uses it has asked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The users of a process.
#[derive(Debug, Default)]
pub struct Users(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_unit: HashMap<u64, User>,
    /// Whether it was asked to stop, so that nobody may begin to use it.
    is_over: bool,
    /// Since when nobody uses it.
    left: Option<Instant>,
}

#[derive(Debug, Default)]
struct User {
    connections: usize,
    /// Whether it has asked to stop.
    stops: bool,
}

impl Users {
    /// One connection more of a unit; false where it is over.
    pub fn join(&self, unit: u64) -> bool {
        let mut known = self.known();
        if !known.is_over {
            known.by_unit.entry(unit).or_default().connections += 1;
        }
        !known.is_over
    }

    /// One connection less of a unit. Returns whether the process is to be asked to stop by that.
    pub fn leave(&self, unit: u64) -> bool {
        let mut known = self.known();
        if let Some(user) = known.by_unit.get_mut(&unit) {
            user.connections -= 1;
            if user.connections == 0 {
                known.by_unit.remove(&unit);
            }
        }
        if known.by_unit.is_empty() {
            known.left = Some(Instant::now());
            return false;
        }
        known.ends()
    }

    /// When the last of them has left.
    pub fn left(&self) -> Option<Instant> {
        self.known().left
    }

    /// A unit asks to stop. Returns whether the process is to be asked.
    pub fn stop(&self, unit: u64) -> bool {
        let mut known = self.known();
        if let Some(user) = known.by_unit.get_mut(&unit) {
            user.stops = true;
        }
        known.ends()
    }

    /// Whether nobody may begin to use it.
    pub fn is_over(&self) -> bool {
        self.known().is_over
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether it ends now, since everybody has asked: once.
    fn ends(&mut self) -> bool {
        let ends = !self.is_over && self.by_unit.values().all(|user| user.stops);
        self.is_over |= ends;
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_once_when_the_last_has_asked_and_nobody_comes_after_that() {
        let users = Users::default();
        assert!(users.join(1) && users.join(2) && users.join(2));
        assert!(!users.stop(1));
        assert!(users.stop(2));
        assert!(!users.stop(2), "once");
        assert!(!users.join(3));
    }

    #[test]
    fn whoever_leaves_makes_way_for_those_who_have_asked() {
        let users = Users::default();
        assert!(users.join(1) && users.join(2) && users.join(2));
        assert!(!users.stop(1) && !users.leave(2));
        assert!(users.leave(2), "the last connection of the other");
        let idle = Users::default();
        assert!(idle.join(1));
        assert!(!idle.leave(1) && !idle.is_over(), "it waits for others");
    }
}
