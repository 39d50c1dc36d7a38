//! What an apply has done, by what the tool told as it went on: all that there is to know where it did not come to its end.

use serde::Deserialize;

use crate::engine::plan::{Action, PlanSummary, ResourceChange};

/// The changes that were told to be complete.
#[derive(Debug, Default)]
pub(super) struct Done(Vec<(String, Action)>);

/// What is told of one resource.
#[derive(Deserialize)]
pub(super) struct Hook {
    resource: Resource,
    #[serde(default)]
    action: Option<Action>,
}

#[derive(Deserialize)]
struct Resource {
    addr: String,
}

impl Done {
    /// Takes a change that is complete.
    pub fn take(&mut self, hook: Hook) {
        if let Some(action @ (Action::Create | Action::Update | Action::Delete)) = hook.action {
            self.0.push((hook.resource.addr, action));
        }
    }

    /// All of it. What went and came again was replaced, in whatever order.
    pub fn summary(&self) -> PlanSummary {
        let mut resources: Vec<ResourceChange> = Vec::new();
        for (address, action) in &self.0 {
            let known =
                resources.iter_mut().find(|known| known.address == *address && known.action != *action);
            match known {
                Some(known) if *action != Action::Update && known.action != Action::Update => {
                    known.action = Action::Replace;
                }
                _ => resources.push(ResourceChange::new(address, *action)),
            }
        }
        let count = |wanted: Action| resources.iter().filter(|change| change.action == wanted).count() as u64;
        PlanSummary {
            add: count(Action::Create),
            change: count(Action::Update),
            replace: count(Action::Replace),
            destroy: count(Action::Delete),
            changes: !resources.is_empty(),
            resources,
            ..PlanSummary::default()
        }
    }
}
