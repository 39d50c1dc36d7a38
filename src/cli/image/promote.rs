//! `slipway image promote`.

use clap::Args;

use super::bumping::{BumpArgs, WaitArgs, finish, reached};
use super::rehearsing::RehearsalArgs;
use super::repository::{RepositoryArgs, failed, open, usage};
use crate::cli::global::Global;
use crate::gitops::{ImageTarget, promote};
use crate::launch::CommandError;
use crate::ui::Ui;

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct PromoteArgs {
    /// The application, and more of the target where it has several containers
    #[arg(value_name = "APP[/[[[NAMESPACE/]KIND/]WORKLOAD/]CONTAINER][@FILE[:LINE]][#PATH]")]
    target: String,

    /// The folder of the environment that runs it, in the repository
    #[arg(long, value_name = "DIR")]
    from: String,

    /// The folder of the environment that gets it
    #[arg(long, value_name = "DIR")]
    to: String,

    #[command(flatten)]
    bump: BumpArgs,

    #[command(flatten)]
    rehearsal: RehearsalArgs,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Gives one environment what the other has.
pub(super) async fn carry_over(ui: Ui, global: &Global, args: &PromoteArgs) -> Result<(), CommandError> {
    let target: ImageTarget = args.target.parse().map_err(usage)?;
    let (workspace, mut repository) = open(ui, global, &args.repository, args.wait.wait).await?;
    args.rehearsal.tell(&mut repository);
    let reached = reached(&workspace, &args.repository, &args.wait, &[&target.app]).await?;
    let options = args.bump.options();
    let outcome = promote(&mut repository, &args.from, &args.to, &target, &options).await.map_err(failed)?;
    finish(ui, repository, reached, &args.wait, args.bump.recovers_in(&args.to), &[outcome]).await
}
