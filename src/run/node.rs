//! What stands in the graph of a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::event::{EventKind, NodeKind, Outcome};
use super::events::{Events, without_secrets};
use crate::engine::{PlanSummary, Session, Step, Watcher};
use crate::support::interrupt::Interrupts;
use crate::support::slots::{Slots, slot};
use crate::support::work_folder::WorkFolder;

/// The nodes of a run, each behind those that it waits for.
pub type Nodes = Slots<NodeIndex, Node>;

/// A node by its place among those of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub usize);

slot!(NodeIndex);

/// One node.
pub struct Node {
    /// Its name, unique in the run.
    pub name: String,
    /// Unit or gate.
    pub kind: NodeKind,
    /// The nodes it waits for, each before it.
    pub after: Vec<NodeIndex>,
    /// What it does.
    pub work: Arc<dyn Work>,
}

/// What a node does.
#[async_trait]
pub trait Work: Send + Sync {
    /// Does it, and says how it went.
    async fn run(&self, reporter: &Reporter) -> Outcome;
}

/// Who else hears what a node's work tells, and may forbid that anything is changed.
pub trait Witness: Send + Sync {
    /// Takes an event, with every secret masked that is known.
    fn saw(&self, event: &EventKind);

    /// Whether it may go on to change something.
    fn may_change(&self) -> bool;
}

/// How a node's work tells what it is doing.
#[derive(Clone)]
pub struct Reporter {
    /// The node's name.
    pub node: String,
    events: Arc<Events>,
    interrupts: Interrupts,
    place: Option<Arc<WorkFolder>>,
    witness: Option<Arc<dyn Witness>>,
    /// Milliseconds for which a person was asked.
    waited: Arc<AtomicU64>,
}

impl Reporter {
    /// For one node.
    pub fn new(node: &str, events: &Arc<Events>, interrupts: &Interrupts) -> Self {
        Self {
            node: node.to_owned(),
            events: Arc::clone(events),
            interrupts: interrupts.clone(),
            place: None,
            witness: None,
            waited: Arc::default(),
        }
    }

    /// A person was asked for so long, which is not the node's time.
    pub fn waited(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.waited.fetch_add(millis, Ordering::Relaxed);
    }

    /// How long a person was asked, in all.
    pub fn waited_in_all(&self) -> Duration {
        Duration::from_millis(self.waited.load(Ordering::Relaxed))
    }

    /// A reporter of this node whose commands, which may outlive us, have a place of their own.
    #[must_use]
    pub fn at(&self, place: WorkFolder) -> Self {
        Self { place: Some(Arc::new(place)), ..self.clone() }
    }

    /// A reporter of this node that somebody else stops.
    #[must_use]
    pub fn interrupted_by(&self, interrupts: &Interrupts) -> Self {
        Self { interrupts: interrupts.clone(), ..self.clone() }
    }

    /// A reporter of this node to which somebody else listens.
    #[must_use]
    pub fn witnessed_by(&self, witness: Arc<dyn Witness>) -> Self {
        Self { witness: Some(witness), ..self.clone() }
    }

    /// Tells of something in the run.
    pub fn emit(&self, kind: EventKind) {
        if let Some(witness) = &self.witness {
            witness.saw(&without_secrets(kind.clone()));
        }
        self.events.emit(kind);
    }

    /// Whether it may go on to change something, as far as others have a say.
    pub fn may_change(&self) -> bool {
        self.witness.as_ref().is_none_or(|witness| witness.may_change())
    }

    /// Whether all that was told so far is on disk.
    pub fn is_journaled(&self) -> bool {
        self.events.failure().is_none()
    }

    /// Goes on to a step that is no engine's.
    pub fn doing(&self, step: &str) {
        self.emit(EventKind::Step { node: self.node.clone(), step: step.to_owned() });
    }

    /// A line for the node's log.
    pub fn log(&self, line: &str) {
        self.emit(EventKind::Output { node: self.node.clone(), line: line.to_owned() });
    }

    /// How far a person has asked to stop.
    pub fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }

    /// What an engine needs beside the unit.
    pub fn session(&self) -> Session<'_> {
        Session { watcher: self, interrupts: &self.interrupts, place: self.place.as_deref() }
    }
}

impl Watcher for Reporter {
    fn step(&self, step: Step) {
        self.doing(&step.to_string());
    }

    fn line(&self, line: &str) {
        self.log(line);
    }

    fn changed(&self, done: &PlanSummary) {
        self.emit(EventKind::Changed { node: self.node.clone(), summary: done.clone() });
    }
}
