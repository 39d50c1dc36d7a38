//! What `set`, `promote` and `rollback` go through alike, before anything is decided: which repository, how its commits are
//! worded, what is waited for, what registries are asked, what manifests are held to, and whether the change is pushed or proposed.

use clap::Args;

use super::bumping::{Ready, WaitArgs, reached};
use super::checking::{CheckArgs, PinArgs};
use super::holding::HoldArgs;
use super::rehearsing::RehearsalArgs;
use super::repository::{RepositoryArgs, open};
use super::request::{RequestArgs, Updating};
use super::wording::WordingArgs;
use crate::cli::global::Global;
use crate::gitops::{Reach, Repository};
use crate::launch::{CommandError, Workspace};
use crate::ui::Ui;

/// How a change is made.
#[derive(Args, Clone, Debug)]
pub(super) struct ChangeArgs {
    #[command(flatten)]
    check: CheckArgs,

    #[command(flatten)]
    hold: HoldArgs,

    #[command(flatten)]
    wording: WordingArgs,

    #[command(flatten)]
    request: RequestArgs,

    #[command(flatten)]
    rehearsal: RehearsalArgs,

    #[command(flatten)]
    pub(super) wait: WaitArgs,

    #[command(flatten)]
    pub(super) repository: RepositoryArgs,
}

impl ChangeArgs {
    /// Opens the repository, which knows from then on how its commits are worded, and whether there are to be any.
    pub(super) async fn open(
        &self,
        ui: Ui,
        global: &Global,
        needs_clusters: bool,
        reach: Reach,
    ) -> Result<(Workspace, Repository), CommandError> {
        let needs_clusters = needs_clusters || self.wait.wait || self.hold.asks_cluster();
        let (workspace, mut repository) = open(ui, global, &self.repository, needs_clusters, reach).await?;
        self.rehearsal.tell(&mut repository);
        self.wording.tell(&workspace, &mut repository)?;
        Ok((workspace, repository))
    }

    /// Makes all ready for a change of these apps: what cannot be waited for or proposed is refused before anything is pushed.
    pub(super) async fn ready(
        &self,
        ui: Ui,
        workspace: &Workspace,
        repository: Repository,
        waited_for: &[&str],
        pin: Option<&PinArgs>,
        updating: Updating<'_>,
    ) -> Result<Ready, CommandError> {
        let reached = Box::pin(reached(workspace, &self.repository, &self.wait, waited_for)).await?;
        let repository = self.check.hold(ui, workspace, repository, reached.as_ref(), pin).await?;
        let (_, repository) =
            self.hold.hold(workspace, repository, &self.repository, reached.as_ref()).await?;
        let (repository, proposing) = self.request.prepare(workspace, repository, updating)?;
        Ok(Ready { repository, proposing, reached })
    }
}
