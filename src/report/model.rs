//! What every report is made of: a run as its events tell it, node by node.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::counts::Known;
use super::line::age;
use crate::engine::{PlanDetail, PlanSummary};
use crate::run::command::only_plans;
use crate::run::event::{
    Cost, Event, EventKind, Judgement, LeftLock, NodeInfo, NodeKind, Outcome, Planned, RunStart,
};
use crate::run::events::Listener;

/// One node.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The node.
    pub name: String,
    /// Unit or gate.
    pub kind: NodeKind,
    /// The names of what it waits for.
    pub after: Vec<String>,
    /// What its plan would do, or did where it ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSummary>,
    /// What was done by attempts that did not come to their end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<PlanSummary>,
    /// Whether something was being changed, of which nothing more is known.
    #[serde(skip)]
    applying: bool,
    /// Whether it was only planned.
    #[serde(skip)]
    only_plans: bool,
    /// Its plan attribute by attribute, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<PlanDetail>,
    /// The dependencies whose mocks went into the plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mocked: Vec<String>,
    /// The units whose apply it takes for the plan's inputs to be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// When it was last held to what is really there, where its plan was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// How many seconds before its plan that was.
    #[serde(skip)]
    look_age: f64,
    /// What policies say of its plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub judgements: Vec<Judgement>,
    /// What it costs a month, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// How it ended; none where it has not.
    #[serde(flatten)]
    pub outcome: Option<Outcome>,
    /// Seconds it ran.
    pub seconds: f64,
    /// When it began, in seconds of the run; none where it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<f64>,
    /// When it ended, in seconds of the run; also where it never began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<f64>,
    /// What it did, each with its beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepTaken>,
    /// The attempts that failed and were followed by another one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<Retry>,
    /// The locks that were left on its state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<LeftLock>,
}

impl Row {
    /// A node that has not begun.
    fn new(node: &NodeInfo, only_plans: bool) -> Self {
        Self {
            name: node.name.clone(),
            kind: node.kind,
            after: node.after.clone(),
            plan: None,
            done: None,
            applying: false,
            only_plans,
            detail: None,
            mocked: Vec::new(),
            waits_for: Vec::new(),
            looked_at: None,
            look_age: 0.0,
            judgements: Vec::new(),
            cost: None,
            outcome: None,
            seconds: 0.0,
            began: None,
            ended: None,
            steps: Vec::new(),
            retries: Vec::new(),
            locks: Vec::new(),
        }
    }

    /// Its numbers: what its plan would do where only plans were made, else what was done. None where there is no plan, or
    /// nobody knows what was done.
    pub fn counts(&self) -> Option<PlanSummary> {
        let Self { plan, done, applying, outcome, .. } = self;
        let known = Known {
            plan: plan.as_ref(),
            done: done.as_ref(),
            applying: *applying,
            outcome: outcome.as_ref(),
        };
        known.counts(self.only_plans)
    }

    /// Whether there was nothing to do, and nothing is to be said of it.
    pub fn is_idle(&self) -> bool {
        let empty = self.plan.as_ref().is_none_or(|plan| !plan.changes && plan.drifted().next().is_none());
        let idle = match &self.outcome {
            Some(Outcome::Unchanged { note: None }) => true,
            Some(Outcome::Planned) => self.plan.is_some(),
            _ => false,
        };
        idle && empty && !self.is_provisional() && self.kind == NodeKind::Unit
    }

    /// Whether its plan is not what an apply would do: it rests on mocks, or on what is not known yet.
    pub fn is_provisional(&self) -> bool {
        !self.mocked.is_empty() || !self.waits_for.is_empty()
    }

    /// On what its plan rests that an apply would not; none where that is nothing, or where it has come to more than a plan. `named`
    /// writes names.
    pub fn provisional(&self, named: &dyn Fn(&[String]) -> String) -> Option<String> {
        let mocks = (!self.mocked.is_empty()).then(|| format!("mock outputs of {}", named(&self.mocked)));
        let is_plan = matches!(self.outcome, None | Some(Outcome::Planned));
        let open =
            (is_plan && !self.waits_for.is_empty()).then(|| format!("waits for {}", named(&self.waits_for)));
        let all: Vec<String> = mocks.into_iter().chain(open).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// `last looked at 2h ago`, where its plan was not held to what is really there.
    pub fn last_look(&self) -> Option<String> {
        self.looked_at.map(|_| format!("last looked at {} ago", age(self.look_age)))
    }

    /// Whether something may have been changed of which nothing is known.
    pub fn is_of_unknown_effect(&self) -> bool {
        self.applying && self.counts().is_none()
    }

    /// Whether it failed, or was refused for safety.
    pub fn has_failed(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Failed { .. } | Outcome::Refused { .. }))
    }

    /// Whether it was running when the run ended without a word, as far as the journal knows.
    pub fn was_cut_off(&self) -> bool {
        self.began.is_some() && self.ended.is_none()
    }
}

