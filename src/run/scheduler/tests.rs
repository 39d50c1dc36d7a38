use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::run::event::{Event, NodeKind, RunStart};
use crate::run::events::Listener;
use crate::run::node::Work;
use crate::support::interrupt::{Interruptor, channel};

struct Fixed(Outcome);

#[async_trait]
impl Work for Fixed {
    async fn run(&self, _reporter: &Reporter) -> Outcome {
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.0.clone()
    }
}

struct Recorder(Arc<Mutex<Vec<String>>>);

impl Listener for Recorder {
    fn on(&mut self, event: &Event) {
        if let EventKind::NodeStarted { node } = &event.kind {
            self.0.lock().unwrap().push(node.clone());
        }
    }
}

fn failed() -> Outcome {
    Outcome::Failed { message: "no".to_owned(), advice: None }
}

fn node(name: &str, after: &[usize], outcome: Outcome) -> Node {
    Node {
        name: name.to_owned(),
        kind: NodeKind::Unit,
        after: after.iter().copied().map(NodeIndex).collect(),
        work: Arc::new(Fixed(outcome)),
    }
}

fn start(nodes: &Nodes) -> EventKind {
    EventKind::RunStarted(RunStart {
        run: "test".to_owned(),
        command: "up".to_owned(),
        engine: "none".to_owned(),
        nodes: announce(nodes),
        parallelism: 2,
        commit: None,
        user: None,
        request: None,
    })
}

fn schedule(parallelism: usize, events: Arc<Events>, interrupts: Interrupts) -> Schedule {
    let memory = MemoryBound { of_a_node: 0, left: || 0 };
    Schedule { parallelism, events, interrupts, fail_fast: false, memory, done: HashMap::new() }
}

async fn outcomes(nodes: Nodes) -> (Vec<(String, Outcome)>, Vec<String>) {
    let started = Arc::new(Mutex::new(Vec::new()));
    let (_interruptor, interrupts) = channel();
    let events = Arc::new(Events::new(None, vec![Box::new(Recorder(Arc::clone(&started)))]));
    let schedule = schedule(2, events, interrupts);
    let start = start(&nodes);
    let result = run(nodes, Some(start), &schedule).await;
    let started = started.lock().unwrap().clone();
    (result.outcomes, started)
}

#[tokio::test]
async fn nothing_begins_before_what_it_waits_for() {
    let nodes: Nodes = vec![
        node("networking", &[], Outcome::Applied),
        node("cluster", &[0], Outcome::Applied),
        node("identity", &[1], Outcome::Applied),
        node("bucket", &[], Outcome::Applied),
    ]
    .into();
    let (outcomes, started) = outcomes(nodes).await;
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_success()));
    let place = |name: &str| started.iter().position(|node| node == name).unwrap();
    assert!(place("networking") < place("cluster") && place("cluster") < place("identity"), "{started:?}");
}

#[tokio::test]
async fn a_failure_skips_what_waits_for_it_and_names_itself() {
    let nodes: Nodes = vec![
        node("networking", &[], failed()),
        node("cluster", &[0], Outcome::Applied),
        node("identity", &[1], Outcome::Applied),
        node("bucket", &[], Outcome::Applied),
    ]
    .into();
    let (outcomes, started) = outcomes(nodes).await;
    let skipped = Outcome::Skipped { cause: "networking".to_owned() };
    assert_eq!(outcomes[1].1, skipped);
    assert_eq!(outcomes[2].1, skipped);
    assert_eq!(outcomes[3].1, Outcome::Applied, "a sibling finishes");
    assert!(!started.contains(&"cluster".to_owned()));
}

