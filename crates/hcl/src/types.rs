//! Types of values, which of them go together, and conversions between them, after cty.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::convert::{to_bool, to_number, to_string};
use super::functions::float_text;
use super::value::{Fields, Value};

/// A type. Values carry none: an empty list's elements, `null` and what is unknown are of any type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Any,
    Bool,
    Number,
    String,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(BTreeMap<Arc<str>, Type>),
}

impl Type {
    /// The type of a value.
    pub(super) fn of(value: &Value) -> Self {
        let element = |elements: &[Value]| {
            let types: Vec<_> = elements.iter().map(Self::of).collect();
            Box::new(unify(&types).unwrap_or(Self::Any))
        };
        match value {
            Value::Null | Value::Unknown => Self::Any,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::List(elements) => Self::List(element(elements)),
            Value::Set(elements) => Self::Set(element(elements)),
            Value::Map(fields) => {
                let types: Vec<_> = fields.values().map(Self::of).collect();
                Self::Map(Box::new(unify(&types).unwrap_or(Self::Any)))
            }
            Value::Tuple(elements) => Self::Tuple(elements.iter().map(Self::of).collect()),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(key, value)| (Arc::clone(key), Self::of(value))).collect())
            }
            Value::Sensitive(inner) => Self::of(inner),
        }
    }

    /// As messages name it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Any => "any type",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::String => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Tuple(_) => "tuple",
            Self::Object(_) => "object",
        }
    }
}

/// The type that values of all these types can be converted to, where there is one.
pub(super) fn unify(types: &[Type]) -> Option<Type> {
    let mut unified = Type::Any;
    for other in types {
        unified = unify_two(unified, other)?;
    }
    Some(unified)
}

fn unify_two(one: Type, other: &Type) -> Option<Type> {
    Some(match (one, other) {
        (Type::Any, other) => other.clone(),
        (one, Type::Any) => one,
        (one, other) if one == *other => one,
        (Type::String, Type::Number | Type::Bool) | (Type::Number | Type::Bool, Type::String) => Type::String,
        (Type::List(one), Type::List(other) | Type::Set(other)) | (Type::Set(one), Type::List(other)) => {
            Type::List(Box::new(unify_two(*one, other)?))
        }
        (Type::Set(one), Type::Set(other)) => Type::Set(Box::new(unify_two(*one, other)?)),
        (Type::Map(one), Type::Map(other)) => Type::Map(Box::new(unify_two(*one, other)?)),
        (Type::Tuple(one), Type::Tuple(other)) if one.len() == other.len() => {
            let pairs = one.into_iter().zip(other).map(|(one, other)| unify_two(one, other));
            Type::Tuple(pairs.collect::<Option<_>>()?)
        }
        (Type::Tuple(one), Type::Tuple(other)) => {
            let all: Vec<_> = one.into_iter().chain(other.iter().cloned()).collect();
            Type::List(Box::new(unify(&all)?))
        }
        (Type::Tuple(elements), Type::List(element) | Type::Set(element)) => {
            Type::List(Box::new(unify_two(unify(&elements)?, element)?))
        }
        (Type::List(element) | Type::Set(element), Type::Tuple(elements)) => {
            Type::List(Box::new(unify_two(*element, &unify(elements)?)?))
        }
        (Type::Object(one), Type::Object(other)) if one.keys().eq(other.keys()) => {
            let pairs = one.into_iter().zip(other.values());
            Type::Object(
                pairs
                    .map(|((key, one), other)| Some((key, unify_two(one, other)?)))
                    .collect::<Option<_>>()?,
            )
        }
        (Type::Object(one), Type::Object(other)) => {
            let all: Vec<_> = one.into_values().chain(other.values().cloned()).collect();
            Type::Map(Box::new(unify(&all)?))
        }
        (Type::Object(fields), Type::Map(element)) => {
            let all: Vec<_> = fields.into_values().collect();
            Type::Map(Box::new(unify_two(unify(&all)?, element)?))
        }
        (Type::Map(element), Type::Object(fields)) => {
            let all: Vec<_> = fields.values().cloned().collect();
            Type::Map(Box::new(unify_two(*element, &unify(&all)?)?))
        }
        _ => return None,
    })
}

/// The value as one of the given type; the error says what stands in the way.
pub(super) fn convert(value: &Value, wanted: &Type) -> Result<Value, String> {
    if let Value::Sensitive(inner) = value {
        return convert(inner, wanted).map(|inner| Value::Sensitive(Arc::new(inner)));
    }
    if matches!(value, Value::Null | Value::Unknown) {
        return Ok(value.clone());
    }
    let refused = || format!("{} required, but this is {}", wanted.name(), super::convert::described(value));
    match wanted {
        Type::Any => Ok(value.clone()),
        Type::String => to_string(value).map(Value::String).ok_or_else(refused),
        Type::Number => to_number(value).map(Value::Number).ok_or_else(refused),
        Type::Bool => to_bool(value).map(Value::Bool).ok_or_else(refused),
        Type::List(element) => {
            let elements = value.as_elements().ok_or_else(refused)?;
            Ok(Value::List(Arc::new(convert_elements(elements, element)?)))
        }
        Type::Set(element) => {
            let elements = value.as_elements().ok_or_else(refused)?;
            Ok(set_of(convert_elements(elements, element)?))
        }
        Type::Tuple(types) => {
            let elements =
                value.as_elements().filter(|elements| elements.len() == types.len()).ok_or_else(refused)?;
            let converted = elements.iter().zip(types).map(|(element, wanted)| convert(element, wanted));
            Ok(Value::Tuple(Arc::new(converted.collect::<Result<_, _>>()?)))
        }
        Type::Map(element) => {
            let fields = value.as_fields().ok_or_else(refused)?;
            let element = match &**element {
                Type::Any => unify(&fields.values().map(Type::of).collect::<Vec<_>>())
                    .ok_or("all elements of a map must have the same type")?,
                known => known.clone(),
            };
            let converted =
                fields.iter().map(|(key, value)| Ok((Arc::clone(key), convert(value, &element)?)));
            Ok(Value::Map(Arc::new(converted.collect::<Result<Fields, String>>()?)))
        }
        Type::Object(types) => {
            let fields = value.as_fields().ok_or_else(refused)?;
            let converted = types.iter().map(|(key, wanted)| {
                let value = fields.get(key).ok_or_else(|| format!("attribute `{key}` is required"))?;
                Ok((Arc::clone(key), convert(value, wanted)?))
            });
            Ok(Value::Object(Arc::new(converted.collect::<Result<Fields, String>>()?)))
        }
    }
}

