//! `slipway output`: the outputs of units, read from their states.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::Value as Json;

use super::exit;
use super::exit::Exit;
use super::global::{Global, StackGeneration, ToolArgs};
use super::selection::SelectionArgs;
use crate::engine::{EngineError, Session, Unwatched};
use crate::estate::Estate;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::json::to_json;
use crate::hcl::suggest;
use crate::hcl::value::Value;
use crate::launch::{CommandError, Workspace, generate_first, leave_out};
use crate::project::Needs;
use crate::run::unit_loader::WorkError;
use crate::support::interrupt::channel;
use crate::support::shown;
use crate::terragrunt::outputs::Outputs;
use crate::terragrunt::paths::unit_file;
use crate::ui::{Format, Ui};

/// Show the outputs of units
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// A unit or a folder of units, here or under the estate's root
    path: Option<PathBuf>,

    /// One output of one unit; in the unit's own folder its name alone is enough
    name: Option<String>,

    /// Print the output's text alone, without quotes and line end, for scripts; takes a NAME
    #[arg(long)]
    raw: bool,

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
pub async fn cmd_output(ui: Ui, global: &Global, args: &OutputArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open_for(ui, &global.invocation(), args.path.as_deref(), Needs::ENGINE)?;
    let (path, wanted) = meant(&workspace, args);
    if args.raw && wanted.is_none() {
        return Err(CommandError::usage(
            "--raw prints one output",
            "name it: slipway output UNIT NAME --raw",
        ));
    }
    generate_first(ui, &workspace, path, args.stacks.no_stack_generate)?;
    let reader = workspace.reader_for_work("output", &args.tools.tools())?;
    let selectors = args.selection.selectors();
    let estate = selectors.discover(&workspace, &workspace.locate(path)?, &reader, false)?;
    let (estate, mut selected) = workspace.choose(ui, estate, &reader, &selectors)?;
    leave_out(ui, &workspace, &estate, &mut selected, "output");
    // What is broken is told, and keeps nobody from the rest.
    let broken: BTreeSet<&PathBuf> = errors(&estate).flat_map(|diagnostic| &diagnostic.affects).collect();
    if !selected.is_empty() && selected.iter().all(|unit| broken.contains(&estate.unit(*unit).dir)) {
        return Err(CommandError::Configuration(estate.diagnostics));
    }
    ui.diagnostics(estate.diagnostics.iter().cloned());
    let mut exit = if estate.has_errors() { Exit::Configuration } else { Exit::Done };
    let is_alone = selected.len() == 1;
    if wanted.is_some() && !is_alone {
        let message = format!("an output is one unit's, and {} are selected", selected.len());
        return Err(CommandError::usage(message, "name the unit before it: slipway output UNIT NAME"));
    }
    let engine = workspace.engine(&args.tools.tools(), false)?;
    let loader = workspace.loader(engine, Arc::clone(&reader));
    let (_interruptor, interrupts) = channel();
    let session = Session { watcher: &Unwatched, interrupts: &interrupts, place: None };
    let mut answers = BTreeMap::new();
    for unit in selected.iter().map(|index| estate.unit(*index)) {
        if broken.contains(&unit.dir) {
            continue;
        }
        let name = loader.name(&unit.dir);
        match loader.outputs(&unit.dir, session).await {
            Ok(outputs) => {
                if let Some(wanted) = wanted {
                    let value = one(&name, &outputs, wanted, args.reveal)?;
                    return print_one(ui, wanted, value, args.raw).map(|()| exit);
                }
                drop(answers.insert(name, shown(&outputs, args.reveal)));
            }
            Err(error) => {
                let error = unread(&name, &error);
                if is_alone {
                    return Err(error);
                }
                let own = exit::tell(ui, &error);
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

/// Why a unit's outputs are not shown. A bucket that is missing is no fault of this command, which creates none.
fn unread(name: &str, error: &WorkError) -> CommandError {
    if let WorkError::Engine(EngineError::BucketMissing { bucket }) = error {
        let message = format!("{name} was never applied: its state bucket {bucket} does not exist");
        return CommandError::failed(
            message,
            Some(format!("apply it: slipway apply {name} --backend-bootstrap")),
        );
    }
    CommandError::failed(format!("the outputs of {name} could not be read: {error}"), error.advice())
}

/// The PATH and the NAME: in a unit's folder, what is no folder is a name.
fn meant<'a>(workspace: &Workspace, args: &'a OutputArgs) -> (Option<&'a Path>, Option<&'a str>) {
    let (path, name) = (args.path.as_deref(), args.name.as_deref());
    let only = path.filter(|_| name.is_none()).and_then(Path::to_str);
    match only {
        Some(only)
            if unit_file(&workspace.working_dir).is_file()
                && is_identifier(only)
                && workspace.locate(path).is_err() =>
        {
            (None, Some(only))
        }
        _ => (path, name),
    }
}

/// Whether an output may be called so.
fn is_identifier(text: &str) -> bool {
    text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}

/// One output of a unit.
fn one<'o>(unit: &str, outputs: &'o Outputs, wanted: &str, reveal: bool) -> Result<&'o Value, CommandError> {
    let Some(value) = outputs.get(wanted) else {
        let help = match suggest::nearest(wanted, outputs.keys().map(|name| &**name)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if outputs.is_empty() => "it has none".to_owned(),
            None => format!("it has {}", outputs.keys().map(|name| &**name).collect::<Vec<_>>().join(", ")),
        };
        return Err(CommandError::failed(format!("{unit} has no output \"{wanted}\""), Some(help)));
    };
    match value {
        Value::Sensitive(_) if !reveal => Err(CommandError::refused(
            format!("the output \"{wanted}\" of {unit} is sensitive"),
            "pass --reveal to show it",
        )),
        Value::Sensitive(inside) => Ok(inside),
        value => Ok(value),
    }
}

/// Prints it as JSON, or as it is.
fn print_one(ui: Ui, name: &str, value: &Value, raw: bool) -> Result<(), CommandError> {
    let json = to_json(value).unwrap_or_default();
    if !raw {
        return Ok(ui.json(&json)?);
    }
    let text = match &json {
        Json::String(text) => text.clone(),
        Json::Number(_) | Json::Bool(_) => json.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            let message = format!("the output \"{name}\" is no text, number or truth value");
            return Err(CommandError::usage(message, "leave --raw out: it is printed as JSON then"));
        }
    };
    Ok(ui.bare(&text)?)
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
        let none = if outputs.is_empty() { "  (no outputs)\n" } else { "" };
        format!("{}\n{}{none}", shown::name(name), lines.collect::<String>())
    };
    answers.iter().map(unit).collect()
}
