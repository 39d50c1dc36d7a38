//! A configuration as a value: what `include.NAME`, `read_terragrunt_config` and `render` show.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dependency::DependencyBlock;
use super::file_config::{ErrorsBlock, FileConfig, TerraformBlock};
use super::labelled::Labelled;
use crate::terragrunt::convert::{plain, plain_fields};
use slipway_hcl::value::{Fields, Value};

/// Strings that are empty where they are not set.
const STRINGS: &[&str] = &[
    "download_dir",
    "iam_assume_role_session_name",
    "iam_role",
    "iam_web_identity_token",
    "terraform_binary",
    "terraform_version_constraint",
    "terragrunt_version_constraint",
];

impl FileConfig {
    /// The configuration with the keys and the shape that Terragrunt shows; outputs of dependencies are null.
    pub fn as_value(&self) -> Value {
        self.as_value_with(|_| Value::Null)
    }

    /// The file as a value, where dependencies have the outputs that `outputs_of` answers.
    pub fn as_value_with(&self, outputs_of: impl Fn(&DependencyBlock) -> Value) -> Value {
        let mut shown = Fields::new();
        let mut show = |name: &str, value: Value| shown.insert(Arc::from(name), value);
        for name in STRINGS {
            show(name, self.attributes.get(name).cloned().unwrap_or_else(|| Value::string("")));
        }
        let duration = self.attributes.get("iam_assume_role_duration").cloned();
        show("iam_assume_role_duration", duration.unwrap_or(Value::Null));
        if let Some(prevent) = self.attributes.get("prevent_destroy") {
            show("prevent_destroy", prevent.clone());
        }
        let locals = (!self.locals.is_empty()).then(|| object(self.locals.clone()));
        show("locals", locals.unwrap_or(Value::Null));
        let inputs = self.inputs.as_ref().map(|inputs| object(plain_fields(inputs)));
        show("inputs", inputs.unwrap_or(Value::Null));
        if let Some(terraform) = &self.terraform {
            show("terraform", terraform.as_value());
        }
        if let Some(state) = &self.remote_state {
            let mut state = state.clone();
            for name in ["disable_init", "disable_dependency_optimization"] {
                if state.get(name).is_none_or(Value::is_null) {
                    state.insert(Arc::from(name), Value::Bool(false));
                }
            }
            show("remote_state", object(state));
        }
        let generate = self.generate.iter().map(|(name, block)| (name, object(block.fields.clone())));
        show("generate", Value::object(generate));
        let paths = self
            .dependencies
            .as_ref()
            .map(|paths| Value::object([("paths", Value::tuple(paths.iter().map(Value::string)))]));
        show("dependencies", paths.unwrap_or(Value::Null));
        show("dependency", self.dependencies_as_value(outputs_of));
        let feature = self.feature.iter().map(|(name, default)| {
            (name, Value::object([("default", default.clone()), ("name", Value::string(name))]))
        });
        show("feature", Value::object(feature));
        if let Some(exclude) = &self.exclude {
            let mut exclude = exclude.clone();
            for name in ["exclude_dependencies", "no_run"] {
                if exclude.get(name).is_none_or(Value::is_null) {
                    exclude.insert(Arc::from(name), Value::Bool(false));
                }
            }
            show("exclude", object(exclude));
        }
        if let Some(errors) = &self.errors {
            show("errors", errors.as_value());
        }
        if let Some(engine) = &self.engine {
            let mut engine = engine.clone();
            for name in ["type", "version"] {
                if engine.get(name).is_none_or(Value::is_null) {
                    engine.insert(Arc::from(name), Value::string(""));
                }
            }
            show("engine", object(engine));
        }
        object(shown)
    }
}

impl FileConfig {
    /// By name; what an expanded block stands for by name and key, as it is addressed.
    fn dependencies_as_value(&self, outputs_of: impl Fn(&DependencyBlock) -> Value) -> Value {
        let mut shown = Fields::new();
        let mut expanded: BTreeMap<Arc<str>, Fields> = BTreeMap::new();
        for block in &self.dependency {
            let mut fields = block.fields.clone();
            let skip = fields.remove("skip_outputs").unwrap_or(Value::Null);
            fields.insert(Arc::from("skip"), skip);
            fields.insert(Arc::from("inputs"), Value::Null);
            fields.insert(Arc::from("name"), Value::string(&block.name));
            fields.insert(Arc::from("outputs"), outputs_of(block));
            let fields = object(plain_fields(&fields));
            match &block.key {
                None => drop(shown.insert(Arc::clone(&block.name), fields)),
                Some(key) => {
                    expanded.entry(Arc::clone(&block.name)).or_default().insert(Arc::clone(key), fields);
                }
            }
        }
        shown.extend(expanded.into_iter().map(|(name, each)| (name, object(each))));
        object(shown)
    }
}

impl TerraformBlock {
    fn as_value(&self) -> Value {
        let mut shown = self.fields.clone();
        // These are shown only where they are set.
        let optional = |name: &str| matches!(name, "mutable" | "update_source_with_cas" | "version");
        shown.retain(|name, value| !(optional(name) && value.is_null()));
        let blocks = [
            ("extra_arguments", &self.extra_arguments),
            ("before_hook", &self.before_hooks),
            ("after_hook", &self.after_hooks),
            ("error_hook", &self.error_hooks),
        ];
        for (name, blocks) in blocks {
            let by_label = blocks.iter().map(|(label, fields)| (label, object(fields.clone())));
            shown.insert(Arc::from(name), Value::object(by_label));
        }
        object(shown)
    }
}

impl ErrorsBlock {
    fn as_value(&self) -> Value {
        let list = |blocks: &Labelled| Value::tuple(blocks.values().cloned().map(object));
        let mut shown = Fields::from([(Arc::from("retry"), list(&self.retry))]);
        if self.retry.is_empty() {
            shown.insert(Arc::from("retry"), Value::Null);
        }
        if !self.ignore.is_empty() {
            let mut ignore = self.ignore.clone();
            for fields in ignore.values_mut() {
                if fields["message"].is_null() {
                    fields.insert(Arc::from("message"), Value::string(""));
                }
                if fields["signals"].is_null() {
                    fields.insert(Arc::from("signals"), object(Fields::new()));
                }
            }
            shown.insert(Arc::from("ignore"), plain(&list(&ignore)));
        }
        object(shown)
    }
}

fn object(fields: Fields) -> Value {
    Value::Object(Arc::new(fields))
}
