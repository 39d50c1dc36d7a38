//! Whether two plans mean the same: the same actions on the same objects, with the same values as far as they were
//! known. What was open when the first was reviewed may be known by now; what was known may not be open again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::{Change, Plan, PlanJson, Resource, Shown, action, secrets, walk};
use crate::engine::plan::mask::Secrets;
use crate::engine::plan::summary::Action;
use crate::terraform::any_marked;

/// One way in which a plan means something else than the one that was reviewed. Nothing sensitive is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Of the resource; `output.NAME` for an output.
    pub address: String,
    /// What is another.
    pub what: Deviating,
}

/// What is another than in the plan that was reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deviating {
    /// What happens to it; none where nothing does.
    Action {
        /// As it was reviewed.
        then: Option<Action>,
        /// As it is planned now.
        now: Option<Action>,
    },
    /// The real object: its `id`.
    Object,
    /// Where it comes from: another address, or an object that is imported.
    Origin,
    /// A value.
    Value {
        /// Where it stands in the resource.
        path: String,
        /// As it was reviewed; none where it was not set.
        then: Option<Shown>,
        /// As it is planned now.
        now: Option<Shown>,
    },
    /// What else the tool would do, such as actions of providers.
    Other,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, what } = self;
        let shown = |shown: &Option<Shown>| shown.as_ref().map_or("nothing".to_owned(), Shown::to_string);
        match what {
            Deviating::Action { then: None, now } => {
                write!(f, "{address}: {} was not planned", now.map_or("something", word))
            }
            Deviating::Action { then: Some(then), now: None } => {
                write!(f, "{address}: {} was planned, and nothing would happen to it now", word(*then))
            }
            Deviating::Action { then: Some(then), now: Some(now) } => {
                write!(f, "{address}: {} was planned, and it is {} now", word(*then), word(*now))
            }
            Deviating::Object => write!(f, "{address} is another object than the one that was planned for"),
            Deviating::Origin => write!(f, "{address} comes from somewhere else than was planned"),
            Deviating::Value { path, then, now } => {
                let path = if path.is_empty() { "its value" } else { path };
                write!(f, "{address}: {path} is {} and was {}", shown(now), shown(then))
            }
            Deviating::Other => write!(f, "{address} are others than were planned"),
        }
    }
}

/// What happens to a resource, as a noun.
fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "a creation",
        Action::Update => "an update",
        Action::Delete => "a destruction",
        Action::Replace => "a replacement",
        Action::Import => "an import",
        Action::Forget => "being forgotten",
        Action::Move => "a move",
        Action::Read => "a reading",
        Action::Nothing => "nothing",
        Action::Other => "something else",
    }
}

/// What an apply of the plan would do to one object.
struct Meant<'p> {
    action: Action,
    origin: (Option<&'p str>, Option<&'p str>),
    change: &'p Change,
}

impl PlanJson {
    /// In which ways `now` means something else; none where it may be applied in the place of this one. What is done
    /// already as this one would do it need not be done again.
    pub fn deviations(&self, now: &Self) -> Result<Vec<Deviation>, serde_json::Error> {
        let [then, now] = [self, now].map(|plan| serde_json::from_str::<Plan>(plan.text()));
        let (then, now) = (then?, now?);
        let mut masked = secrets(&then);
        masked.join(secrets(&now));
        let mut found = Vec::new();
        let (reviewed, planned) = (meant(&then), meant(&now));
        let there: BTreeMap<String, &Change> =
            now.resource_changes.iter().map(|found| (found.key(), &found.change)).collect();
        let addresses: BTreeSet<&String> = reviewed.keys().chain(planned.keys()).collect();
        for address in addresses {
            let (then, now) = (reviewed.get(address), planned.get(address));
            match (then, now) {
                (Some(then), None) if is_done(then, there.get(address).copied(), &masked) => {}
                _ => compare(address, then, now, &masked, &mut found),
            }
        }
        outputs(&then, &now, &masked, &mut found);
        for (name, then, now) in [
            ("the actions of providers", &then.action_invocations, &now.action_invocations),
            ("the changes that are put off", &then.deferred_changes, &now.deferred_changes),
        ] {
            if then != now {
                found.push(Deviation { address: name.to_owned(), what: Deviating::Other });
            }
        }
        Ok(found)
    }
}

