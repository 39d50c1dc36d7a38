//! `slipway image promote`.

use clap::Args;

use super::bumping::{BumpArgs, WaitArgs, finish, reached};
use super::checking::{CheckArgs, PinArgs};
use super::rehearsing::RehearsalArgs;
use super::repository::{RepositoryArgs, failed, open, usage};
use super::request::{RequestArgs, Updating};
use super::wording::WordingArgs;
use crate::cli::follow::{check_green, reach};
use crate::cli::global::Global;
use crate::gitops::{ImageTarget, Promotable, promotable, promote, promote_all};
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

/// Gives one environment what the other has.
pub(super) async fn carry_over(ui: Ui, global: &Global, args: &PromoteArgs) -> Result<(), CommandError> {
    let target: Option<ImageTarget> = args.target.as_deref().map(str::parse).transpose().map_err(usage)?;
    let needs_clusters = args.wait.wait || args.healthy_in.is_some();
    let (workspace, mut repository) = open(ui, global, &args.repository, needs_clusters).await?;
    args.rehearsal.tell(&mut repository);
    args.wording.tell(&workspace, &mut repository)?;
    let apps: Vec<&str> = target.iter().map(|target| target.app.as_str()).collect();
    let mut expected: Option<Vec<Promotable>> = None;
    if let Some(label) = &args.healthy_in {
        let images = promotable(&repository, &args.from, &args.to, target.as_ref()).await.map_err(failed)?;
        let mut names: Vec<&str> = images.iter().map(|one| one.app.as_str()).collect();
        names.dedup();
        let source = reach(&workspace, Some(label), &args.repository.tools, &names).await?;
        check_green(&source, &repository, &images, label).await?;
        for one in &images {
            ui.say(&format!("{}: {} runs, Synced and Healthy, in {label}", one.app, one.image));
        }
        expected = Some(images);
    }
    let reached = reached(&workspace, &args.repository, &args.wait, &apps).await?;
    let repository = args.check.hold(ui, &workspace, repository, reached.as_ref(), Some(&args.pin)).await?;
    let options = args.bump.options();
    let proposed = if apps.is_empty() { &["*"] } else { &apps[..] };
    let updating = Updating::of(&args.to, proposed, &options);
    let (mut repository, proposing) = args.request.prepare(&workspace, repository, updating).await?;
    let (from, to, expected) = (&args.from, &args.to, expected.as_deref());
    let outcomes = match &target {
        Some(target) => {
            promote(&mut repository, from, to, target, &options, expected).await.map(|outcome| vec![outcome])
        }
        None => promote_all(&mut repository, from, to, &options, expected).await,
    };
    let outcomes = outcomes.map_err(failed)?;
    if outcomes.is_empty() {
        ui.say(&format!("{to} runs what {from} runs already"));
    }
    let recovers_in = args.bump.recovers_in(&args.to);
    finish(ui, repository, proposing, reached, &args.wait, recovers_in, outcomes).await
}
