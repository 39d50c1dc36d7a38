//! What happens in a run: the one contract between it and everyone who watches.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::command::Command;
use crate::engine::{PlanDetail, PlanSummary};
use crate::support::path_text;

/// One thing that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// What.
    #[serde(rename = "event")]
    pub kind: EventKind,
}

/// The things that happen.
///
/// Tagged from outside (`{"planned": {…}}`): numbers of any precision do not survive serde's other taggings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A run begins.
    RunStarted(RunStart),
    /// A node begins.
    NodeStarted {
        /// Its name.
        node: String,
    },
    /// A node goes on to its next step.
    Step {
        /// Its name.
        node: String,
        /// `init`, `plan`, `waiting for nodes`, ….
        step: String,
    },
    /// A line for a node's log; never journaled, there are too many.
    Output {
        /// Its name.
        node: String,
        /// The line, without its end.
        line: String,
    },
    /// A unit's plan is made.
    Planned(Planned),
    /// An apply did not come to its end.
    Changed {
        /// The unit.
        node: String,
        /// What was done, in the form of a plan.
        summary: PlanSummary,
    },
    /// A policy has judged a unit's plan.
    Judged(Judgement),
    /// What a unit's plan would cost is known.
    Priced {
        /// The unit.
        node: String,
        /// The cost.
        cost: Cost,
    },
    /// A unit's plan is told attribute by attribute, where that was asked for; nothing sensitive is in it.
    Detailed {
        /// The unit.
        node: String,
        /// What its plan would do.
        detail: PlanDetail,
    },
    /// All that would be done was shown, and someone agreed to it.
    Agreed {
        /// The word that was typed; none where nobody was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        word: Option<String>,
    },
    /// A unit was planned before its turn, which it waits for from now on.
    NodeWaiting {
        /// The unit.
        node: String,
    },
    /// A unit's tool is about to change something: what comes after this may have been done, whatever else is known.
    Applying {
        /// The unit.
        node: String,
    },
    /// An attempt has failed, and another one follows.
    Retrying {
        /// The unit.
        node: String,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// Seconds until the next one.
        seconds: f64,
        /// Why it failed.
        cause: String,
    },
    /// A state lock is left behind, by a tool of this run or of another one.
    LockLeft(LeftLock),
    /// The applications of a cluster are green.
    Green(Green),
    /// A node has ended, or will never begin.
    NodeFinished {
        /// Its name.
        node: String,
        /// How.
        outcome: Outcome,
        /// Seconds it ran.
        seconds: f64,
    },
    /// A person asked to stop.
    Stopping {
        /// How many times.
        step: u8,
    },
    /// A run that stopped goes on in another process: what has not succeeded is done again.
    Resumed {
        /// Who went on with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// The commit of the working tree by now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// A run has ended.
    RunFinished {
        /// Seconds it took.
        seconds: f64,
    },
}

/// The applications of a cluster are green at a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Green {
    /// The gate that has seen it.
    pub node: String,
    /// The cluster's label.
    pub cluster: String,
    /// The address of the manifests repository, without credentials.
    pub repository: String,
    /// The commit.
    pub commit: String,
}

/// What is known when a run begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunStart {
    /// The run's id, which is the name of its folder.
    pub run: String,
    /// The command, such as `up`.
    pub command: String,
    /// The engine's name.
    pub engine: String,
    /// The nodes, in an order in which each comes after what it waits for.
    pub nodes: Vec<NodeInfo>,
    /// How many run at once.
    pub parallelism: usize,
    /// The commit of the working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Who started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What was asked for; none in journals that were written before runs could go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
}

impl RunStart {
    /// What was asked for; none where another version wrote of a command that is not known here.
    pub fn command(&self) -> Option<Command> {
        let saved = self.request.as_ref().is_some_and(|request| request.saved_plans.is_some());
        Command::named(&self.command).map(|command| command.of_saved_plans(saved))
    }
}

/// A unit's plan.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Planned {
    /// The unit.
    pub node: String,
    /// What it would do.
    pub summary: PlanSummary,
    /// The dependencies whose mocks went into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mocked: Vec<String>,
    /// The units whose apply it takes for some of its inputs to be known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// When the unit was last held to what is really there, where this plan was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
}

