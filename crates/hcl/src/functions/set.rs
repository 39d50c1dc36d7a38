//! Functions on sets.

use std::sync::Arc;

use super::super::limits::{MOST_VALUES, TooLarge};
use super::super::scope::CallError;
use super::super::types::{Type, convert, order, set_of, unify};
use super::super::value::Value;
use super::arguments::{Arguments, list};
use super::{Called, Function, MANY};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("setintersection", (1, MANY), |arguments| {
        combined(arguments, |result, next| result.retain(|value| is_in(value, next)))
    }),
    Function::new("setproduct", (2, MANY), product).moving(),
    Function::new("setsubtract", (2, 2), |arguments| {
        combined(arguments, |result, next| result.retain(|value| !is_in(value, next)))
    }),
    Function::new("setunion", (1, MANY), |arguments| combined(arguments, Vec::extend_from_slice)),
];

/// Whether a value is among others that are in order.
fn is_in(value: &Value, sorted: &[Value]) -> bool {
    sorted.binary_search_by(|other| order(other, value)).is_ok()
}

/// All arguments as elements of one type, combined one after the other.
fn combined(arguments: &Arguments<'_>, combine: fn(&mut Vec<Value>, &[Value])) -> Called {
    let mut types = Vec::new();
    for index in 0..arguments.count() {
        types.extend(arguments.elements(index)?.iter().map(Type::of));
    }
    let element = unify(&types).ok_or_else(|| CallError::new("all elements must have the same type"))?;
    let mut result: Option<Vec<Value>> = None;
    for index in 0..arguments.count() {
        let elements = arguments.elements(index)?.iter().map(|value| convert(value, &element));
        let elements = elements.collect::<Result<Vec<_>, _>>().map_err(CallError::new)?;
        match &mut result {
            None => result = Some(elements),
            Some(result) => {
                let mut sorted = elements;
                sorted.sort_by(order);
                combine(result, &sorted);
            }
        }
    }
    Ok(set_of(result.unwrap_or_default()))
}

/// Every way to take one element of each; in order where a list is among the arguments, and then a list.
fn product(arguments: &Arguments<'_>) -> Called {
    let ordered = arguments.values.iter().any(|value| !matches!(value, Value::Set(_)));
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for index in 0..arguments.count() {
        let elements = arguments.list(index)?;
        if rows.len().saturating_mul(elements.len()).saturating_mul(index + 2) > MOST_VALUES {
            return Err(TooLarge::Values.into());
        }
        rows = rows
            .iter()
            .flat_map(|row| {
                elements.iter().map(move |element| row.iter().cloned().chain([element.clone()]).collect())
            })
            .collect();
    }
    let tuples: Vec<Value> = rows.into_iter().map(|row| Value::Tuple(Arc::new(row))).collect();
    Ok(if ordered { list(tuples) } else { set_of(tuples) })
}
