//! Carries a run out over units that are chosen: its folder, its graph, who watches, and what is told at the end.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::approver::Prompt;
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, Format, Global, LogFormat};
use super::ui::Ui;
use super::workspace::{Selection, Workspace};
use crate::estate::policy::CostLimits;
use crate::estate::{UnitIndex, UnitLimits};
use crate::report::json_log::JsonLog;
use crate::report::log_files::LogFiles;
use crate::report::model::{Collector, Summary};
use crate::report::plain::Plain;
use crate::report::terminal::Terminal;
use crate::run::approval::{Always, Approver};
use crate::run::assemble::{self, GateSpec, UnitSpec};
use crate::run::event::{EventKind, Request, RunStart};
use crate::run::events::{Events, Listener};
use crate::run::folder::RunFolder;
use crate::run::gate::{self, GateContext};
use crate::run::journal::{self, Journal};
use crate::run::memory::{MemoryBound, USUAL};
use crate::run::node::Node;
use crate::run::past::Past;
use crate::run::plans::Plans;
use crate::run::policy::Policies;
use crate::run::saved::{SavedPlans, SavedPlansGate};
use crate::run::scheduler::{self, RunResult, Schedule};
use crate::run::signals;
use crate::run::unit::{Mode, UnitContext, UnitWork};
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
    run: Run<'_>,
) -> Result<(Exit, bool), CliError> {
    let engine = workspace.engine(&run.engine.tools, run.engine.backend_bootstrap)?;
    let engine_name = engine.name().to_owned();
    let workshop = Arc::new(Workshop::new(engine, reader, workspace.project.estate_root.clone()));
    let reports = run.engine.reports.prepare(&workspace.working_dir)?;
    let (folder, journal, past) = if let Some((folder, journal, past)) = run.past {
        (folder, journal, Some(past))
    } else {
        let folder = RunFolder::create(&workspace.home)?;
        let journal = Journal::open(&folder.journal())?;
        (folder, journal, None)
    };

    let (interruptor, interrupts) = channel();
    let terminal = is_interactive(global).then(Terminal::new);
    let approver: Arc<dyn Approver> = match &terminal {
        Some(terminal) if !run.yes => Arc::new(Prompt::new(terminal.display(), interrupts.clone())),
        _ => Arc::new(Always),
    };
    let limits = UnitLimits {
        timeout: run.engine.unit_timeout.or(workspace.project.limits.timeout),
        of_some: workspace.project.limits.of_some.clone(),
    };
    // A page shows plans in full; an apply that nobody reviews is not slowed down for it.
    let for_a_page = run.engine.reports.wants_details() && (run.mode == Mode::Plan || !run.yes);
    let told = run.plans.detailed;
    let plans = Plans { detailed: told || for_a_page, ..run.plans };
    let policies = policies(workspace, selection, run.command, run.engine.price.cost);
    let context = UnitContext {
        workshop,
        mode: run.mode,
        reviewed: !run.yes || plans.detailed || plans.keeper.is_some() || !policies.is_empty(),
        plans,
        approver,
        asking: Mutex::new(()),
        limits,
        workplaces: Workplaces::new(&workspace.home, &folder.id, run.command),
        policies,
    };
    let context = Arc::new(context);
    let mut nodes = nodes(workspace, selection, &context, &folder, run.gates);
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
    let parallelism = workspace.parallelism(run.engine);
    let commit = git::head_commit(&workspace.project.dir).ok();
    let user = std::env::var("USER").ok();
    let beginning = match &past {
        Some(past) => {
            events.replay(&past.to_replay());
            EventKind::Resumed { user, commit }
        }
        None => EventKind::RunStarted(RunStart {
            run: folder.id.clone(),
            command: run.command.to_owned(),
            engine: engine_name,
            nodes: scheduler::announce(&nodes),
            parallelism,
            commit,
            user,
            request: Some(run.request),
        }),
    };
    let schedule = Schedule {
        parallelism,
        events,
        interrupts,
        fail_fast: run.engine.ends_at_first_failure(workspace.project.fail_fast),
        memory: MemoryBound::new(run.engine.unit_memory.or(workspace.project.unit_memory).unwrap_or(USUAL)),
        done: past.map(|past| past.done()).unwrap_or_default(),
    };
    let result = scheduler::run(nodes, beginning, &schedule).await;
    listening.abort();
    // Before anything else can go wrong, such as a terminal that has gone.
    // The journal has all of a run that went on; where it could not be written, what was seen has more.
    let journaled = journal::read(&folder.journal()).ok().filter(|_| result.journal_failure.is_none());
    let summary = journaled.map_or_else(|| collector.summary(), |events| Summary::of(&events));
    let reported = reports.write(&summary, &folder);
    tell(ui, &folder, &collector.summary().with_details(told), &result)?;
    let mut exit = Exit::of(&result);
    if let Err(error) = reported {
        let failed = ui.error(&error);
        // What the run came to says more.
        exit = if exit == Exit::Done { failed } else { exit };
    }
    Ok((exit, collector.summary().has_changes()))
}

/// What the project asks of each plan; its cost also where a flag asks for it.
fn policies(workspace: &Workspace, selection: &Selection, command: &str, cost: bool) -> Policies {
    let project = &workspace.project;
    let cost = project.cost.clone().or_else(|| cost.then(CostLimits::default));
    let root = &project.estate_root;
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
) -> Vec<Node> {
    let Selection { estate, graph, selected, .. } = selection;
    // Other units are not run; their outputs are read where someone needs them.
    let runs = |unit: UnitIndex| selected.contains(&unit);
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

fn tell(ui: Ui, folder: &RunFolder, summary: &Summary, result: &RunResult) -> Result<(), CliError> {
    match ui.format() {
        Format::Json => ui.json(summary)?,
        Format::Text => ui.answer(&summary.table())?,
    }
    if let Some(failure) = &result.journal_failure {
        ui.say(&format!("the journal could not be written, so nothing more was started: {failure}"));
    }
    if result.outcomes.iter().any(|(_, outcome)| !outcome.is_success()) {
        ui.say(&format!("logs: {}", folder.logs().display()));
        ui.say(&format!("go on with it: slipway resume {}", folder.id));
    }
    Ok(())
}
