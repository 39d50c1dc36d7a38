//! Repositories in folders of ours that are taken away again.

use crate::error::GitOpsError;
use slipway_support::confined::Root;
use slipway_support::git::bare;
use slipway_support::scratch::Scratch;

/// Makes a folder of ours a repository, with names of objects by `format`.
pub(super) fn make_bare(scratch: &Scratch, format: &str) -> Result<(), GitOpsError> {
    let made = Root::at(scratch.path()).and_then(|folder| bare::make(&folder, format));
    made.map_err(|error| GitOpsError::Scratch(std::io::Error::other(error)))
}
