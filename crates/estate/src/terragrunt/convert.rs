//! Values turned into what an attribute takes, and into the plain shape that configurations hand on.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::schema::Kind;
use slipway_hcl::budget::make;
use slipway_hcl::convert::{to_bool, to_number, to_string};
use slipway_hcl::limits::{list_bytes, object_bytes};
use slipway_hcl::value::{Fields, Value};

/// `value` as the kind of an attribute; a message where it is none. Null and unknown stay what they are.
pub(crate) fn convert(value: Value, kind: Kind) -> Result<Value, String> {
    let refused = |wanted: &str| Err(format!("{wanted} is needed, this is {}", a(&value)));
    match (kind, &value) {
        (_, Value::Null | Value::Unknown)
        | (Kind::Any, _)
        | (Kind::Object, Value::Object(_) | Value::Map(_)) => Ok(value),
        (_, Value::Sensitive(inner)) => {
            convert((**inner).clone(), kind).map(|value| Value::Sensitive(Arc::new(value)))
        }
        (Kind::String, _) => {
            to_string(&value).map_or_else(|| refused("a string"), |text| Ok(Value::String(text)))
        }
        (Kind::Bool, _) => {
            to_bool(&value).map_or_else(|| refused("true or false"), |truth| Ok(Value::Bool(truth)))
        }
        (Kind::Number, _) => {
            to_number(&value).map_or_else(|| refused("a number"), |number| Ok(Value::Number(number)))
        }
        (Kind::Whole, _) => match to_number(&value) {
            Some(number) if number.as_i64().is_some() => Ok(Value::Number(number)),
            _ => refused("a whole number"),
        },
        (Kind::Strings, Value::Tuple(elements) | Value::List(elements) | Value::Set(elements)) => {
            let strings: Result<Vec<Value>, String> = elements.iter().cloned().map(strictly_string).collect();
            strings.map(Value::tuple)
        }
        (Kind::Strings, _) => refused("a list of strings"),
        (Kind::StringMap, Value::Object(fields) | Value::Map(fields)) => {
            let fields: Result<Fields, String> = fields
                .iter()
                .map(|(name, value)| Ok((Arc::clone(name), strictly_string(value.clone())?)))
                .collect();
            fields.map(|fields| Value::Object(Arc::new(fields)))
        }
        (Kind::StringMap | Kind::Object, _) => refused("an object"),
    }
}

fn strictly_string(value: Value) -> Result<Value, String> {
    if value.is_null() {
        return Err("strings are needed, one of them is null".to_owned());
    }
    convert(value, Kind::String)
}

/// The type with its article.
fn a(value: &Value) -> String {
    let name = value.type_name();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// The shape that a value has after a configuration is read by another: sequences are tuples and named values
/// objects, as Terragrunt passes configurations on as JSON. Sensitive marks stay.
pub(crate) fn plain(value: &Value) -> Value {
    // Most values have that shape already: then they are shared.
    if is_plain(value) {
        return value.clone();
    }
    match value {
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
            Value::tuple(elements.iter().map(plain))
        }
        Value::Object(fields) | Value::Map(fields) => Value::Object(Arc::new(plain_fields(fields))),
        Value::Sensitive(inner) => Value::Sensitive(Arc::new(plain(inner))),
        Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Set(_) | Value::Map(_) => false,
        Value::Tuple(elements) => elements.iter().all(is_plain),
        Value::Object(fields) => fields.values().all(is_plain),
        Value::Sensitive(inner) => is_plain(inner),
        Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Fields, each in its plain form.
pub(crate) fn plain_fields(fields: &Fields) -> Fields {
    fields.iter().map(|(name, value)| (Arc::clone(name), plain(value))).collect()
}

/// The value as JSON. Sensitive values are shown only where `reveal` says so; unknown ones are empty strings,
/// as Terragrunt renders them.
pub fn to_json(value: &Value, reveal: bool) -> serde_json::Value {
    let json = AsJson { value, reveal, shown: &|text| Cow::Borrowed(text) };
    serde_json::to_value(json).unwrap_or_default()
}

/// What is written of a text.
pub(crate) type Shown<'v> = &'v dyn Fn(&str) -> Cow<'_, str>;

/// A value that is written as [`to_json`] says, text by text as `shown` says: nothing is put together before.
pub(crate) struct AsJson<'v> {
    pub value: &'v Value,
    pub reveal: bool,
    pub shown: Shown<'v>,
}

impl Serialize for AsJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let of = |value| Self { value, ..*self };
        match self.value {
            Value::Null => to.serialize_unit(),
            Value::Unknown => to.serialize_str(""),
            Value::Bool(truth) => to.serialize_bool(*truth),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => to.serialize_i64(whole),
                None => match number.to_string().parse::<serde_json::Number>() {
                    Ok(number) => number.serialize(to),
                    Err(_) => to.collect_str(number),
                },
            },
            Value::String(text) => to.serialize_str(&(self.shown)(text)),
            Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
                to.collect_seq(elements.iter().map(of))
            }
            Value::Object(fields) | Value::Map(fields) => {
                to.collect_map(fields.iter().map(|(name, value)| (&**name, of(value))))
            }
            Value::Sensitive(inner) if self.reveal => of(inner).serialize(to),
            Value::Sensitive(_) => to.serialize_str("(sensitive value)"),
        }
    }
}

