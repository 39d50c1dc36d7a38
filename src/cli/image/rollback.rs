//! `slipway image rollback`.

use clap::Args;

use super::bumping::finish;
use super::changing::ChangeArgs;
use super::origin::source;
use super::repository::{failed, usage};
use super::request::Updating;
use crate::cli::global::Global;
use crate::cli::moment::Moment;
use crate::gitops::{BackTo, ImageTarget, Reach, go_back, rollback};
use crate::launch::CommandError;
use crate::ui::Ui;

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct RollbackArgs {
    /// The application, and more of the target where it has several containers
    #[arg(
        value_name = "APP[/[[[NAMESPACE/]KIND/]WORKLOAD/]CONTAINER][@FILE[:LINE]][#PATH]",
        required_unless_present = "all"
    )]
    target: Option<String>,

    /// Go back to this image, or to the one of this tag, which has to have run before
    #[arg(long, value_name = "VERSION", group = "where_to")]
    to: Option<String>,

    /// Go back to what ran at this commit of the manifests repository
    #[arg(long, value_name = "SHA", group = "where_to")]
    to_commit: Option<String>,

    /// Go back to what ran at this time, like 2026-11-29T10:00Z or 2h
    #[arg(long, value_name = "TIME", group = "where_to")]
    since: Option<Moment>,

    /// Every application, in one commit; with --since or --to-commit
    #[arg(long, conflicts_with_all = ["target", "to"], requires = "where_to")]
    all: bool,

    #[command(flatten)]
    change: ChangeArgs,
}

impl RollbackArgs {
    fn back_to(&self) -> Result<Option<BackTo>, CommandError> {
        Ok(match (&self.to, &self.to_commit, self.since) {
            (Some(image), ..) => Some(BackTo::Image(image.clone())),
            (_, Some(commit), _) => Some(BackTo::Commit(commit.clone())),
            (.., Some(since)) => {
                let time = since
                    .past()
                    .ok_or_else(|| CommandError::usage("--since is too long ago", "name a later time"))?;
                Some(BackTo::Time(time.as_second()))
            }
            _ => None,
        })
    }
}

/// Takes the last bump back, or goes back to what was said.
pub(super) async fn take_back(ui: Ui, global: &Global, args: &RollbackArgs) -> Result<(), CommandError> {
    // Every application is `*`, which nobody can type here for one.
    let target: ImageTarget = args.target.as_deref().unwrap_or("*").parse().map_err(usage)?;
    if target.app == "*" && !args.all {
        return Err(CommandError::usage("* is every app", "add --all, and --since or --to-commit"));
    }
    let back_to = args.back_to()?;
    // What ran long ago is read from the files of then.
    let reach = if back_to.is_some() { Reach::All } else { Reach::Newest };
    let (workspace, repository) = args.change.open(ui, global, false, reach).await?;
    let apps: Vec<&str> = if args.all { Vec::new() } else { vec![&target.app] };
    let (source, root) = (source(), &args.change.repository.manifests);
    // What is proposed is newer than what is gone back to.
    let updating = Updating { root, apps: &[&target.app], allow_older: true, age: None };
    let mut ready = Box::pin(args.change.ready(ui, &workspace, repository, &apps, None, updating)).await?;
    let repository = &mut ready.repository;
    let outcomes = match back_to {
        Some(to) => go_back(repository, root, &target, &to, source.as_deref()).await,
        None => rollback(repository, root, &target, source.as_deref()).await.map(|outcome| vec![outcome]),
    };
    let outcomes = outcomes.map_err(failed)?;
    if outcomes.is_empty() {
        ui.say("that runs already: nothing was set back, and nothing was frozen");
    }
    finish(ui, ready, &args.change.wait, None, outcomes).await
}