impl Resource {
    /// Its address; an object that a replacement has left is another one than what stands there.
    fn key(&self) -> String {
        match &self.deposed {
            Some(key) => format!("{} (deposed {key})", self.address),
            None => self.address.clone(),
        }
    }
}

/// What would be done, by address; nothing where nothing changes by it.
fn meant(plan: &Plan) -> BTreeMap<String, Meant<'_>> {
    let resources = plan.resource_changes.iter().filter_map(|resource| {
        let Resource { change, previous_address, .. } = resource;
        let imported = change.importing.as_ref().map(|importing| importing.id.as_deref().unwrap_or_default());
        let action = match action(&change.actions) {
            Action::Nothing if imported.is_some() => Action::Import,
            Action::Nothing if previous_address.is_some() => Action::Move,
            // A data source that is read later changes nothing.
            Action::Read | Action::Nothing => return None,
            other => other,
        };
        Some((resource.key(), Meant { action, origin: (previous_address.as_deref(), imported), change }))
    });
    resources.collect()
}

/// Whether what was to happen is how it is already; `there` is what the new plan says of the same address, where it is
/// in the state or in the configuration.
fn is_done(then: &Meant<'_>, there: Option<&Change>, masked: &Secrets) -> bool {
    match (then.action, there) {
        (Action::Delete | Action::Forget, there) => there.is_none(),
        (_, Some(there)) => values(then.change, there, masked).is_empty(),
        (_, None) => false,
    }
}

fn compare(
    address: &str,
    then: Option<&Meant<'_>>,
    now: Option<&Meant<'_>>,
    masked: &Secrets,
    found: &mut Vec<Deviation>,
) {
    let mut differs = |what| found.push(Deviation { address: address.to_owned(), what });
    let actions = [then, now].map(|meant| meant.map(|meant| meant.action));
    let (Some(then), Some(now)) = (then, now) else {
        return differs(Deviating::Action { then: actions[0], now: actions[1] });
    };
    // The order in which a replacement goes is part of what it does.
    if then.change.actions != now.change.actions {
        return differs(Deviating::Action { then: actions[0], now: actions[1] });
    }
    if then.origin != now.origin {
        return differs(Deviating::Origin);
    }
    let id = |meant: &Meant<'_>| meant.change.before.get("id").cloned();
    if id(then) != id(now) {
        return differs(Deviating::Object);
    }
    for what in values(then.change, now.change, masked) {
        differs(what);
    }
}

/// The values that would be others.
fn values(then: &Change, now: &Change, masked: &Secrets) -> Vec<Deviating> {
    let (mut after, mut unknown) = (now.after.clone(), now.after_unknown.clone());
    settle(&then.after_unknown, &then.after, &mut after, &mut unknown);
    let between = Change {
        actions: Vec::new(),
        before: then.after.clone(),
        after,
        after_unknown: unknown,
        before_sensitive: then.after_sensitive.clone(),
        after_sensitive: now.after_sensitive.clone(),
        replace_paths: Vec::new(),
        importing: None,
    };
    let found = walk::attributes(&between, masked);
    found
        .into_iter()
        .map(|found| Deviating::Value { path: found.path, then: found.before, now: found.after })
        .collect()
}

