//! Who connects.

use crate::support::secret::Secret;
use crate::support::web::Authorization;

/// A user name and a password.
#[derive(Clone)]
pub struct Login {
    /// The user name; may be empty, or the token itself.
    pub user: String,
    /// The password or token.
    pub password: Secret,
}

impl Login {
    /// As a request carries it.
    pub fn into_authorization(self) -> Authorization {
        Authorization::Basic { user: self.user, password: self.password }
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[login]")
    }
}
