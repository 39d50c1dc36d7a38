//! What becomes of a bump that the cluster does not come to run.

use std::time::Duration;

use super::origin::source;
use super::telling::described;
use crate::argocd::ArgoCdError;
use crate::cli::follow::{Reached, wait_for_bumps};
use crate::gitops::{BumpOutcome, CheckLevel, Repository, undo};
use crate::launch::CommandError;
use crate::support::git::short;
use crate::ui::Ui;

/// A bump that was pushed, and did not become green.
pub(super) struct Recovery<'a> {
    pub reached: &'a Reached,
    pub repository: Repository,
    /// The folder of all apps.
    pub root: &'a str,
    pub outcomes: &'a [BumpOutcome],
    pub timeout: Duration,
}

impl Recovery<'_> {
    /// Takes it back, and returns what the command fails with: never less than that the bump failed.
    pub async fn recover(mut self, ui: Ui, failure: ArgoCdError) -> CommandError {
        let help = |text: &str| Some(text.to_owned());
        // Only of what was seen not to run: a cluster that does not answer says nothing of the image.
        if !matches!(failure, ArgoCdError::Timeout { .. }) {
            return CommandError::failed(
                failure,
                help("nothing was taken back: whether it runs is not known"),
            );
        }
        if !self.outcomes.iter().any(|outcome| outcome.changed) {
            return CommandError::failed(failure, help("nothing was taken back: the bump changed nothing"));
        }
        let source = source();
        // They are as wrong as they were before the bump.
        self.repository.check_manifests(CheckLevel::Warn, None);
        let undone = undo(&mut self.repository, self.root, self.outcomes, source.as_deref()).await;
        let undone = match undone {
            Ok(undone) => undone,
            Err(error) => {
                return CommandError::failed(format!("{failure}; it was not taken back: {error}"), None);
            }
        };
        for outcome in &undone {
            ui.say(&described(outcome, false));
        }
        let commit = undone.last().map(|outcome| short(&outcome.commit).to_owned()).unwrap_or_default();
        let reached = self.reached.anew();
        let (_, waited) = wait_for_bumps(ui, &reached, self.repository, &undone, self.timeout).await;
        match waited {
            Ok(()) => CommandError::failed(
                format!("{failure}; it was taken back by {commit}, which runs"),
                help("the image that failed is held; another one may be set"),
            ),
            Err(error) => CommandError::failed(
                format!("{failure}; it was taken back by {commit}, which does not run either: {error}"),
                None,
            ),
        }
    }
}