/// Takes out of the new values those that were open before: whatever they are now is what was agreed to.
fn settle(open: &Value, then: &Value, now: &mut Value, unknown: &mut Value) {
    match open {
        Value::Bool(true) => {
            *now = then.clone();
            *unknown = Value::Bool(false);
        }
        Value::Object(open) => {
            for (key, open) in open {
                if !any_marked(open) {
                    continue;
                }
                let (Some(values), then) = (now.as_object_mut(), then.get(key)) else { return };
                let mut value = values.remove(key).unwrap_or_default();
                let mut mark =
                    unknown.as_object_mut().and_then(|marks| marks.remove(key)).unwrap_or_default();
                settle(open, then.unwrap_or(&Value::Null), &mut value, &mut mark);
                // What was left out stays left out, and what was null is null.
                if then.is_some() || !value.is_null() {
                    values.insert(key.clone(), value);
                }
                if let Some(marks) = unknown.as_object_mut() {
                    marks.insert(key.clone(), mark);
                }
            }
        }
        Value::Array(open) => {
            for (index, open) in open.iter().enumerate().filter(|(_, open)| any_marked(open)) {
                let (Some(value), Some(then)) = (now.get_mut(index), then.get(index)) else { return };
                let mut none = Value::Null;
                settle(open, then, value, unknown.get_mut(index).unwrap_or(&mut none));
            }
        }
        _ => {}
    }
}

