//! What the jobs of a run have left: named as files or folders, or asked for at the forge.

use std::path::{Path, PathBuf};

use super::job::Job;
use crate::cli::global::Global;
use crate::launch::{CommandError, working_dir};
use crate::pipeline::host::Host;
use crate::pipeline::reports::{REPORT, bring};
use crate::support::environment::variable;
use crate::support::fs::{FileError, read_text};
use crate::support::path_text;
use crate::support::scratch::Scratch;

/// More reports than a platform has jobs are none of a pipeline.
const MOST: usize = 1_000;
/// How deep reports may lie in a folder.
const DEPTH: usize = 4;

/// What a job has left.
pub(super) struct Left {
    /// The folder in which it lay, or its own name.
    pub job: String,
    /// What it says.
    pub text: String,
}

/// The reports in those files and folders, of which the name ends so and that `by` writes; where none is named, those of the
/// run that `job` is of.
pub(super) async fn of(
    ending: &str,
    by: &str,
    global: &Global,
    named: &[PathBuf],
    job: Option<&Job>,
) -> Result<Vec<Left>, CommandError> {
    let mut all = Vec::new();
    let working_dir = working_dir(&global.invocation())?;
    for report in named {
        let place = working_dir.join(report);
        if !place.exists() {
            return Err(CommandError::usage(
                format!("there is no report {}", report.display()),
                format!("name what `{by}` wrote, or the folder of it"),
            ));
        }
        for file in files(&place, ending)? {
            push(&mut all, &place, &file)?;
        }
    }
    if let Some(job) = job.filter(|_| named.is_empty()) {
        let scratch = Scratch::new("reports");
        let scratch = scratch.map_err(FileError::on("make", Path::new("a temporary folder")))?;
        let _count = bring(&Host::of(&job.place(&variable)?, job.token()?), job.run, scratch.path()).await?;
        for file in files(scratch.path(), ending)? {
            push(&mut all, scratch.path(), &file)?;
        }
    }
    Ok(all)
}

/// A file itself, or those of a folder of which the name ends so, in the order of their names.
pub(super) fn files(place: &Path, ending: &str) -> Result<Vec<PathBuf>, CommandError> {
    let mut found = Vec::new();
    collect(place, ending, DEPTH, &mut found)?;
    Ok(found)
}

fn collect(place: &Path, ending: &str, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    if !place.is_dir() {
        found.push(place.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(place).map_err(FileError::on("read", place))?;
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        let is_report = entry.extension().is_some_and(|end| end == ending);
        if is_report || (depth > 0 && entry.is_dir()) {
            collect(&entry, ending, depth.saturating_sub(1), found)?;
        }
    }
    Ok(())
}

/// Reads one; it is called by its folder, or by itself.
fn push(all: &mut Vec<Left>, top: &Path, file: &Path) -> Result<(), CommandError> {
    if all.len() >= MOST {
        return Err(CommandError::usage(
            format!("there are more than {MOST} reports"),
            "name those of one run",
        ));
    }
    let below = file.strip_prefix(top).ok().filter(|below| below.components().count() > 1);
    let named = below.and_then(Path::parent).map(path_text::shown);
    let name = named.unwrap_or_else(|| {
        file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    });
    let text = read_text(file).map_err(FileError::on("read", file))?;
    all.push(Left { job: name.strip_prefix(REPORT).unwrap_or(&name).to_owned(), text });
    Ok(())
}
