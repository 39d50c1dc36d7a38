//! What machines of one run write for each other.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::run::event::{EventKind, NodeInfo, NodeKind, Outcome};
use crate::support::git::short;

/// The version of these records.
pub const VERSION: u32 = 1;

/// A machine that takes part, told from every other and from its own earlier tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Unique.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The process on it.
    pub process: u32,
}

impl Machine {
    /// This one.
    pub fn ours() -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string();
        Self { id, host: sysinfo::System::host_name().ok(), process: std::process::id() }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = self.host.as_deref().unwrap_or("another machine");
        write!(f, "{host}, process {}", self.process)
    }
}

/// What the run is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// The version of these records.
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// The command, such as `apply`.
    pub command: String,
    /// The folder whose units were meant, below that of slipway.hcl.
    pub path: String,
    /// The commit of the working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The engine's name.
    pub engine: String,
    /// The features that were set, as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The experiments that were turned on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<String>,
    /// The saved plans that are applied; none where each machine plans what it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plans: Option<StartPlans>,
    /// The nodes, in an order in which each comes after what it waits for.
    pub nodes: Vec<NodeInfo>,
    /// How long a machine may give no sign of life, in seconds.
    pub lease_seconds: f64,
    /// When it began.
    pub began: Timestamp,
    /// Where.
    pub by: Machine,
}

/// Which saved plans are applied, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartPlans {
    /// The SHA-256 of their manifest, which has the digest of all else.
    pub manifest: String,
    /// Whether one that may not be applied any more is made anew, and applied where it means the same.
    pub replan: bool,
}

impl StartPlans {
    /// Where they lie among the run's objects, sealed.
    pub fn key(&self) -> String {
        format!("plans/{}.sealed", self.manifest)
    }

    /// Why a run of the one is not one of the other; none where it is.
    fn difference(theirs: Option<&Self>, ours: Option<&Self>) -> Option<&'static str> {
        match (theirs, ours) {
            (None, Some(_)) => Some("it plans what it applies, and these are saved plans"),
            (Some(_), None) => Some("it applies saved plans"),
            (Some(one), Some(other)) if one.manifest != other.manifest => {
                Some("it applies other saved plans")
            }
            (Some(one), Some(other)) if one.replan != other.replan => Some(if one.replan {
                "it began with --replan, and this is without"
            } else {
                "it began without --replan, and this is with it"
            }),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }
}

impl Start {
    /// How long a machine may give no sign of life.
    pub fn lease(&self) -> Duration {
        Duration::try_from_secs_f64(self.lease_seconds).unwrap_or_default().max(SHORTEST_LEASE)
    }

    /// Whether it comes to clusters.
    pub fn has_gates(&self) -> bool {
        self.nodes.iter().any(|node| node.kind == NodeKind::Gate)
    }

    /// The names of its units.
    pub fn units(&self) -> Vec<&str> {
        let units = self.nodes.iter().filter(|node| node.kind == NodeKind::Unit);
        units.map(|node| node.name.as_str()).collect()
    }

    /// Why `ours`, which was made here, is not the same run; none where it is.
    pub fn differs_from(&self, ours: &Self) -> Option<String> {
        if self.version != ours.version {
            return Some(format!("it was begun by another version of slipway ({})", self.version));
        }
        if self.command != ours.command {
            return Some(format!(
                "it is a `slipway {}`, and this is a `slipway {}`",
                self.command, ours.command
            ));
        }
        if let Some(why) = StartPlans::difference(self.plans.as_ref(), ours.plans.as_ref()) {
            return Some(why.to_owned());
        }
        if self.commit != ours.commit {
            let of = |commit: &Option<String>| commit.as_deref().map_or("no commit", short).to_owned();
            return Some(format!("it began at {}, and here is {}", of(&self.commit), of(&ours.commit)));
        }
        if self.engine != ours.engine {
            return Some(format!(
                "it uses the {} engine, and this is the {} engine",
                self.engine, ours.engine
            ));
        }
        if (&self.features, &self.experiments) != (&ours.features, &ours.experiments) {
            return Some("it has other features or experiments".to_owned());
        }
        let same = |a: &NodeInfo, b: &NodeInfo| a.name == b.name && a.after == b.after;
        if self.nodes.len() == ours.nodes.len() && self.nodes.iter().zip(&ours.nodes).all(|(a, b)| same(a, b))
        {
            return None;
        }
        let missing = |here: &Self, there: &Self| {
            let names: HashSet<&str> = here.nodes.iter().map(|node| node.name.as_str()).collect();
            there.nodes.iter().map(|node| &node.name).find(|name| !names.contains(name.as_str())).cloned()
        };
        Some(match (missing(ours, self), missing(self, ours)) {
            (Some(node), _) => format!("it has {node}, which is not part of it here"),
            (None, Some(node)) => format!("it has no {node}, which is part of it here"),
            (None, None) => "it has another order".to_owned(),
        })
    }
}

/// The shortest lease: less is no time for a request or two.
pub const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// That a machine works on a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Which.
    pub machine: Machine,
}

/// How a unit ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct End {
    /// Where it was worked on.
    pub machine: Machine,
    /// How it ended.
    pub outcome: Outcome,
    /// Seconds it ran.
    pub seconds: f64,
    /// What was seen meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventKind>,
}

/// Whether whoever only hears of a node has to know of an event: how far it came at a moment tells nobody anything later.
pub fn is_told(event: &EventKind) -> bool {
    matches!(
        event,
        EventKind::Planned(_)
            | EventKind::Changed { .. }
            | EventKind::Judged(_)
            | EventKind::Priced { .. }
            | EventKind::Detailed { .. }
            | EventKind::LockLeft(_)
            | EventKind::Green(_)
    )
}