fn convert_elements(elements: &[Value], element: &Type) -> Result<Vec<Value>, String> {
    let element = match element {
        Type::Any => unify(&elements.iter().map(Type::of).collect::<Vec<_>>())
            .ok_or("all elements of a list must have the same type")?,
        known => known.clone(),
    };
    elements.iter().map(|value| convert(value, &element)).collect()
}

/// The elements as a set: one of each, in cty's order.
pub(super) fn set_of(elements: Vec<Value>) -> Value {
    let mut sensitive = false;
    let plain: Vec<Value> = elements
        .into_iter()
        .map(|element| {
            sensitive |= element.is_marked();
            element.unmarked_deep()
        })
        .collect();
    let keys: BTreeSet<OrderedValue> = plain.into_iter().map(OrderedValue::new).collect();
    let set = Value::Set(Arc::new(keys.into_iter().map(|key| key.value).collect()));
    if sensitive { Value::Sensitive(Arc::new(set)) } else { set }
}

/// A value in the order that cty gives the elements of sets: primitive ones by what they are, others by the text
/// that cty hashes.
struct OrderedValue {
    value: Value,
    hashed: Option<String>,
}

impl OrderedValue {
    fn new(value: Value) -> Self {
        let compound = value.as_elements().is_some() || value.as_fields().is_some();
        let hashed = compound.then(|| hashed(&value));
        Self { value, hashed }
    }
}

impl PartialEq for OrderedValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for OrderedValue {}

impl PartialOrd for OrderedValue {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OrderedValue {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let hashed = match (&self.hashed, &other.hashed) {
            (Some(one), Some(other)) => one.cmp(other),
            _ => std::cmp::Ordering::Equal,
        };
        hashed.then_with(|| order(&self.value, &other.value))
    }
}

/// What cty makes of a value to find it in a set: the same for values that are equal, and for few others.
pub(super) fn hashed(value: &Value) -> String {
    let mut text = String::new();
    push_hashed(value, &mut text);
    text
}

fn push_hashed(value: &Value, text: &mut String) {
    let mut all =
        |open: char, close: char, elements: &mut dyn Iterator<Item = (Option<&Arc<str>>, &Value)>| {
            text.push(open);
            for (key, element) in elements {
                if let Some(key) = key {
                    text.push_str(&quoted(key));
                    text.push(':');
                }
                push_hashed(element, text);
                text.push(';');
            }
            text.push(close);
        };
    match value {
        Value::Null => text.push('~'),
        Value::Unknown => text.push('?'),
        Value::Bool(truth) => text.push(if *truth { 'T' } else { 'F' }),
        Value::Number(number) => text.push_str(&float_text::general(number, Some(10))),
        Value::String(string) => text.push_str(&quoted(string)),
        Value::List(elements) | Value::Set(elements) => {
            all('[', ']', &mut elements.iter().map(|element| (None, element)));
        }
        Value::Tuple(elements) => all('<', '>', &mut elements.iter().map(|element| (None, element))),
        Value::Map(fields) => all('{', '}', &mut fields.iter().map(|(key, element)| (Some(key), element))),
        Value::Object(fields) => all('<', '>', &mut fields.values().map(|element| (None, element))),
        Value::Sensitive(inner) => push_hashed(inner, text),
    }
}

/// A string as Go quotes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                quoted.extend(format!("\\x{:02x}", u32::from(control)).chars());
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// Strings by their bytes, numbers by size, false before true; null and unknown last; other values by what
/// they hold, which is stable although cty orders them by their hash.
pub(super) fn order(one: &Value, other: &Value) -> std::cmp::Ordering {
    let rank = |value: &Value| match value {
        Value::Bool(_) => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Tuple(_) | Value::List(_) | Value::Set(_) => 3,
        Value::Object(_) | Value::Map(_) => 4,
        Value::Sensitive(_) => 5,
        Value::Null => 6,
        Value::Unknown => 7,
    };
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => one.cmp(other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Sensitive(one), Value::Sensitive(other)) => order(one, other),
        _ => match (one.as_elements(), other.as_elements(), one.as_fields(), other.as_fields()) {
            (Some(one), Some(other), ..) => {
                let mut each = one.iter().zip(other).map(|(one, other)| order(one, other));
                each.find(|order| order.is_ne()).unwrap_or_else(|| one.len().cmp(&other.len()))
            }
            (_, _, Some(one), Some(other)) => {
                let mut each = one
                    .iter()
                    .zip(other)
                    .map(|(one, other)| one.0.cmp(other.0).then_with(|| order(one.1, other.1)));
                each.find(|order| order.is_ne()).unwrap_or_else(|| one.len().cmp(&other.len()))
            }
            _ => rank(one).cmp(&rank(other)),
        },
    }
}
