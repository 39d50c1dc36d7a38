//! Outputs, as `output -json` and states write them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use slipway_hcl::json::{NumberTooLong, from_json};
use slipway_hcl::value::Value;

/// The outputs of one unit by name.
pub type Outputs = BTreeMap<Arc<str>, Value>;

/// One output, in the answer of `output -json` as in a state.
#[derive(Deserialize)]
pub struct Output {
    value: serde_json::Value,
    #[serde(default)]
    sensitive: bool,
}

/// Why outputs cannot be taken over. Their values are left out: they may be secrets.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OutputsError {
    /// They are not written as both tools write them.
    #[error("it is not as the tools write it: {what} at line {line}, column {column}")]
    Syntax {
        /// What is wrong, in a few words.
        what: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The file that they are in cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// One of them holds what no value can hold.
    #[error("the output \"{name}\" holds {cause}")]
    Value {
        /// The output.
        name: String,
        /// Why.
        cause: NumberTooLong,
    },
}

/// Outputs as values; what is sensitive is marked.
pub(super) fn to_outputs(outputs: BTreeMap<String, Output>) -> Result<Outputs, OutputsError> {
    let read = |(name, output): (String, Output)| {
        let value = match from_json(&output.value) {
            Ok(value) => value,
            Err(cause) => return Err(OutputsError::Value { name, cause }),
        };
        Ok((Arc::from(name.as_str()), value.marked_if(output.sensitive)))
    };
    outputs.into_iter().map(read).collect()
}

/// The object in an answer: what a tool prints before it is left out, such as an `init` that had to run first, and warnings
/// of the user's own settings.
pub fn object_in(answer: &str) -> &str {
    let mut rest = answer;
    while !rest.is_empty() && !rest.starts_with('{') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest
}

/// Reads the answer of `output -json`: an object of `{value, type, sensitive}` by name.
pub fn parse_outputs(text: &str) -> Result<Outputs, OutputsError> {
    // Without an object the place of the error is that of the answer.
    let object = Some(object_in(text)).filter(|object| !object.is_empty()).unwrap_or(text);
    let outputs = serde_json::from_str(object).map_err(|error: serde_json::Error| OutputsError::Syntax {
        what: if error.is_data() { "something else" } else { "no JSON" },
        line: error.line(),
        column: error.column(),
    })?;
    to_outputs(outputs)
}
