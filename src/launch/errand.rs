//! `slipway run` and `slipway exec`: something of a person's own over units that are chosen, in their order.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::agree::{Consent, typed};
use super::conclusion::Conclusion;
use super::error::CommandError;
use super::left_out::leave_out;
use super::locks::{self, ToLock};
use super::options::{Invocation, RunOptions};
use super::select::Selection;
use super::selectors::Selectors;
use super::stacks;
use super::watching::{listeners, pass_on};
use super::workspace::Workspace;
use crate::engine::errand::Errand;
use crate::estate::UnitIndex;
use crate::project::{Needs, UnitLimits};
use crate::report::line::lock_left;
use crate::report::model::Collector;
use crate::run::assemble::{self, SpecIndex, UnitSpec, UnitSpecs};
use crate::run::errand::{Answers, ErrandContext, ErrandWork};
use crate::run::event::{EventKind, Outcome, RunStart};
use crate::run::events::Events;
use crate::run::folder::RunFolder;
use crate::run::journal::Journal;
use crate::run::left_locks::LeftLocks;
use crate::run::memory::{MemoryBound, USUAL};
use crate::run::node::Nodes;
use crate::run::scheduler::{self, RunResult, Schedule};
use crate::run::signals;
use crate::run::work_folders::WorkFolders;
use crate::support::address::Address;
use crate::support::children::end_left;
use crate::support::counted::plural;
use crate::support::interrupt::{Interrupts, Stop, channel};
use crate::support::process::Stream;
use crate::support::signals::attach;
use crate::support::{git, path_text, paths, redact, shown};
use crate::ui::{Format, Ui};

/// Of so many units it is said why they failed.
const MOST_FAILED: usize = 50;

/// An errand that is asked for, before its units are chosen.
pub struct ErrandLaunch<'a> {
    /// `run` or `exec`.
    pub command: &'static str,
    /// The folder that it is for, here or under the estate's root; all that is here where none is named.
    pub path: Option<&'a Path>,
    /// Which units of it.
    pub selectors: &'a Selectors,
    /// How it goes about its units.
    pub options: &'a RunOptions,
    /// What is run.
    pub errand: Errand,
    /// Who agrees to it, where it changes states.
    pub consent: Consent,
    /// Whether it is only told what would be run where.
    pub dry_run: bool,
}

