//! Images bumped, rolled back and promoted in real Git repositories.

mod audited;
mod checked;
mod choice;
mod cold;
mod elsewhere;
mod environments;
mod frozen;
mod going_back;
mod history;
mod judged;
mod kept;
mod layout;
mod met;
mod places;
mod push;
mod random_layouts;
mod reach;
pub mod remote;
mod rendered;
mod rendered_corpus;
mod rollback;
pub mod server;
mod set;
mod several;
mod trees;
mod turns;
mod undo;
mod worded;

use std::path::Path;
use std::process::Command;

use slipway::gitops::{BumpOptions, BumpOutcome, GitOpsError, ImageAssignment, Repository, set_images};

use crate::support::tool;

/// The real Kustomize, which builds a folder; kubectl has the same in it, and takes five times as long to start.
fn kustomize(folder: &Path) -> Command {
    let mut command = Command::new(tool("kustomize"));
    command.args(["build", "--load-restrictor", "LoadRestrictionsNone"]).arg(folder);
    command
}

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
    let mut outcomes = set_images(repository, "manifests", &[assignment], options).await?;
    Ok(outcomes.pop().expect("an outcome of one assignment"))
}
