//! Functions on maps and objects, and on collections of any kind.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::super::convert::{described, to_bool, to_string};
use super::super::scope::CallError;
use super::super::types::{Type, convert, unify};
use super::super::value::{Fields, Value};
use super::arguments::{Arguments, list, string_list};
use super::string::take_letters;
use super::{Called, Function, MANY};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("alltrue", (1, 1), |arguments| all_or_any(arguments, true)).moving(),
    Function::new("anytrue", (1, 1), |arguments| all_or_any(arguments, false)).moving(),
    Function::new("coalesce", (1, MANY), coalesce).with_nulls().moving(),
    Function::new("coalescelist", (1, MANY), coalesce_list).moving(),
    Function::new("contains", (2, 2), contains),
    Function::new("keys", (1, 1), keys).moving(),
    Function::new("length", (1, 1), length).moving(),
    Function::new("lookup", (2, 3), lookup).with_nulls().moving(),
    Function::new("merge", (0, MANY), merge).with_nulls().moving(),
    Function::new("one", (1, 1), one).moving(),
    Function::new("transpose", (1, 1), transpose),
    Function::new("values", (1, 1), values).moving(),
    Function::new("zipmap", (2, 2), zipmap).moving(),
];

/// What is not known leaves the answer open only where nothing else decides it; null counts as false.
fn all_or_any(arguments: &Arguments<'_>, all: bool) -> Called {
    let mut unknown = false;
    let mut marked = false;
    for (position, element) in arguments.elements(0)?.iter().enumerate() {
        let (element, element_marked) = element.clone().unmarked();
        marked |= element_marked;
        let truth = match element {
            Value::Unknown => {
                unknown = true;
                continue;
            }
            Value::Null => false,
            known => to_bool(&known).ok_or_else(|| {
                let what = described(&known);
                Arguments::wrong(0, format!("must hold true and false, but its element {position} is {what}"))
            })?,
        };
        if truth != all {
            return Ok(Value::Bool(truth).marked_if(marked));
        }
    }
    Ok(if unknown { Value::Unknown } else { Value::Bool(all) }.marked_if(marked))
}

fn coalesce(arguments: &Arguments<'_>) -> Called {
    let types: Vec<Type> = arguments.values.iter().map(Type::of).collect();
    let wanted = unify(&types).ok_or_else(|| CallError::new("all arguments must have the same type"))?;
    for value in arguments.values {
        if value.is_null() || (wanted == Type::String && value.as_str() == Some("")) {
            continue;
        }
        return convert(value, &wanted).map_err(CallError::new);
    }
    Err(CallError::new("all arguments are null or empty"))
}

fn coalesce_list(arguments: &Arguments<'_>) -> Called {
    for (index, value) in arguments.values.iter().enumerate() {
        if !arguments.elements(index)?.is_empty() {
            return Ok(value.clone());
        }
    }
    Err(CallError::new("all lists are empty"))
}

fn contains(arguments: &Arguments<'_>) -> Called {
    let wanted = arguments.get(1);
    Ok(Value::Bool(arguments.elements(0)?.contains(wanted)))
}

fn keys(arguments: &Arguments<'_>) -> Called {
    let keys = arguments.fields(0)?.keys();
    Ok(match arguments.get(0) {
        Value::Object(_) => Value::tuple(keys.map(|key| Value::String(Arc::clone(key)))),
        _ => list(keys.map(|key| Value::String(Arc::clone(key))).collect()),
    })
}

fn values(arguments: &Arguments<'_>) -> Called {
    let values = arguments.fields(0)?.values().cloned();
    Ok(match arguments.get(0) {
        Value::Object(_) => Value::tuple(values),
        _ => list(values.collect()),
    })
}

