//! `slipway ci comment`: the reports of all jobs, as one comment on the request that they are for.

use std::path::{Path, PathBuf};

use clap::Args;

use super::job::Job;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::forge::Forge;
use crate::forge::comment::{Posted, Wanted};
use crate::launch::{CommandError, working_dir};
use crate::pipeline::host::Host;
use crate::pipeline::reports::{REPORT, bring};
use crate::report::joined::{Part, joined};
use crate::support::fs::{FileError, read_text};
use crate::support::path_text;
use crate::support::scratch::Scratch;
use crate::ui::Ui;

/// More reports than a platform has jobs are none of a pipeline.
const MOST: usize = 1_000;
/// How deep reports may lie in a folder.
const DEPTH: usize = 4;

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

fn name(text: &str) -> Result<String, String> {
    let is_word = !text.is_empty()
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    if is_word { Ok(text.to_owned()) } else { Err("write letters, digits, - and _".to_owned()) }
}

pub(super) async fn cmd_comment(ui: Ui, global: &Global, args: &CommentArgs) -> Result<Exit, CommandError> {
    let working_dir = working_dir(&global.invocation())?;
    let mut parts = Vec::new();
    for report in &args.reports {
        let place = working_dir.join(report);
        if !place.exists() {
            return Err(CommandError::usage(
                format!("there is no report {}", report.display()),
                "name what `slipway plan --report-markdown` wrote, or the folder of it",
            ));
        }
        read(&place, &place, DEPTH, &mut parts)?;
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let job = Job::of(&variable)?;
    if let Some(job) = job.as_ref().filter(|_| args.reports.is_empty()) {
        let scratch = Scratch::new("reports");
        let scratch = scratch.map_err(FileError::on("make", Path::new("a temporary folder")))?;
        let _count =
            bring(&Host::of(&job.place(&variable)?, job.token.clone()), job.run, scratch.path()).await?;
        read(scratch.path(), scratch.path(), DEPTH, &mut parts)?;
    }
    let text = joined(&parts, job.as_ref().and_then(|job| job.page.as_deref()));
    if args.dry_run {
        ui.answer(text.as_deref().unwrap_or("no job changes anything: there is no comment\n"))?;
        return Ok(Exit::Done);
    }
    let Some(job) = job else {
        ui.say("this is no job of a pull request: nothing is posted");
        return Ok(Exit::Done);
    };
    let place = job.place(&variable)?;
    let wanted = Wanted {
        request: job.request,
        name: &args.name,
        run: job.run,
        text: text.as_deref(),
        by_programs: job.by_programs,
    };
    let posted = Forge::of(&place, job.token).comment(wanted).await;
    let posted = posted.map_err(|error| CommandError::failed(error, None))?;
    let what = match posted {
        Posted::Made => "made the comment",
        Posted::Updated => "updated the comment",
        Posted::Same => "the comment says so already",
        Posted::Deleted => "no job changes anything: deleted the comment",
        Posted::Nothing => "no job changes anything: there is no comment",
        Posted::Newer => "a newer run has written the comment: it stays",
    };
    ui.say(&format!("{what} (request {}, {} reports)", job.request, parts.len()));
    Ok(Exit::Done)
}

/// Adds a report, or those of a folder, in the order of their names; each is called by its folder, or by itself.
fn read(top: &Path, place: &Path, depth: usize, parts: &mut Vec<Part>) -> Result<(), CommandError> {
    if place.is_dir() {
        let entries = std::fs::read_dir(place).map_err(FileError::on("read", place))?;
        let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            let is_report = entry.extension().is_some_and(|end| end == "md");
            if is_report || (depth > 0 && entry.is_dir()) {
                read(top, &entry, depth.saturating_sub(1), parts)?;
            }
        }
        return Ok(());
    }
    if parts.len() >= MOST {
        return Err(CommandError::usage(
            format!("there are more than {MOST} reports"),
            "name those of one run",
        ));
    }
    let below = place.strip_prefix(top).ok().filter(|below| below.components().count() > 1);
    let named = below.and_then(Path::parent).map(path_text::shown);
    let name = named.unwrap_or_else(|| {
        place.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    });
    let text = read_text(place).map_err(FileError::on("read", place))?;
    parts.push(Part { name: name.strip_prefix(REPORT).unwrap_or(&name).to_owned(), text });
    Ok(())
}
