//! An evaluated unit as HCL that Terragrunt reads again: what `render` shows to people.

use std::borrow::Cow;

use super::logins_hidden::LoginsHidden;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::schema::{self, Spec};
use slipway_hcl::value::{Fields, Value};
use slipway_hcl::write::{self, Style, is_identifier, quoted_where};
use slipway_support::shown;

/// Truths that are shown as false where nobody set them; they would only be noise.
const FALSE_BY_DEFAULT: &[&str] = &[
    "disable",
    "disable_dependency_optimization",
    "disable_init",
    "disable_signature",
    "exclude_dependencies",
    "no_run",
];

/// Attributes of the file that come after its blocks, in Terragrunt's order.
const ATTRIBUTES: &[&str] = &[
    "download_dir",
    "prevent_destroy",
    "terraform_binary",
    "terraform_version_constraint",
    "terragrunt_version_constraint",
    "iam_role",
    "iam_assume_role_duration",
    "iam_assume_role_session_name",
    "iam_web_identity_token",
    "inputs",
];

/// The unit with includes merged and every expression replaced by its value. Evaluated again in the same folder it
/// gives the same; what is unknown is an empty string, as in JSON, and sensitive values are shown only where
/// `reveal` says so.
pub fn render_hcl(unit: &UnitConfig, reveal: bool) -> String {
    let hidden = (!reveal).then(|| LoginsHidden::of(unit));
    let mut writer = Writer { text: String::new(), indent: 0, hidden: hidden.as_ref() };
    if let Some(fields) = unit.rendered.as_ref().and_then(Value::as_fields) {
        writer.file(fields);
    }
    writer.text
}

struct Writer<'u> {
    text: String,
    indent: usize,
    /// What is not shown; none where all of it is.
    hidden: Option<&'u LoginsHidden>,
}

impl Writer<'_> {
    fn file(&mut self, file: &Fields) {
        let fields =
            |name: &str| file.get(name).and_then(Value::as_fields).filter(|fields| !fields.is_empty());
        if let Some(locals) = fields("locals") {
            self.block("locals", None, |writer| writer.attributes(named(locals)));
        }
        if let Some(terraform) = fields("terraform") {
            self.block("terraform", None, |writer| {
                writer.table(terraform, schema::TERRAFORM);
                writer.by_label(terraform.get("extra_arguments"), "extra_arguments", schema::EXTRA_ARGUMENTS);
                writer.by_label(terraform.get("before_hook"), "before_hook", schema::HOOK);
                writer.by_label(terraform.get("after_hook"), "after_hook", schema::HOOK);
                writer.by_label(terraform.get("error_hook"), "error_hook", schema::ERROR_HOOK);
            });
        }
        if let Some(state) = fields("remote_state") {
            self.block("remote_state", None, |writer| writer.table(state, schema::REMOTE_STATE));
        }
        if let Some(dependencies) = fields("dependencies") {
            self.block("dependencies", None, |writer| writer.table(dependencies, schema::DEPENDENCIES));
        }
        for (name, block) in fields("dependency").into_iter().flatten() {
            let fields = block.as_fields().cloned().unwrap_or_default();
            // What is not expanded knows its name; else there is one below each key.
            let blocks = if fields.get("name").and_then(Value::as_str).is_some() {
                vec![fields]
            } else {
                fields.values().filter_map(Value::as_fields).cloned().collect()
            };
            for mut block in blocks {
                let skip = block.remove("skip").unwrap_or(Value::Null);
                block.insert("skip_outputs".into(), skip);
                self.block("dependency", Some(name), |writer| writer.table(&block, schema::DEPENDENCY));
            }
        }
        self.by_label(file.get("generate"), "generate", schema::GENERATE);
        self.by_label(file.get("feature"), "feature", schema::FEATURE);
        if let Some(engine) = fields("engine") {
            self.block("engine", None, |writer| writer.table(engine, schema::ENGINE));
        }
        if let Some(exclude) = fields("exclude") {
            self.block("exclude", None, |writer| writer.table(exclude, schema::EXCLUDE));
        }
        if let Some(errors) = fields("errors") {
            self.block("errors", None, |writer| {
                writer.by_name(errors.get("retry"), "retry", schema::RETRY);
                writer.by_name(errors.get("ignore"), "ignore", schema::IGNORE);
            });
        }
        let set =
            |name: &'static str| file.get(name).filter(|value| !is_unset(value)).map(|value| (name, value));
        self.attributes(ATTRIBUTES.iter().copied().filter_map(set));
    }

    /// Blocks that are kept by their labels.
    fn by_label(&mut self, blocks: Option<&Value>, kind: &str, specs: &[Spec]) {
        for (label, block) in blocks.and_then(Value::as_fields).into_iter().flatten() {
            let Some(fields) = block.as_fields() else { continue };
            self.block(kind, Some(label), |writer| writer.table(fields, specs));
        }
    }

    /// Blocks that are kept in a list and know their labels.
    fn by_name(&mut self, blocks: Option<&Value>, kind: &str, specs: &[Spec]) {
        for fields in blocks.and_then(Value::as_elements).into_iter().flatten().filter_map(Value::as_fields) {
            let label = fields.get("name").and_then(Value::as_str).unwrap_or_default();
            self.block(kind, Some(label), |writer| writer.table(fields, specs));
        }
    }

    fn block(&mut self, kind: &str, label: Option<&str>, body: impl FnOnce(&mut Self)) {
        self.start_line();
        self.text.push_str(kind);
        if let Some(label) = label {
            self.text.push(' ');
            self.text.push_str(&quoted(label));
        }
        self.text.push_str(" {\n");
        self.indent += 1;
        body(self);
        self.indent -= 1;
        self.start_line();
        self.text.push_str("}\n");
    }

    /// The attributes of a table that are set.
    fn table(&mut self, fields: &Fields, specs: &[Spec]) {
        let set = |spec: &Spec| {
            let value = fields.get(spec.name)?;
            let noise = is_unset(value) && !spec.required
                || value.as_bool() == Some(false) && FALSE_BY_DEFAULT.contains(&spec.name);
            (!noise && !value.is_null()).then_some((spec.name, value))
        };
        self.attributes(specs.iter().filter_map(set));
    }

    fn attributes<'v>(&mut self, attributes: impl Iterator<Item = (&'v str, &'v Value)>) {
        let text = write::attributes(attributes, self.indent, self);
        self.text.push_str(&text);
    }

    fn start_line(&mut self) {
        write::indent(&mut self.text, self.indent);
    }
}

