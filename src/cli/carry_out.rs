//! Carries a run out over units that are chosen: its folder, its graph, who watches, and what is told at the end.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::approver::Prompt;
use super::destruction::{Answer, Destruction, dependents, word};
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, Format, Global, LogFormat};
use super::run_locks::{self, ToLock};
use super::ui::Ui;
use super::workspace::{Selection, Workspace};
use crate::estate::policy::CostLimits;
use crate::estate::{UnitIndex, UnitLimits};
use crate::report::json_log::JsonLog;
use crate::report::line::lock_left;
use crate::report::log_files::LogFiles;
use crate::report::model::{Collector, Summary};
use crate::report::plain::Plain;
use crate::report::terminal::Terminal;
use crate::run::ahead::NamedUnit;
use crate::run::approval::{Always, Approver};
use crate::run::assemble::{self, GateSpec, UnitSpec};
use crate::run::event::{EventKind, NodeKind, Request, RunStart};
use crate::run::events::{Events, Listener};
use crate::run::folder::RunFolder;
use crate::run::gate::{self, GateContext};
use crate::run::journal::{self, Journal};
use crate::run::left_locks::LeftLocks;
use crate::run::memory::{MemoryBound, USUAL};
use crate::run::node::Node;
use crate::run::past::Past;
use crate::run::plans::Plans;
use crate::run::policy::Policies;
use crate::run::saved::{SavedPlans, SavedPlansGate};
use crate::run::scheduler::{self, RunResult, Schedule};
use crate::run::signals;
use crate::run::unit::{Agreement, Mode, UnitContext, UnitWork};
use crate::run::workplaces::Workplaces;
use crate::run::workshop::Workshop;
use crate::support::git;
use crate::support::interrupt::channel;
use crate::terragrunt::Reader;

/// A run, before it begins or goes on.
pub struct Run<'a> {
    /// `up`, `plan`, ….
    pub command: &'a str,
    /// What is done with each unit.
    pub mode: Mode,
    /// Whether the clusters' gates are in the graph.
    pub gates: bool,
    /// Whether nobody is asked.
    pub yes: bool,
    /// The word that has to be typed before anything is destroyed, where it is not that of the folder.
    pub word: Option<String>,
    /// The folder that the units stand in, and the one it stands for, where these are two.
    pub stands_for: Option<(PathBuf, PathBuf)>,
    /// What else is done with plans.
    pub plans: Plans,
    /// Engine and parallelism.
    pub engine: &'a EngineArgs,
    /// What was asked for.
    pub request: Request,
    /// What was done of it before, and its folder, where it goes on.
    pub past: Option<(RunFolder, Journal, Past)>,
}

/// Refuses where something would be changed, nobody has agreed, and there is nobody to ask.
pub fn refuse_unattended(global: &Global, command: &str, mode: Mode, yes: bool) -> Result<(), CliError> {
    if mode == Mode::Plan || yes || is_interactive(global) {
        return Ok(());
    }
    Err(CliError::refused(
        format!("`slipway {command}` changes infrastructure and there is nobody to ask"),
        "look at `slipway plan` and pass --yes",
    ))
}

fn is_interactive(global: &Global) -> bool {
    Ui::is_interactive() && global.log_format == LogFormat::Pretty
}

