//! Functions on lists.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::budget::take;
use super::super::convert::{described, to_number};
use super::super::number::Number;
use super::super::scope::CallError;
use super::super::types::{Type, hashed, unify};
use super::super::value::Value;
use super::arguments::{Arguments, list};
use super::{Called, Function, MANY};

/// The most elements that `range` makes.
const MAX_RANGE: usize = 1024;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("chunklist", (2, 2), chunk).moving(),
    Function::new("compact", (1, 1), compact),
    Function::new("concat", (1, MANY), concat).moving(),
    Function::new("distinct", (1, 1), distinct),
    Function::new("element", (2, 2), element).moving(),
    Function::new("flatten", (1, 1), flatten).moving(),
    Function::new("index", (2, 2), index).with_nulls(),
    Function::new("matchkeys", (3, 3), match_keys),
    Function::new("range", (1, 3), range),
    Function::new("reverse", (1, 1), reverse).moving(),
    Function::new("slice", (3, 3), slice).moving(),
    Function::new("sort", (1, 1), sort),
    Function::new("sum", (1, 1), sum),
];

fn chunk(arguments: &Arguments<'_>) -> Called {
    let elements = arguments.list(0)?;
    let size =
        usize::try_from(arguments.whole(1)?).map_err(|_| Arguments::wrong(1, "must not be negative"))?;
    if elements.is_empty() {
        return Ok(list(Vec::new()));
    }
    let size = if size == 0 { elements.len() } else { size };
    Ok(list(elements.chunks(size).map(|chunk| list(chunk.to_vec())).collect()))
}

fn compact(arguments: &Arguments<'_>) -> Called {
    let elements = arguments.list_of(0, Type::String)?;
    Ok(list(
        elements.into_iter().filter(|element| !element.is_null() && element.as_str() != Some("")).collect(),
    ))
}

/// Lists of one type stay a list, everything else becomes a tuple.
fn concat(arguments: &Arguments<'_>) -> Called {
    let mut elements = Vec::new();
    let mut lists = true;
    for (index, value) in arguments.values.iter().enumerate() {
        lists &= matches!(value, Value::List(_));
        if matches!(value, Value::Set(_)) {
            return Err(Arguments::wrong(
                index,
                "must be a list, but it is a set; make a list of it with `tolist`",
            ));
        }
        elements.extend(arguments.elements(index)?.iter().cloned());
    }
    if !lists {
        return Ok(Value::Tuple(Arc::new(elements)));
    }
    let types: Vec<Type> = elements.iter().map(Type::of).collect();
    match unify(&types) {
        Some(element) => {
            let converted = elements.iter().map(|value| super::super::types::convert(value, &element));
            Ok(list(converted.collect::<Result<_, _>>().map_err(CallError::new)?))
        }
        None => Ok(Value::Tuple(Arc::new(elements))),
    }
}

fn distinct(arguments: &Arguments<'_>) -> Called {
    let mut kept: Vec<Value> = Vec::new();
    // By what stands for a value, which is the same for some that differ.
    let mut seen: HashMap<String, Vec<usize>> = HashMap::new();
    for element in arguments.list(0)? {
        let alike = seen.entry(hashed(&element)).or_default();
        take(alike.len() as u64)?;
        if alike.iter().all(|index| kept.get(*index) != Some(&element)) {
            alike.push(kept.len());
            kept.push(element);
        }
    }
    Ok(list(kept))
}

/// An index beyond the end goes round and round.
fn element(arguments: &Arguments<'_>) -> Called {
    let elements = arguments.elements(0)?;
    if matches!(arguments.get(0), Value::Set(_)) {
        return Err(Arguments::wrong(0, "must be a list, but it is a set; make a list of it with `tolist`"));
    }
    let index = arguments.whole(1)?;
    if index < 0 {
        return Err(Arguments::wrong(1, "must not be negative"));
    }
    let count = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Err(Arguments::wrong(0, "is an empty list, which has no elements"));
    }
    let found = usize::try_from(index.rem_euclid(count)).ok().and_then(|index| elements.get(index));
    found.cloned().ok_or_else(|| Arguments::wrong(1, "is not an index of the list"))
}

fn flatten(arguments: &Arguments<'_>) -> Called {
    let mut flat = Vec::new();
    let mut marked = false;
    arguments.elements(0)?;
    push_flat(arguments.get(0), &mut flat, &mut marked);
    Ok(Value::Tuple(Arc::new(flat)).marked_if(marked))
}

fn push_flat(value: &Value, flat: &mut Vec<Value>, marked: &mut bool) {
    match value {
        Value::Sensitive(inner) if inner.as_elements().is_some() => {
            *marked = true;
            push_flat(inner, flat, marked);
        }
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
            elements.iter().for_each(|element| push_flat(element, flat, marked));
        }
        other => flat.push(other.clone()),
    }
}

