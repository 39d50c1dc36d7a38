//! The kinds of reports that are written to files: what each makes of a run, and of one that never began.

use super::durations::durations;
use super::html::html;
use super::junit::junit;
use super::markdown::markdown;
use super::model::Summary;
use super::run_report;
use super::unbegun::{self, Unbegun};

/// A report that is written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// For systems that collect tests.
    Junit,
    /// A comment for a pull request.
    Markdown,
    /// A page.
    Html,
    /// What Terragrunt's run report is read by, as JSON.
    RunReport,
    /// The same as CSV.
    RunReportCsv,
    /// How long each unit took, for the jobs of the next pipeline.
    Durations,
}

impl ReportKind {
    /// Whether it shows plans attribute by attribute.
    pub fn has_details(self) -> bool {
        self == Self::Html
    }

    /// The report of a run; `log_end` gives the last lines of a node's log.
    pub fn text(self, summary: &Summary, log_end: impl Fn(&str) -> Option<String>) -> String {
        match self {
            Self::Junit => junit(summary, log_end),
            Self::Markdown => markdown(summary, log_end),
            Self::Html => html(summary, log_end),
            Self::RunReport => run_report::json(summary),
            Self::RunReportCsv => run_report::csv(summary),
            Self::Durations => durations(summary),
        }
    }

    /// The report of a command that ended before its run began.
    pub fn text_of_unbegun(self, unbegun: &Unbegun) -> String {
        match self {
            Self::Junit => unbegun::junit(unbegun),
            Self::Markdown => unbegun::markdown(unbegun),
            Self::Html => unbegun::html(unbegun),
            // No unit was run.
            Self::RunReport => run_report::json(&Summary::default()),
            Self::RunReportCsv => run_report::csv(&Summary::default()),
            Self::Durations => durations(&Summary::default()),
        }
    }
}
