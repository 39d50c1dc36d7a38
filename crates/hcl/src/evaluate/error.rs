//! What an evaluation answers, and how mistakes come together.

use super::super::diagnostic::Diagnostic;
use super::super::value::Value;

/// A value, or what is wrong.
pub(super) type Evaluated<T = Value> = Result<T, Box<Diagnostic>>;

/// Adds a mistake to those found before it.
pub(super) fn note(found: &mut Option<Box<Diagnostic>>, further: Box<Diagnostic>) {
    *found = Some(match found.take() {
        None => further,
        Some(first) => Box::new(first.and(*further)),
    });
}

/// The error as a result.
pub(super) fn fail<T>(error: Diagnostic) -> Evaluated<T> {
    Err(Box::new(error))
}
