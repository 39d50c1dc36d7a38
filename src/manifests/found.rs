//! What is known of a kind, wherever it was looked for.

use super::verdict::Kind;

/// What is known of a kind.
#[derive(Debug)]
pub(super) enum Found {
    /// Its schema.
    Kind(Box<Kind>),
    /// That there is none of that name, and what there is.
    Unknown(String),
    /// Nothing, and why.
    None(String),
}

impl Found {
    pub fn of(kind: Result<Kind, String>, place: &str) -> Self {
        match kind {
            Ok(kind) => Self::Kind(Box::new(kind)),
            Err(cause) => Self::None(format!("the schema of {place} cannot be used: {cause}")),
        }
    }
}
