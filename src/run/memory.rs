//! How many nodes the machine's memory bears: a provider takes hundreds of megabytes, and a machine that swaps, or
//! kills what it likes, applies nothing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sysinfo::System;

/// What a unit takes where nobody says otherwise: a tool and a provider of the usual size.
pub const USUAL: u64 = 300 * 1024 * 1024;
/// How long a node may take until what it needs shows in what the machine has left.
const GROWS: Duration = Duration::from_secs(5);

/// How often the machine's memory is looked at while something waits for it.
pub const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How much memory the nodes of a run may take.
#[derive(Clone, Copy, Debug)]
pub struct MemoryBound {
    /// Bytes that a node is expected to take; 0 where nothing is bound.
    pub of_a_node: u64,
    /// Bytes that are left, as the machine says.
    pub left: fn() -> u64,
}

impl MemoryBound {
    /// A bound on this machine's memory.
    pub fn new(of_a_node: u64) -> Self {
        Self { of_a_node, left: left_on_this_machine }
    }

    /// A look at it while nodes begin.
    pub fn watch(&self) -> MemoryWatch {
        MemoryWatch { bound: *self, young: VecDeque::new() }
    }
}

/// Follows which nodes have begun so lately that what they take does not show yet.
pub struct MemoryWatch {
    bound: MemoryBound,
    young: VecDeque<Instant>,
}

impl MemoryWatch {
    /// Whether another node may begin, which then counts as begun. One may always run.
    pub fn allows_another(&mut self, running: usize) -> bool {
        if self.bound.of_a_node == 0 {
            return true;
        }
        while self.young.front().is_some_and(|begun| begun.elapsed() > GROWS) {
            self.young.pop_front();
        }
        // What ended young has given back what it took.
        self.young.truncate(running);
        let promised = self.bound.of_a_node.saturating_mul(self.young.len() as u64 + 1);
        let allowed = running == 0 || (self.bound.left)() >= promised;
        if allowed {
            self.young.push_back(Instant::now());
        }
        allowed
    }
}

/// What the machine, or the container we are in, has left.
fn left_on_this_machine() -> u64 {
    let Ok(mut system) = System::new() else { return u64::MAX };
    system.refresh_memory();
    let machine = system.available_memory();
    // Not what a container calls free: that leaves out what its files have in the cache.
    let free = |limits: sysinfo::CGroupLimits| limits.total_memory.saturating_sub(limits.rss);
    let container = system.cgroup_limits().map_or(u64::MAX, free);
    // A system that does not tell binds nothing.
    if machine == 0 { u64::MAX } else { machine.min(container) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn nodes_that_have_just_begun_count_with_what_they_will_take() {
        let bound = MemoryBound { of_a_node: 300 * MIB, left: || 1000 * MIB };
        let mut watch = bound.watch();
        let begun = (0..10).take_while(|running| watch.allows_another(*running)).count();
        assert_eq!(begun, 3);
    }

    #[test]
    fn one_node_runs_however_little_is_left() {
        let mut watch = MemoryBound { of_a_node: 300 * MIB, left: || 0 }.watch();
        assert!(watch.allows_another(0));
        assert!(!watch.allows_another(1));
    }

    #[test]
    fn this_machine_says_what_it_has_left() {
        assert!(left_on_this_machine() > MIB);
    }
}
