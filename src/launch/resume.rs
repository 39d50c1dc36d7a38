//! Going on where a run stopped: with the same command, engine and tool, on what is there now.

use std::num::NonZeroUsize;

use super::agree::Consent;
use super::conclusion::Conclusion;
use super::error::CommandError;
use super::execute::{execute, is_unattended};
use super::options::{RunOptions, Tools};
use super::prepared::PreparedRun;
use super::stacks;
use super::workspace::Workspace;
use crate::project::EngineChoice;
use crate::report::model::Summary;
use crate::run::command::Command;
use crate::run::event::{NodeKind, Request};
use crate::run::folder::RunFolder;
use crate::run::home::is_from_elsewhere;
use crate::run::journal::{self, Journal};
use crate::run::mode::Mode;
use crate::run::past::Past;
use crate::run::plans::Plans;
use crate::support::git::{self, short};
use crate::ui::Ui;

/// A run that is to be gone on with.
pub struct Resuming<'a> {
    /// Its id, or how that begins; the newest where none is named.
    pub run: Option<&'a str>,
    /// Who agrees to the rest of it.
    pub consent: Consent,
    /// Whether it may have been begun elsewhere or by somebody else.
    pub from_elsewhere: bool,
    /// How it goes about what is left.
    pub options: &'a RunOptions,
}

/// Goes on with it.
pub async fn resume(ui: Ui, workspace: Workspace, wanted: Resuming<'_>) -> Result<Conclusion, CommandError> {
    let Some(folder) = RunFolder::find(workspace.home()?, wanted.run)? else {
        return Err(CommandError::no_run(wanted.run));
    };
    if is_from_elsewhere(folder.path()) && !wanted.from_elsewhere {
        return Err(CommandError::refused(
            format!("run {} was not begun here by you: its record may say anything", folder.id),
            "begin another run: what is applied already will be found so; or pass --from-elsewhere where you know it",
        ));
    }
    // From here on nobody else goes on with it.
    let journal = Journal::open(&folder.root()?)?;
    folder.make_ready()?;
    let damaged =
        || CommandError::failed(format!("the journal of {} does not say how the run began", folder.id), None);
    let past = Past::of(journal::read(&folder.journal())?).ok_or_else(damaged)?;
    if past.is_done() {
        ui.say(&format!("run {} is done: there is nothing to go on with", folder.id));
        let summary = Summary::of(&journal::read(&folder.journal())?);
        wanted.options.reports.prepare(&workspace)?.write(&summary, Some(&folder))?;
        return Ok(Conclusion::default());
    }
    let command = past.start.command();
    if let Some(address) = past.start.request.as_ref().and_then(|request| request.shared.as_ref()) {
        return Err(CommandError::refused(
            format!("run {} is one that machines share: what they have done is not here", folder.id),
            format!("take part in it: `slipway join {address} --yes`"),
        ));
    }
    if command == Some(Command::ApplySaved) {
        return Err(CommandError::refused(
            format!("run {} applied saved plans, which are over with it", folder.id),
            "go on with what is left: `slipway apply DIR --replan`",
        ));
    }
    let Some(command) = command.filter(|command| command.is_resumable()) else {
        return Err(CommandError::usage(
            format!("`slipway {}` is nothing to go on with", past.start.command),
            "begin it again",
        ));
    };
    let Some(request) = past.start.request.clone() else {
        return Err(CommandError::refused(
            format!(
                "run {} was written by an older slipway, which did not note what was asked for",
                folder.id
            ),
            "begin another run: what is applied already will be found so",
        ));
    };
    if past.was_declined() {
        return Err(CommandError::refused(
            format!("what is left of run {} was declined", folder.id),
            format!("begin it again: `slipway {}`", past.start.command),
        ));
    }
    let mode = command.mode();
    if is_unattended(ui, mode, wanted.consent) {
        let (done, all) = (past.done().len(), past.start.nodes.len());
        let effect = if mode == Mode::Destroy { "DESTROYING" } else { "applying" };
        return Err(CommandError::refused(
            format!(
                "run {}: `slipway {}`, {done} of {all} done, and there is nobody to ask",
                folder.id, past.start.command
            ),
            format!("`slipway resume {} --yes` goes on {effect}", folder.id),
        ));
    }
    let workspace = workspace.with_settings_of(&request)?;
    say_where_it_stands(ui, &workspace, &folder, &past);
    let options = options(wanted.options, &request, &past);
    stacks::generate_first(ui, &workspace, Some(&request.path), options.keep_generated)?;
    let reader = workspace.reader_for_work(mode.command(), &options.tools)?;
    let units = past.start.nodes.iter().filter(|node| node.kind == NodeKind::Unit);
    let names: Vec<&str> = units.map(|node| node.name.as_str()).collect();
    let selection = workspace.select_named(ui, &names, &reader)?;
    let run = PreparedRun {
        command,
        consent: wanted.consent,
        word: None,
        stands_for: None,
        plans: Plans::default(),
        options: &options,
        request,
        past: Some((folder, journal, past)),
    };
    execute(ui, &workspace, &selection, reader, run).await
}

fn say_where_it_stands(ui: Ui, workspace: &Workspace, folder: &RunFolder, past: &Past) {
    let (done, all) = (past.done().len(), past.start.nodes.len());
    ui.say(&format!("run {}: `slipway {}`, {done} of {all} done", folder.id, past.start.command));
    for node in &past.underway {
        ui.say(&format!("  {node} was being changed when the run stopped: it is planned anew"));
    }
    let now = git::head_commit(&workspace.project.dir).ok();
    if let (Some(then), Some(now)) = (&past.start.commit, &now)
        && then != now
    {
        let (then, now) = (short(then), short(now));
        ui.say(&format!("  it began at commit {then}; what is left is planned on {now}, which is here now"));
    }
}

/// What is said now; where nothing is, what was said then. Engine and tool stay what they were: half a run by one and
/// half by another is nobody's wish.
fn options(now: &RunOptions, request: &Request, past: &Past) -> RunOptions {
    let now = now.clone();
    RunOptions {
        parallelism: now.parallelism.or_else(|| NonZeroUsize::new(past.start.parallelism)),
        backend_bootstrap: now.backend_bootstrap || request.backend_bootstrap,
        tools: Tools {
            engine: EngineChoice::named(&past.start.engine),
            tf_path: request.tool.clone().or(now.tools.tf_path.clone()),
            share_providers: now.tools.share_providers,
        },
        ..now
    }
}
