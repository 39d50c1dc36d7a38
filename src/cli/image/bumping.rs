//! What commands have in common that bump images: what they may do, and whether the cluster is waited for.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::time::Instant;

use super::origin::{source, source_time};
use super::recovery::Recovery;
use super::rehearsing;
use super::repository::RepositoryArgs;
use super::request::{self, Proposing};
use super::telling::described;
use crate::cli::follow::{Reached, reach, wait_for_bumps};
use crate::gitops::{AgePolicy, BumpOptions, BumpOutcome, Repository};
use crate::launch::{CommandError, Workspace};
use crate::ui::{Format, Ui};

/// Whether to wait for the cluster.
#[derive(Args, Clone, Debug)]
pub(super) struct WaitArgs {
    /// Return when the cluster runs it: Synced and Healthy at that commit, with that image
    #[arg(long)]
    pub(super) wait: bool,

    /// How long to wait, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "wait")]
    pub(super) timeout: u64,
}

/// What a bump may do that it otherwise refuses.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct BumpArgs {
    /// Set it even where it is older than what is there
    #[arg(long)]
    allow_older: bool,

    /// How tags are read to tell which is older: auto, semver, semver:RANGE, numeric, timestamp, describe, created or none
    #[arg(long, value_name = "POLICY", env = "SLIPWAY_IMAGE_AGE")]
    age: Option<AgePolicy>,

    /// Set it even where a rollback or a freeze of the application holds it, and end that
    #[arg(long)]
    unfreeze: bool,

    /// Take it back, and wait for that, where the cluster does not come to run it
    #[arg(long, env = "SLIPWAY_ROLLBACK_ON_FAILURE", requires = "wait", conflicts_with = "pull_request")]
    rollback_on_failure: bool,

    /// Set it in spite of freezes and freeze windows, which go on holding what comes later
    #[arg(long)]
    allow_frozen: bool,
}

impl BumpArgs {
    /// The folder of the apps in which bumps are taken back that do not come to run, where that is wanted.
    pub(super) fn recovers_in<'a>(&self, root: &'a str) -> Option<&'a str> {
        self.rollback_on_failure.then_some(root)
    }

    pub(super) fn options(&self) -> BumpOptions {
        BumpOptions {
            allow_older: self.allow_older,
            unfreeze: self.unfreeze,
            allow_frozen: self.allow_frozen,
            age: self.age.clone(),
            source: source(),
            source_time: source_time(),
            ..BumpOptions::default()
        }
    }
}

/// What will be waited for, where that was asked: reached before anything is pushed.
pub(super) async fn reached(
    workspace: &Workspace,
    args: &RepositoryArgs,
    wait: &WaitArgs,
    apps: &[&str],
) -> Result<Option<Reached>, CommandError> {
    if !wait.wait {
        return Ok(None);
    }
    Box::pin(reach(workspace, args.cluster.as_deref(), &args.tools, apps)).await.map(Some)
}

/// All that a change needs before it is decided.
pub(super) struct Ready {
    pub repository: Repository,
    /// How it is proposed, where it is not pushed.
    pub proposing: Option<Proposing>,
    /// The cluster that is waited for.
    pub reached: Option<Reached>,
}

/// Tells of the bumps, and waits for the cluster where that was asked.
pub(super) async fn finish(
    ui: Ui,
    ready: Ready,
    wait: &WaitArgs,
    recovers_in: Option<&str>,
    mut outcomes: Vec<BumpOutcome>,
) -> Result<(), CommandError> {
    let Ready { mut repository, proposing, reached } = ready;
    let until = Instant::now() + Duration::from_secs(wait.timeout);
    let mut left_out: Vec<&String> = outcomes.iter().flat_map(|outcome| &outcome.left_out).collect();
    left_out.sort();
    left_out.dedup();
    for file in left_out {
        ui.warn(&format!("left out: {file}"));
    }
    for finding in repository.findings() {
        ui.warn(&finding.told());
    }
    let is_rehearsal = repository.is_rehearsing();
    for outcome in &outcomes {
        ui.say(&described(outcome, is_rehearsal));
    }
    rehearsing::show(ui, &repository)?;
    let diff = repository.last_change_shown().map(|preview| preview.diff.clone());
    let attempts = repository.attempts();
    let mut request = None;
    if let Some(proposing) = &proposing {
        request = proposing.propose(ui, &mut repository, &outcomes).await?;
        if let Some(request) = request.as_ref().filter(|_| reached.is_some()) {
            let merge = proposing.merged(ui, &mut repository, request, until).await?;
            for outcome in &mut outcomes {
                outcome.commit.clone_from(&merge);
            }
        }
    }
    if let Some(reached) = reached {
        let timeout = until.saturating_duration_since(Instant::now());
        let (repository, waited) = wait_for_bumps(ui, &reached, repository, &outcomes, timeout).await;
        if let Err(error) = waited {
            return Err(match recovers_in {
                None => CommandError::failed(error, None),
                Some(root) => {
                    let outcomes = &outcomes;
                    let timeout = Duration::from_secs(wait.timeout);
                    let recovery = Recovery { reached: &reached, repository, root, outcomes, timeout };
                    recovery.recover(ui, error).await
                }
            });
        }
    }
    if ui.format() == Format::Json {
        let as_json = |outcome: &BumpOutcome| {
            let mut object = json!({
                "app": outcome.app, "container": outcome.container, "previous": outcome.previous,
                "image": outcome.image, "commit": outcome.commit, "changed": outcome.changed,
                "file": outcome.file, "line": outcome.line, "attempts": attempts,
                "reached_by": outcome.reached_by,
            });
            if let (Some(request), Some(object)) = (&request, object.as_object_mut()) {
                object.insert("pull_request".to_owned(), request::as_json(request));
            }
            if let (Some(diff), Some(object)) = (&diff, object.as_object_mut()) {
                if is_rehearsal {
                    object.insert("dry_run".to_owned(), json!(true));
                }
                object.insert("diff".to_owned(), json!(diff));
            }
            object
        };
        return Ok(ui.json(&outcomes.iter().map(as_json).collect::<Vec<_>>())?);
    }
    Ok(())
}
