//! Taking arguments as the types a function wants, with errors that say which one does not fit.

use std::sync::Arc;

use super::super::convert::{described, to_number, to_string};
use super::super::number::Number;
use super::super::scope::CallError;
use super::super::types::{Type, convert};
use super::super::value::{Fields, Value};
use super::context::{Called, FunctionContext};

/// The arguments of one call.
pub(super) struct Arguments<'a> {
    pub(super) values: &'a [Value],
    pub(super) context: &'a FunctionContext<'a>,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(values: &'a [Value], context: &'a FunctionContext<'a>) -> Self {
        Self { values, context }
    }

    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// The argument of that index; `null` where it is left out.
    pub(super) fn get(&self, index: usize) -> &'a Value {
        self.values.get(index).unwrap_or(&Value::Null)
    }

    /// An error about one argument.
    pub(super) fn wrong(index: usize, message: impl std::fmt::Display) -> CallError {
        CallError::new(format!("argument {} {message}", index + 1))
    }

    fn must_be(&self, index: usize, wanted: &str) -> CallError {
        Self::wrong(index, format!("must be {wanted}, but it is {}", described(self.get(index))))
    }

    pub(super) fn string(&self, index: usize) -> Called<Arc<str>> {
        to_string(self.get(index)).ok_or_else(|| self.must_be(index, "a string"))
    }

    pub(super) fn number(&self, index: usize) -> Called<Number> {
        to_number(self.get(index)).ok_or_else(|| self.must_be(index, "a number"))
    }

    pub(super) fn whole(&self, index: usize) -> Called<i64> {
        let number = self.number(index)?;
        number
            .as_i64()
            .ok_or_else(|| Self::wrong(index, format!("must be a whole number, but it is {number}")))
    }

    /// The elements of a list, a tuple or a set.
    pub(super) fn elements(&self, index: usize) -> Called<&'a [Value]> {
        self.get(index).as_elements().ok_or_else(|| self.must_be(index, "a list"))
    }

    /// The elements as those of one type; a tuple's are converted.
    pub(super) fn list(&self, index: usize) -> Called<Vec<Value>> {
        self.list_of(index, Type::Any)
    }

    pub(super) fn list_of(&self, index: usize, element: Type) -> Called<Vec<Value>> {
        let value = self.get(index);
        if !matches!(value, Value::Tuple(_) | Value::List(_) | Value::Set(_)) {
            return Err(self.must_be(index, "a list"));
        }
        match convert(value, &Type::List(Box::new(element))) {
            Ok(Value::List(elements)) => Ok(Arc::unwrap_or_clone(elements)),
            Ok(_) => Err(self.must_be(index, "a list")),
            Err(message) => Err(Self::wrong(index, format!("has an element that does not fit: {message}"))),
        }
    }

    /// The texts of a list; null is no text.
    pub(super) fn strings(&self, index: usize) -> Called<Vec<Arc<str>>> {
        let texts = self.elements(index)?.iter().enumerate().map(|(position, element)| {
            to_string(element).ok_or_else(|| {
                Self::wrong(
                    index,
                    format!("must hold strings, but its element {position} is {}", described(element)),
                )
            })
        });
        texts.collect()
    }

    /// The fields of a map or an object.
    pub(super) fn fields(&self, index: usize) -> Called<&'a Fields> {
        self.get(index).as_fields().ok_or_else(|| self.must_be(index, "a map or an object"))
    }
}

/// A list of strings.
pub(super) fn string_list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Value {
    Value::List(Arc::new(texts.into_iter().map(Value::string).collect()))
}

/// A list of values of one type.
pub(super) fn list(elements: Vec<Value>) -> Value {
    Value::List(Arc::new(elements))
}
