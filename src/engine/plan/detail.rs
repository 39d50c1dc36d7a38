//! A saved plan attribute by attribute, as `show -json` tells it: before, after, and what may not be shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::mask::Secrets;
use super::{Action, OutputChange, PlanJson, ResourceChange};

mod lines;
mod meaning;
mod open;
mod walk;

pub use lines::DiffLine;
pub use meaning::{Deviating, Deviation};
pub use open::OpenInputs;

/// What a plan would do, in full. Nothing sensitive is in it: it may be kept, shown and sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDetail {
    /// The resources that are touched, as the tool orders them; data sources that are read only later are not
    /// among them.
    pub resources: Vec<ResourceDetail>,
    /// The outputs that would have another value.
    pub outputs: Vec<OutputDetail>,
    /// What was changed outside of the tool since the last apply.
    pub drift: Vec<ResourceDetail>,
}

/// One resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceDetail {
    /// What happens to it.
    #[serde(flatten)]
    pub change: ResourceChange,
    /// The attributes that differ, each down to single values.
    pub attributes: Vec<AttributeChange>,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// Where it stands, such as `tags["Name"]` or `ingress[0].from_port`.
    pub path: String,
    /// Its value before; none where it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Shown>,
    /// Its value after; none where it is not set any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Shown>,
    /// Whether the resource is replaced because of it.
    #[serde(default)]
    pub forces_replacement: bool,
    /// Texts of several lines, and JSON documents, line by line; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<DiffLine>,
    /// The units whose apply it takes for it to be known, where it waits for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
}

impl AttributeChange {
    /// Its value after, with what it waits for; none where it is not set any more.
    pub fn shown_after(&self) -> Option<String> {
        let after = self.after.as_ref()?;
        Some(match self.waits_for.as_slice() {
            [] => after.to_string(),
            units => format!("(known after apply of {})", units.join(", ")),
        })
    }
}

/// One output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputDetail {
    /// What happens to it.
    #[serde(flatten)]
    pub change: OutputChange,
    /// What differs in it; the paths count from the output, and are empty for the output itself.
    pub attributes: Vec<AttributeChange>,
}

/// A value as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// As it is.
    Value(Value),
    /// It is there and not to be shown.
    Sensitive,
    /// It is not known before the apply.
    KnownAfterApply,
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Sensitive => f.write_str("(sensitive)"),
            Self::KnownAfterApply => f.write_str("(known after apply)"),
        }
    }
}

/// `show -json`, as far as it is read; format 1.x, which both tools keep stable.
#[derive(Deserialize)]
struct Plan {
    #[serde(default)]
    resource_changes: Vec<Resource>,
    #[serde(default)]
    resource_drift: Vec<Resource>,
    #[serde(default)]
    output_changes: serde_json::Map<String, Value>,
    #[serde(default)]
    variables: serde_json::Map<String, Value>,
    #[serde(default)]
    configuration: Value,
    #[serde(default)]
    prior_state: Value,
    #[serde(default)]
    action_invocations: Value,
    #[serde(default)]
    deferred_changes: Value,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    #[serde(default)]
    previous_address: Option<String>,
    #[serde(default)]
    action_reason: Option<String>,
    /// The key of an object that a replacement has left, where it is one.
    #[serde(default)]
    deposed: Option<String>,
    change: Change,
}

/// The change of a resource or of an output.
#[derive(Default, Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
    #[serde(default)]
    after_unknown: Value,
    #[serde(default)]
    before_sensitive: Value,
    #[serde(default)]
    after_sensitive: Value,
    #[serde(default)]
    replace_paths: Vec<Vec<Value>>,
    #[serde(default)]
    importing: Option<Importing>,
}

#[derive(Deserialize)]
struct Importing {
    #[serde(default)]
    id: Option<String>,
}

