//! Executes a run over units that are chosen: its folder, its graph, who watches, and what is told at the end.

use std::sync::Arc;

use super::agree::{Answer, Consent, Destruction, Prompt, Proposing, Undecided, dependents, word};
use super::cache;
use super::conclusion::Conclusion;
use super::error::CommandError;
use super::graph::{context, folders, nodes};
use super::locks::{self, ToLock};
use super::options::Scope;
use super::prepared::PreparedRun;
use super::select::Selection;
use super::shared::Shared;
use super::watching::{Ends, listeners, pass_on, tell};
use super::workspace::Workspace;
use crate::engine::Engine;
use crate::report::model::{Collector, Summary};
use crate::report::terminal::Terminal;
use crate::report::voice::Loudness;
use crate::run::approval::{Always, Approver};
use crate::run::command::Command;
use crate::run::event::{EventKind, RunStart};
use crate::run::events::Events;
use crate::run::folder::RunFolder;
use crate::run::gate::Greens;
use crate::run::journal::{self, Journal};
use crate::run::memory::{MemoryBound, USUAL};
use crate::run::mode::Mode;
use crate::run::node::Nodes;
use crate::run::past::Past;
use crate::run::scheduler::{self, Schedule};
use crate::run::signals;
use crate::run::unit_loader::UnitLoader;
use crate::support::children::end_left;
use crate::support::git;
use crate::support::interrupt::{Stop, channel};
use crate::support::signals::attach;
use crate::terragrunt::Reader;
use crate::ui::Ui;

/// Refuses where something would be changed, nobody has agreed, and there is nobody to ask.
pub fn refuse_unattended(ui: Ui, command: Command, consent: Consent) -> Result<(), CommandError> {
    if !is_unattended(ui, command.mode(), consent) {
        return Ok(());
    }
    Err(CommandError::refused(
        format!("`slipway {}` changes infrastructure and there is nobody to ask", command.name()),
        "look at `slipway plan` and pass --yes",
    ))
}

/// Whether something would be changed, nobody has agreed, and there is nobody to ask.
pub fn is_unattended(ui: Ui, mode: Mode, consent: Consent) -> bool {
    !mode.only_looks() && !consent.is_given() && !ui.is_interactive()
}