fn outputs(then: &Plan, now: &Plan, masked: &Secrets, found: &mut Vec<Deviation>) {
    let read = |plan: &Plan| -> BTreeMap<String, Change> {
        let changes = plan.output_changes.iter();
        changes
            .filter_map(|(name, change)| Some((name.clone(), serde_json::from_value(change.clone()).ok()?)))
            .collect()
    };
    let (then, mut now) = (read(then), read(now));
    let none = Change::default();
    for (name, then) in &then {
        let now = now.remove(name);
        let address = format!("output.{name}");
        let differs = values(then, now.as_ref().unwrap_or(&none), masked);
        found.extend(differs.into_iter().map(|what| Deviation { address: address.clone(), what }));
    }
    for (name, now) in now.iter().filter(|(_, now)| action(&now.actions) != Action::Nothing) {
        let address = format!("output.{name}");
        let differs = values(&none, now, masked);
        found.extend(differs.into_iter().map(|what| Deviation { address: address.clone(), what }));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(changes: &Value) -> PlanJson {
        PlanJson::new(&json!({ "resource_changes": changes }).to_string())
    }

    fn told(then: &Value, now: &Value) -> Vec<String> {
        plan(then).deviations(&plan(now)).unwrap().iter().map(ToString::to_string).collect()
    }

    fn change(actions: &[&str], before: &Value, after: &Value, unknown: &Value) -> Value {
        json!([{ "address": "a.b", "change": {
            "actions": actions, "before": before, "after": after, "after_unknown": unknown,
            "before_sensitive": {}, "after_sensitive": {"password": true},
        }}])
    }

    #[test]
    fn a_plan_means_the_same_where_what_is_known_of_it_does() {
        let open = change(
            &["create"],
            &json!(null),
            &json!({"name": "n", "tags": {"a": "1"}}),
            &json!({"id": true, "tags": {}}),
        );
        assert!(told(&open, &open).is_empty());
        let settled = change(
            &["create"],
            &json!(null),
            &json!({"name": "n", "id": "i-1", "tags": {"a": "1"}}),
            &json!({"tags": {}}),
        );
        assert!(told(&open, &settled).is_empty(), "what was open may be known");
        assert_eq!(told(&settled, &open), ["a.b: id is (known after apply) and was \"i-1\""]);
        let other = change(
            &["create"],
            &json!(null),
            &json!({"name": "m", "tags": {"a": "1", "b": "2"}}),
            &json!({"id": true}),
        );
        assert_eq!(
            told(&open, &other),
            ["a.b: name is \"m\" and was \"n\"", "a.b: tags.b is \"2\" and was nothing"]
        );
    }

    #[test]
    fn values_that_were_open_within_lists_and_objects_may_be_known_and_nothing_beside_them() {
        let then = change(
            &["update"],
            &json!({"id": "x"}),
            &json!({"id": "x", "rules": [{"port": 1}, {"port": 2, "name": "b"}], "o": {"k": "v"}}),
            &json!({"rules": [{"name": true}, {}], "o": {"arn": true}}),
        );
        let now = change(
            &["update"],
            &json!({"id": "x"}),
            &json!({"id": "x", "rules": [{"port": 1, "name": "a"}, {"port": 3, "name": "b"}], "o": {"k": "v", "arn": "z"}}),
            &json!({}),
        );
        assert_eq!(told(&then, &now), ["a.b: rules[1].port is 3 and was 2"]);
    }

    #[test]
    fn other_actions_objects_and_origins_are_told_and_reads_do_not_count() {
        let update = change(&["update"], &json!({"id": "x"}), &json!({"id": "x"}), &json!({}));
        let other = change(&["update"], &json!({"id": "y"}), &json!({"id": "x"}), &json!({}));
        assert_eq!(told(&update, &other), ["a.b is another object than the one that was planned for"]);
        let nothing = json!([]);
        assert_eq!(
            told(&update, &nothing),
            ["a.b: an update was planned, and nothing would happen to it now"]
        );
        assert_eq!(told(&nothing, &update), ["a.b: an update was not planned"]);
        let replace = |order: [&str; 2]| change(&order, &json!({"id": "x"}), &json!({}), &json!({}));
        let first = replace(["delete", "create"]);
        assert_eq!(told(&update, &first), ["a.b: an update was planned, and it is a replacement now"]);
        assert_eq!(told(&first, &replace(["create", "delete"])).len(), 1, "the other comes first");
        let read = change(&["read"], &json!(null), &json!({}), &json!({}));
        assert!(told(&nothing, &read).is_empty());
        let mut moved = update.clone();
        moved[0]["previous_address"] = json!("a.c");
        assert_eq!(told(&update, &moved), ["a.b comes from somewhere else than was planned"]);
        let mut deposed = update.clone();
        deposed[0]["deposed"] = json!("1234");
        assert_eq!(told(&update, &deposed).len(), 2);
    }

    #[test]
    fn what_is_as_it_was_planned_to_become_is_done() {
        let with = |actions: &[&str], value: &str| {
            change(actions, &json!({"id": "x", "v": "a"}), &json!({"id": "x", "v": value}), &json!({}))
        };
        assert!(told(&with(&["update"], "b"), &with(&["no-op"], "b")).is_empty());
        assert_eq!(
            told(&with(&["update"], "b"), &with(&["no-op"], "a")),
            ["a.b: an update was planned, and nothing would happen to it now"]
        );
        let delete = change(&["delete"], &json!({"id": "x"}), &json!(null), &json!({}));
        assert!(told(&delete, &json!([])).is_empty(), "it is gone");
        assert_eq!(told(&delete, &with(&["no-op"], "a")).len(), 1, "it is there and stays");
    }

    #[test]
    fn what_is_sensitive_is_compared_and_not_shown() {
        let with =
            |password: &str| change(&["create"], &json!(null), &json!({"password": password}), &json!({}));
        assert!(told(&with("canary-one"), &with("canary-one")).is_empty());
        assert_eq!(
            told(&with("canary-one"), &with("canary-two")),
            ["a.b: password is (sensitive) and was (sensitive)"]
        );
    }

    #[test]
    fn outputs_and_what_else_a_tool_does_count() {
        let plan = |outputs: Value, actions: Value| {
            PlanJson::new(&json!({ "output_changes": outputs, "action_invocations": actions }).to_string())
        };
        let output = |actions: &[&str], after: &str| {
            json!({"name": {"actions": actions, "before": null, "after": after, "after_unknown": false,
                "before_sensitive": false, "after_sensitive": false}})
        };
        let told = |then: &PlanJson, now: &PlanJson| -> Vec<String> {
            then.deviations(now).unwrap().iter().map(ToString::to_string).collect()
        };
        let then = plan(output(&["create"], "a"), json!(null));
        assert!(told(&then, &plan(output(&["no-op"], "a"), json!(null))).is_empty());
        assert_eq!(
            told(&then, &plan(output(&["create"], "b"), json!(null))),
            ["output.name: its value is \"b\" and was \"a\""]
        );
        assert_eq!(
            told(&plan(json!({}), json!(null)), &then),
            ["output.name: its value is \"a\" and was nothing"]
        );
        assert_eq!(
            told(&then, &plan(output(&["create"], "a"), json!([{"address": "action.x"}]))),
            ["the actions of providers are others than were planned"]
        );
    }
}
