//! How large a value may be.
//!
//! A few lines can ask for more than any machine has: a text that doubles from local to local, a list of lists of
//! lists. Each limit is far beyond what a configuration holds, and going over one is an error that says so. What all
//! values of an evaluation take together is counted in [`super::budget`].

use std::sync::Arc;

use super::value::{Fields, Value};

/// The longest text, in bytes: 64 MiB.
pub const MOST_TEXT: usize = 64 * 1024 * 1024;
/// The most values in one value, itself and everything in it counted.
pub const MOST_VALUES: usize = 2_000_000;
/// The most bytes of all texts in one value, as they would be written out: 256 MiB.
pub const MOST_TEXTS: usize = 256 * 1024 * 1024;
/// How deep lists and objects may stand in each other.
pub const MOST_LEVELS: usize = 1_000;
/// How deep evaluation may go, from local to local and from expression to expression.
pub const MOST_DEPTH: u32 = 20_000;

/// What is too large about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// Beyond [`MOST_TEXT`].
    #[error("the text has more than {} MiB", MOST_TEXT / 1024 / 1024)]
    Text,
    /// Beyond [`MOST_VALUES`].
    #[error("the value holds more than {MOST_VALUES} values")]
    Values,
    /// Beyond [`MOST_TEXTS`].
    #[error("the value holds more than {} MiB of text", MOST_TEXTS / 1024 / 1024)]
    Texts,
    /// Beyond [`MOST_LEVELS`].
    #[error("the value is nested more than {MOST_LEVELS} levels deep")]
    Levels,
}

/// How much a value is when it is written out: shared parts count wherever they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Itself and everything in it.
    pub values: usize,
    /// The bytes of all texts and keys.
    pub text: usize,
}

impl Weight {
    /// The steps of walking through it.
    pub fn steps(self) -> u64 {
        (self.values / 8 + self.text / 64) as u64
    }
}

/// Refuses a text of that many bytes where it is too long.
pub fn check_text(length: usize) -> Result<(), TooLarge> {
    if length > MOST_TEXT { Err(TooLarge::Text) } else { Ok(()) }
}

/// Refuses so many values where they are too many for one.
pub fn check_values(count: usize) -> Result<(), TooLarge> {
    if count > MOST_VALUES { Err(TooLarge::Values) } else { Ok(()) }
}

/// Refuses a value that is too large; its weight.
pub fn check(value: &Value) -> Result<Weight, TooLarge> {
    let mut weight = Weight::default();
    add(value, 0, &mut weight)?;
    Ok(weight)
}

/// Adds the weight of one more value, such as the next argument of a call.
pub fn weigh(value: &Value, weight: &mut Weight) -> Result<(), TooLarge> {
    add(value, 0, weight)
}

fn add(value: &Value, level: usize, weight: &mut Weight) -> Result<(), TooLarge> {
    weight.values += 1;
    if weight.values > MOST_VALUES {
        return Err(TooLarge::Values);
    }
    if level > MOST_LEVELS {
        return Err(TooLarge::Levels);
    }
    match value {
        Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => {
            check_text(text.len())?;
            add_text(text, weight)
        }
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
            elements.iter().try_for_each(|element| add(element, level + 1, weight))
        }
        Value::Object(fields) | Value::Map(fields) => fields.iter().try_for_each(|(key, element)| {
            add_text(key, weight)?;
            add(element, level + 1, weight)
        }),
        Value::Sensitive(inner) => add(inner, level, weight),
    }
}

fn add_text(text: &str, weight: &mut Weight) -> Result<(), TooLarge> {
    weight.text = weight.text.saturating_add(text.len());
    if weight.text > MOST_TEXTS { Err(TooLarge::Texts) } else { Ok(()) }
}

/// What one field takes beside its value: its place in the tree, and its key.
const FIELD: usize = 32;
/// What stands before the content of anything shared.
const SHARED: usize = 16;

/// The bytes of a list of so many elements.
pub fn list_bytes(elements: usize) -> usize {
    SHARED + elements.saturating_mul(size_of::<Value>())
}

/// The bytes of an object of so many fields, without their keys.
pub fn object_bytes(fields: usize) -> usize {
    SHARED + fields.saturating_mul(size_of::<Value>() + FIELD)
}

/// The bytes that were taken for a value that has just been made. What it shares with others was there before.
pub fn fresh_bytes(value: &Value) -> usize {
    let element_bytes = |elements: &Arc<Vec<Value>>| {
        let inside = elements.iter().map(fresh_bytes);
        inside.fold(list_bytes(elements.len()), usize::saturating_add)
    };
    let key_bytes = |key: &Arc<str>| if is_fresh(key) { SHARED + key.len() } else { 0 };
    let field_bytes = |fields: &Arc<Fields>| {
        let inside = fields.iter().map(|(key, value)| key_bytes(key) + fresh_bytes(value));
        inside.fold(object_bytes(fields.len()), usize::saturating_add)
    };
    match value {
        Value::String(text) if is_fresh(text) => SHARED + text.len(),
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) if is_fresh(elements) => {
            element_bytes(elements)
        }
        Value::Object(fields) | Value::Map(fields) if is_fresh(fields) => field_bytes(fields),
        Value::Sensitive(inner) if is_fresh(inner) => SHARED + size_of::<Value>() + fresh_bytes(inner),
        _ => 0,
    }
}

fn is_fresh<T: ?Sized>(shared: &Arc<T>) -> bool {
    Arc::strong_count(shared) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_parts_count_wherever_they_stand() {
        let mut value = Value::integer(1);
        for _ in 0..40 {
            value = Value::tuple([value.clone(), value]);
        }
        assert_eq!(check(&value), Err(TooLarge::Values));
        let mut value = Value::integer(1);
        for _ in 0..=MOST_LEVELS {
            value = Value::tuple([value]);
        }
        assert_eq!(check(&value), Err(TooLarge::Levels));
        assert_eq!(check(&Value::tuple([Value::integer(1)])), Ok(Weight { values: 2, text: 0 }));
        let text = Value::string("x".repeat(MOST_TEXT));
        assert_eq!(check(&Value::tuple([text.clone(), text.clone()])).map(|weight| weight.values), Ok(3));
        assert_eq!(check(&Value::tuple(vec![text; 5])), Err(TooLarge::Texts));
    }

    #[test]
    fn what_a_value_shares_with_others_was_there_before() {
        let text = Value::string("x".repeat(1_000));
        assert!(fresh_bytes(&text) >= 1_000);
        let shared = Value::tuple([text.clone(), text]);
        // The text is there twice, so nobody made it just now.
        assert_eq!(fresh_bytes(&shared), list_bytes(2));
        let made = Value::object([("a", Value::string("y".repeat(500))), ("b", shared.clone())]);
        let bytes = fresh_bytes(&made);
        assert!((500 + object_bytes(2)..700 + object_bytes(2)).contains(&bytes), "{bytes}");
        assert_eq!(fresh_bytes(&shared.clone()), 0);
    }
}