impl Style for Writer<'_> {
    fn quoted(&self, text: &str) -> String {
        match self.hidden {
            Some(hidden) => quoted(&hidden.in_text(text)),
            None => quoted(text),
        }
    }

    /// Bare where it is a name that means nothing else.
    fn key<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let is_bare =
            name.is_ascii() && is_identifier(name) && !matches!(name, "for" | "null" | "true" | "false");
        if is_bare { Cow::Borrowed(name) } else { Cow::Owned(quoted(name)) }
    }

    fn unknown(&self) -> &'static str {
        "\"\""
    }

    fn sensitive(&self) -> Option<&'static str> {
        self.hidden.map(|_| "(sensitive value)")
    }
}

fn named(fields: &Fields) -> impl Iterator<Item = (&str, &Value)> {
    fields.iter().map(|(name, value)| (&**name, value))
}

fn is_unset(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// A text between quotes, made harmless for whoever looks at it.
fn quoted(text: &str) -> String {
    shown::hcl(&quoted_where(text, shown::is_hidden)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terragrunt::outputs::NoOutputs;
    use crate::terragrunt::tests::{Tree, told};
    use crate::view::render_json;

    fn rendered(tree: &Tree) -> UnitConfig {
        let found = tree.reader("render").evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs);
        found.unwrap_or_else(|errors| panic!("{}", told(&errors)))
    }

    const UNIT: &str = r#"
        locals {
          list = ["a", { b = 1.50, "c d" = [] }, 123456789012345678901234567890]
          text = "$${x} %%{y} $$ \"q\" \\ é\ttab\nline"
          keys = { "for" = 1, "null" = 2, "x-y" = {}, "1" = null, "" = true }
        }
        include "root" {
          path           = "../root.hcl"
          merge_strategy = "deep"
        }
        terraform {
          source                   = "../m//x"
          copy_terraform_lock_file = false
          extra_arguments "a" {
            commands = ["plan"]
            env_vars = { A = "1" }
          }
          before_hook "b" {
            commands = ["plan"]
            execute  = ["echo", "hi"]
            if       = false
          }
          error_hook "e" {
            commands  = ["plan"]
            execute   = ["echo"]
            on_errors = [".*"]
          }
        }
        dependency "vpc" {
          config_path  = "../vpc"
          mock_outputs = { id = "x" }
        }
        dependencies {
          paths = ["../vpc"]
        }
        remote_state {
          backend  = "local"
          generate = { path = "b.tf", if_exists = "overwrite" }
          config   = { path = "x.tfstate" }
        }
        generate "g" {
          path      = "g.tf"
          if_exists = "overwrite"
          contents  = ""
        }
        feature "f" {
          default = { a = true }
        }
        exclude {
          if      = false
          actions = ["all"]
        }
        errors {
          retry "r" {
            retryable_errors   = [".*"]
            max_attempts       = 2
            sleep_interval_sec = 3
          }
          ignore "i" {
            ignorable_errors = ["x"]
            signals          = { a = true }
          }
        }
        engine {
          source = "x"
        }
        prevent_destroy = true
        iam_role        = "arn:x"
        inputs          = { vpc = dependency.vpc.outputs.id, n = null, all = local.list, s = sensitive("tok") }
    "#;

    #[test]
    fn what_is_rendered_is_read_again_as_the_same() {
        let tree = Tree::new(&[
            ("root.hcl", "inputs = {\n  above = { \"a.b\" = \"x\" }\n}\n"),
            ("vpc/terragrunt.hcl", ""),
            ("app/terragrunt.hcl", UNIT),
        ]);
        let first = rendered(&tree);
        let text = render_hcl(&first, true);
        tree.write("app/terragrunt.hcl", &text);
        let second = rendered(&tree);
        let json = |unit| serde_json::json!(render_json(unit, true));
        assert_eq!(json(&first), json(&second), "{text}");
        assert_eq!(text, render_hcl(&second, true));
    }

    #[test]
    fn sensitive_values_stay_hidden_unless_they_are_asked_for() {
        let tree =
            Tree::new(&[("app/terragrunt.hcl", "inputs = {\n  long = 1\n  s = sensitive(\"tok\")\n}\n")]);
        let unit = rendered(&tree);
        assert_eq!(render_hcl(&unit, false), "inputs = {\n  long = 1\n  s    = \"(sensitive value)\"\n}\n");
        assert!(render_hcl(&unit, true).contains("s    = \"tok\""));
    }
}
