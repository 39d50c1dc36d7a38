//! That somebody else holds what is to be locked.

use super::holder::Holder;

/// Units that another run holds.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The units.
    pub units: Vec<String>,
    /// The run.
    pub holder: Box<Holder>,
    /// Whether it is certain that it lives.
    pub alive: bool,
}
