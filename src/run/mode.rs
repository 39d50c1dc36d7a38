//! What is to be done with units.

/// What is to be done with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Plan only.
    Plan,
    /// Plan, and apply that plan.
    Apply,
    /// Plan that nothing is left, and apply that plan.
    Destroy,
}

impl Mode {
    /// The command that a configuration is evaluated for: `get_terraform_command`, and for which mocks may be used.
    pub fn command(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
        }
    }
}
