//! `slipway ci comment`: the reports of all jobs, as one comment on the request that they are for.

use std::path::PathBuf;

use clap::Args;

use super::job::Job;
use super::left;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::forge::Forge;
use crate::forge::comment::{Posted, Wanted};
use crate::launch::CommandError;
use crate::report::joined::{Part, joined};
use crate::support::environment::variable;
use crate::ui::Ui;

/// In a job of a pull request: post the reports of all jobs as one comment, or bring the one that is there up to date
///
/// What is read are the files that `--report-markdown` writes. Where no job changes anything, there is no comment, and one that is there is deleted. On GitHub by `GITHUB_TOKEN`, on GitLab by `SLIPWAY_GITLAB_TOKEN`.
#[derive(Args, Clone, Debug)]
pub(super) struct CommentArgs {
    /// Files that `--report-markdown` wrote, or folders of them; by default what the jobs of this run have left as `report-…`
    #[arg(value_name = "REPORT")]
    reports: Vec<PathBuf>,

    /// Which of several comments of a request it is
    #[arg(long, value_name = "NAME", default_value = "plan", value_parser = name)]
    name: String,

    /// Print the comment, and post nothing
    #[arg(long)]
    dry_run: bool,
}

/// A name that is a word.
pub(super) fn name(text: &str) -> Result<String, String> {
    let is_word = !text.is_empty()
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    if is_word { Ok(text.to_owned()) } else { Err("write letters, digits, - and _".to_owned()) }
}

pub(super) async fn cmd_comment(ui: Ui, global: &Global, args: &CommentArgs) -> Result<Exit, CommandError> {
    let job = Job::of(&variable).and_then(|job| Some((job.request?, job)));
    if let Some((_, job)) = &job {
        job.token()?;
    }
    let all = left::of(
        "md",
        "slipway plan --report-markdown",
        global,
        &args.reports,
        job.as_ref().map(|(_, job)| job),
    )
    .await?;
    let parts: Vec<Part> =
        all.into_iter().map(|report| Part { name: report.job, text: report.text }).collect();
    let text = joined(&parts, job.as_ref().and_then(|(_, job)| job.page.as_deref()));
    if args.dry_run {
        ui.answer(text.as_deref().unwrap_or("no job changes anything: there is no comment\n"))?;
        return Ok(Exit::Done);
    }
    let Some((request, job)) = job else {
        ui.say("this is no job of a pull request: nothing is posted");
        return Ok(Exit::Done);
    };
    let place = job.place(&variable)?;
    let wanted = Wanted {
        request,
        name: &args.name,
        run: job.run,
        text: text.as_deref(),
        by_programs: job.by_programs,
    };
    let posted = Forge::of(&place, job.token()?).comment(wanted).await;
    let posted = posted.map_err(|error| CommandError::failed(error, None))?;
    let what = match posted {
        Posted::Made => "made the comment",
        Posted::Updated => "updated the comment",
        Posted::Same => "the comment says so already",
        Posted::Deleted => "no job changes anything: deleted the comment",
        Posted::Nothing => "no job changes anything: there is no comment",
        Posted::Newer => "a newer run has written the comment: it stays",
    };
    ui.say(&format!("{what} (request {request}, {} reports)", parts.len()));
    Ok(Exit::Done)
}
