//! `slipway image rollback`.

use clap::Args;

use super::bumping::{WaitArgs, finish, reached, source};
use super::repository::{RepositoryArgs, failed, open, usage};
use crate::cli::global::Global;
use crate::gitops::{ImageTarget, rollback};
use crate::launch::CommandError;
use crate::ui::Ui;

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct RollbackArgs {
    /// The application, and more of the target where it has several containers
    #[arg(value_name = "APP[/[[[NAMESPACE/]KIND/]WORKLOAD/]CONTAINER][@FILE[:LINE]][#PATH]")]
    target: String,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Takes the last bump back.
pub(super) async fn take_back(ui: Ui, global: &Global, args: &RollbackArgs) -> Result<(), CommandError> {
    let target: ImageTarget = args.target.parse().map_err(usage)?;
    let (workspace, mut repository) = open(ui, global, &args.repository, args.wait.wait).await?;
    let reached = reached(&workspace, &args.repository, &args.wait, &[&target.app]).await?;
    let source = source();
    let outcome = rollback(&mut repository, &args.repository.manifests, &target, source.as_deref()).await;
    let outcome = outcome.map_err(failed)?;
    finish(ui, repository, reached, &args.wait, &[outcome]).await
}
