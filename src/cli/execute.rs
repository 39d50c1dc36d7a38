//! What `up`, `down`, `plan`, `apply` and `destroy` share: choose the units, refuse what is not safe, carry it out.

use std::path::{Path, PathBuf};

use super::agree::Consent;
use super::carry_out::{Conclusion, carry_out, refuse_unattended};
use super::exit::CliError;
use super::global::{EngineArgs, Global};
use super::left_behind;
use super::left_out::leave_out;
use super::run::Run;
use super::selection::SelectionArgs;
use super::stack;
use super::ui::Ui;
use super::workspace::{Selection, Workspace};
use crate::engine::plan::left_out::local_states;
use crate::estate::{Needs, planned_gates};
use crate::run::command::Command;
use crate::run::plans::Plans;
use crate::run::unit::Mode;

/// What is to be carried out.
pub struct Execution<'a> {
    /// What was asked for.
    pub command: Command,
    /// The PATH argument.
    pub path: Option<&'a Path>,
    /// Which units of it.
    pub selection: &'a SelectionArgs,
    /// Engine and parallelism.
    pub engine: &'a EngineArgs,
    /// Who agrees to it.
    pub consent: Consent,
    /// What else is done with plans.
    pub plans: Plans,
    /// Whether units may go although others that depend on them were filtered out.
    pub leave_dependents: bool,
}

/// Carries it out and prints the summary.
pub async fn execute(ui: Ui, global: &Global, execution: Execution<'_>) -> Result<Conclusion, CliError> {
    let (command, mode) = (execution.command, execution.command.mode());
    let needs = if command.has_gates() { Needs::EVERYTHING } else { Needs::RUN };
    let workspace = Workspace::open_for(global, execution.path, needs)?;
    refuse_unattended(global, command, execution.consent)?;
    workspace.look_at_home()?;
    stack::generate_first(ui, &workspace, execution.path, execution.engine.stacks)?;
    let reader = workspace.reader_for_work(mode.command(), &execution.engine.tools)?;
    let mut selection = workspace.select(ui, execution.path, &reader, execution.selection)?;
    if command.has_gates() || mode == Mode::Plan {
        let missing = workspace.project.missing_cluster_units(&reader, true);
        if !missing.is_empty() {
            return Err(CliError::Configuration(missing));
        }
    }
    if mode == Mode::Destroy {
        refuse_protected(&workspace, &selection)?;
        if !execution.leave_dependents {
            left_behind::refuse(&workspace, &selection, &reader, &execution.engine.tools).await?;
        }
    }
    leave_out(ui, &workspace, &selection.estate, &mut selection.selected, mode.command());
    if let Some(keeper) = &execution.plans.keeper {
        let dirs: Vec<PathBuf> = selection.estate.units.iter().map(|unit| unit.dir.clone()).collect();
        let states = local_states(&reader, &dirs);
        keeper.run_of(&dirs, states);
    }
    let run = Run {
        command,
        consent: execution.consent,
        word: None,
        stands_for: None,
        plans: execution.plans,
        engine: execution.engine,
        request: workspace.request(execution.path, global, execution.engine)?,
        past: None,
    };
    let gates = match mode {
        Mode::Plan => planned_gates(&workspace.project, &selection.estate, &selection.selected),
        Mode::Apply | Mode::Destroy => Vec::new(),
    };
    let carried_out = carry_out(ui, global, &workspace, &selection, reader, run).await?;
    if !gates.is_empty() {
        let names: Vec<&str> = gates.iter().map(|gate| gate.name.as_str()).collect();
        ui.say(&format!("`slipway up` also passes these gates: {}", names.join(", ")));
    }
    Ok(carried_out)
}

/// `prevent_destroy` stops a destroy before anything has started.
pub fn refuse_protected(workspace: &Workspace, selection: &Selection) -> Result<(), CliError> {
    let units = selection.selected.iter().map(|unit| selection.estate.unit(*unit));
    let units = units.filter(|unit| unit.outline.prevent_destroy);
    let names: Vec<String> = units.map(|unit| workspace.name(&unit.dir)).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(CliError::refused(
        format!("prevent_destroy protects {}", names.join(", ")),
        "nothing was touched; remove prevent_destroy from the unit, or name a folder without it",
    ))
}
