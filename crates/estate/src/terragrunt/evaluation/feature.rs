//! `feature` blocks: switches with a default, set from outside.

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::decode;
use super::include::Strategy;
use super::scope::{FileScope, Section};
use crate::terragrunt::convert::{merge_deep, plain};
use crate::terragrunt::schema;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::value::{Fields, Value, field};

/// The features of a file with those that it includes.
pub(crate) struct Features {
    /// The defaults, in order.
    pub defaults: IndexMap<String, Value>,
    /// What `feature` is: by name an object with `name` and `value`.
    pub value: Value,
    pub errors: Vec<Diagnostic>,
}

impl Features {
    /// The value in force for a name.
    pub fn in_force(&self, name: &str) -> Option<Value> {
        self.value.get(name)?.get("value").cloned()
    }
}

impl FileScope<'_> {
    /// The features, evaluated at the first call.
    pub fn features(&self) -> Rc<Features> {
        if let Some(features) = self.features.get() {
            return Rc::clone(features);
        }
        let mut errors = Vec::new();
        let own = self.decode_features(&mut errors);
        let mut in_force = IndexMap::new();
        for (name, default) in &own {
            // Of two of one name Terragrunt shows the last and takes the first, unless it merges them with others.
            in_force.entry(name.clone()).or_insert_with(|| default.clone());
        }
        let mut features = Features { defaults: own.into_iter().collect(), value: Value::Null, errors };
        for include in self.includes().list.iter().rev() {
            let over = std::mem::take(&mut features.defaults);
            features.defaults = match include.strategy {
                Strategy::NoMerge => over,
                strategy => {
                    let mut errors = Vec::new();
                    let under = include.scope.decode_features(&mut errors);
                    features.errors.extend(include.through(errors));
                    let merged = merge(under.into_iter().collect(), over, strategy);
                    in_force.clone_from(&merged);
                    merged
                }
            };
        }
        let reader = self.session.reader;
        let mut fields = Fields::new();
        for (name, default) in &in_force {
            fields.insert(Arc::from(name.as_str()), feature(name, default.clone()));
        }
        for (name, given) in &reader.options().features {
            // Only truths are typed by their default; whatever else is given stays the string it is.
            let value = match (features.defaults.get(name), given.as_str()) {
                (Some(Value::Bool(_)), "true" | "1") => Value::Bool(true),
                (Some(Value::Bool(_)), "false" | "0") => Value::Bool(false),
                (Some(Value::Bool(_)), other) => {
                    features.errors.push(Diagnostic::error(
                        "terragrunt::feature",
                        format!("feature \"{name}\" needs true or false, not \"{other}\""),
                    ));
                    continue;
                }
                (_, text) => Value::string(text),
            };
            fields.insert(Arc::from(name.as_str()), feature(name, value));
        }
        features.value = Value::Object(Arc::new(fields));
        Rc::clone(self.features.get_or_init(|| Rc::new(features)))
    }

    /// The blocks of this file, each with its default, in order.
    fn decode_features(&self, errors: &mut Vec<Diagnostic>) -> Vec<(String, Value)> {
        let mut features = Vec::new();
        for block in self.file.body.blocks("feature") {
            let Some(name) = decode::label(block) else { continue };
            let title = format!("feature \"{name}\"");
            let fields = self.within(Section::Base, || {
                decode::attributes_only(self, &block.body, schema::FEATURE, &title, block.kind.span, errors)
            });
            features.push((name.to_owned(), plain(field(&fields, "default"))));
        }
        features
    }
}

fn feature(name: &str, value: Value) -> Value {
    Value::object([("name", Value::string(name)), ("value", value)])
}

fn merge(
    under: IndexMap<String, Value>,
    over: IndexMap<String, Value>,
    strategy: Strategy,
) -> IndexMap<String, Value> {
    let mut merged = under;
    for (name, value) in over {
        let value = match merged.get(&name) {
            Some(lower) if strategy == Strategy::Deep && lower.as_fields().is_some() => {
                merge_deep(lower, &value, true).unwrap_or(value)
            }
            _ => value,
        };
        merged.insert(name, value);
    }
    merged
}
