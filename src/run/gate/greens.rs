//! At which commits the applications of clusters are green, for the clusters that wait for them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::run::event::{EventKind, Green};
use crate::run::node::Reporter;
use crate::run::past::Past;

/// What is known of the clusters of a run.
#[derive(Debug, Default)]
pub struct Greens(Mutex<HashMap<String, Known>>);

/// Where a cluster is green.
#[derive(Clone, Debug)]
pub struct Known {
    /// The commit.
    pub green: Green,
    /// Whether this process has seen it; else an earlier one, of the same run.
    pub now: bool,
}

impl Greens {
    /// What another process has seen of this run.
    pub fn of(past: Option<&Past>) -> Self {
        let earlier = past.into_iter().flat_map(|past| &past.greens);
        let known = |green: &Green| (green.cluster.clone(), Known { green: green.clone(), now: false });
        Self(Mutex::new(earlier.map(known).collect()))
    }

    /// What is known of a cluster.
    pub fn get(&self, label: &str) -> Option<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(label).cloned()
    }

    /// A cluster is green: written down before anybody goes by it.
    pub fn tell(&self, green: Green, reporter: &Reporter) {
        reporter.emit(EventKind::Green(green.clone()));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(green.cluster.clone(), Known { green, now: true });
    }
}
