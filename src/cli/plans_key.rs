//! The key that saved plans are sealed with.

use crate::launch::CommandError;
use crate::pipeline::sealed::{KEY, SHORTEST_KEY};
use crate::support::secret::Secret;

/// The key, out of the environment; none where it is not set.
pub fn plans_key() -> Result<Option<Secret>, CommandError> {
    match std::env::var(KEY) {
        Ok(key) if key.len() >= SHORTEST_KEY => Ok(Some(Secret::new(key))),
        Ok(key) if !key.is_empty() => Err(CommandError::usage(
            format!("{KEY} is shorter than {SHORTEST_KEY} characters"),
            "make one with `openssl rand -base64 32`",
        )),
        _ => Ok(None),
    }
}
