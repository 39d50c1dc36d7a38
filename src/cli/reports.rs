//! The flags of reports.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use crate::launch::ReportFiles;
use crate::report::kind::ReportKind;

/// The flags of reports.
#[derive(Args, Clone, Debug, Default)]
pub struct ReportArgs {
    /// Write a JUnit report, also where the run fails
    #[arg(long = "report-junit", value_name = "FILE", env = "SLIPWAY_REPORT_JUNIT")]
    junit: Option<PathBuf>,

    /// Write a comment for a pull request, also where the run fails
    #[arg(long = "report-markdown", value_name = "FILE", env = "SLIPWAY_REPORT_MARKDOWN")]
    markdown: Option<PathBuf>,

    /// Write a page that tells all of it, also where the run fails
    #[arg(long = "report-html", value_name = "FILE", env = "SLIPWAY_REPORT_HTML")]
    html: Option<PathBuf>,

    /// Write the run report of Terragrunt: JSON where the name ends in .json, else CSV
    #[arg(long = "report-file", value_name = "FILE", env = "SLIPWAY_REPORT_FILE")]
    run_report: Option<PathBuf>,

    /// Write how many seconds each unit took, for `ci shards --durations`
    #[arg(long = "report-durations", value_name = "FILE", env = "SLIPWAY_REPORT_DURATIONS")]
    durations: Option<PathBuf>,

    /// Whether a run was told of in them.
    #[arg(skip)]
    told: Arc<AtomicBool>,
}

impl ReportArgs {
    /// What they say; whether a run was told of is known to whoever has it from here.
    pub fn files(&self) -> ReportFiles {
        let files = [
            (ReportKind::Junit, &self.junit),
            (ReportKind::Markdown, &self.markdown),
            (ReportKind::Html, &self.html),
            (self.run_report_kind(), &self.run_report),
            (ReportKind::Durations, &self.durations),
        ];
        let files = files.into_iter().filter_map(|(kind, file)| Some((kind, file.clone()?))).collect();
        ReportFiles { files, told: Arc::clone(&self.told) }
    }

    /// As Terragrunt knows it: by the name of the file.
    fn run_report_kind(&self) -> ReportKind {
        let ending = self.run_report.as_deref().and_then(Path::extension);
        if ending.is_some_and(|ending| ending == "json") {
            ReportKind::RunReport
        } else {
            ReportKind::RunReportCsv
        }
    }
}
