//! A plan in short: what the machine-readable UI tells of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What happens to one resource or output.
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
    /// It leaves the state and stays in the world; both tools say `remove` in their UI.
    #[serde(alias = "remove")]
    Forget,
    /// A data source is read.
    Read,
    /// Nothing happens to it.
    #[serde(rename = "noop")]
    Nothing,
    /// Anything a newer tool says.
    #[serde(other)]
    Other,
}

impl Action {
    /// The sign before an address, as the tools draw it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update => "~",
            Self::Delete => "-",
            Self::Replace => "-/+",
            Self::Import => "<-",
            Self::Move => "->",
            Self::Forget => "x",
            Self::Read => "<=",
            Self::Nothing | Self::Other => " ",
        }
    }

    /// Whether something that is there is lost.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::Delete | Self::Replace)
    }
}

/// One resource and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceChange {
    /// Its address, such as `aws_subnet.private["eu-west-1a"]`.
    pub address: String,
    /// What happens.
    pub action: Action,
    /// Its address before, where it is moved (and perhaps changed as well).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_address: Option<String>,
    /// The id under which it is imported (and perhaps changed as well).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_id: Option<String>,
    /// Why, in the tool's word, such as `cannot_update` or `delete_because_no_resource_config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ResourceChange {
    /// A change about which nothing more is known.
    pub fn new(address: impl Into<String>, action: Action) -> Self {
        Self { address: address.into(), action, previous_address: None, import_id: None, reason: None }
    }
}

/// One output that would have another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// What happens.
    pub action: Action,
    /// Whether its value is not to be shown.
    #[serde(default)]
    pub sensitive: bool,
}

/// The sums of a plan. Every resource counts once: one that is replaced is neither added nor destroyed, though the
/// tools count it among both. One that is moved or imported and changed as well counts as both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanSummary {
    /// Resources that come, without those that are replaced.
    pub add: u64,
    /// Resources that are changed.
    pub change: u64,
    /// Resources that go and come again.
    #[serde(default)]
    pub replace: u64,
    /// Resources that go, without those that are replaced.
    pub destroy: u64,
    /// Resources that are imported.
    #[serde(default)]
    pub import: u64,
    /// Resources that get another address.
    #[serde(default, rename = "move")]
    pub moved: u64,
    /// Resources that leave the state and stay in the world.
    #[serde(default)]
    pub forget: u64,
    /// Every resource that is touched.
    pub resources: Vec<ResourceChange>,
    /// The outputs that would have another value.
    #[serde(default)]
    pub outputs: Vec<OutputChange>,
    /// What was changed outside of the tool since the last apply, which is not what the plan would do.
    #[serde(default)]
    pub drift: Vec<ResourceChange>,
    /// Whether it only looked at what is there, so that all of its drift counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refreshed: bool,
    /// Whether applying would do anything at all, outputs included.
    pub changes: bool,
}

impl PlanSummary {
    /// Both together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        fn joined<T: Clone>(one: &[T], other: &[T]) -> Vec<T> {
            one.iter().chain(other).cloned().collect()
        }
        Self {
            add: self.add.saturating_add(other.add),
            change: self.change.saturating_add(other.change),
            replace: self.replace.saturating_add(other.replace),
            destroy: self.destroy.saturating_add(other.destroy),
            import: self.import.saturating_add(other.import),
            moved: self.moved.saturating_add(other.moved),
            forget: self.forget.saturating_add(other.forget),
            resources: joined(&self.resources, &other.resources),
            outputs: joined(&self.outputs, &other.outputs),
            drift: joined(&self.drift, &other.drift),
            refreshed: self.refreshed || other.refreshed,
            changes: self.changes || other.changes,
        }
    }

    /// `+3 ~1 -0`, the short form of tables and lines; with what is rarer behind it: `+3 ~1 -0 ±1, 2 moved`.
    pub fn short(&self) -> String {
        let Self { add, change, replace, destroy, import, moved, forget, .. } = self;
        let mut text = format!("+{add} ~{change} -{destroy}");
        if *replace > 0 {
            text = format!("{text} ±{replace}");
        }
        for (count, word) in [(import, "imported"), (moved, "moved"), (forget, "forgotten")] {
            if *count > 0 {
                text = format!("{text}, {count} {word}");
            }
        }
        text
    }

    /// The resources that something happens to; a data source is only read.
    pub fn acted_on(&self) -> impl Iterator<Item = &ResourceChange> {
        self.resources.iter().filter(|change| !matches!(change.action, Action::Read | Action::Nothing))
    }

    /// What was changed outside of the tool and matters: it is gone, or the plan does something about it.
    ///
    /// The tools list every resource that looks otherwise than in the state, right after an apply as well, when attributes
    /// have settled that the provider computes. What nobody set and nothing is done about is no drift that anyone has to know.
    pub fn drifted(&self) -> impl Iterator<Item = &ResourceChange> {
        let acted: BTreeSet<&str> = self.acted_on().map(|change| change.address.as_str()).collect();
        let matters = move |drift: &&ResourceChange| {
            self.refreshed || drift.action == Action::Delete || acted.contains(drift.address.as_str())
        };
        self.drift.iter().filter(matters)
    }

    /// How many resources something happens to.
    pub fn touched(&self) -> u64 {
        let counts =
            [self.add, self.change, self.replace, self.destroy, self.import, self.moved, self.forget];
        counts.into_iter().fold(0, u64::saturating_add)
    }

    /// Whether there is nothing to tell of it.
    pub fn is_empty(&self) -> bool {
        !self.changes && self.resources.is_empty() && self.drift.is_empty()
    }

    /// The resources that are lost: destroyed or replaced.
    pub fn losses(&self) -> impl Iterator<Item = &ResourceChange> {
        self.resources.iter().filter(|change| change.action.is_loss())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_is_what_is_gone_or_what_the_plan_does_something_about() {
        let drift = |address: &str, action| ResourceChange::new(address, action);
        let plan = PlanSummary {
            resources: vec![
                ResourceChange::new("a.mended", Action::Update),
                ResourceChange::new("a.again", Action::Create),
                ResourceChange::new("data.a.read", Action::Read),
            ],
            drift: vec![
                drift("a.settled", Action::Update),
                drift("a.mended", Action::Update),
                drift("a.again", Action::Delete),
                drift("a.gone_and_wanted_no_more", Action::Delete),
                drift("data.a.read", Action::Update),
            ],
            ..PlanSummary::default()
        };
        let told: Vec<&str> = plan.drifted().map(|change| change.address.as_str()).collect();
        assert_eq!(told, ["a.mended", "a.again", "a.gone_and_wanted_no_more"]);
    }
}