/// Named values brought to one type, as a map has it: strings, where they differ and can become some.
pub(crate) fn one_type(fields: &Fields) -> Value {
    let mut types = fields.values().map(Value::type_name);
    let first = types.next();
    let same = types.all(|name| Some(name) == first);
    let strings =
        fields.iter().map(|(name, value)| Some((Arc::clone(name), Value::String(to_string(value)?))));
    match strings.collect::<Option<Fields>>() {
        Some(strings) if !same => Value::Object(Arc::new(strings)),
        _ => Value::Object(Arc::new(fields.clone())),
    }
}

/// The strings of a sequence; nothing where it is none.
pub fn strings(value: Option<&Value>) -> Vec<String> {
    let elements = value.and_then(Value::as_elements).unwrap_or_default();
    elements.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Two values merged as Terragrunt merges deeply: objects by name, sequences one behind the other where
/// `append` says so (else the upper wins), anything else by the upper one.
pub(crate) fn merge_deep(under: &Value, over: &Value, append: bool) -> Result<Value, String> {
    let sensitive = matches!(under, Value::Sensitive(_)) || matches!(over, Value::Sensitive(_));
    if let (Some(under), Some(over)) = (under.as_fields(), over.as_fields()) {
        let merged = Value::Object(Arc::new(merge_fields_deep(under, over, append)?));
        return Ok(if sensitive { Value::Sensitive(Arc::new(merged)) } else { merged });
    }
    if append && let Some(upper) = over.as_elements() {
        if under.is_null() {
            return Ok(over.clone());
        }
        let Some(lower) = under.as_elements() else {
            return Err(format!("{} cannot be appended to {}", a(over), a(under)));
        };
        make(list_bytes(lower.len() + upper.len())).map_err(|spent| spent.to_string())?;
        let merged = Value::tuple(lower.iter().chain(upper).cloned());
        return Ok(if sensitive { Value::Sensitive(Arc::new(merged)) } else { merged });
    }
    Ok(over.clone())
}

/// Named values merged deeply, those of `over` on top; lists are put behind each other where `append` says so.
pub(crate) fn merge_fields_deep(under: &Fields, over: &Fields, append: bool) -> Result<Fields, String> {
    make(object_bytes(under.len() + over.len())).map_err(|spent| spent.to_string())?;
    let mut merged = under.clone();
    for (name, value) in over {
        let value = match under.get(name) {
            Some(lower) => {
                merge_deep(lower, value, append).map_err(|message| format!("{name}: {message}"))?
            }
            None => value.clone(),
        };
        merged.insert(Arc::clone(name), value);
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_merging_joins_objects_appends_lists_and_lets_the_child_win() {
        let under = Value::object([
            ("tags", Value::object([("a", Value::string("1")), ("b", Value::string("1"))])),
            ("zones", Value::tuple([Value::string("x")])),
            ("on", Value::Bool(true)),
        ]);
        let over = Value::object([
            ("tags", Value::object([("b", Value::string("2"))])),
            ("zones", Value::tuple([Value::string("y")])),
            ("on", Value::Bool(false)),
        ]);
        let merged = merge_deep(&under, &over, true).unwrap();
        assert_eq!(
            to_json(&merged, true),
            serde_json::json!({"on": false, "tags": {"a": "1", "b": "2"}, "zones": ["x", "y"]})
        );
        let merged = merge_deep(&under, &over, false).unwrap();
        assert_eq!(to_json(&merged, true)["zones"], serde_json::json!(["y"]));
    }

    #[test]
    fn a_sensitive_value_is_hidden_in_json_unless_asked_for() {
        let value = Value::object([("token", Value::Sensitive(Arc::new(Value::string("s3cret"))))]);
        assert_eq!(to_json(&value, false), serde_json::json!({"token": "(sensitive value)"}));
        assert_eq!(to_json(&value, true), serde_json::json!({"token": "s3cret"}));
    }

    #[test]
    fn numbers_and_truths_become_strings_where_strings_are_needed() {
        assert_eq!(convert(Value::integer(7), Kind::String), Ok(Value::string("7")));
        assert_eq!(convert(Value::string("true"), Kind::Bool), Ok(Value::Bool(true)));
        assert!(convert(Value::string("yes"), Kind::Bool).unwrap_err().contains("true or false"));
    }
}
