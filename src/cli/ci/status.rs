//! `slipway ci status`: how each environment stands, as a status of the commit that is planned.

use std::path::PathBuf;

use clap::Args;

use super::job::Job;
use super::left;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::forge::Forge;
use crate::forge::status::{Pipeline, Set, State, Status};
use crate::launch::CommandError;
use crate::report::joined::Part;
use crate::report::standing::{Standing, pending, standings};
use crate::support::environment::variable;
use crate::ui::Ui;

/// In a job after those that plan: give the commit a status for each environment, such as `slipway/plan/dev`
///
/// What is read are the files that `--report-markdown` writes, each called by its job: `dev-000` is one of dev. The commit is the last one of the pull request, that of the merge queue, or the one that the pipeline is for. What says so already is not set again. On GitHub by `GITHUB_TOKEN` with `statuses: write`, on GitLab by `SLIPWAY_GITLAB_TOKEN`, whose role is Developer.
#[derive(Args, Clone, Debug)]
pub(super) struct StatusArgs {
    /// Files that `--report-markdown` wrote, or folders of them; by default what the jobs of this run have left as `report-…`
    #[arg(value_name = "REPORT")]
    reports: Vec<PathBuf>,

    /// An environment that has a status also where no job plans it; where some are named, no other has one
    #[arg(long = "environment", value_name = "NAME")]
    environments: Vec<String>,

    /// A job that has to have left a report: without one its environment has failed
    #[arg(long = "job", value_name = "NAME", env = "SLIPWAY_JOBS", value_delimiter = ' ')]
    jobs: Vec<String>,

    /// Say that all of them are being planned, before they are
    #[arg(long, conflicts_with = "reports")]
    pending: bool,

    /// What comes after `slipway/` in their names
    #[arg(long, value_name = "NAME", default_value = "plan", value_parser = super::comment::name)]
    name: String,

    /// Print the statuses, and set none
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn cmd_status(ui: Ui, global: &Global, args: &StatusArgs) -> Result<Exit, CommandError> {
    let job = Job::of(&variable);
    let jobs: Vec<String> = args.jobs.iter().filter(|job| !job.is_empty()).cloned().collect();
    let mut all = if args.pending {
        pending(&args.environments, &jobs)
    } else {
        let reports =
            left::of("md", "slipway plan --report-markdown", global, &args.reports, job.as_ref()).await?;
        let parts: Vec<Part> =
            reports.into_iter().map(|report| Part { name: report.job, text: report.text }).collect();
        standings(&parts, &args.environments, &jobs)
    };
    if !args.environments.is_empty() {
        all.retain(|one| args.environments.contains(&one.environment));
    }
    let named = |one: &Standing| format!("slipway/{}/{}", args.name, one.environment);
    if args.dry_run {
        let line = |one: &Standing| format!("{}  {}  {}", named(one), word(one.state), one.text);
        let told: Vec<String> = all.iter().map(line).collect();
        ui.answer(&if told.is_empty() { "there is no environment".to_owned() } else { told.join("\n") })?;
        return Ok(Exit::Done);
    }
    let Some((commit, job)) = job.and_then(|job| Some((job.commit.clone()?, job))) else {
        ui.say("this is no job of a pipeline: no status is set");
        return Ok(Exit::Done);
    };
    let wanted: Vec<Status> =
        all.iter().map(|one| Status { name: named(one), state: one.state, text: one.text.clone() }).collect();
    let pipeline = Pipeline { commit: &commit, run: job.run, page: job.page.as_deref() };
    let forge = Forge::of(&job.place(&variable)?, job.token()?);
    let set = forge.status(pipeline, &wanted).await.map_err(|error| CommandError::failed(error, None))?;
    for (status, set) in wanted.iter().zip(set) {
        let what = match set {
            Set::Set => "",
            Set::Same => " (it says so already)",
            Set::Newer => " (a newer run has set it: that stays)",
        };
        ui.say(&format!("{}: {}{what}", status.name, status.text));
    }
    Ok(Exit::Done)
}

fn word(state: State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Success => "success",
        State::Failure => "failure",
    }
}
