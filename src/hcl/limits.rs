//! How much an expression may make.
//!
//! A few lines can ask for more than any machine has: a text that doubles from local to local, a list of lists of
//! lists. Each limit is far beyond what a configuration holds, and going over one is an error that says so.

use super::value::Value;

/// The longest text, in bytes: 64 MiB.
pub const MOST_TEXT: usize = 64 * 1024 * 1024;
/// The most values in one value, itself and everything in it counted.
pub const MOST_VALUES: usize = 2_000_000;
/// How deep lists and objects may stand in each other.
pub const MOST_LEVELS: usize = 1_000;
/// The most steps of one evaluation: an operation, a call, a round of a `for`.
pub const MOST_STEPS: u64 = 5_000_000;
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
    /// Beyond [`MOST_LEVELS`].
    #[error("the value is nested more than {MOST_LEVELS} levels deep")]
    Levels,
}

/// Refuses a text of that many bytes where it is too long.
pub fn check_text(length: usize) -> Result<(), TooLarge> {
    if length > MOST_TEXT { Err(TooLarge::Text) } else { Ok(()) }
}

/// Refuses a value that is too large. Shared parts count wherever they stand, as they would be written out.
pub fn check(value: &Value) -> Result<(), TooLarge> {
    if let Value::String(text) = value {
        return check_text(text.len());
    }
    let mut left = MOST_VALUES;
    weigh(value, 0, &mut left)
}

fn weigh(value: &Value, level: usize, left: &mut usize) -> Result<(), TooLarge> {
    *left = left.checked_sub(1).ok_or(TooLarge::Values)?;
    if level > MOST_LEVELS {
        return Err(TooLarge::Levels);
    }
    match value {
        Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
            elements.iter().try_for_each(|element| weigh(element, level + 1, left))
        }
        Value::Object(fields) | Value::Map(fields) => {
            fields.values().try_for_each(|element| weigh(element, level + 1, left))
        }
        Value::Sensitive(inner) => weigh(inner, level, left),
    }
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
        assert_eq!(check(&Value::tuple([Value::integer(1)])), Ok(()));
    }
}