fn index(arguments: &Arguments<'_>) -> Called {
    let wanted = arguments.get(1);
    match arguments.elements(0)?.iter().position(|element| element == wanted) {
        Some(index) => Ok(Value::integer(i64::try_from(index).unwrap_or(i64::MAX))),
        None => Err(CallError::new("the list has no such element")),
    }
}

fn match_keys(arguments: &Arguments<'_>) -> Called {
    let (values, keys, wanted) = (arguments.list(0)?, arguments.list(1)?, arguments.list(2)?);
    if values.len() != keys.len() {
        return Err(CallError::new(format!("there are {} values, but {} keys", values.len(), keys.len())));
    }
    // Keys and wanted ones are compared as one type.
    let types: Vec<Type> = keys.iter().chain(&wanted).map(Type::of).collect();
    let element =
        unify(&types).ok_or_else(|| CallError::new("keys and wanted keys must have the same type"))?;
    let as_element = |value: &Value| super::super::types::convert(value, &element).map_err(CallError::new);
    let mut wanted_by_hash: HashMap<String, Vec<Value>> = HashMap::new();
    for value in &wanted {
        let value = as_element(value)?;
        wanted_by_hash.entry(hashed(&value)).or_default().push(value);
    }
    let mut matching = Vec::new();
    for (value, key) in values.into_iter().zip(&keys) {
        let key = as_element(key)?;
        let alike = wanted_by_hash.get(&hashed(&key)).map_or(&[][..], Vec::as_slice);
        take(alike.len() as u64)?;
        if alike.contains(&key) {
            matching.push(value);
        }
    }
    Ok(list(matching))
}

fn range(arguments: &Arguments<'_>) -> Called {
    let zero = Number::from(0);
    let (start, end) = match arguments.count() {
        1 => (zero.clone(), arguments.number(0)?),
        _ => (arguments.number(0)?, arguments.number(1)?),
    };
    let down = end < start;
    let step = match arguments.count() {
        3 => arguments.number(2)?,
        _ => Number::from(if down { -1 } else { 1 }),
    };
    if step == zero {
        return Err(CallError::new("the step must not be zero"));
    }
    if down != step.is_negative() && start != end {
        let needed = if down { "below" } else { "above" };
        return Err(CallError::new(format!("the step must be {needed} zero to get from {start} to {end}")));
    }
    let mut numbers = Vec::new();
    let mut next = start;
    while (next < end && !step.is_negative()) || (next > end && step.is_negative()) {
        if numbers.len() >= MAX_RANGE {
            return Err(CallError::new(format!("more than {MAX_RANGE} elements")));
        }
        let following = next.add(&step);
        numbers.push(Value::Number(std::mem::replace(&mut next, following)));
    }
    Ok(list(numbers))
}

fn reverse(arguments: &Arguments<'_>) -> Called {
    let reversed: Vec<Value> = arguments.elements(0)?.iter().rev().cloned().collect();
    Ok(match arguments.get(0) {
        Value::Tuple(_) => Value::Tuple(Arc::new(reversed)),
        _ => list(reversed),
    })
}

fn slice(arguments: &Arguments<'_>) -> Called {
    let elements = arguments.elements(0)?;
    if matches!(arguments.get(0), Value::Set(_)) {
        return Err(Arguments::wrong(0, "must be a list, but it is a set; make a list of it with `tolist`"));
    }
    let bound = |index: usize| -> Called<usize> {
        let bound = usize::try_from(arguments.whole(index)?)
            .map_err(|_| Arguments::wrong(index, "must not be negative"))?;
        if bound > elements.len() {
            return Err(Arguments::wrong(
                index,
                format!("must not be above the list's length, {}", elements.len()),
            ));
        }
        Ok(bound)
    };
    let (start, end) = (bound(1)?, bound(2)?);
    let Some(sliced) = elements.get(start..end) else {
        return Err(Arguments::wrong(1, "must not be above the end"));
    };
    Ok(match arguments.get(0) {
        Value::Tuple(_) => Value::Tuple(Arc::new(sliced.to_vec())),
        _ => list(sliced.to_vec()),
    })
}

fn sort(arguments: &Arguments<'_>) -> Called {
    let mut texts = arguments.strings(0)?;
    texts.sort();
    Ok(list(texts.into_iter().map(Value::String).collect()))
}

fn sum(arguments: &Arguments<'_>) -> Called {
    let elements = arguments.elements(0)?;
    if elements.is_empty() {
        return Err(Arguments::wrong(0, "must not be empty"));
    }
    let mut sum = Number::from(0);
    for (position, element) in elements.iter().enumerate() {
        let number = to_number(element).ok_or_else(|| {
            Arguments::wrong(
                0,
                format!("must hold numbers, but its element {position} is {}", described(element)),
            )
        })?;
        sum = sum.add(&number);
    }
    Ok(Value::Number(sum))
}
