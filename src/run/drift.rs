//! What of a unit is not as the last apply has left it: looked for by a plan that only refreshes, less what rules let pass.

use std::path::Path;

use serde_json::Value;

use super::event::{EventKind, Outcome, Planned};
use super::node::Reporter;
use crate::engine::plan::detail::{AttributeChange, ResourceDetail, Shown};
use crate::engine::{
    Action, Direction, Engine, EngineError, OpenInputs, PlanDetail, PlanSummary, ResourceChange, UnitJob,
};
use crate::project::DriftRules;

/// What was found of a node, and what of it a rule lets pass, a line each.
#[derive(Debug, Default)]
pub struct Found {
    /// What remains, by its resources.
    pub summary: PlanSummary,
    /// What remains, attribute by attribute.
    pub detail: PlanDetail,
    /// What passes.
    pub ignored: Vec<String>,
}

impl Found {
    /// How the node ends.
    pub fn outcome(&self) -> Outcome {
        let drift = &self.summary.drift;
        if drift.is_empty() {
            let ignored = self.ignored.len();
            let note = (ignored > 0).then(|| format!("{ignored} ignored by rules"));
            return Outcome::Unchanged { note };
        }
        let gone = drift.iter().filter(|change| change.action == Action::Delete).count();
        let parts = [(drift.len() - gone, "changed"), (gone, "gone")];
        let told =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        let mut note = told.collect::<Vec<_>>().join(", ");
        if !self.ignored.is_empty() {
            note = format!("{note}; {} ignored by rules", self.ignored.len());
        }
        Outcome::Drifted { note }
    }

    /// Tells of it, and returns how the node ends.
    pub fn tell(self, reporter: &Reporter, detailed: bool, mocked: Vec<String>) -> Outcome {
        let outcome = self.outcome();
        for line in &self.ignored {
            reporter.log(line);
        }
        let node = reporter.node.clone();
        reporter.emit(EventKind::Planned(Planned { mocked, ..Planned::new(&node, self.summary) }));
        if detailed && !self.detail.drift.is_empty() {
            reporter.emit(EventKind::Detailed { node, detail: self.detail });
        }
        outcome
    }
}

/// Looks at what is there of a unit, and changes nothing. Its plan comes to lie in `file`.
pub async fn look(
    engine: &dyn Engine,
    job: &UnitJob,
    file: &Path,
    rules: &DriftRules,
    reporter: &Reporter,
) -> Result<Found, EngineError> {
    let plan = engine.plan(job, Direction::Refresh.into(), file, reporter.session()).await?;
    if plan.summary.drift.is_empty() {
        return Ok(sift(&reporter.node, Vec::new(), Vec::new(), rules));
    }
    let detail = engine.detail(job, &plan.file, &OpenInputs::new(), reporter.session()).await?;
    Ok(sift(&reporter.node, plan.summary.drift, detail.drift, rules))
}

/// Takes away what is covered, attribute by attribute. What is known by its address only stays.
pub fn sift(
    node: &str,
    changes: Vec<ResourceChange>,
    mut details: Vec<ResourceDetail>,
    rules: &DriftRules,
) -> Found {
    let mut found = Found::default();
    found.summary.refreshed = true;
    for change in changes {
        let place = details.iter().position(|detail| detail.change.address == change.address);
        let detail = place.map(|place| details.swap_remove(place));
        let address = &change.address;
        let is_known = detail.as_ref().is_some_and(|detail| !detail.attributes.is_empty());
        if change.action == Action::Delete || !is_known {
            // As a whole: it is gone, or nothing more is known of it.
            if let Some(rule) = rules.covering(node, address, None) {
                found.ignored.push(format!("{address}: ignored by \"{rule}\""));
            } else {
                found.detail.drift.extend(detail);
                found.summary.drift.push(change);
            }
            continue;
        }
        let Some(mut detail) = detail else { continue };
        detail.attributes.retain(|attribute| {
            if is_settled(attribute) {
                return false;
            }
            let rule = rules.covering(node, address, Some(&attribute.path));
            found
                .ignored
                .extend(rule.map(|rule| format!("{address} {}: ignored by \"{rule}\"", attribute.path)));
            rule.is_none()
        });
        if !detail.attributes.is_empty() {
            found.detail.drift.push(detail);
            found.summary.drift.push(change);
        }
    }
    found
}

/// Whether nothing was written as nothing in another way: right after an apply, providers find `null` where they had left `[]`.
fn is_settled(attribute: &AttributeChange) -> bool {
    let is_nothing = |shown: &Option<Shown>| match shown {
        None => true,
        Some(Shown::Value(value)) => match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        },
        Some(Shown::Sensitive | Shown::KnownAfterApply) => false,
    };
    is_nothing(&attribute.before) && is_nothing(&attribute.after)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attribute(path: &str, before: &Value, after: &Value) -> AttributeChange {
        let shown = |value: &Value| Some(Shown::Value(value.clone()));
        AttributeChange {
            path: path.to_owned(),
            before: shown(before),
            after: shown(after),
            forces_replacement: false,
            lines: Vec::new(),
            waits_for: Vec::new(),
        }
    }

    fn detail(address: &str, attributes: Vec<AttributeChange>) -> ResourceDetail {
        ResourceDetail { change: ResourceChange::new(address, Action::Update), attributes }
    }

    #[test]
    fn what_only_says_nothing_in_another_way_is_no_drift() {
        let changes =
            ["a.settled", "a.changed", "a.unknown"].map(|name| ResourceChange::new(name, Action::Update));
        let details = vec![
            detail(
                "a.settled",
                vec![attribute("tags", &json!({}), &Value::Null), attribute("x", &json!([]), &json!(""))],
            ),
            detail(
                "a.changed",
                vec![attribute("tags", &Value::Null, &json!({})), attribute("size", &json!(0), &Value::Null)],
            ),
        ];
        let mut all = changes.to_vec();
        all.push(ResourceChange::new("a.gone", Action::Delete));
        let found = sift("net", all, details, &DriftRules::default());
        let left: Vec<&str> = found.summary.drifted().map(|change| change.address.as_str()).collect();
        assert_eq!(left, ["a.changed", "a.unknown", "a.gone"]);
        assert_eq!(found.detail.drift[0].attributes.len(), 1);
        assert_eq!(found.outcome(), Outcome::Drifted { note: "2 changed, 1 gone".to_owned() });
        let found = sift("net", Vec::new(), Vec::new(), &DriftRules::default());
        assert_eq!(found.outcome(), Outcome::Unchanged { note: None });
    }
}
