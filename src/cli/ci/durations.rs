//! `slipway ci durations`: how long units took in a run, kept for the next one.

use std::path::{Path, PathBuf};

use clap::Args;

use super::job::Job;
use super::left;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::launch::{CommandError, Workspace};
use crate::pipeline::durations::{Seconds, read, together};
use crate::project::Needs;
use crate::support::confined::EVERYBODY;
use crate::support::environment::variable;
use crate::support::fs::read_text;
use crate::ui::Ui;

/// In a job after those that plan: keep how long each unit took, for `ci shards --durations` of the next run
///
/// What is read are the files that `--report-durations` writes. FILE keeps what it says of units that were not measured this time. What is no file of durations is told, and left out.
#[derive(Args, Clone, Debug)]
pub(super) struct DurationsArgs {
    /// The file that is kept from one run to the next
    file: PathBuf,

    /// Files that `--report-durations` wrote, or folders of them; by default what the jobs of this run have left as `report-…`
    #[arg(value_name = "REPORT")]
    reports: Vec<PathBuf>,
}

pub(super) async fn cmd_durations(
    ui: Ui,
    global: &Global,
    args: &DurationsArgs,
) -> Result<Exit, CommandError> {
    let workspace = Workspace::open(ui, &global.invocation(), Needs::NOTHING)?;
    let job = Job::of(&variable);
    if job.is_none() && args.reports.is_empty() {
        return Err(CommandError::usage(
            "this is no job of a pipeline, and no REPORT is named",
            "name what `slipway plan --report-durations` wrote, or the folder of it",
        ));
    }
    let by = "slipway plan --report-durations";
    let mut measured = Seconds::new();
    for report in left::of("json", by, global, &args.reports, job.as_ref()).await? {
        measured.extend(told(ui, &report.job, &report.text));
    }
    let place = workspace.working_dir.join(&args.file);
    let before = if place.exists() { kept(ui, &place) } else { Seconds::new() };
    let count = measured.len();
    let all = together(before, measured);
    let text = serde_json::to_string_pretty(&all).unwrap_or_else(|_| "{}".to_owned()) + "\n";
    workspace.named(&args.file)?.write(text.as_bytes(), EVERYBODY)?;
    ui.say(&format!("{count} units were measured; {} knows {}", args.file.display(), all.len()));
    Ok(Exit::Done)
}

/// What a file has kept; one that cannot be read says nothing, but that.
pub(super) fn kept(ui: Ui, file: &Path) -> Seconds {
    let name = file.display().to_string();
    match read_text(file) {
        Ok(text) => told(ui, &name, &text),
        Err(error) => {
            ui.warn(&format!("{name} says nothing of durations: {error}"));
            Seconds::new()
        }
    }
}

/// What a text says of durations, and aloud what it says that is none: without them jobs are less alike, and no plan is another.
fn told(ui: Ui, name: &str, text: &str) -> Seconds {
    match read(text) {
        Ok(told) => {
            if told.left_out > 0 {
                ui.warn(&format!("{name}: entries that are no seconds are left out: {}", told.left_out));
            }
            told.seconds
        }
        Err(error) => {
            ui.warn(&format!("{name} says nothing of durations: {error}"));
            Seconds::new()
        }
    }
}
