//! Outputs from states that are files on this machine: enough to show a unit without a process or a request.

use std::path::Path;
use std::sync::Arc;

use super::state;
use crate::terragrunt::Reader;
use crate::terragrunt::outputs::{OutputSource, Outputs, UnknownOutputs};
use crate::terragrunt::paths::unit_file;

/// Answers for the units whose state is a local file.
pub struct LocalStates<'a>(pub &'a Reader);

impl OutputSource for LocalStates<'_> {
    fn outputs(&self, dir: &Path) -> Option<Arc<Outputs>> {
        // Where its state is must not rest on outputs of yet others.
        let config = self.0.evaluate(&unit_file(dir), &UnknownOutputs).ok()?;
        state::local_outputs(&config).map(Arc::new)
    }
}