struct Counting {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

#[async_trait]
impl Work for Counting {
    async fn run(&self, _reporter: &Reporter) -> Outcome {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Outcome::Applied
    }
}

#[tokio::test]
async fn no_more_run_at_once_than_allowed() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counting = |index: usize| Node {
        name: format!("unit-{index}"),
        kind: NodeKind::Unit,
        after: Vec::new(),
        work: Arc::new(Counting { now: Arc::clone(&now), most: Arc::clone(&most) }),
    };
    outcomes((0..8).map(counting).collect()).await;
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

struct Pressing(Mutex<Option<Interruptor>>);

#[async_trait]
impl Work for Pressing {
    async fn run(&self, _reporter: &Reporter) -> Outcome {
        if let Some(interruptor) = &*self.0.lock().unwrap() {
            interruptor.press();
        }
        Outcome::Applied
    }
}

#[tokio::test]
async fn after_the_first_interrupt_what_runs_ends_and_nothing_begins() {
    let (interruptor, interrupts) = channel();
    let pressing = Pressing(Mutex::new(Some(interruptor)));
    let mut first = node("networking", &[], Outcome::Applied);
    first.work = Arc::new(pressing);
    let nodes: Nodes = vec![first, node("cluster", &[0], Outcome::Applied)].into();
    let schedule = schedule(1, Arc::new(Events::new(None, Vec::new())), interrupts);
    let start = start(&nodes);
    let result = run(nodes, Some(start), &schedule).await;
    assert_eq!(result.outcomes[0].1, Outcome::Applied);
    assert_eq!(result.outcomes[1].1, Outcome::Interrupted);
}

#[tokio::test]
async fn after_a_failure_nothing_begins_where_that_is_asked_for() {
    let nodes: Nodes = vec![
        node("networking", &[], failed()),
        node("slow", &[], Outcome::Applied),
        node("behind-slow", &[1], Outcome::Applied),
        node("bucket", &[], Outcome::Applied),
    ]
    .into();
    let (_interruptor, interrupts) = channel();
    let events = Arc::new(Events::new(None, Vec::new()));
    let schedule = Schedule { fail_fast: true, ..schedule(1, events, interrupts) };
    let beginning = start(&nodes);
    let result = run(nodes, Some(beginning), &schedule).await;
    let skipped = Outcome::Skipped { cause: "networking".to_owned() };
    let rest: Vec<_> = result.outcomes.iter().skip(1).map(|(_, outcome)| outcome.clone()).collect();
    assert_eq!(rest, [skipped.clone(), skipped.clone(), skipped]);
}

#[tokio::test]
async fn what_runs_when_another_fails_first_ends_and_what_waits_for_it_is_skipped() {
    let nodes: Nodes = vec![
        node("networking", &[], failed()),
        node("slow", &[], Outcome::Applied),
        node("behind-slow", &[1], Outcome::Applied),
    ]
    .into();
    let (_interruptor, interrupts) = channel();
    let events = Arc::new(Events::new(None, Vec::new()));
    let schedule = Schedule { fail_fast: true, ..schedule(2, events, interrupts) };
    let beginning = start(&nodes);
    let result = run(nodes, Some(beginning), &schedule).await;
    assert_eq!(result.outcomes[1].1, Outcome::Applied);
    assert_eq!(result.outcomes[2].1, Outcome::Skipped { cause: "networking".to_owned() });
}

#[tokio::test]
async fn what_is_done_does_not_run_and_does_not_hold_up_what_waits_for_it() {
    let nodes: Nodes = vec![
        node("networking", &[], failed()),
        node("cluster", &[0], Outcome::Applied),
        node("identity", &[1], Outcome::Applied),
    ]
    .into();
    let started = Arc::new(Mutex::new(Vec::new()));
    let (_interruptor, interrupts) = channel();
    let events = Arc::new(Events::new(None, vec![Box::new(Recorder(Arc::clone(&started)))]));
    let done = HashMap::from([("networking".to_owned(), Outcome::Applied)]);
    let schedule = Schedule { done, ..schedule(2, events, interrupts) };
    let beginning = start(&nodes);
    let result = run(nodes, Some(beginning), &schedule).await;
    assert!(result.outcomes.iter().all(|(_, outcome)| outcome.is_success()), "{:?}", result.outcomes);
    assert_eq!(*started.lock().unwrap(), ["cluster", "identity"]);
}
