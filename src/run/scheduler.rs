//! Runs the nodes of a graph: whatever is ready, up to a limit, each once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use super::event::{EventKind, NodeInfo, Outcome};
use super::events::Events;
use super::memory::{LOOK_AGAIN, MemoryBound};
use super::node::{Node, NodeIndex, Nodes, Reporter};
use crate::support::interrupt::{Interrupts, Stop};
use crate::support::slots::Slots;

/// How a run is carried out.
pub struct Schedule {
    /// How many nodes run at once; at least one.
    pub parallelism: usize,
    /// Where events go.
    pub events: Arc<Events>,
    /// How far a person has asked to stop.
    pub interrupts: Interrupts,
    /// Whether nothing new begins after the first failure.
    pub fail_fast: bool,
    /// What the nodes need of the machine's memory.
    pub memory: MemoryBound,
    /// The nodes that another process has done before, with how they ended.
    pub done: HashMap<String, Outcome>,
}

/// How every node ended, in the order of the nodes.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// Name and outcome.
    pub outcomes: Vec<(String, Outcome)>,
    /// Seconds in all.
    pub seconds: f64,
    /// Why the journal could not be written, if so.
    pub journal_failure: Option<String>,
}

/// Announces the nodes of a run.
pub fn announce(nodes: &Nodes) -> Vec<NodeInfo> {
    let info = |node: &Node| NodeInfo {
        name: node.name.clone(),
        kind: node.kind,
        after: node.after.iter().map(|before| nodes[*before].name.clone()).collect(),
    };
    nodes.iter().map(info).collect()
}

