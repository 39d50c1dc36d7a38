//! What `up`, `down`, `plan`, `apply` and `destroy` share: build the graph, run it, tell how it went.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

use super::approver::Prompt;
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, Format, Global, LogFormat};
use super::selection::SelectionArgs;
use super::stack;
use super::ui::Ui;
use super::workspace::{Selection, Workspace};
use crate::estate::UnitIndex;
use crate::report::json_log::JsonLog;
use crate::report::log_files::LogFiles;
use crate::report::model::Collector;
use crate::report::plain::Plain;
use crate::report::terminal::Terminal;
use crate::run::approval::{Always, Approver};
use crate::run::assemble::{self, UnitSpec};
use crate::run::event::RunStart;
use crate::run::events::{Events, Listener};
use crate::run::folder::RunFolder;
use crate::run::gate::{self, GateContext};
use crate::run::journal::Journal;
use crate::run::node::Node;
use crate::run::scheduler::{self, RunResult, Schedule};
use crate::run::signals;
use crate::run::unit::{Mode, UnitContext, UnitWork};
use crate::run::workshop::Workshop;
use crate::support::git;
use crate::support::interrupt::channel;

/// What is to be carried out.
pub struct Execution<'a> {
    /// `up`, `plan`, ….
    pub command: &'static str,
    /// What is done with each unit.
    pub mode: Mode,
    /// Whether the clusters' gates are in the graph.
    pub gates: bool,
    /// The PATH argument.
    pub path: Option<&'a Path>,
    /// Which units of it.
    pub selection: &'a SelectionArgs,
    /// Engine and parallelism.
    pub engine: &'a EngineArgs,
    /// Whether nobody is asked.
    pub yes: bool,
    /// Whether units may go although others that depend on them were filtered out.
    pub leave_dependents: bool,
}

/// Carries it out and prints the summary; returns the exit code and whether there were changes.
pub async fn execute(ui: Ui, global: &Global, execution: Execution<'_>) -> Result<(Exit, bool), CliError> {
    let workspace = Workspace::open(global)?;
    let interactive = Ui::is_interactive() && global.log_format == LogFormat::Pretty;
    if execution.mode != Mode::Plan && !execution.yes && !interactive {
        return Err(CliError::refused(
            format!("`slipway {}` changes infrastructure and there is nobody to ask", execution.command),
            "look at `slipway plan` and pass --yes",
        ));
    }
    stack::generate_first(ui, &workspace, execution.path, execution.engine.stacks)?;
    let reader = workspace.reader("plan");
    let selection = workspace.select(ui, execution.path, &reader, execution.selection)?;
    if execution.mode == Mode::Destroy {
        refuse_protected(&selection)?;
        if !execution.leave_dependents {
            refuse_left_behind(&selection)?;
        }
    }
    let engine = workspace.engine(&execution.engine.tools, execution.engine.backend_bootstrap)?;
    let engine_name = engine.name().to_owned();
    let workshop = Arc::new(Workshop::new(engine, reader, workspace.project.estate_root.clone()));

    let folder = RunFolder::create(&workspace.home)?;
    let (interruptor, interrupts) = channel();
    let terminal = interactive.then(Terminal::new);
    let approver: Arc<dyn Approver> = match &terminal {
        Some(terminal) if !execution.yes => Arc::new(Prompt::new(terminal.bars(), interrupts.clone())),
        _ => Arc::new(Always),
    };
    let context = UnitContext {
        workshop,
        mode: execution.mode,
        reviewed: !execution.yes,
        approver,
        asking: Mutex::new(()),
    };
    let nodes = nodes(ui, &workspace, &selection, &Arc::new(context), &folder, execution.gates);

    let collector = Collector::default();
    let listeners = listeners(global, terminal, &folder, &collector);
    let events = Arc::new(Events::new(Some(Journal::open(&folder.journal())?), listeners));
    let listening = signals::listen(interruptor, Arc::clone(&events))
        .map_err(|error| CliError::failed(format!("could not listen for signals: {error}"), None))?;
    let parallelism = workspace.parallelism(execution.engine);
    let start = RunStart {
        run: folder.id.clone(),
        command: execution.command.to_owned(),
        engine: engine_name,
        nodes: scheduler::announce(&nodes),
        parallelism,
        commit: git::head_commit(&workspace.project.dir).ok(),
        user: std::env::var("USER").ok(),
        request: None,
    };
    let result = scheduler::run(nodes, start, &Schedule { parallelism, events, interrupts }).await;
    listening.abort();
    tell(ui, &folder, &collector, &result)?;
    Ok((Exit::of(&result), collector.summary().has_changes()))
}

/// `prevent_destroy` stops a destroy before anything has started.
fn refuse_protected(selection: &Selection) -> Result<(), CliError> {
    let units = selection.selected.iter().map(|unit| selection.estate.unit(*unit));
    let units = units.filter(|unit| unit.outline.prevent_destroy);
    let names: Vec<String> = units.map(crate::estate::Unit::name).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(CliError::refused(
        format!("prevent_destroy protects {}", names.join(", ")),
        "nothing was touched; remove prevent_destroy from the unit, or name a folder without it",
    ))
}