/// Carries it out and prints the summary; returns the exit code and whether there were changes.
pub async fn carry_out(
    ui: Ui,
    global: &Global,
    workspace: &Workspace,
    selection: &Selection,
    reader: Arc<Reader>,
    mut run: Run<'_>,
) -> Result<(Exit, bool), CliError> {
    let engine = workspace.engine(&run.engine.tools, run.engine.backend_bootstrap)?;
    let engine_name = engine.name().to_owned();
    let workshop = Workshop::new(engine, reader, workspace.project.estate_root.clone());
    let workshop = Arc::new(workshop.standing_for(run.stands_for.clone()));
    let reports = run.engine.reports.prepare(&workspace.working_dir)?;
    let (folder, journal, past) = place(workspace, run.past.take())?;

    let (interruptor, interrupts) = channel();
    let terminal = is_interactive(global).then(Terminal::new);
    let display = terminal.as_ref().map(Terminal::display);
    // A destruction is agreed to once, as a whole.
    let asks = !run.yes && run.mode != Mode::Destroy;
    let approver: Arc<dyn Approver> = match display.clone().filter(|_| asks) {
        Some(display) => Arc::new(Prompt::new(display, interrupts.clone())),
        None => Arc::new(Always),
    };
    let told = run.plans.detailed;
    let context = Arc::new(context(workspace, selection, &run, workshop, &folder, approver));
    let (mut nodes, units) = nodes(workspace, selection, &context, &folder, run.gates);
    if let Some(saved) = &context.plans.saved {
        let gate = saved_plans_gate(selection, &context, saved, workspace.parallelism(run.engine));
        nodes = assemble::behind(gate, nodes);
    }
    if let Some(keeper) = &context.plans.keeper {
        keeper.announce(scheduler::announce(&nodes));
    }

    let collector = Collector::default();
    let listeners = listeners(global, terminal, &folder, &collector);
    let events = Arc::new(Events::new(Some(journal), listeners));
    let listening = signals::listen(interruptor, Arc::clone(&events))
        .map_err(|error| CliError::failed(format!("could not listen for signals: {error}"), None))?;
    // Before anything is written down, asked or done.
    let to_lock = ToLock::of(workspace, selection, &context.workshop, (&folder, past.is_none()), run.command);
    let locks = if run.mode == Mode::Plan { None } else { Some(to_lock.take(ui).await?) };
    let parallelism = workspace.parallelism(run.engine);
    let asked_for = run.request.path.clone();
    let beginning = if let Some(past) = &past {
        events.replay(&past.to_replay());
        let commit = git::head_commit(&workspace.project.dir).ok();
        EventKind::Resumed { user: std::env::var("USER").ok(), commit }
    } else {
        EventKind::RunStarted(RunStart {
            run: folder.id.clone(),
            command: run.command.to_owned(),
            engine: engine_name,
            nodes: scheduler::announce(&nodes),
            parallelism,
            commit: git::head_commit(&workspace.project.dir).ok(),
            user: std::env::var("USER").ok(),
            request: Some(run.request),
        })
    };
    let done = past.map(|past| past.done()).unwrap_or_default();
    let (beginning, ended) = if run.mode == Mode::Destroy {
        events.emit(beginning);
        let of_folder = || word(&asked_for, &workspace.project.estate_root, &going(&units));
        let destruction = Destruction {
            word: (!run.yes).then(|| run.word.unwrap_or_else(of_folder)),
            units: units.into_iter().filter(|(name, _)| !done.contains_key(name)).rev().collect(),
            names: nodes.iter().map(|node| node.name.clone()).collect(),
            done: done.clone().into_iter().collect(),
            // What was removed from the tree has nobody in it who depends on it.
            dependents: match run.stands_for {
                None => dependents(workspace, selection, context.workshop.reader()),
                Some(_) => Vec::new(),
            },
            gates: nodes.iter().any(|node| node.kind == NodeKind::Gate && !done.contains_key(&node.name)),
            display,
            events: &events,
            interrupts: &interrupts,
            workshop: &context.workshop,
            parallelism,
        };
        match destruction.agree(ui).await {
            Answer::Yes(word) => (EventKind::Agreed { word }, None),
            Answer::No(result) => (EventKind::Agreed { word: None }, Some(result)),
        }
    } else {
        (beginning, None)
    };
    let schedule = Schedule {
        parallelism,
        events,
        interrupts,
        fail_fast: run.engine.ends_at_first_failure(workspace.project.fail_fast),
        memory: MemoryBound::new(run.engine.unit_memory.or(workspace.project.unit_memory).unwrap_or(USUAL)),
        done,
    };
    let result = match ended {
        Some(result) => result,
        None => scheduler::run(nodes, beginning, &schedule).await,
    };
    run_locks::release(ui, locks).await;
    listening.abort();
    // Before anything else can go wrong, such as a terminal that has gone.
    // The journal has all of a run that went on; where it could not be written, what was seen has more.
    let journaled = journal::read(&folder.journal()).ok().filter(|_| result.journal_failure.is_none());
    let summary = journaled.map_or_else(|| collector.summary(), |events| Summary::of(&events));
    let reported = reports.write(&summary, &folder);
    tell(ui, &folder, &collector.summary().with_details(told), &result)?;
    Ok((exit(ui, &result, reported.err()), collector.summary().has_changes()))
}

/// The run's folder and journal: those of the run that is gone on with, or new ones.
fn place(
    workspace: &Workspace,
    past: Option<(RunFolder, Journal, Past)>,
) -> Result<(RunFolder, Journal, Option<Past>), CliError> {
    if let Some((folder, journal, past)) = past {
        return Ok((folder, journal, Some(past)));
    }
    let folder = RunFolder::create(&workspace.home)?;
    let journal = Journal::open(&folder.journal())?;
    Ok((folder, journal, None))
}

/// What the run came to; a report that could not be written says less.
fn exit(ui: Ui, result: &RunResult, unreported: Option<CliError>) -> Exit {
    let exit = Exit::of(result);
    let Some(error) = unreported else { return exit };
    let failed = ui.error(&error);
    if exit == Exit::Done { failed } else { exit }
}

