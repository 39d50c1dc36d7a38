//! Terraform's functions.
//!
//! One file a subject. Each function is a row of its file's table: how many arguments it takes, what it makes
//! of null, unknown and sensitive ones, and what it does. The rows state the rule, `call` applies it, so that
//! the functions themselves see plain values only.

mod arguments;
mod collection;
mod context;
mod csv;
mod date_time;
mod encoding;
mod filesystem;
pub(super) mod float_text;
mod format;
mod glob;
mod hash_crypto;
mod ip_network;
mod numeric;
mod regex;
mod rsa;
mod sequence;
mod set;
mod string;
#[cfg(test)]
mod tests;
mod type_conversion;
mod yaml_decode;
mod yaml_encode;

use std::collections::HashMap;
use std::sync::LazyLock;

use self::arguments::Arguments;
use self::context::Called;
pub use self::context::FunctionContext;
use super::scope::CallError;
use super::value::Value;

/// How a function takes what is special inside its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// It looks at everything in them: one unknown or sensitive part makes the whole result so.
    Read,
    /// It only moves the parts: they stay unknown or sensitive where they are.
    Moved,
    /// It answers for all of that itself, for the arguments as a whole too.
    Own,
}

/// One function.
struct Function {
    name: &'static str,
    /// The fewest and the most arguments.
    arity: (usize, usize),
    /// Whether an argument can be null.
    nulls: bool,
    inside: Inside,
    run: fn(&Arguments<'_>) -> Called,
}

/// As many arguments as there are.
const MANY: usize = usize::MAX;

impl Function {
    const fn new(name: &'static str, arity: (usize, usize), run: fn(&Arguments<'_>) -> Called) -> Self {
        Self { name, arity, nulls: false, inside: Inside::Read, run }
    }

    const fn moving(mut self) -> Self {
        self.inside = Inside::Moved;
        self
    }

    const fn own(mut self) -> Self {
        self.inside = Inside::Own;
        self
    }

    const fn with_nulls(mut self) -> Self {
        self.nulls = true;
        self
    }

    fn call(&self, values: &[Value], context: &FunctionContext<'_>) -> Called {
        let (fewest, most) = self.arity;
        if values.len() < fewest || values.len() > most {
            return Err(CallError::new(wrong_count(fewest, most, values.len())));
        }
        if !self.nulls
            && let Some(index) = values.iter().position(Value::is_null)
        {
            return Err(CallError::new(format!("argument {} must not be null", index + 1)));
        }
        if self.inside == Inside::Own {
            return (self.run)(&Arguments::new(values, context));
        }
        let read = self.inside == Inside::Read;
        let marked = values.iter().any(|value| match value {
            Value::Sensitive(_) => true,
            other => read && other.is_marked(),
        });
        let plain: Vec<Value>;
        let values = if marked {
            plain = values
                .iter()
                .map(|value| if read { value.unmarked_deep() } else { value.clone().unmarked().0 })
                .collect();
            &plain
        } else {
            values
        };
        let unknown = values.iter().any(|value| match value {
            Value::Unknown => true,
            other => read && !other.is_wholly_known(),
        });
        if unknown {
            return Ok(Value::Unknown.marked_if(marked));
        }
        Ok((self.run)(&Arguments::new(values, context))?.marked_if(marked))
    }
}

fn wrong_count(fewest: usize, most: usize, given: usize) -> String {
    let noun = |count: usize| if count == 1 { "argument" } else { "arguments" };
    if fewest == most {
        format!("it takes {fewest} {}, but {given} are given", noun(fewest))
    } else if most == MANY {
        format!("it takes at least {fewest} {}, but {given} are given", noun(fewest))
    } else {
        format!("it takes {fewest} to {most} arguments, but {given} are given")
    }
}

static TABLE: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let subjects = [
        collection::FUNCTIONS,
        date_time::FUNCTIONS,
        encoding::FUNCTIONS,
        filesystem::FUNCTIONS,
        format::FUNCTIONS,
        hash_crypto::FUNCTIONS,
        ip_network::FUNCTIONS,
        numeric::FUNCTIONS,
        regex::FUNCTIONS,
        sequence::FUNCTIONS,
        set::FUNCTIONS,
        string::FUNCTIONS,
        type_conversion::FUNCTIONS,
    ];
    subjects.into_iter().flatten().map(|function| (function.name, function)).collect()
});

static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut names: Vec<&'static str> = TABLE.keys().copied().chain(["can", "try"]).collect();
    names.sort_unstable();
    names
});

/// Calls a function, also by its name in `core::`; `None` where there is none of that name.
pub fn call(
    name: &str,
    arguments: &[Value],
    context: &FunctionContext<'_>,
) -> Option<Result<Value, CallError>> {
    let function = TABLE.get(name.strip_prefix("core::").unwrap_or(name))?;
    Some(function.call(arguments, context))
}

/// The value of a text with one YAML document, JSON among them, as `yamldecode` has it; or what is wrong with it.
pub fn decode_yaml(text: &str) -> Result<Value, String> {
    yaml_decode::decode(text)
}

/// The names of all functions, sorted; `try` and `can`, which the evaluator itself answers for, among them.
pub fn names() -> &'static [&'static str] {
    &NAMES
}

/// Whether calling it does nothing but give a value, the same one each time.
pub fn is_pure(name: &str) -> bool {
    let name = name.strip_prefix("core::").unwrap_or(name);
    let known = TABLE.contains_key(name) || matches!(name, "try" | "can");
    let reads = name.starts_with("file") || matches!(name, "templatefile" | "pathexpand" | "abspath");
    known && !reads && !matches!(name, "bcrypt" | "plantimestamp" | "timestamp" | "uuid")
}
