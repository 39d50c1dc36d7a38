//! Terraform's machine-readable UI (`-json`): one JSON object a line.
//!
//! The format is documented and kept stable by both tools. It tells the plan's sums, every planned change,
//! errors with their detail, and after an apply the outputs, sensitive ones without their value. Lines that
//! are not of it (the output of `init`, a hook) are passed on as they are.

mod diagnostic;
mod done;

use std::sync::Arc;

use serde::Deserialize;

use self::diagnostic::UiDiagnostic;
use self::done::{Done, Hook};
use super::plan::{Action, OutputChange, PlanSummary, ResourceChange};
use crate::hcl::json::from_json;
use crate::terraform::outputs::Outputs;

/// Reads the lines of one command.
#[derive(Debug, Default)]
pub struct UiReader {
    summary: PlanSummary,
    plan: Told,
    outputs: Option<Outputs>,
    done: Done,
    /// The first error on one line.
    first_error: Option<String>,
    errors: String,
    warnings: String,
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
    #[serde(default)]
    hook: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Change {
    resource: Resource,
    action: Action,
    #[serde(default)]
    previous_resource: Option<Resource>,
    #[serde(default)]
    importing: Option<Importing>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Importing {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
struct OutputInPlan {
    #[serde(default)]
    action: Option<Action>,
    #[serde(default)]
    sensitive: bool,
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

impl UiReader {
    /// Takes one line and returns the text a person should see for it.
    pub fn take(&mut self, line: &str) -> String {
        let Ok(message) = serde_json::from_str::<Message>(line) else { return line.to_owned() };
        if self.plan == Told::Sums {
            self.plan = Told::Everything;
        }
        match message.kind.as_str() {
            "planned_change" => {
                self.summary.resources.extend(message.change.map(Change::into_resource_change));
            }
            "resource_drift" => {
                self.summary.drift.extend(message.change.map(Change::into_resource_change));
            }
            // Others have hooks of other shapes.
            "apply_complete" => {
                let hook = message.hook.and_then(|hook| serde_json::from_value::<Hook>(hook).ok());
                if let Some(hook) = hook {
                    self.done.take(hook);
                }
            }
            "change_summary" => {
                // An apply without outputs does not tell of them.
                if message.changes.as_ref().is_some_and(|sums| sums.operation != "plan") {
                    self.outputs = Some(Outputs::default());
                }
                if let Some(sums) = message.changes.filter(|sums| sums.operation == "plan") {
                    self.plan = Told::Sums;
                    self.take_sums(&sums);
                }
            }
            "outputs" => {
                if let Some(outputs) = message.outputs {
                    // After a plan they come with what would happen to them, after an apply with their values.
                    self.summary.outputs.extend(changed_outputs(&outputs));
                    self.outputs = known_outputs(outputs);
                }
            }
            "diagnostic" => {
                if let Some(diagnostic) = message.diagnostic {
                    let text = diagnostic.text();
                    if diagnostic.severity == "error" {
                        self.errors += &diagnostic.as_printed();
                        self.first_error.get_or_insert_with(|| text.clone());
                    } else {
                        self.warnings += &diagnostic.as_printed();
                    }
                    return format!("{}: {text}", diagnostic.severity);
                }
            }
            _ => {}
        }
        message.text
    }

    /// The tools count a replacement among what is added and among what is destroyed, and say neither how many
    /// are replaced nor how many are moved; OpenTofu alone says how many are forgotten.
    fn take_sums(&mut self, sums: &Sums) {
        let summary = &mut self.summary;
        let count = |wanted: fn(&ResourceChange) -> bool| {
            summary.resources.iter().filter(|change| wanted(change)).count() as u64
        };
        let replace = count(|change| change.action == Action::Replace);
        let moved = count(|change| change.previous_address.is_some());
        let forget = count(|change| change.action == Action::Forget);
        summary.add = sums.add.saturating_sub(replace);
        summary.change = sums.change;
        summary.destroy = sums.remove.saturating_sub(replace);
        summary.import = sums.import;
        (summary.replace, summary.moved, summary.forget) = (replace, moved, forget);
    }

    /// The first error the tool told of.
    pub fn first_error(&self) -> Option<&str> {
        self.first_error.as_deref()
    }

    /// What an apply has done so far.
    pub fn done(&self) -> PlanSummary {
        self.done.summary()
    }

    /// All errors, as the tool prints them without `-json`: to standard error.
    pub fn errors(&self) -> &str {
        &self.errors
    }

    /// All warnings, as it prints them: to standard output.
    pub fn warnings(&self) -> &str {
        &self.warnings
    }

    /// The plan's sums; `changes` as the exit code said.
    pub fn into_summary(self, changes: bool) -> PlanSummary {
        PlanSummary { changes, ..self.summary }
    }

    /// The plan inside an apply, once it has been told wholly.
    pub fn plan_within(&self) -> Option<PlanSummary> {
        let changes = !self.summary.outputs.is_empty() || !self.summary.resources.is_empty();
        (self.plan == Told::Everything).then(|| PlanSummary { changes, ..self.summary.clone() })
    }

    /// Whether the sums of a plan were told.
    pub fn has_plan(&self) -> bool {
        self.plan != Told::Nothing
    }

    /// Whether these sums say that something would change.
    pub fn has_sums(&self) -> bool {
        let PlanSummary { add, change, replace, destroy, import, forget, .. } = &self.summary;
        [add, change, replace, destroy, import, forget].into_iter().any(|count| *count > 0)
    }

    /// The outputs, where all of them were told with their values.
    pub fn into_outputs(self) -> Option<Outputs> {
        self.outputs
    }
}

impl Change {
    fn into_resource_change(self) -> ResourceChange {
        ResourceChange {
            address: self.resource.addr,
            action: self.action,
            previous_address: self.previous_resource.map(|resource| resource.addr),
            import_id: self.importing.and_then(|importing| importing.id),
            reason: self.reason,
        }
    }
}

/// The outputs of a plan that would have another value.
fn changed_outputs(outputs: &serde_json::Map<String, serde_json::Value>) -> Vec<OutputChange> {
    let change = |(name, output): (&String, &serde_json::Value)| {
        let OutputInPlan { action, sensitive } = serde_json::from_value(output.clone()).ok()?;
        let action = action.filter(|action| *action != Action::Nothing)?;
        Some(OutputChange { name: name.clone(), action, sensitive })
    };
    outputs.iter().filter_map(change).collect()
}

/// The outputs after an apply. A sensitive one comes without its value: then nothing is known, and the
/// outputs have to be asked for.
fn known_outputs(outputs: serde_json::Map<String, serde_json::Value>) -> Option<Outputs> {
    let value = |(name, output): (String, serde_json::Value)| {
        // What cannot be kept is told with its name once somebody asks.
        let value = from_json(output.get("value")?).ok()?;
        Some((Arc::from(name.as_str()), value))
    };
    outputs.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hcl::value::Value;
    use crate::terraform::outputs::parse_outputs;

    #[test]
    fn sums_and_changes_are_read_from_the_ui() {
        let mut reader = UiReader::default();
        reader.take(r#"{"@level":"info","@message":"a: Plan to create","type":"planned_change","change":{"resource":{"addr":"a.b"},"action":"create"}}"#);
        let line = reader.take(r#"{"@message":"Plan: 1 to add","type":"change_summary","changes":{"add":1,"change":2,"remove":3,"operation":"plan"}}"#);
        assert_eq!(line, "Plan: 1 to add");
        let summary = reader.into_summary(true);
        assert_eq!(summary.short(), "+1 ~2 -3");
        assert_eq!(summary.resources, [ResourceChange::new("a.b", Action::Create)]);
    }

    #[test]
    fn moves_imports_replacements_and_what_is_forgotten_are_counted_by_their_resources() {
        let mut reader = UiReader::default();
        for change in [
            r#""resource":{"addr":"a.f"},"action":"remove","reason":"delete_because_no_resource_config""#,
            r#""resource":{"addr":"a.i"},"action":"update","importing":{"id":"abcd"}"#,
            r#""resource":{"addr":"a.new"},"previous_resource":{"addr":"a.old"},"action":"move""#,
            r#""resource":{"addr":"a.r"},"action":"replace","reason":"cannot_update""#,
        ] {
            reader.take(&format!(r#"{{"@message":"","type":"planned_change","change":{{{change}}}}}"#));
        }
        reader.take(r#"{"@message":"","type":"resource_drift","change":{"resource":{"addr":"a.d"},"action":"delete"}}"#);
        reader.take(r#"{"@message":"","type":"change_summary","changes":{"add":2,"change":1,"import":1,"remove":1,"operation":"plan"}}"#);
        reader.take(r#"{"@message":"","type":"outputs","outputs":{"same":{"sensitive":false,"action":"noop"},"key":{"sensitive":true,"action":"update"}}}"#);
        let summary = reader.into_summary(true);
        assert_eq!(summary.short(), "+1 ~1 -0 ±1, 1 imported, 1 moved, 1 forgotten");
        assert_eq!(summary.resources[1].import_id.as_deref(), Some("abcd"));
        assert_eq!(summary.resources[2].previous_address.as_deref(), Some("a.old"));
        assert_eq!(summary.losses().map(|change| change.address.as_str()).collect::<Vec<_>>(), ["a.r"]);
        assert_eq!(summary.drift, [ResourceChange::new("a.d", Action::Delete)]);
        let [output] = summary.outputs.as_slice() else { panic!("{:?}", summary.outputs) };
        assert_eq!((output.name.as_str(), output.action, output.sensitive), ("key", Action::Update, true));
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
    fn what_an_apply_has_done_is_counted_by_what_is_complete() {
        let mut reader = UiReader::default();
        let hook = |kind: &str, address: &str, action: &str| {
            format!(
                r#"{{"@message":"","type":"{kind}","hook":{{"resource":{{"addr":"{address}"}},"action":"{action}","elapsed_seconds":0}}}}"#
            )
        };
        for (kind, address, action) in [
            ("apply_complete", "a.created", "create"),
            ("apply_complete", "a.data", "read"),
            ("apply_complete", "a.changed", "update"),
            ("apply_complete", "a.replaced", "delete"),
            ("apply_complete", "a.replaced", "create"),
            ("apply_complete", "a.swapped", "create"),
            ("apply_complete", "a.swapped", "delete"),
            ("apply_complete", "a.gone", "delete"),
            ("apply_start", "a.gone", "create"),
            ("apply_errored", "a.gone", "create"),
        ] {
            reader.take(&hook(kind, address, action));
        }
        assert_eq!(reader.done().short(), "+1 ~1 -1 ±2");
        assert!(!UiReader::default().done().changes);
    }

    #[test]
    fn errors_are_kept_as_the_tool_prints_them() {
        let mut reader = UiReader::default();
        reader.take(r#"{"@message":"Error","type":"diagnostic","diagnostic":{"severity":"error","summary":"Bad","detail":"very bad","address":"a.b","range":{"filename":"main.tf","start":{"line":4}},"snippet":{"context":"resource \"a\" \"b\"","code":"  x = var.ok","start_line":4,"values":[{"traversal":"var.ok","statement":"is false"}]}}}"#);
        reader.take(r#"{"@message":"Error","type":"diagnostic","diagnostic":{"severity":"error","summary":"Worse","range":{"filename":"b.tf","start":{"line":1}}}}"#);
        reader.take(r#"{"@message":"Warning","type":"diagnostic","diagnostic":{"severity":"warning","summary":"Old"}}"#);
        let first = "\nError: Bad\n\n  with a.b,\n  on main.tf line 4, in resource \"a\" \"b\":\n   4:   x = var.ok\n    \
                     ├────────────────\n    │ var.ok is false\n\nvery bad\n";
        let second = "\nError: Worse\n\n  on b.tf line 1:\n  (source code not available)\n\n\n";
        assert_eq!(reader.errors(), format!("{first}{second}"));
        assert_eq!(reader.warnings(), "\nWarning: Old\n\n\n\n");
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