/// What is destroyed must not be what others stand on that stay.
fn refuse_left_behind(selection: &Selection) -> Result<(), CliError> {
    if selection.dependents.is_empty() {
        return Ok(());
    }
    Err(CliError::refused(
        format!("{} would lose what they depend on: they were filtered out", selection.dependents.join(", ")),
        "nothing was touched; select them as well, as in --filter '...vpc', or pass --leave-dependents where they \
         are gone already",
    ))
}

/// The units that their `exclude` blocks leave out of this run, and those they take with them.
fn left_out(ui: Ui, selection: &Selection, mode: Mode) -> BTreeSet<UnitIndex> {
    let command = match mode {
        Mode::Plan => "plan",
        Mode::Apply => "apply",
        Mode::Destroy => "destroy",
    };
    let Selection { estate, graph, selected, .. } = selection;
    let mut left_out = BTreeSet::new();
    for index in selected.iter().copied() {
        let unit = estate.unit(index);
        let Some(exclude) = unit.outline.exclude.as_ref().filter(|exclude| exclude.leaves_out(command))
        else {
            continue;
        };
        left_out.insert(index);
        if exclude.exclude_dependencies.unwrap_or_default() {
            left_out.extend(graph.all_dependencies(index));
        }
    }
    for index in &left_out {
        ui.say(&format!("left out by an exclude block: {}", estate.unit(*index).name()));
    }
    left_out
}

fn nodes(
    ui: Ui,
    workspace: &Workspace,
    selection: &Selection,
    context: &Arc<UnitContext>,
    folder: &RunFolder,
    gates: bool,
) -> Vec<Node> {
    let Selection { estate, graph, selected, .. } = selection;
    // Other units are not run; their outputs are read where someone needs them.
    let left_out = left_out(ui, selection, context.mode);
    let runs = |unit: UnitIndex| selected.contains(&unit) && !left_out.contains(&unit);
    let order: Vec<UnitIndex> = graph.order().into_iter().filter(|unit| runs(*unit)).collect();
    let place = |wanted: UnitIndex| order.iter().position(|unit| *unit == wanted);
    let name = |dir: &PathBuf| context.workshop.name(dir);
    let units: Vec<UnitSpec> = order
        .iter()
        .map(|index| {
            let unit = estate.unit(*index);
            let name = name(&unit.dir);
            let plan_file = folder.plan(&name);
            let work = UnitWork { context: Arc::clone(context), dir: unit.dir.clone(), plan_file };
            let dependencies =
                graph.dependencies_among(*index, &runs).into_iter().filter_map(place).collect();
            UnitSpec { name, dependencies, work: Arc::new(work) }
        })
        .collect();
    let clusters = if gates { workspace.project.clusters.as_slice() } else { &[] };
    let contexts = clusters.iter().filter_map(|cluster| {
        let unit = workspace.project.unit_dir(cluster)?;
        let index = place(estate.find(&unit)?)?;
        let workshop = Arc::clone(&context.workshop);
        Some((index, GateContext { cluster: cluster.clone(), unit, workshop }))
    });
    let cache = workspace.argocd_cache();
    if context.mode == Mode::Destroy {
        let gates = contexts.filter_map(|(unit, context)| Some((unit, gate::down(context, &cache)?)));
        assemble::downwards(units, gates.collect())
    } else {
        let gates = contexts.map(|(unit, context)| gate::up(unit, context, &cache));
        assemble::upwards(units, gates.collect())
    }
}

fn listeners(
    global: &Global,
    terminal: Option<Terminal>,
    folder: &RunFolder,
    collector: &Collector,
) -> Vec<Box<dyn Listener>> {
    let shown: Box<dyn Listener> = match (global.log_format, terminal) {
        (LogFormat::Json, _) => Box::new(JsonLog::new(std::io::stderr())),
        (LogFormat::Pretty, Some(terminal)) => Box::new(terminal),
        (LogFormat::Pretty, None) => Box::new(Plain::new(std::io::stderr())),
    };
    vec![Box::new(LogFiles::new(folder.clone())), Box::new(collector.clone()), shown]
}

fn tell(ui: Ui, folder: &RunFolder, collector: &Collector, result: &RunResult) -> Result<(), CliError> {
    let summary = collector.summary();
    match ui.format() {
        Format::Json => ui.json(&summary)?,
        Format::Text => ui.answer(&summary.table())?,
    }
    if let Some(failure) = &result.journal_failure {
        ui.say(&format!("the journal could not be written, so nothing more was started: {failure}"));
    }
    if result.outcomes.iter().any(|(_, outcome)| !outcome.is_success()) {
        ui.say(&format!("logs: {}", folder.logs().display()));
    }
    Ok(())
}