/// Runs all nodes that are not done. Returns when every node has an outcome; a failure stops what waits for it, and
/// nothing else where that is not asked for.
///
/// `beginning` is the event that says that it begins, or that it goes on; none where that was said.
pub async fn run(nodes: Nodes, beginning: Option<EventKind>, schedule: &Schedule) -> RunResult {
    let begun = Instant::now();
    if let Some(beginning) = beginning {
        schedule.events.emit(beginning);
    }
    let mut state = State::new(&nodes, &schedule.done);
    let mut running = JoinSet::new();
    let mut memory = schedule.memory.watch();
    let mut index_of = HashMap::new();
    // The first failure, where it ends the run.
    let mut failed = None;
    loop {
        if schedule.interrupts.step() >= Stop::Drain || schedule.events.failure().is_some() {
            state.abandon(&schedule.events);
        }
        if let Some(failed) = failed {
            state.give_up_all(failed, &schedule.events);
        }
        while running.len() < schedule.parallelism.max(1)
            && !state.ready.is_empty()
            && memory.allows_another(running.len())
            && let Some(index) = state.ready.pop_first()
        {
            let handle = spawn(&mut running, &nodes[index], schedule);
            index_of.insert(handle, index);
        }
        let Some(joined) = next(&mut running, schedule, state.ready.is_empty()).await else { break };
        let Some(joined) = joined else { continue };
        let (id, outcome, seconds) = match joined {
            Ok((id, (outcome, seconds))) => (id, outcome, seconds),
            Err(error) => {
                let message = format!("its task ended unexpectedly: {error}");
                (error.id(), Outcome::Failed { message, advice: None }, 0.0)
            }
        };
        if let Some(index) = index_of.remove(&id) {
            if schedule.fail_fast && outcome.is_failure() {
                failed.get_or_insert(index);
            }
            state.finish(index, outcome, seconds, &schedule.events);
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    schedule.events.emit(EventKind::RunFinished { seconds });
    RunResult { outcomes: state.into_outcomes(), seconds, journal_failure: schedule.events.failure() }
}

type Joined = Result<(tokio::task::Id, (Outcome, f64)), tokio::task::JoinError>;

/// The next node to end; `Some(None)` when the wish to stop came first, `None` when nothing runs.
async fn next(
    running: &mut JoinSet<(Outcome, f64)>,
    schedule: &Schedule,
    idle: bool,
) -> Option<Option<Joined>> {
    if running.is_empty() {
        return None;
    }
    let asked = schedule.interrupts.step() >= Stop::Drain;
    tokio::select! {
        // Something is ready and has no place: others' memory may have become free.
        () = tokio::time::sleep(LOOK_AGAIN), if !idle && running.len() < schedule.parallelism => Some(None),
        joined = running.join_next_with_id() => joined.map(Some),
        () = schedule.interrupts.reached(Stop::Drain), if !asked && !idle => Some(None),
    }
}

fn spawn(running: &mut JoinSet<(Outcome, f64)>, node: &Node, schedule: &Schedule) -> tokio::task::Id {
    let reporter = Reporter::new(&node.name, &schedule.events, &schedule.interrupts);
    let work = Arc::clone(&node.work);
    schedule.events.emit(EventKind::NodeStarted { node: node.name.clone() });
    let task = async move {
        let begun = Instant::now();
        let outcome = work.run(&reporter).await;
        (outcome, begun.elapsed().saturating_sub(reporter.waited_in_all()).as_secs_f64())
    };
    running.spawn(task).id()
}

/// What is ready, what waits, and how what ended has ended.
struct State {
    nodes: Slots<NodeIndex, Progress>,
    ready: BTreeSet<NodeIndex>,
}

/// How far a node has come.
struct Progress {
    name: String,
    /// How many of those it waits for are not over.
    waiting_for: usize,
    dependents: Vec<NodeIndex>,
    outcome: Option<Outcome>,
}

impl State {
    fn new(nodes: &Nodes, done: &HashMap<String, Outcome>) -> Self {
        let progress = |node: &Node| Progress {
            name: node.name.clone(),
            waiting_for: 0,
            dependents: Vec::new(),
            outcome: done.get(&node.name).cloned(),
        };
        let mut all: Slots<NodeIndex, Progress> = nodes.iter().map(progress).collect();
        for (index, node) in nodes.pairs() {
            for before in &node.after {
                all[*before].dependents.push(index);
            }
            all[index].waiting_for =
                node.after.iter().filter(|before| all[**before].outcome.is_none()).count();
        }
        let is_ready = |node: &Progress| node.waiting_for == 0 && node.outcome.is_none();
        let ready = all.pairs().filter(|(_, node)| is_ready(node)).map(|(index, _)| index).collect();
        Self { nodes: all, ready }
    }

    fn finish(&mut self, index: NodeIndex, outcome: Outcome, seconds: f64, events: &Events) {
        let behind = match &outcome {
            Outcome::Interrupted => Some(Outcome::Interrupted),
            other if other.is_success() => None,
            _ => Some(Outcome::Skipped { cause: self.nodes[index].name.clone() }),
        };
        self.end(index, outcome, seconds, events);
        if let Some(behind) = behind {
            self.give_up_dependents(index, &behind, events);
            return;
        }
        for dependent in self.nodes[index].dependents.clone() {
            let node = &mut self.nodes[dependent];
            node.waiting_for -= 1;
            if node.waiting_for == 0 && node.outcome.is_none() {
                self.ready.insert(dependent);
            }
        }
    }

    /// Everything behind a node that did not succeed will never begin.
    ///
    /// After a failure it is skipped, and names what failed, not what was skipped before it; after an
    /// interrupt it is interrupted too.
    fn give_up_dependents(&mut self, index: NodeIndex, outcome: &Outcome, events: &Events) {
        let mut behind = self.nodes[index].dependents.clone();
        while let Some(dependent) = behind.pop() {
            if self.nodes[dependent].outcome.is_none() {
                self.end(dependent, outcome.clone(), 0.0, events);
                behind.extend(self.nodes[dependent].dependents.iter().copied());
            }
        }
    }

    /// Starts nothing new after a failure, which what has not begun names as its cause.
    fn give_up_all(&mut self, failed: NodeIndex, events: &Events) {
        let skipped = Outcome::Skipped { cause: self.nodes[failed].name.clone() };
        while let Some(index) = self.ready.pop_first() {
            self.end(index, skipped.clone(), 0.0, events);
            self.give_up_dependents(index, &skipped, events);
        }
    }

    /// Starts nothing new: what has not begun is over.
    fn abandon(&mut self, events: &Events) {
        while let Some(index) = self.ready.pop_first() {
            self.finish(index, Outcome::Interrupted, 0.0, events);
        }
    }

    fn end(&mut self, index: NodeIndex, outcome: Outcome, seconds: f64, events: &Events) {
        let node = &mut self.nodes[index];
        events.emit(EventKind::NodeFinished { node: node.name.clone(), outcome: outcome.clone(), seconds });
        node.outcome = Some(outcome);
    }

    fn into_outcomes(self) -> Vec<(String, Outcome)> {
        let outcome = |node: Progress| (node.name, node.outcome.unwrap_or(Outcome::Interrupted));
        self.nodes.into_iter().map(outcome).collect()
    }
}

#[cfg(test)]
mod tests;
