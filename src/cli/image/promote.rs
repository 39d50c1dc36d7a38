//! `slipway image promote`.

use clap::Args;

use super::bumping::{BumpArgs, finish};
use super::changing::ChangeArgs;
use super::checking::PinArgs;
use super::repository::{failed, usage};
use super::request::Updating;
use crate::cli::follow::{check_green, reach};
use crate::cli::global::Global;
use crate::gitops::{ImageTarget, Promotable, Reach, promotable, promote, promote_all};
use crate::launch::CommandError;
use crate::ui::Ui;

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct PromoteArgs {
    /// The application, and more of the target where it has several containers
    #[arg(
        value_name = "APP[/[[[NAMESPACE/]KIND/]WORKLOAD/]CONTAINER][@FILE[:LINE]][#PATH]",
        required_unless_present = "all"
    )]
    target: Option<String>,

    /// The folder of the environment that runs it, in the repository
    #[arg(long, value_name = "DIR")]
    from: String,

    /// The folder of the environment that gets it
    #[arg(long, value_name = "DIR")]
    to: String,

    /// Every image of all applications that both have, in one commit or none
    #[arg(long, conflicts_with = "target")]
    all: bool,

    /// Promote only what runs: Synced, Healthy and with that image, in the cluster of slipway.hcl that has this label
    #[arg(long, value_name = "LABEL")]
    healthy_in: Option<String>,

    #[command(flatten)]
    bump: BumpArgs,

    #[command(flatten)]
    pin: PinArgs,

    #[command(flatten)]
    change: ChangeArgs,
}

/// Gives one environment what the other has.
pub(super) async fn carry_over(ui: Ui, global: &Global, args: &PromoteArgs) -> Result<(), CommandError> {
    let target: Option<ImageTarget> = args.target.as_deref().map(str::parse).transpose().map_err(usage)?;
    let is_looked_at = args.healthy_in.is_some();
    // When an app was changed last may be long ago.
    let reached = if is_looked_at { Reach::All } else { Reach::Newest };
    let (workspace, repository) = args.change.open(ui, global, is_looked_at, reached).await?;
    let apps: Vec<&str> = target.iter().map(|target| target.app.as_str()).collect();
    let mut expected: Option<Vec<Promotable>> = None;
    if let Some(label) = &args.healthy_in {
        let images = promotable(&repository, &args.from, &args.to, target.as_ref()).await.map_err(failed)?;
        let mut names: Vec<&str> = images.iter().map(|one| one.app.as_str()).collect();
        names.dedup();
        let source = reach(&workspace, Some(label), &args.change.repository.tools, &names).await?;
        check_green(ui, &source, &repository, &images, label).await?;
        for one in &images {
            ui.say(&format!("{}: {} runs, Synced and Healthy, in {label}", one.app, one.image));
        }
        expected = Some(images);
    }
    let options = args.bump.options();
    let proposed = if apps.is_empty() { &["*"] } else { &apps[..] };
    let updating = Updating::of(&args.to, proposed, &options);
    let mut ready =
        Box::pin(args.change.ready(ui, &workspace, repository, &apps, Some(&args.pin), updating)).await?;
    let repository = &mut ready.repository;
    // Nobody typed what is set: it is shown.
    repository.show_changes();
    let (from, to, expected) = (&args.from, &args.to, expected.as_deref());
    let outcomes = match &target {
        Some(target) => {
            promote(repository, from, to, target, &options, expected).await.map(|outcome| vec![outcome])
        }
        None => promote_all(repository, from, to, &options, expected).await,
    };
    let outcomes = outcomes.map_err(failed)?;
    if outcomes.is_empty() {
        ui.say(&format!("{to} runs what {from} runs already"));
    }
    let recovers_in = args.bump.recovers_in(&args.to);
    finish(ui, ready, &args.change.wait, recovers_in, outcomes).await
}
