//! What happens in a run, for whoever takes no part in it: the events that a journal of it would have.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::board::{self, CANCELLED, START, fenced};
use super::record::{Claim, End, Start, VERSION, is_told};
use super::store::{Mark, Store, StoreError};
use crate::run::event::{Event, EventKind, Outcome, Request, RunStart};

/// Looks at a run.
pub struct Observer {
    store: Arc<dyn Store>,
    start: Start,
    /// Whether its beginning was told.
    has_begun: bool,
    /// The newest claim on each node.
    claims: HashMap<String, u32>,
    released: HashSet<(String, u32)>,
    outcomes: HashMap<String, Outcome>,
    beats: HashMap<String, Mark>,
    is_cancelled: bool,
    is_over: bool,
}

impl Observer {
    /// For the run of a store; none where none has begun there.
    pub async fn of(store: Arc<dyn Store>) -> Result<Option<Self>, StoreError> {
        let Some(start) = board::read::<Start>(&*store, START).await? else { return Ok(None) };
        if start.version != VERSION {
            let why = format!("it was begun by another version of slipway ({})", start.version);
            return Err(StoreError::strange(store.address(), why));
        }
        Ok(Some(Self {
            store,
            start,
            has_begun: false,
            claims: HashMap::new(),
            released: HashSet::new(),
            outcomes: HashMap::new(),
            beats: HashMap::new(),
            is_cancelled: false,
            is_over: false,
        }))
    }

    /// What the run is.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Whether somebody has asked for nothing more to begin.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled
    }

    /// Whether nothing is left of it: each node has an outcome.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// When a machine gave the last sign of life, by the store's clock.
    pub fn heard(&self) -> Option<Timestamp> {
        self.beats.values().map(|mark| mark.written).max()
    }

    /// What has happened since the last look, the oldest first.
    pub async fn look(&mut self) -> Result<Vec<Event>, StoreError> {
        let keys = self.store.list().await?;
        let nodes: HashSet<String> = self.start.nodes.iter().map(|node| node.name.clone()).collect();
        let mut events = Vec::new();
        for (key, mark) in &keys {
            let mut tell = |kind| events.push(Event { time: mark.written, kind });
            if let Some((fence, node)) = fenced(key, "claims/").filter(|(_, node)| nodes.contains(*node)) {
                if self.claims.get(node).is_none_or(|known| *known < fence)
                    && let Some(Claim { machine }) = board::read(&*self.store, key).await?
                {
                    self.claims.insert(node.to_owned(), fence);
                    let node = node.to_owned();
                    tell(EventKind::NodeStarted { node: node.clone() });
                    tell(EventKind::Step { node, step: format!("on {machine}") });
                }
            } else if let Some((fence, node)) = fenced(key, "released/") {
                if self.released.insert((node.to_owned(), fence)) {
                    tell(EventKind::Step { node: node.to_owned(), step: "given back".to_owned() });
                }
            } else if let Some(node) = key.strip_prefix("ends/").filter(|node| nodes.contains(*node))
                && !self.outcomes.contains_key(node)
                && let Some(End { outcome, seconds, events, .. }) = board::read(&*self.store, key).await?
            {
                events.into_iter().filter(is_told).for_each(&mut tell);
                self.outcomes.insert(node.to_owned(), outcome.clone());
                tell(EventKind::NodeFinished { node: node.to_owned(), outcome, seconds });
            }
        }
        events.sort_by_key(|event| event.time);
        self.is_cancelled |= keys.contains_key(CANCELLED);
        let beats = keys.iter().filter_map(|(key, mark)| Some((key.strip_prefix("beats/")?, mark)));
        self.beats = beats.map(|(machine, mark)| (machine.to_owned(), mark.clone())).collect();
        Ok(self.with_its_ends(&keys, events))
    }

    /// The events behind the beginning of the run, with what follows from them and nobody writes down.
    fn with_its_ends(&mut self, keys: &BTreeMap<String, Mark>, mut events: Vec<Event>) -> Vec<Event> {
        // All times are the store's.
        let began = keys.get(START).map_or(self.start.began, |mark| mark.written);
        let words = keys.iter().filter(|(key, _)| !key.starts_with("beats/"));
        let now = words.map(|(_, mark)| mark.written).max().unwrap_or(began);
        if !self.has_begun {
            self.has_begun = true;
            events.insert(0, Event { time: began, kind: EventKind::RunStarted(self.beginning()) });
        }
        for node in &self.start.nodes {
            if self.outcomes.contains_key(&node.name) {
                continue;
            }
            let Some(outcome) = self.without_a_turn(&node.name, &node.after) else { continue };
            self.outcomes.insert(node.name.clone(), outcome.clone());
            let kind = EventKind::NodeFinished { node: node.name.clone(), outcome, seconds: 0.0 };
            events.push(Event { time: now, kind });
        }
        if !self.is_over && self.outcomes.len() == self.start.nodes.len() {
            self.is_over = true;
            let seconds = now.duration_since(began).as_secs_f64().max(0.0);
            events.push(Event { time: now, kind: EventKind::RunFinished { seconds } });
        }
        events
    }

    /// How a node ends that will never begin; none where it may.
    fn without_a_turn(&self, node: &str, after: &[String]) -> Option<Outcome> {
        for before in after {
            match self.outcomes.get(before) {
                Some(Outcome::Skipped { cause }) => return Some(Outcome::Skipped { cause: cause.clone() }),
                Some(Outcome::Interrupted) => return Some(Outcome::Interrupted),
                Some(outcome) if !outcome.is_success() => {
                    return Some(Outcome::Skipped { cause: before.clone() });
                }
                _ => {}
            }
        }
        let fence = self.claims.get(node);
        let is_worked_on = fence.is_some_and(|fence| !self.released.contains(&(node.to_owned(), *fence)));
        (self.is_cancelled && !is_worked_on).then_some(Outcome::Interrupted)
    }

    fn beginning(&self) -> RunStart {
        let Start { run, command, engine, nodes, commit, by, path, .. } = &self.start;
        RunStart {
            run: run.clone(),
            command: command.clone(),
            engine: engine.clone(),
            nodes: nodes.clone(),
            parallelism: self.beats.len().max(1),
            commit: commit.clone(),
            user: Some(by.to_string()),
            request: Some(Request {
                path: PathBuf::from(path),
                shared: Some(self.store.address().to_owned()),
                ..Request::default()
            }),
        }
    }
}
