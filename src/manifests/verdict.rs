//! One object held to the schema of its kind. Values are never told: they may be secrets.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Value, json};

use super::strict::fields_at;
use crate::gitops::{Finding, ManifestObject, ManifestRule};
use crate::hcl::suggest;

/// A kind with its schema.
#[derive(Debug)]
pub(super) struct Kind {
    schema: Value,
    validator: Validator,
}

/// What schemas ask for and the API server does not: it takes the zero value, or has a default that they do not tell. Each by its
/// kind, the field that it lies in and its name.
const NOT_NEEDED: &[(&str, &str, &str)] = &[
    ("*", "roleRef", "apiGroup"),
    ("*", "iscsi", "lun"),
    ("*", "onPodConditions", "status"),
    ("ClusterRole", "", "rules"),
    ("CustomResourceDefinition", "versions", "served"),
    ("CustomResourceDefinition", "versions", "storage"),
    ("EndpointSlice", "", "endpoints"),
    ("LimitRange", "spec", "limits"),
    ("NetworkPolicy", "spec", "podSelector"),
    ("PriorityClass", "", "value"),
    ("Role", "", "rules"),
    ("StatefulSet", "spec", "serviceName"),
];

impl Kind {
    /// Makes a schema ready; an error says why it cannot be used.
    pub fn new(mut schema: Value) -> Result<Self, String> {
        without_foreign_patterns(&mut schema);
        let validator = build(&schema).map_err(|error| error.masked_with("a part of it").to_string())?;
        Ok(Self { schema, validator })
    }

    /// What is wrong with an object of the kind.
    pub fn hold(&self, object: &ManifestObject) -> Vec<Finding> {
        let Some(mut value) = object.value() else {
            let problem =
                "it is too large, or says something that no object can, and is not held to its schema";
            return vec![finding(ManifestRule::Held, object, &[], problem.to_owned())];
        };
        without_nulls(&mut value);
        let mut findings: Vec<Finding> =
            self.validator.iter_errors(&value).flat_map(|error| self.told(object, &value, &error)).collect();
        findings.sort_by_key(|one| one.line);
        findings.dedup();
        findings
    }

    fn told(&self, object: &ManifestObject, value: &Value, error: &ValidationError<'_>) -> Vec<Finding> {
        let way = way(error.instance_path().as_str());
        let kind = &object.kind;
        let place = shown(&way);
        match error.kind() {
            // Of an object that may have none the crate says no more than that.
            ValidationErrorKind::FalseSchema => {
                let fields = value.pointer(error.instance_path().as_str()).and_then(Value::as_object);
                let of_field = |field: &String| {
                    let way = [way.clone(), vec![field.clone()]].concat();
                    let problem =
                        format!("{kind} has no field {}; it would be dropped silently", shown(&way));
                    finding(ManifestRule::Fields, object, &way, problem)
                };
                fields.into_iter().flatten().map(|(field, _)| of_field(field)).collect()
            }
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let known = fields_at(&self.schema, &way);
                let of_field = |field: &String| {
                    // Kustomize's own orders in a patch.
                    if !object.is_whole && field.starts_with('$') {
                        return None;
                    }
                    let near = suggest::nearest(field, known.iter().copied());
                    let near = near.map_or_else(
                        || "; it would be dropped silently".to_owned(),
                        |near| format!("; did you mean {near}?"),
                    );
                    let way = [way.clone(), vec![field.clone()]].concat();
                    let problem = format!("{kind} has no field {}{near}", shown(&way));
                    Some(finding(ManifestRule::Fields, object, &way, problem))
                };
                unexpected.iter().filter_map(of_field).collect()
            }
            // What a patch is to bring.
            _ if !object.is_whole => Vec::new(),
            ValidationErrorKind::Required { property } => {
                let property = property.as_str().unwrap_or_default();
                if !is_needed(kind, &way, property) {
                    return Vec::new();
                }
                let problem = match &*place {
                    "" => format!("this {kind} lacks {property}, which it has to have"),
                    place => format!("{place} of this {kind} lacks {property}, which it has to have"),
                };
                vec![finding(ManifestRule::Schema, object, &way, problem)]
            }
            ValidationErrorKind::Type { kind: wanted_types } => {
                let is = match &**error.instance() {
                    Value::Null => "empty",
                    Value::Bool(_) => "a boolean (put it in quotes where a text is meant)",
                    Value::Number(_) => "a number (put it in quotes where a text is meant)",
                    Value::String(_) => "a text",
                    Value::Array(_) => "a list",
                    Value::Object(_) => "an object",
                };
                let wanted = wanted(wanted_types);
                vec![finding(
                    ManifestRule::Schema,
                    object,
                    &way,
                    format!("{place} has to be {wanted}, and is {is}"),
                )]
            }
            ValidationErrorKind::Enum { options } => {
                let problem = format!("{place} has to be one of {options}");
                vec![finding(ManifestRule::Schema, object, &way, problem)]
            }
            ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::AnyOf { .. } => {
                let problem = format!("{place} is in none of the forms that it may have");
                vec![finding(ManifestRule::Schema, object, &way, problem)]
            }
            _ => {
                let problem = format!("{place}: {}", error.masked_with("what is written here"));
                vec![finding(ManifestRule::Schema, object, &way, problem)]
            }
        }
    }
}

fn build(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    // The schemas of OpenAPI 3.0, which Kubernetes has, and those that were made of version 2.
    let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(false);
    options.with_pattern_options(PatternOptions::regex()).offline().build(schema)
}

/// Leaves patterns out that JSON Schema does not take, such as `^(?i)warn$`: Kubernetes has those of Go. What they say is then not
/// asked for.
fn without_foreign_patterns(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let pattern = object.get("pattern").filter(|pattern| pattern.is_string());
            if pattern.is_some_and(|pattern| build(&json!({"pattern": pattern})).is_err()) {
                object.remove("pattern");
            }
            object.values_mut().for_each(without_foreign_patterns);
        }
        Value::Array(items) => items.iter_mut().for_each(without_foreign_patterns),
        _ => {}
    }
}

/// The types that a value may have.
fn wanted(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(several) => {
            // What is null counts as left out.
            let told = several.iter().map(|one| format!("{one}")).filter(|one| one != "null");
            told.collect::<Vec<_>>().join(" or ")
        }
    }
}

fn is_needed(kind: &str, way: &[String], property: &str) -> bool {
    // The API server writes it, and takes no notice of what is written here.
    if way.first().is_some_and(|first| first == "status") {
        return false;
    }
    let around = way.iter().rev().find(|step| step.parse::<usize>().is_err()).map_or("", String::as_str);
    !NOT_NEEDED.iter().any(|(of_kind, place, name)| {
        (*of_kind == "*" || *of_kind == kind) && *place == around && *name == property
    })
}

fn finding(rule: ManifestRule, object: &ManifestObject, way: &[String], problem: String) -> Finding {
    let line = object.line_of(way.iter().map(String::as_str));
    Finding { rule, file: object.file.clone(), line, problem, is_certain: true }
}

/// The steps of a JSON pointer.
fn way(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// `spec.containers[0].image`.
fn shown(way: &[String]) -> String {
    let mut text = String::new();
    for step in way {
        match step.parse::<usize>() {
            Ok(number) => text.extend(["[", &number.to_string(), "]"]),
            Err(_) if text.is_empty() => text.push_str(step),
            Err(_) if step.contains('.') => text.extend(["[\"", step, "\"]"]),
            Err(_) => text.extend([".", step]),
        }
    }
    text
}

/// A field that is null counts as one that is not there.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}
