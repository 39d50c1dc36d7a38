//! `slipway image set`.

use clap::Args;

use super::bumping::{BumpArgs, WaitArgs, finish, reached};
use super::checking::{CheckArgs, PinArgs};
use super::rehearsing::RehearsalArgs;
use super::repository::{RepositoryArgs, failed, open, usage};
use super::request::{RequestArgs, Updating};
use super::wording::WordingArgs;
use crate::cli::global::Global;
use crate::gitops::{BumpOptions, ImageAssignment, set_images};
use crate::launch::CommandError;
use crate::ui::Ui;

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct SetArgs {
    /// The application, more of the target where it has several containers, and the image
    #[arg(
        required = true,
        value_name = "APP[/[[[NAMESPACE/]KIND/]WORKLOAD/]CONTAINER][@FILE[:LINE]][#PATH]=IMAGE"
    )]
    assignments: Vec<String>,

    /// Set each place of the target that runs the image, in one commit; with * as the application in all of them
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    bump: BumpArgs,

    #[command(flatten)]
    check: CheckArgs,

    #[command(flatten)]
    pin: PinArgs,

    #[command(flatten)]
    wording: WordingArgs,

    #[command(flatten)]
    request: RequestArgs,

    #[command(flatten)]
    rehearsal: RehearsalArgs,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Sets them.
pub(super) async fn set(ui: Ui, global: &Global, args: &SetArgs) -> Result<(), CommandError> {
    let assignments: Vec<ImageAssignment> =
        args.assignments.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(usage)?;
    let (workspace, mut repository) = open(ui, global, &args.repository, args.wait.wait).await?;
    args.rehearsal.tell(&mut repository);
    args.wording.tell(&workspace, &mut repository)?;
    // Which of all have it is seen later.
    let apps = assignments.iter().map(|one| one.target.app.as_str()).filter(|app| *app != "*");
    let apps: Vec<&str> = apps.collect();
    let reached = reached(&workspace, &args.repository, &args.wait, &apps).await?;
    let repository = args.check.hold(ui, &workspace, repository, reached.as_ref(), Some(&args.pin)).await?;
    let options = BumpOptions { all: args.all, ..args.bump.options() };
    let root = &args.repository.manifests;
    let named: Vec<&str> = assignments.iter().map(|one| one.target.app.as_str()).collect();
    let updating = Updating::of(root, &named, &options);
    let (mut repository, proposing) = args.request.prepare(&workspace, repository, updating).await?;
    let set = set_images(&mut repository, root, &assignments, &options).await;
    let outcomes = set.map_err(failed)?;
    let recovers_in = args.bump.recovers_in(root);
    finish(ui, repository, proposing, reached, &args.wait, recovers_in, outcomes).await
}
