//! One thing that may be typed next.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;

use crate::support::shown;

/// The values that begin as what is typed, in their order, each with a word on it. A value that a terminal would obey, or
/// that nobody could read, is left out: names of files and branches come from anybody.
pub fn starting(
    current: &OsStr,
    values: impl IntoIterator<Item = (String, String)>,
) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else { return Vec::new() };
    let values = values.into_iter().filter(|(value, _)| value.starts_with(current) && is_plain(value));
    values.map(|(value, help)| candidate(value, &help)).collect()
}

/// A value with a word on it.
pub fn candidate(value: String, help: &str) -> CompletionCandidate {
    let help = (!help.is_empty()).then(|| shown::name(help).into_owned().into());
    CompletionCandidate::new(value).help(help)
}

/// Whether a value is seen as it is.
pub fn is_plain(value: &str) -> bool {
    !value.chars().any(shown::is_hidden)
}
