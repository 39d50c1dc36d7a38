//! A login for a registry.

use crate::support::secret::Secret;
use crate::support::web::Authorization;

/// A login, and where it was kept.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub kind: LoginKind,
    /// The file, the program or the service that it is from, for messages.
    pub from: String,
}

#[derive(Clone, Debug)]
pub(super) enum LoginKind {
    /// A user and a password, or a token in its place.
    Password { user: String, password: Secret },
    /// A token that is exchanged for others.
    Identity(Secret),
    /// A token that the registry itself takes.
    Token(Secret),
}

impl Login {
    /// As Basic authentication has it.
    pub fn basic(&self) -> Option<Authorization> {
        match &self.kind {
            LoginKind::Password { user, password } => {
                Some(Authorization::Basic { user: user.clone(), password: password.clone() })
            }
            LoginKind::Identity(_) | LoginKind::Token(_) => None,
        }
    }
}
