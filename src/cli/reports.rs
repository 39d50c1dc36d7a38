//! The flags of reports.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use crate::launch::ReportFiles;

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

    /// Whether a run was told of in them.
    #[arg(skip)]
    told: Arc<AtomicBool>,
}

impl ReportArgs {
    /// What they say; whether a run was told of is known to whoever has it from here.
    pub fn files(&self) -> ReportFiles {
        let Self { junit, markdown, html, told } = self.clone();
        ReportFiles { junit, markdown, html, told }
    }
}
