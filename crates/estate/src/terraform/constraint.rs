//! Type constraints of variables, and which values can become one.

use std::collections::BTreeMap;

use slipway_hcl::ast::{Expr, ExprKind, ObjectItem};
use slipway_hcl::convert::{to_bool, to_number, to_string};
use slipway_hcl::scope::MapScope;
use slipway_hcl::source::SourceFile;
use slipway_hcl::value::Value;

/// What `type` of a variable says.
#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    /// `any`.
    Any,
    /// `bool`.
    Bool,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// `list(…)`.
    List(Box<Constraint>),
    /// `set(…)`.
    Set(Box<Constraint>),
    /// `map(…)`.
    Map(Box<Constraint>),
    /// `tuple([…])`.
    Tuple(Vec<Constraint>),
    /// `object({…})`: each attribute with whether it may be left out.
    Object(BTreeMap<String, (Constraint, bool)>),
}

impl Constraint {
    /// The constraint that an expression writes; `None` where it is none.
    pub fn of(expr: &Expr) -> Option<Self> {
        match &expr.kind {
            ExprKind::Paren(inner) => Self::of(inner),
            // The quoted form is Terraform 0.11's.
            ExprKind::Variable(name) | ExprKind::String(name) => match &**name {
                "any" => Some(Self::Any),
                "bool" => Some(Self::Bool),
                "number" => Some(Self::Number),
                "string" => Some(Self::String),
                "list" => Some(Self::List(Box::new(Self::Any))),
                "set" => Some(Self::Set(Box::new(Self::Any))),
                "map" => Some(Self::Map(Box::new(Self::Any))),
                _ => None,
            },
            ExprKind::Call { name, arguments, .. } => {
                let [argument] = arguments.as_slice() else { return None };
                let element = || Self::of(argument).map(Box::new);
                match (&*name.name, &argument.kind) {
                    ("list", _) => element().map(Self::List),
                    ("set", _) => element().map(Self::Set),
                    ("map", _) => element().map(Self::Map),
                    ("tuple", ExprKind::Tuple(elements)) => {
                        elements.iter().map(Self::of).collect::<Option<_>>().map(Self::Tuple)
                    }
                    ("object", ExprKind::Object(items)) => {
                        items.iter().map(Self::attribute).collect::<Option<_>>().map(Self::Object)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn attribute(item: &ObjectItem) -> Option<(String, (Self, bool))> {
        let (ExprKind::Variable(name) | ExprKind::String(name)) = &item.key.kind else { return None };
        let optional = match &item.value.kind {
            ExprKind::Call { name, arguments, .. } if &*name.name == "optional" => arguments.first(),
            _ => None,
        };
        let constraint = Self::of(optional.unwrap_or(&item.value))?;
        Some((name.to_string(), (constraint, optional.is_some())))
    }

    /// As messages name it.
    fn described(&self) -> String {
        match self {
            Self::Any => "any value".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::String => "a string".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Set(_) => "a set".to_owned(),
            Self::Map(_) => "a map".to_owned(),
            Self::Tuple(elements) => format!("a list of {} elements", elements.len()),
            Self::Object(_) => "an object".to_owned(),
        }
    }

    /// Why an input cannot become one, where that is certain; never with the value itself, which may be secret.
    ///
    /// Inputs travel as `TF_VAR_…`: as text where the variable is a string, a number or a truth, and else as an
    /// expression that Terraform parses. Whatever reads well there is taken.
    pub fn refuses_input(&self, value: &Value) -> Option<String> {
        match (self, value) {
            (_, Value::Null | Value::Unknown) | (Self::Any | Self::String, _) => None,
            (_, Value::Sensitive(inner)) => self.refuses_input(inner),
            (Self::Bool | Self::Number, _) => match to_string(value) {
                Some(text) => self.refuses(&Value::String(text), ""),
                None => self.refuses(value, ""),
            },
            (_, Value::String(text)) => {
                let file = SourceFile::new("input", &**text);
                let written = slipway_hcl::parse_expression(&file)
                    .ok()
                    .and_then(|expr| slipway_hcl::evaluate(&expr, &file, &MapScope::new([])).ok());
                match written {
                    Some(written) => self.refuses(&written, ""),
                    None => Some(format!("{} is needed, this is a string", self.described())),
                }
            }
            _ => self.refuses(value, ""),
        }
    }

    /// Why a value inside of another cannot become one: it is converted as it is, whatever it is called in texts; `path` leads to it.
    fn refuses(&self, value: &Value, path: &str) -> Option<String> {
        let wrong = || {
            let what = if path.is_empty() { "this".to_owned() } else { format!("`{path}`") };
            Some(format!("{} is needed, {what} is {}", self.described(), described(value)))
        };
        match (self, value) {
            (_, Value::Null | Value::Unknown) | (Self::Any, _) => None,
            (_, Value::Sensitive(inner)) => self.refuses(inner, path),
            (Self::String, _) => to_string(value).map_or_else(wrong, |_| None),
            (Self::Number, _) => to_number(value).map_or_else(wrong, |_| None),
            (Self::Bool, _) => to_bool(value).map_or_else(wrong, |_| None),
            (Self::List(element) | Self::Set(element), _) => {
                let Some(elements) = value.as_elements() else { return wrong() };
                let mut each = elements.iter().enumerate();
                each.find_map(|(index, value)| element.refuses(value, &format!("{path}[{index}]")))
            }
            (Self::Tuple(constraints), _) => {
                let elements = value.as_elements().filter(|elements| elements.len() == constraints.len());
                let Some(elements) = elements else { return wrong() };
                let mut pairs = constraints.iter().zip(elements).enumerate();
                pairs
                    .find_map(|(index, (element, value))| element.refuses(value, &format!("{path}[{index}]")))
            }
            (Self::Map(element), _) => {
                let Some(fields) = value.as_fields() else { return wrong() };
                fields.iter().find_map(|(name, value)| element.refuses(value, &inside(path, name)))
            }
            (Self::Object(attributes), _) => {
                let Some(fields) = value.as_fields() else { return wrong() };
                attributes.iter().find_map(|(name, (constraint, optional))| match fields.get(name.as_str()) {
                    Some(value) => constraint.refuses(value, &inside(path, name)),
                    None if *optional => None,
                    None => Some(format!("the attribute `{}` is missing", inside(path, name))),
                })
            }
        }
    }
}

fn inside(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn described(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Tuple(elements) | Value::List(elements) => format!("a list of {} elements", elements.len()),
        other => format!("a {}", other.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_hcl::json::from_json;

    fn refused(constraint: &str, value: &serde_json::Value) -> Option<String> {
        let file = SourceFile::new("type", constraint);
        let expr = slipway_hcl::parse_expression(&file).unwrap();
        Constraint::of(&expr).unwrap().refuses_input(&from_json(value).unwrap())
    }

    #[test]
    fn what_terraform_converts_is_taken() {
        use serde_json::json;
        for (constraint, value) in [
            ("string", json!(5)),
            ("string", json!(["a"])),
            ("number", json!("5")),
            ("bool", json!("true")),
            ("bool", json!(1)),
            ("list(string)", json!(["a", 1, true])),
            ("set(number)", json!(["1"])),
            ("list(string)", json!("[\"a\"]")),
            ("map(string)", json!({"a": 1})),
            ("object({ a = string, b = optional(number) })", json!({"a": "x", "further": 1})),
            ("tuple([string, number])", json!(["a", 1])),
            ("list(any)", json!([1, 2])),
            ("any", json!("text")),
            ("list(string)", json!(null)),
        ] {
            assert_eq!(refused(constraint, &value), None, "{constraint} of {value}");
        }
    }

    #[test]
    fn what_terraform_cannot_convert_is_refused_with_its_place() {
        use serde_json::json;
        for (constraint, value, why) in [
            ("number", json!("five"), "a number is needed, this is a string"),
            ("bool", json!("yes"), "true or false is needed, this is a string"),
            ("number", json!(["a"]), "a number is needed, this is a list of 1 elements"),
            ("list(string)", json!("a"), "a list is needed, this is a string"),
            ("list(number)", json!([1, "x"]), "a number is needed, `[1]` is a string"),
            ("map(number)", json!({"a": "x"}), "a number is needed, `a` is a string"),
            ("object({ a = string })", json!({}), "the attribute `a` is missing"),
            ("map(object({ a = string }))", json!({"x": {}}), "the attribute `x.a` is missing"),
            ("set(string)", json!({"a": 1}), "a set is needed, this is an object"),
        ] {
            assert_eq!(refused(constraint, &value).as_deref(), Some(why), "{constraint} of {value}");
        }
    }
}
