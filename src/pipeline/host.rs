//! The forge that a pipeline runs on, asked for what earlier pipelines have left.

use std::path::Path;

use crate::forge::github::GitHub;
use crate::forge::gitlab::GitLab;
use crate::forge::{Artifact, ForgeError, Kind, Merged, Place, Run};
use crate::support::secret::Secret;

/// The file of the workflow that `slipway ci github` writes.
const WORKFLOW: &str = "infrastructure.yml";

/// A forge.
#[derive(Debug)]
pub enum Host {
    /// GitHub.
    GitHub(GitHub),
    /// GitLab.
    GitLab(GitLab),
}

impl Host {
    /// The forge at a place, let in by a token.
    pub fn of(place: &Place, token: Secret) -> Self {
        match place.kind {
            Kind::GitHub => Self::GitHub(GitHub::new(place, token)),
            Kind::GitLab => Self::GitLab(GitLab::new(place, token)),
        }
    }

    /// The requests by which a commit was merged.
    pub(super) async fn merged(&self, commit: &str) -> Result<Vec<Merged>, ForgeError> {
        match self {
            Self::GitHub(forge) => forge.merged(commit).await,
            Self::GitLab(forge) => forge.merged(commit).await,
        }
    }

    /// The run for the last commit of a request: the newest that went well, or else the newest.
    pub(super) async fn run(&self, request: &Merged) -> Result<Option<Run>, ForgeError> {
        match self {
            Self::GitHub(forge) => {
                let runs = forge.runs(WORKFLOW, &request.head).await?;
                let newest = runs.first().cloned();
                Ok(runs.into_iter().find(|run| run.conclusion.as_deref() == Some("success")).or(newest))
            }
            Self::GitLab(forge) => forge.run(request).await,
        }
    }

    /// What a run has left.
    pub(super) async fn artifacts(&self, run: u64) -> Result<Vec<Artifact>, ForgeError> {
        match self {
            Self::GitHub(forge) => forge.artifacts(run).await,
            Self::GitLab(forge) => forge.artifacts(run).await,
        }
    }

    /// The commits of a branch up to which an apply has noted that it has come, the newest note first. On GitLab no apply that
    /// waits is left out, so that there are no notes.
    pub(super) async fn noted(&self, name: &str, branch: &str) -> Result<Vec<String>, ForgeError> {
        match self {
            Self::GitHub(forge) => {
                let notes = forge.named(name).await?.into_iter();
                Ok(notes
                    .filter(|note| note.branch.as_deref() == Some(branch))
                    .map(|note| note.commit)
                    .collect())
            }
            Self::GitLab(_) => Ok(Vec::new()),
        }
    }

    /// Saves what a run has left, which is a zip archive.
    pub(super) async fn save(&self, artifact: &Artifact, file: &Path, most: u64) -> Result<(), ForgeError> {
        match self {
            Self::GitHub(forge) => forge.save(artifact, file, most).await,
            Self::GitLab(forge) => forge.save(artifact, file, most).await,
        }
    }
}
