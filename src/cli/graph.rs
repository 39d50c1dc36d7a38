//! `slipway graph`: the order of the units.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::{CliError, Exit};
use super::global::{Format, Global};
use super::selection::{SelectionArgs, inside};
use super::ui::Ui;
use super::workspace::Workspace;
use crate::estate::{Graph, dot, mermaid, waves_text};

/// Show the order of the units
#[derive(Args, Clone, Debug)]
pub struct GraphArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// How it is drawn
    #[arg(long = "as", value_enum, default_value_t)]
    drawn_as: Drawing,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Drawing {
    /// The waves: what can run at once
    #[default]
    Waves,
    /// Graphviz
    Dot,
    /// Mermaid, for Markdown
    Mermaid,
}

/// Shows.
pub fn cmd_graph(ui: Ui, global: &Global, args: &GraphArgs) -> Result<Exit, CliError> {
    let workspace = Workspace::open(global)?;
    let reader = workspace.reader("plan");
    let mut selection = workspace.select(ui, args.path.as_deref(), &reader, &args.selection)?;
    if selection.selected != inside(&selection.estate) {
        selection.estate = selection.estate.restricted(&selection.selected);
        selection.graph = Graph::build(&selection.estate)?;
    }
    let base = &workspace.working_dir;
    let (estate, graph) = (&selection.estate, &selection.graph);
    if ui.format() == Format::Json {
        let waves: Vec<Vec<String>> = graph
            .waves()
            .iter()
            .map(|wave| wave.iter().map(|unit| estate.unit(*unit).name()).collect())
            .collect();
        ui.json(&serde_json::json!({ "waves": waves }))?;
        return Ok(Exit::Done);
    }
    ui.answer(&match args.drawn_as {
        Drawing::Waves => waves_text(estate, graph, base),
        Drawing::Dot => dot(estate, base),
        Drawing::Mermaid => mermaid(estate, base),
    })?;
    Ok(Exit::Done)
}
