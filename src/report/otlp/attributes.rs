//! Attributes as OTLP writes them in JSON.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::report::model::Summary;

/// A text.
pub fn text(value: &str) -> Value {
    json!({ "stringValue": value })
}

/// A whole number, which stands in quotes: JSON's own numbers hold no 64 bits.
pub fn whole(value: impl Display) -> Value {
    json!({ "intValue": value.to_string() })
}

/// Those that are known.
pub fn attributes<'a>(known: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Vec<Value> {
    let known = known.into_iter().filter_map(|(key, value)| Some(json!({ "key": key, "value": value? })));
    known.collect()
}

/// The moment of a second of a run, in nanoseconds since 1970.
pub fn moment(summary: &Summary, second: f64) -> String {
    summary.moment(second).map_or(0, jiff::Timestamp::as_nanosecond).to_string()
}
