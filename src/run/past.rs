//! What a journal says of the part of a run that is over: which nodes need nothing more, and what was asked for.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::event::{Event, EventKind, Green, Outcome, Planned, RunStart};

/// A run as its journal has it.
#[derive(Clone, Debug)]
pub struct Past {
    /// How it began.
    pub start: RunStart,
    /// The last outcome of each node that has one.
    pub outcomes: HashMap<String, Outcome>,
    /// The nodes that were about to change something, or did, and of which no end is known.
    pub underway: Vec<String>,
    /// Where clusters were green, the last of each cluster last.
    pub greens: Vec<Green>,
    /// Whether it came to its end, whatever that was.
    pub finished: bool,
    events: Vec<Event>,
}

impl Past {
    /// Reads it out of the events; `None` where the journal does not begin with the beginning of a run.
    pub fn of(events: Vec<Event>) -> Option<Self> {
        let EventKind::RunStarted(start) = &events.first()?.kind else { return None };
        let start = start.clone();
        let mut outcomes = HashMap::new();
        let (mut underway, mut greens) = (Vec::new(), Vec::new());
        for event in &events {
            match &event.kind {
                EventKind::NodeStarted { node } => {
                    outcomes.remove(node);
                }
                EventKind::Green(green) => greens.push(green.clone()),
                EventKind::Applying { node } => underway.push(node.clone()),
                EventKind::NodeFinished { node, outcome, .. } => {
                    underway.retain(|other| other != node);
                    outcomes.insert(node.clone(), outcome.clone());
                }
                _ => {}
            }
        }
        let finished = matches!(events.last()?.kind, EventKind::RunFinished { .. });
        Some(Self { start, outcomes, underway, greens, finished, events })
    }

    /// When it began.
    pub fn began(&self) -> Option<Timestamp> {
        self.events.first().map(|event| event.time)
    }

    /// The nodes that succeeded, which are not done again.
    pub fn done(&self) -> HashMap<String, Outcome> {
        let done = self.outcomes.iter().filter(|(_, outcome)| outcome.is_success());
        done.map(|(name, outcome)| (name.clone(), outcome.clone())).collect()
    }

    /// The nodes that are not gone on with: those that succeeded, those that a person declined, and what waits for one of
    /// these.
    pub fn settled(&self) -> HashMap<String, Outcome> {
        let mut settled = self.done();
        let mut declined: HashSet<&str> = HashSet::new();
        // Each node stands behind what it waits for.
        for node in &self.start.nodes {
            if settled.contains_key(&node.name) {
                continue;
            }
            let cause = node.after.iter().find(|before| declined.contains(before.as_str()));
            let outcome = match (self.outcomes.get(&node.name), cause) {
                (Some(Outcome::Declined), _) => Outcome::Declined,
                (_, Some(cause)) => Outcome::Skipped { cause: cause.clone() },
                (_, None) => continue,
            };
            declined.insert(&node.name);
            settled.insert(node.name.clone(), outcome);
        }
        settled
    }

    /// Whether there is something to go on with.
    pub fn is_open(&self) -> bool {
        let settled = self.settled();
        self.start.nodes.iter().any(|node| !settled.contains_key(&node.name))
    }

    /// Whether all that is left was declined, or waits for what was. A run that was killed after its last node is not so:
    /// it only has to be brought to its end.
    pub fn was_declined(&self) -> bool {
        !self.is_open() && self.settled().values().any(|outcome| !outcome.is_success())
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.finished
            && self
                .start
                .nodes
                .iter()
                .all(|node| self.outcomes.get(&node.name).is_some_and(Outcome::is_success))
    }

    /// What whoever watches has to know of it: how it began, what was changed, and all about the nodes that are not gone
    /// on with.
    pub fn to_replay(&self) -> Vec<Event> {
        let done = self.settled();
        let wanted = |event: &&Event| match &event.kind {
            // What was changed counts, whatever becomes of the node.
            EventKind::RunStarted(_) | EventKind::Changed { .. } => true,
            EventKind::Planned(Planned { node, .. })
            | EventKind::Detailed { node, .. }
            | EventKind::NodeStarted { node }
            | EventKind::NodeFinished { node, .. } => done.contains_key(node),
            _ => false,
        };
        self.events.iter().filter(wanted).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::run::event::{NodeInfo, NodeKind};

    fn past(kinds: Vec<EventKind>) -> Past {
        let node = |name: &str| NodeInfo { name: name.to_owned(), kind: NodeKind::Unit, after: Vec::new() };
        let start = RunStart {
            run: "r".to_owned(),
            command: "apply".to_owned(),
            engine: "native".to_owned(),
            nodes: vec![node("a"), node("b")],
            parallelism: 1,
            commit: None,
            user: None,
            request: None,
        };
        let kinds = std::iter::once(EventKind::RunStarted(start)).chain(kinds);
        let event = |kind| Event { time: Timestamp::UNIX_EPOCH, kind };
        Past::of(kinds.map(event).collect()).unwrap()
    }

    fn finished(node: &str, outcome: Outcome) -> EventKind {
        EventKind::NodeFinished { node: node.to_owned(), outcome, seconds: 1.0 }
    }

    #[test]
    fn what_succeeded_is_done_and_what_was_underway_is_not() {
        let kinds = vec![
            EventKind::NodeStarted { node: "a".to_owned() },
            finished("a", Outcome::Applied),
            EventKind::NodeStarted { node: "b".to_owned() },
            EventKind::Applying { node: "b".to_owned() },
        ];
        let past = past(kinds);
        assert_eq!(past.done().keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(past.underway, ["b"]);
        assert!(!past.is_done());
    }

    #[test]
    fn what_was_declined_is_not_gone_on_with_nor_what_waits_for_it() {
        let kinds = vec![
            finished("a", Outcome::Declined),
            finished("b", Outcome::Failed { message: "no".to_owned(), advice: None }),
            EventKind::RunFinished { seconds: 1.0 },
        ];
        let mut past = past(kinds);
        assert!(past.is_open());
        assert_eq!(past.settled().keys().collect::<Vec<_>>(), ["a"]);
        past.start.nodes[1].after = vec!["a".to_owned()];
        assert!(past.was_declined() && !past.is_done());
        assert_eq!(past.settled()["b"], Outcome::Skipped { cause: "a".to_owned() });
    }

    #[test]
    fn a_run_that_was_killed_after_its_last_node_is_brought_to_its_end() {
        let past = past(vec![finished("a", Outcome::Applied), finished("b", Outcome::Applied)]);
        assert!(!past.is_done() && !past.is_open() && !past.was_declined());
    }

    #[test]
    fn a_node_that_began_again_after_its_end_is_open_again() {
        let failed = Outcome::Failed { message: "no".to_owned(), advice: None };
        let kinds = vec![
            finished("a", Outcome::Applied),
            finished("b", failed),
            EventKind::RunFinished { seconds: 1.0 },
            EventKind::Resumed { user: None, commit: None },
            EventKind::NodeStarted { node: "b".to_owned() },
        ];
        let again = past(kinds.clone());
        assert!(!again.finished && !again.outcomes.contains_key("b"));
        let rest = [finished("b", Outcome::Applied), EventKind::RunFinished { seconds: 1.0 }];
        assert!(past(kinds.into_iter().chain(rest).collect()).is_done());
    }
}
