//! What is to be done with units.

/// What is to be done with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Plan only.
    Plan,
    /// Plan what differs from the state only, which is never applied.
    Drift,
    /// Plan, and apply that plan.
    Apply,
    /// Plan that nothing is left, and apply that plan.
    Destroy,
}

impl Mode {
    /// Whether nothing is changed by it.
    pub fn only_looks(self) -> bool {
        matches!(self, Self::Plan | Self::Drift)
    }

    /// The command that a configuration is evaluated for: `get_terraform_command`, and for which mocks may be used.
    pub fn command(self) -> &'static str {
        match self {
            Self::Plan | Self::Drift => "plan",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
        }
    }
}