impl PlanDetail {
    /// Reads a plan as the tool shows it.
    pub fn of(plan: &PlanJson) -> Result<Self, serde_json::Error> {
        let plan: Plan = serde_json::from_str(plan.text())?;
        let secrets = secrets(&plan);
        let resources = |all: Vec<Resource>| {
            all.into_iter().filter_map(|resource| resource.into_detail(&secrets)).collect()
        };
        let outputs = plan.output_changes.iter().filter_map(|(name, change)| output(name, change, &secrets));
        Ok(Self {
            outputs: outputs.collect(),
            resources: resources(plan.resource_changes),
            drift: resources(plan.resource_drift),
        })
    }
}

/// The secrets of a plan that nothing else is read of.
pub(super) fn secrets_of(plan: &PlanJson) -> Result<Secrets, serde_json::Error> {
    serde_json::from_str(plan.text()).map(|plan| secrets(&plan))
}

/// Everything that any part of the plan calls sensitive.
fn secrets(plan: &Plan) -> Secrets {
    let mut secrets = Secrets::default();
    let outputs: Vec<Change> = plan
        .output_changes
        .values()
        .filter_map(|change| serde_json::from_value(change.clone()).ok())
        .collect();
    let resources = plan.resource_changes.iter().chain(&plan.resource_drift).map(|resource| &resource.change);
    for change in resources.chain(&outputs) {
        secrets.take(Some(&change.before), Some(&change.before_sensitive));
        secrets.take(Some(&change.after), Some(&change.after_sensitive));
    }
    let declared = plan.configuration.pointer("/root_module/variables");
    let declared = |name: &str| declared.and_then(|declared| declared.get(name)?.get("sensitive"));
    let sensitive = |name: &str| declared(name) == Some(&Value::Bool(true));
    for (_, variable) in plan.variables.iter().filter(|(name, _)| sensitive(name)) {
        variable.get("value").into_iter().for_each(|value| secrets.take_all(value));
    }
    let outputs = plan.prior_state.pointer("/values/outputs").and_then(Value::as_object);
    for output in outputs.into_iter().flat_map(serde_json::Map::values) {
        secrets.take(output.get("value"), output.get("sensitive"));
    }
    secrets
}

impl Resource {
    /// None where nothing happens to it.
    fn into_detail(self, secrets: &Secrets) -> Option<ResourceDetail> {
        let moved = self.previous_address.is_some();
        let importing = self.change.importing.is_some();
        let action = match action(&self.change.actions) {
            Action::Nothing if importing => Action::Import,
            Action::Nothing if moved => Action::Move,
            Action::Nothing => return None,
            other => other,
        };
        let attributes = walk::attributes(&self.change, secrets);
        let change = ResourceChange {
            address: self.address,
            action,
            previous_address: self.previous_address,
            import_id: self.change.importing.and_then(|importing| importing.id),
            // The machine-readable UI leaves the beginning out.
            reason: self.action_reason.map(|reason| reason.trim_start_matches("replace_because_").to_owned()),
        };
        Some(ResourceDetail { change, attributes })
    }
}

/// None where its value stays.
fn output(name: &str, change: &Value, secrets: &Secrets) -> Option<OutputDetail> {
    let change: Change = serde_json::from_value(change.clone()).ok()?;
    let action = action(&change.actions);
    if action == Action::Nothing {
        return None;
    }
    let marked = |marks: &Value| *marks == Value::Bool(true);
    let sensitive = marked(&change.before_sensitive) || marked(&change.after_sensitive);
    let attributes = walk::attributes(&change, secrets);
    Some(OutputDetail { change: OutputChange { name: name.to_owned(), action, sensitive }, attributes })
}

fn action(actions: &[String]) -> Action {
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    match actions.as_slice() {
        ["no-op"] | [] => Action::Nothing,
        ["create"] => Action::Create,
        ["read"] => Action::Read,
        ["update"] => Action::Update,
        ["delete"] => Action::Delete,
        ["forget"] => Action::Forget,
        ["delete", "create"] | ["create", "delete"] => Action::Replace,
        _ => Action::Other,
    }
}

#[cfg(test)]
mod tests;
