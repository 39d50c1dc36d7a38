//! `slipway validate`: every unit, every error at once.

use std::path::PathBuf;

use clap::Args;

use super::exit::{CliError, Exit};
use super::global::{Format, Global};
use super::selection::{SelectionArgs, inside};
use super::ui::Ui;
use super::workspace::Workspace;
use crate::estate::Graph;
use crate::hcl::diagnostic::Diagnostic;

/// Evaluate every unit and show every error
#[derive(Args, Clone, Debug)]
pub struct ValidateArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,
}

/// Validates.
pub fn cmd_validate(ui: Ui, global: &Global, args: &ValidateArgs) -> Result<Exit, CliError> {
    let workspace = Workspace::open(global)?;
    let reader = workspace.reader("plan");
    let estate = workspace.discover(args.path.as_deref(), &reader)?;
    let mut diagnostics = estate.diagnostics.clone();
    diagnostics.extend(Graph::build(&estate).err().into_iter().flatten());
    let selected = args.selection.select(&workspace, &estate)?;
    let selected = selected.map_or_else(|| inside(&estate), |selected| selected.units);
    for unit in &selected {
        diagnostics.extend(reader.validate(&estate.unit(*unit).outline.file));
    }
    // What is wrong with an outline is found again when the unit is evaluated.
    let mut seen = std::collections::HashSet::new();
    diagnostics.retain(|diagnostic| seen.insert(diagnostic.to_string()));
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if ui.format() == Format::Json {
        ui.json(&diagnostics.iter().map(as_json).collect::<Vec<_>>())?;
    } else {
        ui.diagnostics(&diagnostics);
        ui.answer(&format!("{} units, {errors} errors", selected.len()))?;
    }
    Ok(if errors > 0 { Exit::Configuration } else { Exit::Done })
}

fn as_json(diagnostic: &Diagnostic) -> serde_json::Value {
    let place = diagnostic.location.as_ref().map(|location| {
        let position = location.position();
        (location.file.path().display().to_string(), position.line, position.column)
    });
    serde_json::json!({
        "severity": if diagnostic.is_error() { "error" } else { "warning" },
        "code": diagnostic.code,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "file": place.as_ref().map(|(file, _, _)| file),
        "line": place.as_ref().map(|(_, line, _)| line),
        "column": place.as_ref().map(|(_, _, column)| column),
    })
}