/// What all units of the run share.
fn context(
    workspace: &Workspace,
    selection: &Selection,
    run: &Run<'_>,
    workshop: Arc<Workshop>,
    folder: &RunFolder,
    approver: Arc<dyn Approver>,
) -> UnitContext {
    let policies = policies(workspace, selection, run.command, run.engine.price.cost);
    // A page shows plans in full; an apply that nobody reviews is not slowed down for it.
    let for_a_page = run.engine.reports.wants_details() && (run.mode == Mode::Plan || !run.yes);
    let plans = Plans { detailed: run.plans.detailed || for_a_page, ..run.plans.clone() };
    // Whoever looks at plans, or keeps them, or agrees to them as a whole.
    let seen = !run.yes || run.mode == Mode::Destroy || plans.detailed || plans.keeper.is_some();
    UnitContext {
        workshop,
        mode: run.mode,
        reviewed: seen || !policies.is_empty(),
        plans,
        approver,
        asking: Mutex::new(()),
        limits: limits(workspace, run.engine),
        left_locks: LeftLocks::new(&workspace.home),
        workplaces: Workplaces::new(&workspace.home, &folder.id, run.command),
        policies,
    }
}

/// How long units may take: by the flag, else by the project.
fn limits(workspace: &Workspace, engine: &EngineArgs) -> UnitLimits {
    let project = &workspace.project.limits;
    UnitLimits { timeout: engine.unit_timeout.or(project.timeout), of_some: project.of_some.clone() }
}

/// What the project asks of each plan; its cost also where a flag asks for it.
fn policies(workspace: &Workspace, selection: &Selection, command: &str, cost: bool) -> Policies {
    let project = &workspace.project;
    let cost = project.cost.clone().or_else(|| cost.then(CostLimits::default));
    let root = &project.estate_root;
    let command = command.split(' ').next().unwrap_or(command);
    Policies::new(&project.policies, cost, &selection.estate, root, &project.dir, command)
}

/// What holds saved plans to what they were made on, before the first of them is applied.
fn saved_plans_gate(
    selection: &Selection,
    context: &Arc<UnitContext>,
    saved: &Arc<SavedPlans>,
    parallelism: usize,
) -> GateSpec {
    let dirs = selection.selected.iter().map(|unit| selection.estate.unit(*unit).dir.clone());
    let work = SavedPlansGate {
        context: Arc::clone(context),
        saved: Arc::clone(saved),
        dirs: dirs.map(|dir| (context.workshop.name(&dir), dir)).collect(),
        parallelism,
    };
    GateSpec { name: "saved plans".to_owned(), work: Arc::new(work) }
}

fn nodes(
    workspace: &Workspace,
    selection: &Selection,
    context: &Arc<UnitContext>,
    folder: &RunFolder,
    gates: bool,
) -> (Vec<Node>, Vec<NamedUnit>) {
    let Selection { estate, graph, selected, .. } = selection;
    // Other units are not run; their outputs are read where someone needs them.
    let runs = |unit: UnitIndex| selected.contains(&unit);
    let order: Vec<UnitIndex> = graph.order().into_iter().filter(|unit| runs(*unit)).collect();
    let place = |wanted: UnitIndex| order.iter().position(|unit| *unit == wanted);
    let name = |dir: &PathBuf| context.workshop.name(dir);
    let mut named = Vec::new();
    let units: Vec<UnitSpec> = order
        .iter()
        .map(|index| {
            let unit = estate.unit(*index);
            let name = name(&unit.dir);
            let plan_file = folder.plan(&name);
            let (context, dir) = (Arc::clone(context), unit.dir.clone());
            let work = Arc::new(UnitWork { context, dir, plan_file, ahead: Agreement::default() });
            named.push((name.clone(), Arc::clone(&work)));
            let dependencies =
                graph.dependencies_among(*index, &runs).into_iter().filter_map(place).collect();
            UnitSpec { name, dependencies, work }
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
    let nodes = if context.mode == Mode::Destroy {
        let gates = contexts.filter_map(|(unit, context)| Some((unit, gate::down(context, &cache)?)));
        assemble::downwards(units, gates.collect())
    } else {
        let gates = contexts.map(|(unit, context)| gate::up(unit, context, &cache));
        assemble::upwards(units, gates.collect())
    };
    (nodes, named)
}

fn going(units: &[NamedUnit]) -> Vec<PathBuf> {
    units.iter().map(|(_, work)| work.dir.clone()).collect()
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

fn tell(ui: Ui, folder: &RunFolder, summary: &Summary, result: &RunResult) -> Result<(), CliError> {
    match ui.format() {
        Format::Json => ui.json(summary)?,
        Format::Text => ui.answer(&summary.table())?,
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
        ui.say(&format!("go on with it: slipway resume {}", folder.id));
    }
    Ok(())
}
