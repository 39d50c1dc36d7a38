//! Who watches a run, and what is told at its end.

use super::error::CommandError;
use super::runner;
use super::workspace::Workspace;
use crate::report::json_log::JsonLog;
use crate::report::line::lock_left;
use crate::report::log_files::LogFiles;
use crate::report::model::{Collector, Summary};
use crate::report::otlp;
use crate::report::plain::Plain;
use crate::report::terminal::Terminal;
use crate::run::command::Command;
use crate::run::events::Listener;
use crate::run::folder::RunFolder;
use crate::run::past::Past;
use crate::run::scheduler::RunResult;
use crate::ui::{Format, LogFormat, Ui};

/// The log files, what collects the summary, and what is shown meanwhile.
pub fn listeners(
    ui: Ui,
    terminal: Option<Terminal>,
    folder: &RunFolder,
    collector: &Collector,
) -> Vec<Box<dyn Listener>> {
    vec![Box::new(LogFiles::new(folder.clone())), Box::new(collector.clone()), screen(ui, terminal)]
}

/// What shows a run while it goes on.
pub fn screen(ui: Ui, terminal: Option<Terminal>) -> Box<dyn Listener> {
    match (ui.log_format(), terminal) {
        (LogFormat::Json, _) => Box::new(JsonLog::new(std::io::stderr())),
        (LogFormat::Pretty, Some(terminal)) => Box::new(terminal),
        (LogFormat::Pretty, None) => Box::new(Plain::new(std::io::stderr(), ui.voice())),
    }
}

/// How a run stands at its end, for what is offered then.
pub struct Ends {
    /// What was asked for.
    pub command: Command,
    /// Whether units that stay as they are are all listed.
    pub all: bool,
    /// What its journal says, where it can be read.
    pub past: Option<Past>,
    /// What to type next, where that is not what its command says.
    pub next_step: Option<String>,
}

impl Ends {
    /// What to type next, where something is left that nobody declined.
    fn offer(&self, run: &str) -> Option<String> {
        if self.past.as_ref().is_some_and(|past| !past.is_open()) {
            return None;
        }
        Some(self.next_step.clone().unwrap_or_else(|| self.command.next_step(run)))
    }
}

/// The summary, and what a person has to know beside it.
pub fn tell(
    ui: Ui,
    folder: &RunFolder,
    summary: &Summary,
    result: &RunResult,
    ends: &Ends,
) -> Result<(), CommandError> {
    match ui.format() {
        Format::Json => ui.json(summary)?,
        Format::Text => ui.answer(&summary.table(ui.width(), ends.all))?,
    }
    for lock in summary.nodes.iter().flat_map(|row| &row.locks) {
        ui.say(&lock_left(lock));
    }
    if let Some(failure) = &result.journal_failure {
        ui.say(&format!("what happens could not be written down, so nothing more was started: {failure}"));
        ui.say(&format!("make room on the disk that holds {}", folder.path().display()));
    }
    if result.outcomes.iter().any(|(_, outcome)| !outcome.is_success()) {
        ui.say(&format!("logs: {}", folder.logs().display()));
        if let Some(offer) = ends.offer(&folder.id) {
            ui.say(&offer);
        }
    }
    Ok(())
}

/// Tells the runner of a pipeline, and whoever collects what runs do; the person where that is not taken.
pub async fn pass_on(ui: Ui, workspace: &Workspace, summary: &Summary) {
    runner::tell(ui, workspace, summary);
    for said in otlp::send(summary).await {
        ui.warn(&said);
    }
}
