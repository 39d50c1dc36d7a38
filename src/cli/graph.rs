//! `slipway graph`: the order of the units.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::global::{FormatFlag, Global};
use super::selection::SelectionArgs;
use crate::estate::{Estate, Graph, PlannedGate, UnitIndex};
use crate::hcl::diagnostic::Diagnostic;
use crate::launch::{CommandError, Workspace, inside, refuse_nothing};
use crate::project::{Needs, Promotions, planned_gates};
use crate::support::shown;
use crate::ui::Ui;
use crate::view::{Picture, dot, gates_text, mermaid, page, svg, waves_text};

use crate::support::confined::EVERYBODY;

/// What a graph is written as.
pub const FORMATS: &[FormatFlag] = &[
    FormatFlag::Text,
    FormatFlag::Json,
    FormatFlag::Dot,
    FormatFlag::Mermaid,
    FormatFlag::Svg,
    FormatFlag::Html,
];

/// Show the order of the units
///
/// As text: the waves, each of which can run at once. The gates that `up` passes are drawn at their places. Every unit is drawn, also where something is wrong with
/// it; the errors are told beside the drawing, and the exit code is 3.
#[derive(Args, Clone, Debug)]
pub struct GraphArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Also the units that stacks would generate, without generating them
    #[arg(long, env = "SLIPWAY_EXPAND_STACKS")]
    expand_stacks: bool,

    /// Read every file, also where nothing has changed since the last time
    #[arg(long)]
    no_cache: bool,

    /// Write the answer into a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Shows.
pub fn cmd_graph(ui: Ui, global: &Global, args: &GraphArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open_for(ui, &global.invocation(), args.path.as_deref(), Needs::ESTATE)?;
    let reader = workspace.reader_for_looking("plan", args.no_cache);
    let root = workspace.locate(args.path.as_deref())?;
    let selectors = args.selection.selectors();
    let mut estate = selectors.discover(&workspace, &root, &reader, args.expand_stacks)?;
    estate.keep_outlines(&reader);
    if estate.units.is_empty() && !estate.has_errors() {
        refuse_nothing(ui, &selectors, &estate, None)?;
    }
    if let Some(chosen) = selectors.select(ui, &workspace, &estate, &reader)? {
        let (narrowed, selected) = chosen.narrow(&estate);
        if selected.is_empty() {
            refuse_nothing(ui, &selectors, &estate, Some(&chosen))?;
        }
        estate = narrowed.restricted(&selected);
    }
    let mut diagnostics = estate.diagnostics.clone();
    diagnostics.extend(workspace.project.missing_cluster_units(&reader, false));
    let graph = Graph::build(&estate).map_err(|circles| diagnostics.extend(circles)).ok();
    let promotions = Promotions::of(&workspace.project, &estate).unwrap_or_else(|found| {
        diagnostics.extend(found);
        Promotions::default()
    });
    let gates = planned_gates(&workspace.project, &estate, &promotions, &inside(&estate));
    let drawn = draw(global.format, &estate, graph.as_ref(), &gates, &diagnostics, &estate.named_from)?;
    match (&args.output, drawn) {
        (Some(file), Some(text)) => {
            workspace.named(file)?.write(text.as_bytes(), EVERYBODY)?;
        }
        (None, Some(text)) if global.format == FormatFlag::Text => ui.answer(&text)?,
        (None, Some(text)) => ui.raw(&text)?,
        (_, None) => {}
    }
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(CommandError::Configuration(diagnostics));
    }
    ui.diagnostics(diagnostics);
    Ok(Exit::Done)
}

/// The drawing; none where there is no order, and the format is nothing but the order.
fn draw(
    format: FormatFlag,
    estate: &Estate,
    graph: Option<&Graph>,
    gates: &[PlannedGate],
    diagnostics: &[Diagnostic],
    base: &Path,
) -> Result<Option<String>, CommandError> {
    let picture = || Picture::new(estate, gates, diagnostics, base);
    Ok(match format {
        FormatFlag::Text => {
            graph.map(|graph| waves_text(estate, graph, base) + &gates_text(estate, gates, base))
        }
        FormatFlag::Json => graph.map(|graph| waves_json(estate, graph, gates)).transpose()?,
        FormatFlag::Dot => Some(dot(estate, gates, base)),
        FormatFlag::Mermaid => Some(mermaid(estate, gates, base)),
        FormatFlag::Svg => Some(svg(&picture())),
        FormatFlag::Html => Some(page(&picture())),
        FormatFlag::Csv | FormatFlag::Junit | FormatFlag::Markdown | FormatFlag::Sarif => None,
    })
}

fn waves_json(estate: &Estate, graph: &Graph, gates: &[PlannedGate]) -> Result<String, CommandError> {
    let waves: Vec<Vec<String>> =
        graph.waves().iter().map(|wave| wave.iter().map(|unit| estate.name(*unit)).collect()).collect();
    let names = |units: &[UnitIndex]| units.iter().map(|unit| estate.name(*unit)).collect::<Vec<String>>();
    let gate = |gate: &PlannedGate| {
        let after = gate.after_gates.iter().cloned().chain(names(&gate.after)).collect::<Vec<String>>();
        serde_json::json!({ "name": gate.name, "after": after, "before": names(&gate.before) })
    };
    let gates: Vec<serde_json::Value> = gates.iter().map(gate).collect();
    serde_json::to_string_pretty(&serde_json::json!({ "waves": waves, "gates": gates }))
        .map(|text| shown::json(&text).into_owned() + "\n")
        .map_err(|error| CommandError::failed(format!("could not print: {error}"), None))
}