fn length(arguments: &Arguments<'_>) -> Called {
    let value = arguments.get(0);
    let count = match value {
        Value::String(text) => {
            take_letters(text)?;
            text.graphemes(true).count()
        }
        _ => match (value.as_elements(), value.as_fields()) {
            (Some(elements), _) => elements.len(),
            (_, Some(fields)) => fields.len(),
            _ => {
                return Err(Arguments::wrong(
                    0,
                    format!("must be a string or a collection, but it is {}", described(value)),
                ));
            }
        },
    };
    Ok(Value::integer(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn lookup(arguments: &Arguments<'_>) -> Called {
    let fields = arguments.fields(0)?;
    let key = arguments.string(1)?;
    if let Some(value) = fields.get(&*key) {
        return Ok(value.clone());
    }
    if arguments.count() < 3 {
        return Err(CallError::new(format!("there is no key `{key}`, and no default is given")));
    }
    let default = arguments.get(2);
    match arguments.get(0) {
        // A map's elements are of one type, and so is what stands for one.
        Value::Map(fields) if !fields.is_empty() => {
            let types: Vec<Type> = fields.values().map(Type::of).collect();
            let element = unify(&types).unwrap_or(Type::Any);
            convert(default, &element)
                .map_err(|message| Arguments::wrong(2, format!("does not fit the map: {message}")))
        }
        _ => Ok(default.clone()),
    }
}

/// Later arguments win; null ones count as empty.
fn merge(arguments: &Arguments<'_>) -> Called {
    let mut merged = Fields::new();
    let mut maps = true;
    let mut marked = false;
    for (index, value) in arguments.values.iter().enumerate() {
        if value.is_null() {
            continue;
        }
        let (plain, value_marked) = value.clone().unmarked();
        marked |= value_marked;
        maps &= matches!(plain, Value::Map(_));
        arguments.fields(index)?;
        match plain {
            Value::Object(fields) | Value::Map(fields) if merged.is_empty() => {
                merged = Arc::unwrap_or_clone(fields);
            }
            Value::Object(fields) | Value::Map(fields) => {
                merged.extend(fields.iter().map(|(key, value)| (Arc::clone(key), value.clone())));
            }
            _ => {}
        }
    }
    let object = Value::Object(Arc::new(merged));
    if !maps || arguments.values.iter().all(Value::is_null) {
        return Ok(object.marked_if(marked));
    }
    // Maps of one type give a map, others an object.
    Ok(convert(&object, &Type::Map(Box::new(Type::Any))).unwrap_or(object).marked_if(marked))
}

fn one(arguments: &Arguments<'_>) -> Called {
    match arguments.elements(0)? {
        [] => Ok(Value::Null),
        [single] => Ok(single.clone()),
        more => {
            Err(Arguments::wrong(0, format!("must have no more than one element, but it has {}", more.len())))
        }
    }
}

fn transpose(arguments: &Arguments<'_>) -> Called {
    let mut transposed: std::collections::BTreeMap<Arc<str>, Vec<Arc<str>>> =
        std::collections::BTreeMap::new();
    for (key, value) in arguments.fields(0)? {
        let elements =
            value.as_elements().ok_or_else(|| Arguments::wrong(0, "must be a map of lists of strings"))?;
        for element in elements {
            let text =
                to_string(element).ok_or_else(|| Arguments::wrong(0, "must be a map of lists of strings"))?;
            transposed.entry(text).or_default().push(Arc::clone(key));
        }
    }
    let fields = transposed.into_iter().map(|(key, keys)| (key, string_list(keys)));
    Ok(Value::Map(Arc::new(fields.collect())))
}

fn zipmap(arguments: &Arguments<'_>) -> Called {
    let keys = arguments.strings(0)?;
    let values = arguments.elements(1)?;
    if keys.len() != values.len() {
        let message = format!("there are {} keys, but {} values", keys.len(), values.len());
        return Err(CallError::new(message));
    }
    let fields = Arc::new(keys.into_iter().zip(values.iter().cloned()).collect());
    Ok(match arguments.get(1) {
        Value::Tuple(_) => Value::Object(fields),
        _ => Value::Map(fields),
    })
}
