//! `slipway validate`: every unit, every error at once.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::exit::Exit;
use super::global::Global;
use super::selection::SelectionArgs;
use crate::estate::{ValidateOptions, validate};
use crate::hcl::diagnostic::{Diagnostic, to_json};
use crate::launch::{CommandError, Workspace, inside, no_units, refuse_nothing};
use crate::project::{Needs, Promotions};
use crate::support::counted::plural;
use crate::ui::{Format, Ui};

/// Check every unit and show every error
///
/// Evaluates every expression with the outputs of dependencies unknown; then looks whether inputs fit the
/// variables of the module, and whether the outputs that are used are declared, where the module is on this
/// machine. Units of stacks are checked as they would be generated. Changes nothing and asks no state.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct ValidateArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    /// Start no program: what `run_cmd` and `sops_decrypt_file` answer is unknown, as are the AWS functions
    #[arg(long, env = "SLIPWAY_NO_EXEC")]
    no_exec: bool,

    /// Whether to look into the modules: inputs against variables, used outputs against declared ones
    #[arg(long, value_name = "BOOL", default_value_t = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set)]
    inputs: bool,

    /// Make an error of what Terragrunt bears, such as an input that the module does not declare or a label that repeats
    #[arg(long, env = "SLIPWAY_STRICT")]
    strict: bool,

    /// Say at the end how much was read and evaluated
    #[arg(long)]
    stats: bool,

    #[command(flatten)]
    selection: SelectionArgs,
}

/// Validates.
pub fn cmd_validate(ui: Ui, global: &Global, args: &ValidateArgs) -> Result<Exit, CommandError> {
    let workspace =
        Workspace::open_with(ui, &global.invocation(), args.path.as_deref(), Needs::ESTATE, !args.no_exec)?;
    let reader =
        if args.no_exec { workspace.reader_without_programs("plan") } else { workspace.reader("plan") };
    let root = workspace.locate(args.path.as_deref())?;
    let selectors = args.selection.selectors();
    let mut estate = selectors.discover(&workspace, &root, &reader, true)?;
    let selected = match selectors.select(ui, &workspace, &estate, &reader)? {
        Some(chosen) => {
            let (narrowed, selected) = chosen.narrow(&estate);
            if selected.is_empty() {
                refuse_nothing(ui, &selectors, &estate, Some(&chosen))?;
            }
            estate = narrowed;
            selected
        }
        None => inside(&estate),
    };
    if estate.units.is_empty() {
        ui.say(&no_units(&estate));
    }
    let options = ValidateOptions { modules: args.inputs, strict: args.strict };
    let mut found = validate(&estate, &reader, &selected, options);
    let mut of_clusters = workspace.project.missing_cluster_units(&reader, true);
    of_clusters.extend(Promotions::of(&workspace.project, &estate).err().into_iter().flatten());
    found.diagnostics.splice(0..0, of_clusters);
    let errors = found.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if ui.format() == Format::Json {
        ui.json(&found.diagnostics.iter().map(to_json).collect::<Vec<_>>())?;
    } else {
        let summary = summary(found.units, &found.diagnostics);
        ui.diagnostics(found.diagnostics);
        ui.answer(&summary)?;
    }
    if args.stats {
        ui.say(&reader.counts().to_string());
    }
    Ok(if errors > 0 { Exit::Configuration } else { Exit::Done })
}

fn summary(units: usize, diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let count = |count: usize, what: &str| format!("{count} {}", plural(count, what));
    let mut said = format!("{}, {}", count(units, "unit"), count(errors, "error"));
    if warnings > 0 {
        said = format!("{said}, {}", count(warnings, "warning"));
    }
    said
}
