//! Values of attributes as what they mean.

use std::time::Duration;

use crate::hcl::value::{Fields, Value};

/// `90s`, `20m`, `1h 30m`.
pub fn duration(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok().and_then(|duration| duration.try_into().ok())
}

/// A string that is set and not empty.
pub(super) fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}
