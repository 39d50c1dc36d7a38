//! Whose a unit's state is where it is kept in a folder.

/// Who keeps a state in a folder of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// Terragrunt, and the engine around it.
    Terragrunt,
    /// The native engine.
    Native,
}

impl Keeper {
    /// The name of the engine that works on what it keeps.
    pub fn engine(self) -> &'static str {
        match self {
            Self::Terragrunt => "terragrunt",
            Self::Native => "native",
        }
    }
}

impl std::fmt::Display for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Terragrunt => "Terragrunt",
            Self::Native => "the native engine",
        })
    }
}
