//! `slipway find`: the units.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::global::Global;
use super::selection::SelectionArgs;
use crate::estate::Graph;
use crate::launch::{CommandError, Matched, Workspace, no_units, refuse_nothing};
use crate::project::Needs;
use crate::support::{path_text, paths};
use crate::ui::{Format, Ui};
use crate::view::{FindOptions, find_json, find_text, tree};
use crate::view::{add_reasons, elsewhere_json, with_reasons};

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

    /// With what changed that affects each, where --affected or a Git range selects
    #[arg(long)]
    why: bool,

    /// Paths from the folder one stands in instead of names, which are paths under the estate's root
    #[arg(long)]
    relative: bool,

    /// As Terragrunt's `find --json`: as --format json, without the names
    #[arg(long)]
    json: bool,

    /// As a tree of folders
    #[arg(long, conflicts_with_all = ["dag", "dependencies", "include", "exclude", "reading", "why", "json"])]
    tree: bool,

    /// Read every file, also where nothing has changed since the last time
    #[arg(long)]
    no_cache: bool,

    /// Say at the end how much was read and evaluated
    #[arg(long)]
    stats: bool,
}

/// Lists.
pub fn cmd_find(ui: Ui, global: &Global, args: &FindArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open_for(ui, &global.invocation(), args.path.as_deref(), Needs::ESTATE)?;
    let reader = workspace.reader_for_looking("plan", args.no_cache);
    let root = workspace.locate(args.path.as_deref())?;
    let selectors = args.selection.selectors();
    let mut estate = selectors.discover(&workspace, &root, &reader, args.expand_stacks)?;
    let chosen = selectors.select(ui, &workspace, &estate, &reader)?;
    let part = chosen.as_ref().map(|chosen| chosen.narrow(&estate).0);
    let mut diagnostics = match &part {
        Some(part) => part.diagnostics.clone(),
        // There may be very many, and nobody looks at them there any more.
        None => std::mem::take(&mut estate.diagnostics),
    };
    let mut order = estate.components();
    match Graph::build(&estate) {
        Ok(graph) if args.dag => order = graph.components(&estate, args.external),
        Ok(_) => {}
        Err(cycles) => match &part {
            // A circle among units that are not looked at is not told.
            Some(part) => diagnostics.extend(Graph::build(part).err().into_iter().flatten()),
            None => diagnostics.extend(cycles),
        },
    }
    let base = &workspace.working_dir;
    // Whoever follows the graph out of the folder wants to see where it leads.
    let external = args.external || chosen.is_some();
    if let Some(Matched { selected, .. }) = &chosen {
        order.retain(|component| selected.contains(*component));
    }
    let options = FindOptions {
        dependencies: args.dependencies,
        reading: args.reading,
        include: args.include,
        exclude: args.exclude,
        external,
    };
    let ranges = chosen.as_ref().map(|chosen| chosen.ranges.as_slice()).unwrap_or_default();
    let elsewhere = chosen.as_ref().map(|chosen| chosen.selected.elsewhere.as_slice()).unwrap_or_default();
    let from = args.relative.then_some(base.as_path());
    let format = if args.json { Format::Json } else { ui.format() };
    match format {
        Format::Json => {
            let mut found = find_json(&estate, &order, base, options, !args.json);
            if args.why {
                add_reasons(&mut found, &order, ranges, base);
            }
            if let Some(list) = found.as_array_mut() {
                list.extend(elsewhere.iter().map(|dir| elsewhere_json(dir, base)));
            }
            ui.json(&found)?;
        }
        Format::Text if args.tree => {
            let part = chosen.as_ref().map(|chosen| estate.restricted(&chosen.selected.units));
            ui.answer(&tree(part.as_ref().unwrap_or(&estate), from.unwrap_or(&estate.named_from)))?;
        }
        Format::Text => {
            let mut text = if args.why {
                with_reasons(&estate, &order, ranges, from, base)
            } else {
                find_text(&estate, &order, from, options)
            };
            let gone = |dir: &PathBuf| match from {
                Some(base) => path_text::shown(&paths::relative(base, dir)),
                None => workspace.name(dir),
            };
            text.extend(elsewhere.iter().map(|dir| gone(dir) + "\n"));
            ui.answer(&text)?;
        }
    }
    let errors = ui.diagnostics(diagnostics);
    if args.stats {
        ui.say(&reader.counts().to_string());
    }
    if errors == 0 && order.is_empty() && elsewhere.is_empty() {
        match &chosen {
            Some(_) => refuse_nothing(ui, &selectors, &estate, chosen.as_ref())?,
            None => ui.say(&no_units(&estate)),
        }
    }
    estate.keep_outlines(&reader);
    // The process ends here: taking a large estate apart piece by piece first would only take time.
    std::mem::forget((estate, reader));
    Ok(if errors > 0 { Exit::Configuration } else { Exit::Done })
}