impl Planned {
    /// A plan that rests on nothing but what is there.
    pub fn new(node: &str, summary: PlanSummary) -> Self {
        Self { node: node.to_owned(), summary, ..Self::default() }
    }
}

/// What a policy says of a unit's plan. Nothing sensitive is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The unit.
    pub node: String,
    /// The policy's name.
    pub policy: String,
    /// What it says.
    pub verdict: Verdict,
    /// Why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
}

/// Whether a plan may be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may.
    Passed,
    /// It may, and someone should know something of it.
    Warned,
    /// It may not; also where the policy could not be decided.
    Denied,
}

/// What a unit costs a month, as a price list estimates it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The currency, such as `USD`.
    pub currency: String,
    /// What is there costs so much.
    pub before: f64,
    /// After the apply it costs so much.
    pub after: f64,
}

impl Cost {
    /// How much more it costs after the apply; negative where it costs less.
    pub fn increase(&self) -> f64 {
        self.after - self.before
    }
}

/// A lock on a state that nobody will release by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftLock {
    /// The unit.
    pub node: String,
    /// The lock's ID, which releasing it takes.
    pub id: String,
    /// Who took it, as the tool wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// When it was taken, as the tool wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The process of this machine that holds it, where that can be told: it still runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<i32>,
    /// The command that releases it.
    pub release: String,
}

/// What was asked for: enough to ask for it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The folder whose units were meant, absolute.
    #[serde(with = "path_text::serde_path")]
    pub path: PathBuf,
    /// The engine that was named, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The `tofu` or `terraform` that was named, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "path_text::serde_optional")]
    pub tool: Option<PathBuf>,
    /// Whether a state bucket that is missing may be created.
    #[serde(default)]
    pub backend_bootstrap: bool,
    /// The features that were set, as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The experiments that were turned on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<String>,
    /// The folder of saved plans that are applied, absolute, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "path_text::serde_optional")]
    pub saved_plans: Option<PathBuf>,
    /// The address of the run, where machines share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
}

/// One node as it is announced.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeInfo {
    /// Its name: a unit's path, or a gate's kind and cluster.
    pub name: String,
    /// Unit or gate.
    pub kind: NodeKind,
    /// The names of what it waits for.
    pub after: Vec<String>,
}

/// What stands in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A Terragrunt unit.
    Unit,
    /// A check or a step that is no unit.
    Gate,
}

impl NodeKind {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Gate => "gate",
        }
    }
}

/// How a node ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// There was nothing to do.
    Unchanged {
        /// A word on it, for gates.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// It is planned, and nothing more was asked for.
    Planned,
    /// It is applied.
    Applied,
    /// It is destroyed.
    Destroyed,
    /// A gate has found everything as it should be.
    Passed {
        /// What was found.
        note: String,
    },
    /// A gate has done what it does.
    Done {
        /// What was done.
        note: String,
    },
    /// It is not as the last apply, or Git, says: somebody changed it.
    Drifted {
        /// What of it.
        note: String,
    },
    /// It failed.
    Failed {
        /// Why.
        message: String,
        /// The way out, where one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        advice: Option<String>,
    },
    /// It was not done because that would not have been safe.
    Refused {
        /// Why.
        message: String,
    },
    /// A person said no.
    Declined,
    /// It could not begin because something before it failed.
    Skipped {
        /// What failed.
        cause: String,
    },
    /// It was stopped, or could not begin any more, because a person asked.
    Interrupted,
}

impl Outcome {
    /// Whether what waits for the node may begin.
    pub fn is_success(&self) -> bool {
        matches!(
            self,
            Self::Unchanged { .. }
                | Self::Planned
                | Self::Applied
                | Self::Destroyed
                | Self::Passed { .. }
                | Self::Done { .. }
                | Self::Drifted { .. }
        )
    }

    /// Whether it went wrong by itself: nobody wished it so, and it is not the failure of another node.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Refused { .. })
    }

    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unchanged { .. } => "unchanged",
            Self::Planned => "planned",
            Self::Applied => "applied",
            Self::Destroyed => "destroyed",
            Self::Passed { .. } => "passed",
            Self::Done { .. } => "done",
            Self::Drifted { .. } => "drifted",
            Self::Failed { .. } => "failed",
            Self::Refused { .. } => "refused",
            Self::Declined => "declined",
            Self::Skipped { .. } => "skipped",
            Self::Interrupted => "interrupted",
        }
    }
}
