//! `--report-junit`, `--report-markdown` and `--report-html`: files that tell of a run.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::CliError;
use crate::report::html::{Sources, html};
use crate::report::junit::junit;
use crate::report::log_files::end_of_log;
use crate::report::markdown::markdown;
use crate::report::model::Summary;
use crate::run::folder::RunFolder;
use crate::support::fs::write_atomically;

/// The most lines of a log that go into a report.
const LOG_LINES: usize = 80;
/// The most bytes of a log that go into a report.
const LOG_BYTES: u64 = 32 * 1024;

/// The flags of reports.
#[derive(Args, Clone, Debug, Default)]
pub struct ReportArgs {
    /// Write a JUnit report, also where the run fails
    #[arg(long, value_name = "FILE", env = "SLIPWAY_REPORT_JUNIT")]
    pub report_junit: Option<PathBuf>,

    /// Write a comment for a pull request, also where the run fails
    #[arg(long, value_name = "FILE", env = "SLIPWAY_REPORT_MARKDOWN")]
    pub report_markdown: Option<PathBuf>,

    /// Write a page that tells all of it, also where the run fails
    #[arg(long, value_name = "FILE", env = "SLIPWAY_REPORT_HTML")]
    pub report_html: Option<PathBuf>,
}

/// Where each report goes.
pub struct Reports {
    files: Vec<(Kind, PathBuf)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Junit,
    Markdown,
    Html,
}

impl ReportArgs {
    /// Refuses files that could not be written while nothing has happened yet.
    pub fn prepare(&self, working_dir: &Path) -> Result<Reports, CliError> {
        let asked = [
            (Kind::Junit, &self.report_junit),
            (Kind::Markdown, &self.report_markdown),
            (Kind::Html, &self.report_html),
        ];
        let files =
            asked.into_iter().filter_map(|(kind, file)| Some((kind, working_dir.join(file.as_ref()?))));
        let files: Vec<(Kind, PathBuf)> = files.collect();
        for (_, file) in &files {
            let refused = |why: String| {
                let help = "name a file in a folder that can be written to";
                CliError::usage(format!("a report cannot be written to {}: {why}", file.display()), help)
            };
            if file.is_dir() {
                return Err(refused("it is a folder".to_owned()));
            }
            let folder = file.parent().unwrap_or(working_dir);
            std::fs::create_dir_all(folder).map_err(|error| refused(error.to_string()))?;
            tempfile::NamedTempFile::new_in(folder).map_err(|error| refused(error.to_string()))?;
        }
        Ok(Reports { files })
    }
}

impl Reports {
    /// Writes all of them, each whole or not at all; where one fails the others are written nevertheless.
    pub fn write(&self, summary: &Summary, folder: &RunFolder) -> Result<(), CliError> {
        let log_end = |node: &str| end_of_log(&folder.log(node), LOG_LINES, LOG_BYTES);
        let detail = |node: &str| {
            let text = std::fs::read(folder.detail(node)).ok()?;
            serde_json::from_slice(&text).ok()
        };
        let mut written = Ok(());
        for (kind, file) in &self.files {
            let text = match kind {
                Kind::Junit => junit(summary, log_end),
                Kind::Markdown => markdown(summary, log_end),
                Kind::Html => html(summary, &Sources { log_end: &log_end, detail: &detail }),
            };
            written = written.and(write_atomically(file, text.as_bytes()).map_err(CliError::from));
        }
        written
    }
}
