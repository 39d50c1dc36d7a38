//! Terraform's machine-readable UI (`-json`): one JSON object a line.
//!
//! The format is documented and kept stable by both tools. It tells the plan's sums, every planned change,
//! errors with their detail, and after an apply the outputs, sensitive ones without their value. Lines that
//! are not of it (the output of `init`, a hook) are passed on as they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::plan::{Action, PlanSummary, ResourceChange};
use crate::hcl::json::from_json;
use crate::hcl::value::Value;
use crate::terragrunt::outputs::Outputs;

/// Reads the lines of one command.
#[derive(Debug, Default)]
pub struct UiReader {
    summary: PlanSummary,
    plan: Told,
    output_changes: bool,
    outputs: Option<Outputs>,
    errors: Vec<String>,
}

/// How much of a plan has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Nothing,
    /// The sums; the outputs' changes come with the very next message, or not at all.
    Sums,
    Everything,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "@message")]
    text: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    change: Option<Change>,
    #[serde(default)]
    changes: Option<Sums>,
    #[serde(default)]
    outputs: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    diagnostic: Option<UiDiagnostic>,
}

#[derive(Deserialize)]
struct Change {
    resource: Resource,
    action: Action,
}

#[derive(Deserialize)]
struct Resource {
    addr: String,
}

#[derive(Deserialize)]
struct Sums {
    add: u64,
    change: u64,
    remove: u64,
    #[serde(default)]
    import: u64,
    operation: String,
}

#[derive(Deserialize)]
struct UiDiagnostic {
    severity: String,
    summary: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    range: Option<Range>,
}

#[derive(Deserialize)]
struct Range {
    filename: String,
    start: Start,
}

#[derive(Deserialize)]
struct Start {
    line: u64,
}

impl UiReader {
    /// Takes one line and returns the text a person should see for it.
    pub fn take(&mut self, line: &str) -> String {
        let Ok(message) = serde_json::from_str::<Message>(line) else { return line.to_owned() };
        if self.plan == Told::Sums {
            self.plan = Told::Everything;
            self.output_changes = message.outputs.as_ref().is_some_and(any_changes);
        }
        match message.kind.as_str() {
            "planned_change" => {
                if let Some(change) = message.change {
                    let Change { resource, action } = change;
                    self.summary.resources.push(ResourceChange { address: resource.addr, action });
                }
            }
            "change_summary" => {
                // An apply without outputs does not tell of them.
                if message.changes.as_ref().is_some_and(|sums| sums.operation != "plan") {
                    self.outputs = Some(Outputs::default());
                }
                if let Some(sums) = message.changes.filter(|sums| sums.operation == "plan") {
                    self.plan = Told::Sums;
                    self.summary.add = sums.add;
                    self.summary.change = sums.change;
                    self.summary.destroy = sums.remove;
                    self.summary.import = sums.import;
                }
            }
            "outputs" => self.outputs = message.outputs.and_then(known_outputs),
            "diagnostic" => {
                if let Some(diagnostic) = message.diagnostic {
                    let text = diagnostic.text();
                    if diagnostic.severity == "error" {
                        self.errors.push(text.clone());
                    }
                    return format!("{}: {text}", diagnostic.severity);
                }
            }
            _ => {}
        }
        message.text
    }

    /// The first error the tool told of.
    pub fn first_error(&self) -> Option<&str> {
        self.errors.first().map(String::as_str)
    }

    /// The plan's sums; `changes` as the exit code said.
    pub fn into_summary(self, changes: bool) -> PlanSummary {
        PlanSummary { changes, ..self.summary }
    }

    /// The plan inside an apply, once it has been told wholly.
    pub fn plan_within(&self) -> Option<PlanSummary> {
        let changes = self.output_changes || !self.summary.resources.is_empty();
        (self.plan == Told::Everything).then(|| PlanSummary { changes, ..self.summary.clone() })
    }

    /// The outputs, where all of them were told with their values.
    pub fn into_outputs(self) -> Option<Outputs> {
        self.outputs
    }
}

impl UiDiagnostic {
    fn text(&self) -> String {
        let mut text = self.summary.clone();
        // Providers that speak the old protocol put everything into the summary.
        let detail = self.detail.split_whitespace().collect::<Vec<_>>().join(" ");
        if !detail.is_empty() {
            text = format!("{text}: {detail}");
        }
        if let Some(address) = &self.address {
            text = format!("{address}: {text}");
        }
        if let Some(Range { filename, start }) = &self.range {
            text = format!("{text} (at {filename}:{})", start.line);
        }
        text
    }
}