/// A step of a node.
#[derive(Clone, Debug, Serialize)]
pub struct StepTaken {
    /// `init`, `plan`, `waiting for nodes`, ….
    pub name: String,
    /// When it began, in seconds of the run.
    pub at: f64,
}

/// An attempt that failed and was followed by another one.
#[derive(Clone, Debug, Serialize)]
pub struct Retry {
    /// Which one, from 1.
    pub attempt: u32,
    /// When it failed, in seconds of the run.
    pub at: f64,
    /// Seconds that were waited before the next one.
    pub pause: f64,
    /// Why it failed.
    pub cause: String,
}

/// A whole run.
///
/// Times are seconds since it began. Where it was stopped and resumed, the time between counts for nothing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// The run's id.
    pub run: String,
    /// The command.
    pub command: String,
    /// The engine.
    pub engine: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// Who started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The commit of the working tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How many ran at once.
    pub parallelism: usize,
    /// Every node, in the order of the run.
    pub nodes: Vec<Row>,
    /// Seconds in all, or until the last that is known of it.
    pub seconds: f64,
    /// Whether it ended by itself; a run that was killed, or still goes on, has not.
    pub finished: bool,
    /// When it was stopped and gone on with, in seconds of the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<f64>,
    /// How far a person asked to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopping: Option<u8>,
    /// The places of the nodes by their names.
    #[serde(skip)]
    places: HashMap<String, usize>,
    /// The time of the event before, which a resumed run goes on from.
    #[serde(skip)]
    last: Option<Timestamp>,
    /// Seconds that lie between the parts of a resumed run.
    #[serde(skip)]
    away: f64,
}

/// Collects a summary while the run goes on.
#[derive(Clone, Debug, Default)]
pub struct Collector(Arc<Mutex<Summary>>);

