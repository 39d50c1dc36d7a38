//! What a plan would do.

use serde::{Deserialize, Serialize};

/// What happens to one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It comes.
    Create,
    /// It is changed in place.
    Update,
    /// It goes.
    Delete,
    /// It goes and comes again.
    Replace,
    /// It is taken into the state.
    Import,
    /// It gets another address.
    Move,
    /// It leaves the state and stays in the world.
    Forget,
    /// A data source is read.
    Read,
    /// Anything a newer tool says.
    #[serde(other)]
    Other,
}

/// One resource and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceChange {
    /// Its address, such as `aws_subnet.private["eu-west-1a"]`.
    pub address: String,
    /// What happens.
    pub action: Action,
}

/// The sums of a plan, counted as the tools count: a replacement adds one and destroys one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanSummary {
    /// Resources that come.
    pub add: u64,
    /// Resources that are changed.
    pub change: u64,
    /// Resources that go.
    pub destroy: u64,
    /// Resources that are imported.
    #[serde(default)]
    pub import: u64,
    /// Every resource that is touched.
    pub resources: Vec<ResourceChange>,
    /// Whether applying would do anything at all, outputs included.
    pub changes: bool,
}

impl PlanSummary {
    /// `+3 ~1 -0`, the short form of tables and lines.
    pub fn short(&self) -> String {
        format!("+{} ~{} -{}", self.add, self.change, self.destroy)
    }
}