/// Whether any output of a plan is not left as it is.
fn any_changes(outputs: &serde_json::Map<String, serde_json::Value>) -> bool {
    let actions = outputs.values().filter_map(|output| output.get("action"));
    actions.into_iter().any(|action| action != "noop")
}

/// The outputs after an apply. A sensitive one comes without its value: then nothing is known, and the
/// outputs have to be asked for.
fn known_outputs(outputs: serde_json::Map<String, serde_json::Value>) -> Option<Outputs> {
    let value = |(name, output): (String, serde_json::Value)| {
        let value = from_json(output.get("value")?);
        Some((Arc::from(name.as_str()), value))
    };
    outputs.into_iter().map(value).collect()
}

/// One output, in the answer of `output -json` as in a state.
#[derive(Deserialize)]
pub struct Output {
    value: serde_json::Value,
    #[serde(default)]
    sensitive: bool,
}

/// Outputs as values; what is sensitive is marked.
pub fn to_outputs(outputs: BTreeMap<String, Output>) -> Outputs {
    let read = |(name, output): (String, Output)| {
        let value = from_json(&output.value);
        let value = if output.sensitive { Value::Sensitive(Arc::new(value)) } else { value };
        (Arc::from(name.as_str()), value)
    };
    outputs.into_iter().map(read).collect()
}

/// Reads the answer of `output -json`: an object of `{value, type, sensitive}` by name.
pub fn parse_outputs(text: &str) -> Result<Outputs, serde_json::Error> {
    serde_json::from_str(text).map(to_outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_changes_are_read_from_the_ui() {
        let mut reader = UiReader::default();
        reader.take(r#"{"@level":"info","@message":"a: Plan to create","type":"planned_change","change":{"resource":{"addr":"a.b"},"action":"create"}}"#);
        let line = reader.take(r#"{"@message":"Plan: 1 to add","type":"change_summary","changes":{"add":1,"change":2,"remove":3,"operation":"plan"}}"#);
        assert_eq!(line, "Plan: 1 to add");
        let summary = reader.into_summary(true);
        assert_eq!(summary.short(), "+1 ~2 -3");
        assert_eq!(summary.resources, [ResourceChange { address: "a.b".into(), action: Action::Create }]);
    }

    #[test]
    fn a_plan_inside_an_apply_is_whole_before_the_first_change() {
        let sums = r#"{"@message":"Plan","type":"change_summary","changes":{"add":0,"change":0,"remove":0,"operation":"plan"}}"#;
        let mut reader = UiReader::default();
        reader.take(sums);
        assert_eq!(reader.plan_within(), None);
        reader.take(
            r#"{"@message":"","type":"outputs","outputs":{"a":{"sensitive":false,"action":"update"}}}"#,
        );
        assert!(reader.plan_within().unwrap().changes);
        // Without outputs the next message of any kind ends the plan.
        let mut reader = UiReader::default();
        reader.take(sums);
        reader.take(r#"{"@message":"Apply complete","type":"change_summary","changes":{"add":0,"change":0,"remove":0,"operation":"apply"}}"#);
        assert!(!reader.plan_within().unwrap().changes);
        assert_eq!(reader.into_outputs(), Some(Outputs::default()));
    }

    #[test]
    fn the_first_error_keeps_its_detail_and_place() {
        let mut reader = UiReader::default();
        reader.take(r#"{"@message":"Error","type":"diagnostic","diagnostic":{"severity":"error","summary":"Bad","detail":"very\n bad","range":{"filename":"main.tf","start":{"line":4}}}}"#);
        assert_eq!(reader.first_error(), Some("Bad: very bad (at main.tf:4)"));
    }

    #[test]
    fn outputs_with_a_secret_among_them_have_to_be_asked_for() {
        let mut reader = UiReader::default();
        reader.take(r#"{"@message":"","type":"outputs","outputs":{"a":{"sensitive":false,"value":1},"s":{"sensitive":true}}}"#);
        assert_eq!(reader.into_outputs(), None);
        let outputs = parse_outputs(r#"{"s":{"sensitive":true,"type":"string","value":"x"}}"#).unwrap();
        assert!(matches!(outputs.get("s"), Some(Value::Sensitive(_))));
    }

    #[test]
    fn other_lines_pass_as_they_are() {
        assert_eq!(UiReader::default().take("Initializing the backend..."), "Initializing the backend...");
    }
}