/// Executes it and prints the summary.
pub async fn execute(
    ui: Ui,
    workspace: &Workspace,
    selection: &Selection,
    reader: Arc<Reader>,
    mut run: PreparedRun<'_>,
) -> Result<Conclusion, CommandError> {
    let mode = run.command.mode();
    let engine = workspace.engine(&run.options.tools, run.options.backend_bootstrap)?;
    let engine_name = engine.name().to_owned();
    let loader = workspace.loader(Arc::clone(&engine), reader);
    let loader = Arc::new(loader.standing_for(run.stands_for.clone()));
    let reports = run.options.reports.prepare(workspace)?;
    let (interruptor, interrupts) = channel();
    // From here on there is something to stop step by step.
    let _attached = attach(interruptor);
    let (folder, journal, past) = place(workspace, run.past.take())?;

    let terminal = ui.is_interactive().then(|| Terminal::new(ui.voice()));
    let display = terminal.as_ref().map(Terminal::display);
    // A destruction is agreed to once, as a whole.
    let asks = !run.consent.is_given() && mode == Mode::Apply;
    let approver: Arc<dyn Approver> = match display.clone().filter(|_| asks) {
        Some(display) => Arc::new(Prompt::new(display, interrupts.clone())),
        None => Arc::new(Always),
    };
    let told = run.plans.detailed;
    let preview = if asks { preview(workspace, &run, engine)? } else { None };
    let context = Arc::new(context(workspace, selection, &run, loader, &folder, approver));
    let parallelism = workspace.parallelism(run.options);
    let memory = MemoryBound::new(run.options.unit_memory.or(workspace.project.unit_memory).unwrap_or(USUAL));
    let with_clusters = run.command.needs_clusters() && run.options.scope == Scope::Everything;
    let greens = Arc::new(Greens::of(past.as_ref()));
    let (nodes, units) =
        nodes(workspace, selection, &context, &folder, (with_clusters, &greens), parallelism)?;

    let collector = Collector::default();
    let listeners = listeners(ui, terminal, &folder, &collector);
    let events = Arc::new(Events::new(Some(journal), listeners));
    let telling = signals::tell(interrupts.clone(), Arc::clone(&events))
        .map_err(|error| CommandError::failed(format!("could not listen for signals: {error}"), None))?;
    // Before anything is written down, asked or done.
    let shared = Shared::take_part(ui, workspace, &run, &nodes, (&folder, &engine_name));
    let shared = Box::pin(shared).await?;
    let holder = (shared.as_ref().map_or(&*folder.id, Shared::run), run.command.name());
    let to_lock = ToLock::of(workspace, selection, &context.loader, (&folder, past.is_none()), holder);
    let to_lock = if shared.is_some() { to_lock.of_many() } else { to_lock };
    let held = if mode.only_looks() { None } else { Some(Box::pin(to_lock.take(ui)).await?) };
    let started = || start(workspace, &run, &folder, (engine_name, parallelism), &nodes);
    let beginning = past
        .as_ref()
        .map_or_else(|| EventKind::RunStarted(started()), |past| going_on(workspace, &events, past));
    events.emit(beginning);
    let done = past.map(|past| past.settled()).unwrap_or_default();
    let of_folder = || word(&run.request.path, &workspace.project.estate_root, &folders(&units));
    let word = (!run.consent.is_given()).then(|| run.word.unwrap_or_else(of_folder));
    let at_once = (parallelism, memory);
    let (nodes, (parallelism, memory)) = match &shared {
        Some(shared) => shared.open(nodes, &units, (&context.loader, &greens), at_once),
        None => (nodes, at_once),
    };
    let undecided = Undecided::new(&nodes, units, &done, (&events, &interrupts), (parallelism, memory));
    let answer = match (mode, display, &preview) {
        (Mode::Destroy, display, _) => {
            // What was removed from the tree has nobody in it who depends on it.
            let stays = run.stands_for.is_none();
            let dependents = stays.then(|| dependents(workspace, selection, context.loader.reader()));
            let dependents = dependents.unwrap_or_default();
            let loader = &context.loader;
            Destruction { run: undecided.backwards(), dependents, word, display, loader }.agree(ui).await
        }
        (_, Some(display), Some(preview)) => Proposing { run: undecided, display, preview }.agree().await,
        _ => Answer::Nothing,
    };
    let (agreed, ended) = match answer {
        Answer::Yes(word) => (Some(EventKind::Agreed { word }), None),
        Answer::No(result) => (None, Some(result)),
        Answer::Nothing => (None, None),
    };
    let schedule = Schedule {
        parallelism,
        events,
        interrupts,
        fail_fast: run.options.fail_fast.unwrap_or(workspace.project.fail_fast),
        memory,
        done,
    };
    let result = match ended {
        Some(result) => result,
        None => Box::pin(scheduler::run(nodes, agreed, &schedule)).await,
    };
    if schedule.interrupts.step() >= Stop::Interrupt {
        end_left(schedule.interrupts.step() == Stop::Kill).await;
    }
    if let Some(shared) = &shared {
        Box::pin(shared.release(ui, held, selection, &context.loader, &result)).await;
    } else {
        locks::release(ui, held, &schedule.interrupts).await;
    }
    drop(telling);
    // Before anything else can go wrong, such as a terminal that has gone.
    // The journal has all of a run that went on; where it could not be written, what was seen has more.
    let journaled = journal::read(&folder.journal()).ok().filter(|_| result.journal_failure.is_none());
    let summary = journaled.as_deref().map_or_else(|| collector.summary(), Summary::of);
    let past = journaled.and_then(Past::of);
    let (all, next_step) = (ui.loudness() == Loudness::Verbose, shared.as_ref().map(Shared::next_step));
    let ends = Ends { command: run.command, all, past, next_step };
    let reported = reports.write(&summary, Some(&folder));
    let seen = collector.summary().with_details(told);
    tell(ui, &folder, &seen, &result, &ends)?;
    Box::pin(pass_on(ui, workspace, &seen)).await;
    cache::keep_within(ui, workspace, run.options, &schedule.interrupts);
    Ok(Conclusion::seen(&seen, result, reported.err()))
}

/// How a run begins.
fn start(
    workspace: &Workspace,
    run: &PreparedRun<'_>,
    folder: &RunFolder,
    (engine, parallelism): (String, usize),
    nodes: &Nodes,
) -> RunStart {
    RunStart {
        run: folder.id.clone(),
        command: run.command.name().to_owned(),
        engine,
        nodes: scheduler::announce(nodes),
        parallelism,
        commit: git::head_commit(&workspace.project.dir).ok(),
        user: std::env::var("USER").ok(),
        request: Some(run.request.clone()),
    }
}

/// What shows plans that cannot be final yet, to somebody who is asked once for all of them.
fn preview(
    workspace: &Workspace,
    run: &PreparedRun<'_>,
    engine: Arc<dyn Engine>,
) -> Result<Option<UnitLoader>, CommandError> {
    // Saved plans were looked at before.
    if run.consent != Consent::Once || run.plans.saved.is_some() {
        return Ok(None);
    }
    let reader = workspace.reader_for_work(Mode::Plan.command(), &run.options.tools)?;
    Ok(Some(workspace.loader(engine, reader)))
}

/// How a run begins that goes on: whoever watches is told what was done before.
fn going_on(workspace: &Workspace, events: &Events, past: &Past) -> EventKind {
    events.replay(&past.to_replay());
    let commit = git::head_commit(&workspace.project.dir).ok();
    EventKind::Resumed { user: std::env::var("USER").ok(), commit }
}

/// The run's folder and journal: those of the run that is gone on with, or new ones.
fn place(
    workspace: &Workspace,
    past: Option<(RunFolder, Journal, Past)>,
) -> Result<(RunFolder, Journal, Option<Past>), CommandError> {
    if let Some((folder, journal, past)) = past {
        return Ok((folder, journal, Some(past)));
    }
    let folder = RunFolder::create(workspace.home()?)?;
    let journal = Journal::open(&folder.root()?)?;
    Ok((folder, journal, None))
}
