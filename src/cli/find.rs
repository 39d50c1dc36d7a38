//! `slipway find`: the units.

use std::path::PathBuf;

use clap::Args;

use super::exit::{CliError, Exit};
use super::global::{Format, Global};
use super::selection::SelectionArgs;
use super::ui::Ui;
use super::workspace::Workspace;
use crate::estate::{Component, FindOptions, Graph, find_json, find_text, tree};

/// List the units and stacks
///
/// Prints all that was found, and every error beside it; exits 3 when there is one.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct FindArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    /// In the order of dependencies
    #[arg(long)]
    dag: bool,

    /// With the dependencies of each
    #[arg(long)]
    dependencies: bool,

    /// With the included files of each
    #[arg(long)]
    include: bool,

    /// With the exclude block of each
    #[arg(long)]
    exclude: bool,

    /// With the files that were read for each
    #[arg(long)]
    reading: bool,

    /// Also the units outside of the folder that others depend on
    #[arg(long)]
    external: bool,

    /// Also the units and stacks that stacks would generate, without generating them
    #[arg(long, env = "SLIPWAY_EXPAND_STACKS")]
    expand_stacks: bool,

    /// As a tree of folders
    #[arg(long, conflicts_with_all = ["dag", "dependencies", "include", "exclude", "reading"])]
    tree: bool,
}

/// Lists.
pub fn cmd_find(ui: Ui, global: &Global, args: &FindArgs) -> Result<Exit, CliError> {
    let workspace = Workspace::open(global)?;
    let reader = workspace.reader("plan");
    let estate = workspace.discover_expanded(args.path.as_deref(), &reader, args.expand_stacks)?;
    let mut diagnostics = estate.diagnostics.clone();
    let mut order = estate.components();
    match Graph::build(&estate) {
        Ok(graph) if args.dag => order = graph.components(&estate),
        Ok(_) => {}
        Err(cycles) => diagnostics.extend(cycles),
    }
    let mut external = args.external;
    let selected = args.selection.select(&workspace, &estate)?;
    if let Some(selected) = &selected {
        order.retain(|component| matches!(component, Component::Unit(unit) if selected.units.contains(unit)));
        // Whoever follows the graph out of the folder wants to see where it leads.
        external = true;
    }
    let options = FindOptions {
        dependencies: args.dependencies,
        reading: args.reading,
        include: args.include,
        exclude: args.exclude,
        external,
    };
    let base = &workspace.working_dir;
    match ui.format() {
        Format::Json => ui.json(&find_json(&estate, &order, base, options))?,
        Format::Text if args.tree => {
            let shown = selected.map(|selected| estate.restricted(&selected.units));
            ui.answer(&tree(shown.as_ref().unwrap_or(&estate), base))?;
        }
        Format::Text => ui.answer(&find_text(&estate, &order, base, options))?,
    }
    ui.diagnostics(&diagnostics);
    let broken = diagnostics.iter().any(crate::hcl::diagnostic::Diagnostic::is_error);
    Ok(if broken { Exit::Configuration } else { Exit::Done })
}