impl Collector {
    /// What has been collected.
    pub fn summary(&self) -> Summary {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Listener for Collector {
    fn on(&mut self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(event);
    }
}

impl Summary {
    /// The summary of the events of a journal.
    pub fn of(events: &[Event]) -> Self {
        let mut summary = Self::default();
        for event in events {
            summary.take(event);
        }
        summary
    }

    /// Takes the next event.
    pub fn take(&mut self, event: &Event) {
        if let (EventKind::Resumed { .. }, Some(last)) = (&event.kind, self.last) {
            self.away += seconds(event.time, last);
        }
        self.last = Some(event.time);
        if let EventKind::RunStarted(start) = &event.kind {
            self.begin(event.time, start);
        }
        let at = self.started.map_or(0.0, |started| (seconds(event.time, started) - self.away).max(0.0));
        match &event.kind {
            EventKind::RunFinished { seconds } => {
                self.finished = true;
                self.seconds = if self.resumed.is_empty() { *seconds } else { at };
            }
            _ => self.seconds = self.seconds.max(at),
        }
        match &event.kind {
            EventKind::Stopping { step } => self.stopping = Some(*step),
            EventKind::Resumed { .. } => {
                self.resumed.push(at);
                self.finished = false;
                self.stopping = None;
            }
            EventKind::NodeStarted { node } => self.change(node, |row| {
                // A resumed run may begin it once more.
                row.began = Some(at);
                row.ended = None;
                row.outcome = None;
                row.steps.clear();
            }),
            EventKind::Step { node, step } => {
                self.change(node, |row| row.steps.push(StepTaken { name: step.clone(), at }));
            }
            EventKind::Planned(Planned { node, summary, mocked, waits_for, looked_at }) => {
                self.change(node, |row| {
                    row.plan = Some(summary.clone());
                    row.detail = None;
                    row.mocked.clone_from(mocked);
                    row.waits_for.clone_from(waits_for);
                    row.looked_at = *looked_at;
                    row.look_age = looked_at.map_or(0.0, |looked_at| seconds(event.time, looked_at));
                    // They were about another plan.
                    row.judgements.clear();
                    row.cost = None;
                });
            }
            EventKind::Applying { node } => self.change(node, |row| row.applying = true),
            EventKind::Changed { node, summary } => self.change(node, |row| {
                row.applying = false;
                row.done = Some(row.done.take().unwrap_or_default().and(summary));
            }),
            EventKind::Judged(judgement) => {
                self.change(&judgement.node, |row| row.judgements.push(judgement.clone()));
            }
            EventKind::Priced { node, cost } => self.change(node, |row| row.cost = Some(cost.clone())),
            EventKind::Detailed { node, detail } => {
                self.change(node, |row| row.detail = Some(detail.clone()));
            }
            EventKind::Retrying { node, attempt, seconds, cause } => self.change(node, |row| {
                row.retries.push(Retry { attempt: *attempt, at, pause: *seconds, cause: cause.clone() });
            }),
            EventKind::LockLeft(lock) => self.change(&lock.node, |row| row.locks.push(lock.clone())),
            EventKind::NodeFinished { node, outcome, seconds } => self.change(node, |row| {
                row.outcome = Some(outcome.clone());
                row.seconds = *seconds;
                row.ended = Some(at);
            }),
            _ => {}
        }
    }

    fn begin(&mut self, time: Timestamp, start: &RunStart) {
        *self = Self {
            run: start.run.clone(),
            command: start.command.clone(),
            engine: start.engine.clone(),
            started: Some(time),
            user: start.user.clone(),
            commit: start.commit.clone(),
            parallelism: start.parallelism,
            nodes: start.nodes.iter().map(|node| Row::new(node, only_plans(&start.command))).collect(),
            places: start.nodes.iter().map(|node| node.name.clone()).zip(0..).collect(),
            last: Some(time),
            ..Self::default()
        };
    }

    fn change(&mut self, node: &str, change: impl FnOnce(&mut Row)) {
        if let Some(row) = self.places.get(node).and_then(|place| self.nodes.get_mut(*place)) {
            change(row);
        }
    }

    /// The moment of a second of the run; none where it has not begun. Of one that was gone on with more than once, those between are
    /// not exact.
    pub fn moment(&self, second: f64) -> Option<Timestamp> {
        let away = if second < self.resumed_at() { 0.0 } else { self.away };
        let since = SignedDuration::try_from_secs_f64(second + away).ok()?;
        self.started?.saturating_add(since).ok()
    }

    /// The second from which on this process has worked on it.
    pub fn resumed_at(&self) -> f64 {
        self.resumed.last().copied().unwrap_or_default()
    }

    /// A node by its name.
    pub fn node(&self, name: &str) -> Option<&Row> {
        self.places.get(name).and_then(|place| self.nodes.get(*place))
    }

    /// The summary without what is known of plans attribute by attribute, unless that is wanted.
    #[must_use]
    pub fn with_details(mut self, wanted: bool) -> Self {
        for row in self.nodes.iter_mut().filter(|_| !wanted) {
            row.detail = None;
        }
        self
    }

    /// Whether it was a run that only plans.
    pub fn only_plans(&self) -> bool {
        only_plans(&self.command)
    }

    /// Whether any plan would change something.
    pub fn has_changes(&self) -> bool {
        self.nodes.iter().any(|row| row.plan.as_ref().is_some_and(|plan| plan.changes))
    }

    /// Whether anything is not as it was left.
    pub fn has_drifted(&self) -> bool {
        self.drifted() > 0
    }

    fn drifted(&self) -> usize {
        self.nodes.iter().filter(|row| matches!(row.outcome, Some(Outcome::Drifted { .. }))).count()
    }

    /// Whether the run found everything as it should be.
    pub fn changed_nothing(&self) -> bool {
        let idle = |row: &Row| match &row.outcome {
            Some(Outcome::Unchanged { .. } | Outcome::Passed { .. }) => true,
            Some(Outcome::Planned) => row.plan.as_ref().is_some_and(|plan| !plan.changes),
            _ => false,
        };
        self.nodes.iter().all(idle)
    }

    /// How it went, in a few words.
    pub fn verdict(&self) -> String {
        let failed = self.nodes.iter().filter(|row| row.has_failed()).count();
        let done = |row: &&Row| row.outcome.as_ref().is_some_and(Outcome::is_success);
        let undone = self.nodes.len() - self.nodes.iter().filter(done).count() - failed;
        match (failed, undone) {
            (0, 0) if only_plans(&self.command) && self.has_changes() => "changes".to_owned(),
            (0, 0) if self.has_drifted() => format!("{} drifted", self.drifted()),
            (0, 0) if self.changed_nothing() => "nothing to change".to_owned(),
            (0, 0) => "done".to_owned(),
            (failed, 0) => format!("{failed} failed"),
            (0, undone) => format!("{undone} not done"),
            (failed, undone) => format!("{failed} failed, {undone} not done"),
        }
    }
}

fn seconds(later: Timestamp, earlier: Timestamp) -> f64 {
    later.duration_since(earlier).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64, kind: EventKind) -> Event {
        Event { time: Timestamp::from_second(second).unwrap(), kind }
    }

    fn start(nodes: &[&str]) -> EventKind {
        let info =
            |name: &&str| NodeInfo { name: (*name).to_owned(), kind: NodeKind::Unit, after: Vec::new() };
        EventKind::RunStarted(RunStart {
            run: "r".to_owned(),
            command: "up".to_owned(),
            engine: "native".to_owned(),
            nodes: nodes.iter().map(info).collect(),
            parallelism: 2,
            commit: None,
            user: None,
            request: None,
        })
    }

    fn started(node: &str) -> EventKind {
        EventKind::NodeStarted { node: node.to_owned() }
    }

    #[test]
    fn a_node_knows_when_it_ran_in_which_steps_and_what_was_tried_again() {
        let node = "vpc".to_owned();
        let step = |step: &str| EventKind::Step { node: "vpc".to_owned(), step: step.to_owned() };
        let cause = "throttled".to_owned();
        let summary = Summary::of(&[
            at(100, start(&["vpc"])),
            at(101, started("vpc")),
            at(101, step("init")),
            at(103, step("plan")),
            at(104, EventKind::Retrying { node: node.clone(), attempt: 1, seconds: 5.0, cause }),
            at(110, step("plan")),
            at(112, EventKind::NodeFinished { node, outcome: Outcome::Planned, seconds: 11.0 }),
            at(112, EventKind::RunFinished { seconds: 12.0 }),
        ]);
        let row = summary.node("vpc").unwrap();
        assert_eq!((row.began, row.ended, row.seconds), (Some(1.0), Some(12.0), 11.0));
        let steps: Vec<(&str, f64)> = row.steps.iter().map(|step| (step.name.as_str(), step.at)).collect();
        assert_eq!(steps, [("init", 1.0), ("plan", 3.0), ("plan", 10.0)]);
        assert_eq!((row.retries[0].attempt, row.retries[0].at, row.retries[0].pause), (1, 4.0, 5.0));
        assert!(summary.finished);
    }

    #[test]
    fn a_run_that_was_killed_has_not_finished_and_nothing_in_it_is_done() {
        let summary = Summary::of(&[at(0, start(&["vpc"])), at(3, started("vpc"))]);
        assert!(!summary.finished);
        assert_eq!((summary.seconds, summary.verdict().as_str()), (3.0, "1 not done"));
    }

    #[test]
    fn the_time_between_a_stop_and_the_resumption_counts_for_nothing() {
        let finished = |outcome| EventKind::NodeFinished { node: "vpc".to_owned(), outcome, seconds: 2.0 };
        let summary = Summary::of(&[
            at(0, start(&["vpc"])),
            at(1, started("vpc")),
            at(3, finished(Outcome::Interrupted)),
            at(4, EventKind::RunFinished { seconds: 4.0 }),
            at(4000, EventKind::Resumed { user: None, commit: None }),
            at(4001, started("vpc")),
            at(4003, finished(Outcome::Applied)),
            at(4003, EventKind::RunFinished { seconds: 3.0 }),
        ]);
        let row = summary.node("vpc").unwrap();
        assert_eq!((row.began, row.ended), (Some(5.0), Some(7.0)));
        assert_eq!((summary.seconds, summary.resumed.as_slice()), (7.0, [4.0].as_slice()));
        assert_eq!(row.outcome, Some(Outcome::Applied));
    }
}
