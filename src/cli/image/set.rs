//! `slipway image set`.

use clap::Args;

use super::bumping::{BumpArgs, finish};
use super::changing::ChangeArgs;
use super::checking::PinArgs;
use super::repository::{failed, usage};
use super::request::Updating;
use crate::cli::global::Global;
use crate::gitops::{BumpOptions, ImageAssignment, Reach, set_images};
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
    pin: PinArgs,

    #[command(flatten)]
    change: ChangeArgs,
}

/// Sets them.
pub(super) async fn set(ui: Ui, global: &Global, args: &SetArgs) -> Result<(), CommandError> {
    let assignments: Vec<ImageAssignment> =
        args.assignments.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(usage)?;
    let (workspace, repository) = args.change.open(ui, global, false, Reach::Newest).await?;
    // Which of all have it is seen later.
    let apps = assignments.iter().map(|one| one.target.app.as_str()).filter(|app| *app != "*");
    let apps: Vec<&str> = apps.collect();
    let options = BumpOptions { all: args.all, ..args.bump.options() };
    let root = &args.change.repository.manifests;
    let named: Vec<&str> = assignments.iter().map(|one| one.target.app.as_str()).collect();
    let updating = Updating::of(root, &named, &options);
    let mut ready =
        Box::pin(args.change.ready(ui, &workspace, repository, &apps, Some(&args.pin), updating)).await?;
    let set = set_images(&mut ready.repository, root, &assignments, &options).await;
    let outcomes = set.map_err(failed)?;
    let recovers_in = args.bump.recovers_in(root);
    finish(ui, ready, &args.change.wait, recovers_in, outcomes).await
}