/// Runs it over the units that are meant, prints what each has said, and says at the end how it went.
pub async fn run_errand(
    ui: Ui,
    invocation: &Invocation,
    launch: ErrandLaunch<'_>,
) -> Result<Conclusion, CommandError> {
    let ErrandLaunch { command, path, selectors, options, errand, consent, dry_run } = launch;
    let changes = errand.changes_state();
    if changes && !dry_run && !consent.is_given() && !ui.is_interactive() {
        return Err(CommandError::refused(
            format!("`{}` changes states and there is nobody to ask", errand.shown("tofu")),
            "look at it with --dry-run, and pass --yes",
        ));
    }
    let workspace = Workspace::open_for(ui, invocation, path, Needs::ENGINE)?;
    workspace.look_at_home()?;
    stacks::generate_first(ui, &workspace, path, options.keep_generated)?;
    let reader = workspace.reader_for_work(errand.command(), &options.tools)?;
    let mut selection = workspace.select(ui, path, &reader, selectors)?;
    leave_out(ui, &workspace, &selection.estate, &mut selection.selected, errand.command());
    let order = in_order(&selection, &errand);
    if dry_run {
        tell_only(ui, &workspace, &selection, &order, &errand, options)?;
        return Ok(Conclusion::default());
    }
    let engine = workspace.engine(&options.tools, options.backend_bootstrap)?;
    let engine_name = engine.name().to_owned();
    let loader = Arc::new(workspace.loader(engine, reader));
    let (interruptor, interrupts) = channel();
    let _attached = attach(interruptor);
    let names: Vec<String> =
        order.iter().map(|unit| workspace.name(&selection.estate.unit(*unit).dir)).collect();
    if changes && !consent.is_given() && !is_agreed(ui, &errand, &names, &interrupts) {
        return Ok(declined(names));
    }
    let folder = RunFolder::create(workspace.home()?)?;
    let journal = Journal::open(&folder.root()?)?;
    let collector = Collector::default();
    let events = Arc::new(Events::new(Some(journal), listeners(ui, None, &folder, &collector)));
    let telling = signals::tell(interrupts.clone(), Arc::clone(&events))
        .map_err(|error| CommandError::failed(format!("could not listen for signals: {error}"), None))?;
    let to_lock = ToLock::of(&workspace, &selection, &loader, (&folder, true), (&folder.id, command));
    let held = if changes { Some(to_lock.take(ui).await?) } else { None };
    let limits = UnitLimits {
        timeout: options.unit_timeout.or(workspace.project.limits.timeout),
        of_some: workspace.project.limits.of_some.clone(),
        ..UnitLimits::default()
    };
    let context = Arc::new(ErrandContext {
        loader,
        answers: Arc::new(Printed::new(ui, order.len() == 1)),
        limits,
        left_locks: LeftLocks::new(workspace.home_path()),
        work_folders: WorkFolders::new(workspace.home_path(), &folder.id, command),
        errand,
        told_changes: AtomicBool::new(false),
    });
    let nodes = nodes(&selection, &context);
    let parallelism = workspace.parallelism(options);
    let beginning = EventKind::RunStarted(RunStart {
        run: folder.id.clone(),
        command: command.to_owned(),
        engine: engine_name,
        nodes: scheduler::announce(&nodes),
        parallelism,
        commit: git::head_commit(&workspace.project.dir).ok(),
        user: std::env::var("USER").ok(),
        request: Some(workspace.request(path, options)?),
    });
    let schedule = Schedule {
        parallelism,
        events,
        interrupts,
        fail_fast: options.fail_fast.unwrap_or(workspace.project.fail_fast),
        memory: MemoryBound::new(options.unit_memory.or(workspace.project.unit_memory).unwrap_or(USUAL)),
        done: std::collections::HashMap::new(),
    };
    let result = scheduler::run(nodes, Some(beginning), &schedule).await;
    if schedule.interrupts.step() >= Stop::Interrupt {
        end_left(schedule.interrupts.step() == Stop::Kill).await;
    }
    locks::release(ui, held, &schedule.interrupts).await;
    drop(telling);
    let summary = collector.summary();
    if ui.format() == Format::Json {
        ui.json(&summary)?;
    }
    for lock in summary.nodes.iter().flat_map(|row| &row.locks) {
        ui.say(&lock_left(lock));
    }
    conclude(ui, &folder, &result);
    Box::pin(pass_on(ui, &workspace, &summary)).await;
    let has_changes = context.told_changes.load(Ordering::Relaxed);
    Ok(Conclusion { result: Some(result), has_changes, ..Conclusion::default() })
}

/// The units that are meant, in the order in which they come.
fn in_order(selection: &Selection, errand: &Errand) -> Vec<UnitIndex> {
    let is_meant = |unit: &UnitIndex| selection.selected.contains(unit);
    let mut order: Vec<UnitIndex> = selection.graph.order().into_iter().filter(is_meant).collect();
    if errand.goes_backwards() {
        order.reverse();
    }
    order
}

fn nodes(selection: &Selection, context: &Arc<ErrandContext>) -> Nodes {
    let Selection { estate, graph, selected, .. } = selection;
    let runs = |unit: UnitIndex| selected.contains(&unit);
    let order: Vec<UnitIndex> = graph.order().into_iter().filter(|unit| runs(*unit)).collect();
    let place = |wanted: UnitIndex| order.iter().position(|unit| *unit == wanted).map(SpecIndex);
    let units: UnitSpecs = order
        .iter()
        .map(|index| {
            let dir = estate.unit(*index).dir.clone();
            let dependencies =
                graph.dependencies_among(*index, &runs).into_iter().filter_map(place).collect();
            let name = context.loader.name(&dir);
            UnitSpec { name, dependencies, work: Arc::new(ErrandWork { context: Arc::clone(context), dir }) }
        })
        .collect();
    if context.errand.goes_backwards() {
        assemble::downwards(units, Vec::new())
    } else {
        assemble::alone(units)
    }
}

/// Says what would be run where, and runs nothing.
fn tell_only(
    ui: Ui,
    workspace: &Workspace,
    selection: &Selection,
    order: &[UnitIndex],
    errand: &Errand,
    options: &RunOptions,
) -> Result<(), CommandError> {
    let wraps = workspace.engine_name(&options.tools)? == "terragrunt";
    let rows: Vec<[String; 3]> = order
        .iter()
        .map(|index| {
            let unit = selection.estate.unit(*index);
            let source = unit.outline.source.as_ref().map(Address::expose);
            // Terragrunt names its folders by digests of its own.
            let place: PathBuf = if wraps { unit.dir.clone() } else { workspace.runs_in(&unit.dir, source) };
            let place = path_text::shown(&paths::relative(&workspace.working_dir, &place));
            [workspace.name(&unit.dir), errand.shown("tofu"), place]
        })
        .collect();
    if ui.format() == Format::Json {
        let row = |[unit, command, folder]: &[String; 3]| serde_json::json!({ "unit": unit, "command": redact::clean(command), "folder": folder });
        return Ok(ui.json(&rows.iter().map(row).collect::<Vec<_>>())?);
    }
    let mut text = String::new();
    for [unit, command, place] in &rows {
        let _infallible =
            writeln!(text, "{}: {} (in {})", shown::name(unit), redact::clean(command), shown::name(place));
    }
    Ok(ui.answer(&text)?)
}

