//! How the messages of commits are worded.

use clap::Args;

use crate::gitops::{Repository, Wording};
use crate::launch::{CommandError, Workspace};

/// How a commit is worded.
#[derive(Args, Clone, Debug)]
pub(super) struct WordingArgs {
    /// What the commit says above its trailers: {subject}, {apps} and {images} are filled in
    #[arg(long, value_name = "TEXT", env = "SLIPWAY_COMMIT_MESSAGE")]
    message: Option<String>,

    /// Add [skip ci] to the commit: no pipeline starts by it
    #[arg(long, conflicts_with = "pull_request")]
    skip_ci: bool,
}

impl WordingArgs {
    /// Tells the repository; what is not said here is as slipway.hcl says.
    pub(super) fn tell(
        &self,
        workspace: &Workspace,
        repository: &mut Repository,
    ) -> Result<(), CommandError> {
        let text = self.message.clone().or_else(|| workspace.project.apps.message.clone());
        let wording = Wording::new(text, self.skip_ci);
        let wording = wording.map_err(|problem| {
            CommandError::usage(
                format!("the message of commits {problem}"),
                "write it like \"deploy: {subject}\"",
            )
        })?;
        repository.word(wording);
        Ok(())
    }
}
