//! Values: what expressions evaluate to.
//!
//! After cty's types as far as Terraform's language shows them: lists and tuples, maps and objects are told
//! apart because equality and some functions do. Cloning is cheap, collections are shared.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::number::Number;

/// The elements of an object or a map; iterated in the order of their keys, as HCL does.
pub type Fields = BTreeMap<Arc<str>, Value>;

/// One of the fields, null where there is none of the name.
pub fn field<'a>(fields: &'a Fields, name: &str) -> &'a Value {
    fields.get(name).unwrap_or(&Value::Null)
}

/// A value.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// Not known yet; whatever is computed from it is not known either.
    Unknown,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// A sequence of values of any types, as `[…]` makes it.
    Tuple(Arc<Vec<Value>>),
    /// A sequence of values of one type, as `tolist` makes it.
    List(Arc<Vec<Value>>),
    /// Distinct values of one type in cty's order, as `toset` makes it.
    Set(Arc<Vec<Value>>),
    /// Named values of any types, as `{…}` makes it.
    Object(Arc<Fields>),
    /// Named values of one type, as `tomap` makes it.
    Map(Arc<Fields>),
    /// A value that must not be shown; the mark goes on to whatever is computed from it.
    Sensitive(Arc<Value>),
}

/// The text in Unicode's composed form (NFC), in which texts that look the same are the same.
pub(super) fn normalized(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { ComposingNormalizerBorrowed::new_nfc().normalize(text) }
}

impl fmt::Debug for Value {
    /// As the derived one would be, except that what is sensitive is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Unknown => f.write_str("Unknown"),
            Self::Bool(truth) => f.debug_tuple("Bool").field(truth).finish(),
            Self::Number(number) => write!(f, "Number({number})"),
            Self::String(text) => f.debug_tuple("String").field(text).finish(),
            Self::Tuple(elements) => f.debug_tuple("Tuple").field(elements).finish(),
            Self::List(elements) => f.debug_tuple("List").field(elements).finish(),
            Self::Set(elements) => f.debug_tuple("Set").field(elements).finish(),
            Self::Object(fields) => f.debug_tuple("Object").field(fields).finish(),
            Self::Map(fields) => f.debug_tuple("Map").field(fields).finish(),
            Self::Sensitive(_) => f.write_str("Sensitive(…)"),
        }
    }
}

impl Value {
    /// A string, in Unicode's composed form, as all strings are in cty.
    pub fn string(text: impl AsRef<str>) -> Self {
        Self::String(Arc::from(normalized(text.as_ref())))
    }

    /// A whole number.
    pub fn integer(number: i64) -> Self {
        Self::Number(Number::from(number))
    }

    /// An object of the given fields.
    pub fn object<K: AsRef<str>>(fields: impl IntoIterator<Item = (K, Value)>) -> Self {
        let fields = fields.into_iter().map(|(key, value)| (Arc::from(normalized(key.as_ref())), value));
        Self::Object(Arc::new(fields.collect()))
    }

    /// A tuple of the given elements.
    pub fn tuple(elements: impl IntoIterator<Item = Value>) -> Self {
        Self::Tuple(Arc::new(elements.into_iter().collect()))
    }

    /// The text of a string, through a sensitive mark.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Sensitive(inner) => inner.as_str(),
            _ => None,
        }
    }

    /// The truth of a boolean, through a sensitive mark.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::Sensitive(inner) => inner.as_bool(),
            _ => None,
        }
    }

    /// The fields of an object or a map, through a sensitive mark.
    pub fn as_fields(&self) -> Option<&Fields> {
        match self {
            Self::Object(fields) | Self::Map(fields) => Some(fields),
            Self::Sensitive(inner) => inner.as_fields(),
            _ => None,
        }
    }

    /// The elements of a tuple, a list or a set, through a sensitive mark.
    pub fn as_elements(&self) -> Option<&[Value]> {
        match self {
            Self::Tuple(elements) | Self::List(elements) | Self::Set(elements) => Some(elements),
            Self::Sensitive(inner) => inner.as_elements(),
            _ => None,
        }
    }

    /// One field of an object or a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_fields()?.get(key)
    }

    /// Whether it is `null`, through a sensitive mark.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Sensitive(inner) => inner.is_null(),
            _ => false,
        }
    }

    /// Whether nothing in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::Tuple(elements) | Self::List(elements) | Self::Set(elements) => {
                elements.iter().all(Self::is_wholly_known)
            }
            Self::Object(fields) | Self::Map(fields) => fields.values().all(Self::is_wholly_known),
            Self::Sensitive(inner) => inner.is_wholly_known(),
        }
    }

    /// Whether it or anything in it carries a sensitive mark.
    pub fn is_marked(&self) -> bool {
        match self {
            Self::Sensitive(_) => true,
            Self::Null | Self::Unknown | Self::Bool(_) | Self::Number(_) | Self::String(_) => false,
            Self::Tuple(elements) | Self::List(elements) | Self::Set(elements) => {
                elements.iter().any(Self::is_marked)
            }
            Self::Object(fields) | Self::Map(fields) => fields.values().any(Self::is_marked),
        }
    }

    /// The value without its own mark, and whether it had one; marks inside it stay.
    #[must_use]
    pub fn unmarked(self) -> (Self, bool) {
        let mut value = self;
        let mut marked = false;
        while let Self::Sensitive(inner) = value {
            marked = true;
            value = Arc::unwrap_or_clone(inner);
        }
        (value, marked)
    }

    /// The value without any mark on it or in it.
    #[must_use]
    pub fn unmarked_deep(&self) -> Self {
        if !self.is_marked() {
            return self.clone();
        }
        let all = |elements: &[Self]| Arc::new(elements.iter().map(Self::unmarked_deep).collect());
        let each = |fields: &Fields| {
            Arc::new(fields.iter().map(|(key, value)| (Arc::clone(key), value.unmarked_deep())).collect())
        };
        match self {
            Self::Sensitive(inner) => inner.unmarked_deep(),
            Self::Tuple(elements) => Self::Tuple(all(elements)),
            Self::List(elements) => Self::List(all(elements)),
            Self::Set(elements) => Self::Set(all(elements)),
            Self::Object(fields) => Self::Object(each(fields)),
            Self::Map(fields) => Self::Map(each(fields)),
            plain => plain.clone(),
        }
    }

    /// The value with a sensitive mark where `marked`; never two of them.
    #[must_use]
    pub fn marked_if(self, marked: bool) -> Self {
        match self {
            already @ Self::Sensitive(_) => already,
            plain if marked => Self::Sensitive(Arc::new(plain)),
            plain => plain,
        }
    }

    /// The name of the type as messages use it: `string`, `list`, `object`, ….
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown => "unknown",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Tuple(_) => "tuple",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Object(_) => "object",
            Self::Map(_) => "map",
            Self::Sensitive(inner) => inner.type_name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_values_are_not_shown() {
        let value = Value::object([("password", Value::string("s3cret").marked_if(true))]);
        assert_eq!(format!("{value:?}"), "Object({\"password\": Sensitive(…)})");
    }
}
