//! Where the outputs of a dependency come from.

use std::path::Path;
use std::sync::Arc;

pub use crate::terraform::outputs::Outputs;

/// Answers for the outputs of the units that others depend on.
///
/// Reading them takes a process or a request, so whoever evaluates a unit fetches them before and hands
/// them over; the dialect only decides whether they or the mocks are used.
pub trait OutputSource: Sync {
    /// The outputs of the unit in `dir`: `None` where they are not known, empty where it was never applied.
    fn outputs(&self, dir: &Path) -> Option<Arc<Outputs>>;

    /// Whether the unit in `dir` is known to have been applied; asked where it has no outputs, for what is said of it.
    fn is_applied(&self, _dir: &Path) -> bool {
        false
    }

    /// Whether outputs are unknown values instead: for what of a unit does not rest on them, such as where
    /// its state is.
    fn are_unknown(&self) -> bool {
        false
    }
}

/// Every output of every dependency is an unknown value.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnknownOutputs;

impl OutputSource for UnknownOutputs {
    fn outputs(&self, _dir: &Path) -> Option<Arc<Outputs>> {
        None
    }

    fn are_unknown(&self) -> bool {
        true
    }
}

/// No outputs are known: every dependency answers with its mocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOutputs;

impl OutputSource for NoOutputs {
    fn outputs(&self, _dir: &Path) -> Option<Arc<Outputs>> {
        None
    }
}
