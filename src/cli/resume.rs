//! `slipway resume`: go on where a run stopped.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

use super::agree::ConsentArgs;
use super::carry_out::{carry_out, is_unattended};
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, EngineFlag, Global, ToolArgs};
use super::run::Run;
use super::runs::no_run;
use super::ui::Ui;
use super::workspace::Workspace;
use crate::estate::Needs;
use crate::report::model::Summary;
use crate::run::command::Command;
use crate::run::event::{NodeKind, Request};
use crate::run::folder::RunFolder;
use crate::run::home::is_from_elsewhere;
use crate::run::journal::{self, Journal};
use crate::run::past::Past;
use crate::run::plans::Plans;
use crate::run::unit::Mode;
use crate::support::git::{self, short};

/// Go on where a run stopped
///
/// What succeeded is not done again; all else of the run is planned anew, on what is there now, and done as it was asked for: with the same command, engine and tool. What a tool was changing when the run was killed is planned anew too, so that only what is missing is applied.
#[derive(Args, Clone, Debug)]
pub struct ResumeArgs {
    /// The run's id, or how it begins [default: the newest run]
    run: Option<String>,

    #[command(flatten)]
    consent: ConsentArgs,

    /// Go on also with a run that was not begun in this folder by you: its record says what is done already, and with which tool
    #[arg(long, env = "SLIPWAY_FROM_ELSEWHERE")]
    from_elsewhere: bool,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Goes on.
pub async fn cmd_resume(ui: Ui, global: &Global, args: &ResumeArgs) -> Result<Exit, CliError> {
    let workspace = Workspace::open(global, Needs::EVERYTHING)?;
    let Some(folder) = RunFolder::find(workspace.home()?, args.run.as_deref())? else {
        return Err(no_run(args.run.as_deref()));
    };
    if is_from_elsewhere(folder.path()) && !args.from_elsewhere {
        return Err(CliError::refused(
            format!("run {} was not begun here by you: its record may say anything", folder.id),
            "begin another run: what is applied already will be found so; or pass --from-elsewhere where you know it",
        ));
    }
    // From here on nobody else goes on with it.
    let journal = Journal::open(&folder.root()?)?;
    folder.make_ready()?;
    let damaged =
        || CliError::failed(format!("the journal of {} does not say how the run began", folder.id), None);
    let past = Past::of(journal::read(&folder.journal())?).ok_or_else(damaged)?;
    if past.is_done() {
        ui.say(&format!("run {} is done: there is nothing to go on with", folder.id));
        let summary = Summary::of(&journal::read(&folder.journal())?);
        args.engine.reports.prepare(&workspace)?.write(&summary, &folder)?;
        return Ok(Exit::Done);
    }
    let command = past.start.command();
    if command == Some(Command::ApplySaved) {
        return Err(CliError::refused(
            format!("run {} applied saved plans, which are over with it", folder.id),
            "plan what is left anew: `slipway plan --out`, then `slipway apply`",
        ));
    }
    let Some(command) = command.filter(|command| command.is_resumable()) else {
        return Err(CliError::usage(
            format!("`slipway {}` is nothing to go on with", past.start.command),
            "begin it again",
        ));
    };
    let Some(request) = past.start.request.clone() else {
        return Err(CliError::refused(
            format!(
                "run {} was written by an older slipway, which did not note what was asked for",
                folder.id
            ),
            "begin another run: what is applied already will be found so",
        ));
    };
    if past.was_declined() {
        return Err(CliError::refused(
            format!("what is left of run {} was declined", folder.id),
            format!("begin it again: `slipway {}`", past.start.command),
        ));
    }
    let mode = command.mode();
    if is_unattended(global, mode, args.consent.consent()) {
        let (done, all) = (past.done().len(), past.start.nodes.len());
        let effect = if mode == Mode::Destroy { "DESTROYING" } else { "applying" };
        return Err(CliError::refused(
            format!(
                "run {}: `slipway {}`, {done} of {all} done, and there is nobody to ask",
                folder.id, past.start.command
            ),
            format!("`slipway resume {} --yes` goes on {effect}", folder.id),
        ));
    }
    let workspace = workspace.with_settings_of(&request)?;
    say_where_it_stands(ui, &workspace, &folder, &past);
    let engine = engine_args(args, &request, &past);
    let reader = workspace.reader_for_work(mode.command(), &engine.tools)?;
    let units = past.start.nodes.iter().filter(|node| node.kind == NodeKind::Unit);
    let names: Vec<&str> = units.map(|node| node.name.as_str()).collect();
    let selection = workspace.select_named(ui, &names, &reader)?;
    let run = Run {
        command,
        consent: args.consent.consent(),
        word: None,
        stands_for: None,
        plans: Plans::default(),
        engine: &engine,
        request,
        past: Some((folder, journal, past)),
    };
    Ok(carry_out(ui, global, &workspace, &selection, reader, run).await?.exit)
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
fn engine_args(args: &ResumeArgs, request: &Request, past: &Past) -> EngineArgs {
    let now = args.engine.clone();
    EngineArgs {
        parallelism: now.parallelism.or_else(|| NonZeroUsize::new(past.start.parallelism)),
        backend_bootstrap: now.backend_bootstrap || request.backend_bootstrap,
        tools: ToolArgs {
            engine: EngineFlag::from_str(&past.start.engine, false).ok(),
            tf_path: request.tool.clone().or(now.tools.tf_path.clone()),
        },
        ..now
    }
}
