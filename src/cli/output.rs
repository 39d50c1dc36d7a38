//! `slipway output`: the outputs of units, read from their states.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::Value as Json;

use super::exit::{CliError, Exit};
use super::global::{Format, Global, StackGeneration, ToolArgs};
use super::left_out::leave_out;
use super::selection::SelectionArgs;
use super::stack;
use super::ui::Ui;
use super::workspace::Workspace;
use crate::engine::{Session, Unwatched};
use crate::estate::{Estate, Needs};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::json::to_json;
use crate::hcl::value::Value;
use crate::run::workshop::Workshop;
use crate::support::interrupt::channel;
use crate::support::shown;
use crate::terragrunt::outputs::Outputs;

/// Show the outputs of units
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// A unit or a folder of units, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Show sensitive values
    #[arg(long)]
    reveal: bool,

    #[command(flatten)]
    stacks: StackGeneration,

    #[command(flatten)]
    tools: ToolArgs,
}

/// Reads and prints.
pub async fn cmd_output(ui: Ui, global: &Global, args: &OutputArgs) -> Result<Exit, CliError> {
    let workspace = Workspace::open_for(global, args.path.as_deref(), Needs::ENGINE)?;
    stack::generate_first(ui, &workspace, args.path.as_deref(), args.stacks)?;
    let reader = workspace.reader_for_work("output", &args.tools)?;
    let estate =
        args.selection.discover(&workspace, &workspace.locate(args.path.as_deref())?, &reader, false)?;
    let (estate, mut selected) = workspace.choose(ui, estate, &reader, &args.selection)?;
    leave_out(ui, &workspace, &estate, &mut selected, "output");
    // What is broken is told, and keeps nobody from the rest.
    let broken: BTreeSet<&PathBuf> = errors(&estate).flat_map(|diagnostic| &diagnostic.affects).collect();
    if !selected.is_empty() && selected.iter().all(|unit| broken.contains(&estate.unit(*unit).dir)) {
        return Err(CliError::Configuration(estate.diagnostics));
    }
    ui.diagnostics(estate.diagnostics.iter().cloned());
    let mut exit = if estate.has_errors() { Exit::Configuration } else { Exit::Done };
    let is_alone = selected.len() == 1;
    let engine = workspace.engine(&args.tools, false)?;
    let workshop = Workshop::new(engine, Arc::clone(&reader), workspace.project.estate_root.clone());
    let (_interruptor, interrupts) = channel();
    let session = Session { watcher: &Unwatched, interrupts: &interrupts, place: None };
    let mut answers = BTreeMap::new();
    for unit in selected.iter().map(|index| estate.unit(*index)) {
        if broken.contains(&unit.dir) {
            continue;
        }
        let name = workshop.name(&unit.dir);
        match workshop.outputs(&unit.dir, session).await {
            Ok(outputs) => drop(answers.insert(name, shown(&outputs, args.reveal))),
            Err(error) => {
                let message = format!("the outputs of {name} could not be read: {error}");
                let error = CliError::failed(message, error.advice());
                if is_alone {
                    return Err(error);
                }
                let own = ui.error(&error);
                exit = if exit == Exit::Done { own } else { exit };
            }
        }
    }
    match ui.format() {
        Format::Json => ui.json(&answers)?,
        Format::Text => ui.answer(&text(&answers))?,
    }
    Ok(exit)
}

fn errors(estate: &Estate) -> impl Iterator<Item = &Diagnostic> {
    estate.diagnostics.iter().filter(|diagnostic| diagnostic.is_error())
}

fn shown(outputs: &Outputs, reveal: bool) -> serde_json::Map<String, Json> {
    let show = |value: &Value| match value {
        Value::Sensitive(_) if !reveal => Json::String("(sensitive)".to_owned()),
        other => to_json(other).unwrap_or_default(),
    };
    outputs.iter().map(|(name, value)| (name.to_string(), show(value))).collect()
}

fn text(answers: &BTreeMap<String, serde_json::Map<String, Json>>) -> String {
    let unit = |(name, outputs): (&String, &serde_json::Map<String, Json>)| {
        let lines = outputs
            .iter()
            .map(|(output, value)| format!("  {}\n", shown::name(&format!("{output} = {value}"))));
        format!("{}\n{}", shown::name(name), lines.collect::<String>())
    };
    answers.iter().map(unit).collect()
}
