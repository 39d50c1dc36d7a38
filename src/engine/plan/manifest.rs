//! What is written beside saved plans: how they were made, and on what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fingerprint, PlanSummary, StateMark};
use crate::support::path_text;

/// The version of the format that this program writes and reads.
pub const VERSION: u32 = 1;

/// The manifest of a folder of saved plans. Values of inputs are not in it, digests of them are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the format.
    pub version: u32,
    /// The version of Slipway.
    pub slipway: String,
    /// When the plans were saved.
    pub created: Timestamp,
    /// Who saved them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The commit of the working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether the working tree differed from it.
    #[serde(default)]
    pub dirty: bool,
    /// The engine, `native` or `terragrunt`.
    pub engine: String,
    /// The fingerprint of the key that signed it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The features that were set, as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The experiments that were turned on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<String>,
    /// The files that were read before a tool started, by their paths from the project's folder, with their digests.
    #[serde(with = "path_text::serde_keys")]
    pub files: BTreeMap<PathBuf, String>,
    /// The states of the run's units that are files, by their paths from the project's folder: they change when plans
    /// are applied, so that they are in no digest of a module that they lie in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub states: BTreeSet<PathBuf>,
    /// The units whose plans are saved, each behind what it depends on.
    pub units: Vec<PlannedUnit>,
    /// The units that have to be planned when these are applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<LaterUnit>,
}

/// One unit whose plan is saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlannedUnit {
    /// Its name: its path under the estate's root.
    pub name: String,
    /// The units among these that it depends on.
    pub after: Vec<String>,
    /// The plan's file, seen from the manifest's folder.
    #[serde(with = "path_text::serde_path")]
    pub plan: PathBuf,
    /// Its digest.
    pub sha256: String,
    /// What the plan would do.
    pub summary: PlanSummary,
    /// The dependencies whose mocks went into it: none, or it is not applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mocked: Vec<String>,
    /// What it was made on.
    #[serde(flatten)]
    pub fingerprint: Fingerprint,
    /// The state it was made on; none where there was none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateMark>,
}

/// One unit that can be planned only when others are applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaterUnit {
    /// Its name.
    pub name: String,
    /// What it waits for.
    pub after: Vec<String>,
}
