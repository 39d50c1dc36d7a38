//! Images bumped, rolled back and promoted in real Git repositories.

mod push;
mod remote;
mod rollback;
pub mod server;
mod set;

use slipway::gitops::{BumpOptions, BumpOutcome, GitOpsError, ImageAssignment, Repository, set_image};

/// `slipway image set ASSIGNMENT`, with nothing else said.
async fn set(repository: &mut Repository, assignment: &str) -> Result<BumpOutcome, GitOpsError> {
    set_with(repository, assignment, &BumpOptions::default()).await
}

async fn set_with(
    repository: &mut Repository,
    assignment: &str,
    options: &BumpOptions,
) -> Result<BumpOutcome, GitOpsError> {
    let assignment: ImageAssignment = assignment.parse()?;
    set_image(repository, "manifests", &assignment, options).await
}
