//! What `up`, `down`, `plan`, `apply` and `destroy` share: choose the units, refuse what is not safe, execute the run.

use std::path::{Path, PathBuf};

use super::agree::Consent;
use super::conclusion::Conclusion;
use super::error::CommandError;
use super::execute::{execute, refuse_unattended};
use super::left_behind;
use super::left_out::leave_out;
use super::options::{Invocation, RunOptions};
use super::prepared::PreparedRun;
use super::select::Selection;
use super::selectors::Selectors;
use super::shared;
use super::stacks;
use super::workspace::Workspace;
use crate::engine::plan::left_out::{LeftOut, local_states};
use crate::project::{Needs, Promotions, planned_gates};
use crate::run::command::Command;
use crate::run::mode::Mode;
use crate::run::plans::Plans;
use crate::ui::Ui;

/// A run that is asked for, before its units are chosen.
pub struct Launch<'a> {
    /// What was asked for.
    pub command: Command,
    /// The folder that it is for, here or under the estate's root; all that is here where none is named.
    pub path: Option<&'a Path>,
    /// Which units of it.
    pub selectors: &'a Selectors,
    /// How it goes about its units.
    pub options: &'a RunOptions,
    /// Who agrees to it.
    pub consent: Consent,
    /// What else is done with plans.
    pub plans: Plans,
    /// Whether units may go although others that depend on them were filtered out.
    pub leave_dependents: bool,
}

/// Opens the project, executes the run and prints the summary.
pub async fn launch(ui: Ui, invocation: &Invocation, launch: Launch<'_>) -> Result<Conclusion, CommandError> {
    let workspace = open(ui, invocation, launch.path, launch.command)?;
    begin(ui, &workspace, launch).await
}

/// The project, with what a run of a command needs of slipway.hcl.
pub fn open(
    ui: Ui,
    invocation: &Invocation,
    path: Option<&Path>,
    command: Command,
) -> Result<Workspace, CommandError> {
    Workspace::open_for(ui, invocation, path, needs(command))
}

/// What a run of a command needs of slipway.hcl.
pub fn needs(command: Command) -> Needs {
    if command.needs_clusters() { Needs::EVERYTHING } else { Needs::RUN }
}

/// Executes a run in a project that is open and prints the summary.
pub async fn begin(ui: Ui, workspace: &Workspace, launch: Launch<'_>) -> Result<Conclusion, CommandError> {
    let (command, mode) = (launch.command, launch.command.mode());
    refuse_unattended(ui, command, launch.consent)?;
    workspace.look_at_home()?;
    stacks::generate_first(ui, workspace, launch.path, launch.options.keep_generated)?;
    let reader = workspace.reader_for_work(mode.command(), &launch.options.tools)?;
    let mut selection = workspace.select(ui, launch.path, &reader, launch.selectors)?;
    if command.needs_clusters() || mode == Mode::Plan {
        let missing = workspace.project.missing_cluster_units(&reader, true);
        if !missing.is_empty() {
            return Err(CommandError::Configuration(missing));
        }
    }
    if mode == Mode::Destroy {
        refuse_protected(workspace, &selection)?;
        if !launch.leave_dependents {
            left_behind::refuse(workspace, &selection, &reader, &launch.options.tools).await?;
        }
    }
    shared::refuse_alone(command, launch.options, launch.consent, &launch.plans, (&selection, &reader))?;
    leave_out(ui, workspace, &selection.estate, &mut selection.selected, mode.command());
    let Plans { keeper, looks, .. } = &launch.plans;
    if keeper.is_some() || looks.is_some() {
        let dirs: Vec<PathBuf> = selection.estate.units.iter().map(|unit| unit.dir.clone()).collect();
        let states = local_states(&reader, &dirs);
        let left_out = LeftOut::new(dirs, states.iter().cloned()).with_place(&workspace.project.dir);
        if let Some(looks) = looks {
            looks.run_of(left_out.clone());
        }
        if let Some(keeper) = keeper {
            keeper.run_of(left_out, states);
        }
    }
    let run = PreparedRun {
        command,
        consent: launch.consent,
        word: None,
        stands_for: None,
        plans: launch.plans,
        options: launch.options,
        request: workspace.request(launch.path, launch.options)?,
        past: None,
    };
    let gates = match mode {
        Mode::Plan => {
            let Selection { estate, selected, .. } = &selection;
            let promotions =
                Promotions::of(&workspace.project, estate).map_err(CommandError::Configuration)?;
            planned_gates(&workspace.project, estate, &promotions, selected)
        }
        Mode::Drift | Mode::Apply | Mode::Destroy => Vec::new(),
    };
    let conclusion = execute(ui, workspace, &selection, reader, run).await?;
    if !gates.is_empty() {
        let names: Vec<&str> = gates.iter().map(|gate| gate.name.as_str()).collect();
        ui.say(&format!("`slipway up` also passes these gates: {}", names.join(", ")));
    }
    Ok(conclusion)
}

/// `prevent_destroy` stops a destroy before anything has started.
pub fn refuse_protected(workspace: &Workspace, selection: &Selection) -> Result<(), CommandError> {
    let units = selection.selected.iter().map(|unit| selection.estate.unit(*unit));
    let units = units.filter(|unit| unit.outline.prevent_destroy);
    let names: Vec<String> = units.map(|unit| workspace.name(&unit.dir)).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(CommandError::refused(
        format!("prevent_destroy protects {}", names.join(", ")),
        "nothing was touched; remove prevent_destroy from the unit, or name a folder without it",
    ))
}