/// Shows what would be run, and asks once.
fn is_agreed(ui: Ui, errand: &Errand, names: &[String], interrupts: &Interrupts) -> bool {
    ui.say(&format!(
        "`{}` changes states of {} {}:",
        errand.shown("tofu"),
        names.len(),
        plural(names.len(), "unit")
    ));
    for name in names {
        ui.say(&format!("  {}", shown::name(name)));
    }
    ui.prompt("run it? [y]es or no: ");
    typed(interrupts).is_some_and(|answer| ["y", "yes"].contains(&answer.trim()))
}

fn declined(names: Vec<String>) -> Conclusion {
    let outcomes = names.into_iter().map(|name| (name, Outcome::Declined)).collect();
    let result = RunResult { outcomes, seconds: 0.0, journal_failure: None };
    Conclusion { result: Some(result), ..Conclusion::default() }
}

/// How many units went how; those that failed by their names, and where to look.
fn conclude(ui: Ui, folder: &RunFolder, result: &RunResult) {
    if let Some(failure) = &result.journal_failure {
        ui.say(&format!("what happens could not be written down, so nothing more was started: {failure}"));
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, outcome) in &result.outcomes {
        *counts.entry(outcome.word()).or_default() += 1;
    }
    let all = result.outcomes.len();
    let told: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let is_whole = result.outcomes.iter().all(|(_, outcome)| outcome.is_success());
    if all == 1 && is_whole {
        return;
    }
    ui.say(&format!("{all} {}: {}", plural(all, "unit"), told.join(", ")));
    let failed = result.outcomes.iter().filter_map(|(name, outcome)| match outcome {
        Outcome::Failed { message, .. } | Outcome::Refused { message } => Some((name, message)),
        _ => None,
    });
    let failed: Vec<(&String, &String)> = failed.collect();
    for (name, message) in failed.iter().take(MOST_FAILED) {
        ui.say(&format!("failed: {}: {}", shown::name(name), shown::one_line(message)));
    }
    if let Some(more) = failed.len().checked_sub(MOST_FAILED).filter(|more| *more > 0) {
        ui.say(&format!("and {more} more failed"));
    }
    if !is_whole {
        ui.say(&format!("logs: {}", folder.logs().display()));
    }
}

/// What units print: of the only one at once and as it is, of several each in one piece behind its name when it has ended.
struct Printed {
    ui: Ui,
    alone: bool,
    open: Mutex<BTreeMap<String, Said>>,
}

#[derive(Default)]
struct Said {
    answer: String,
    beside: Vec<String>,
}

impl Printed {
    fn new(ui: Ui, alone: bool) -> Self {
        Self { ui, alone, open: Mutex::default() }
    }

    /// For people and scripts only: an answer in JSON is one of ours.
    fn print(&self, text: &str) {
        if self.ui.format() == Format::Text {
            // A reader that has gone must not end the run.
            let _closed = self.ui.answer(text);
        }
    }
}

impl Answers for Printed {
    fn line(&self, unit: &str, stream: Stream, line: &str) {
        let line = redact::clean(line);
        match (stream, self.alone) {
            (Stream::Stdout, true) => self.print(&line),
            (Stream::Stderr, true) => self.ui.say(&line),
            (stream, false) => {
                let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
                let said = open.entry(unit.to_owned()).or_default();
                match stream {
                    Stream::Stdout => said.answer.extend([&*line, "\n"]),
                    Stream::Stderr => said.beside.push(line.into_owned()),
                }
            }
        }
    }

    fn end(&self, unit: &str, failed: bool) {
        let said = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(unit);
        let Some(said) = said else { return };
        if !said.answer.is_empty() && self.ui.format() == Format::Text {
            // A reader that has gone must not end the run.
            let _closed = self.ui.answer_of(unit, &said.answer);
        }
        if failed && !said.beside.is_empty() {
            self.ui.say(&format!("── {}", shown::name(unit)));
            said.beside.iter().for_each(|line| self.ui.say(line));
        }
    }
}
