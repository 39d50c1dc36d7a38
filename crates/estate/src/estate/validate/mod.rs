//! `validate`: every unit of an estate, against the dialect, its module, and the modules of its dependencies.

mod given;
mod modules;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::modules::UnitModule;
use super::{Estate, Graph, UnitIndex};
use crate::terragrunt::check::{Checked, Input, OutputUse};
use crate::terragrunt::paths;
use crate::terragrunt::{Outline, Reader};
use slipway_hcl::diagnostic::{Diagnostic, Severity, grouped};
use slipway_hcl::suggest::nearest;
use slipway_support::parallel;

/// What is checked beyond the dialect.
#[derive(Clone, Copy, Debug)]
pub struct ValidateOptions {
    /// Inputs against the variables of the module, and used outputs against those of the module they come from.
    pub modules: bool,
    /// Whether what Terragrunt bears, though it is a mistake, is an error instead of a warning.
    pub strict: bool,
}

/// The mistakes that Terragrunt bears.
const BORNE: &[&str] = &[
    "stack::ignored_attribute",
    "stack::ignored_block",
    "terragrunt::pattern",
    "terragrunt::repeated_label",
    "terragrunt::repeated_path",
    "terragrunt::unknown_attribute",
    "terragrunt::unknown_input",
];

/// What was found.
#[derive(Clone, Debug)]
pub struct Validation {
    /// How many units were checked.
    pub units: usize,
    /// What is wrong, each mistake once, with the units that it breaks.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks the selected units of an estate, on all processors, and reports everything.
pub fn validate(
    estate: &Estate,
    reader: &Reader,
    selected: &BTreeSet<UnitIndex>,
    options: ValidateOptions,
) -> Validation {
    // What a dependency declares is found by evaluating it, whether it is selected or not.
    let used = selected.iter().flat_map(|index| &estate.unit(*index).dependencies).map(|edge| edge.to);
    let indices: BTreeSet<UnitIndex> =
        if options.modules { selected.iter().copied().chain(used).collect() } else { selected.clone() };
    let indices: Vec<UnitIndex> = indices.into_iter().collect();
    let checked = parallel::map(&indices, |index| reader.check(&estate.unit(*index).outline.file));
    let mut diagnostics = estate.diagnostics.clone();
    diagnostics.extend(Graph::build(estate).err().into_iter().flatten());
    let mut units = BTreeMap::new();
    for (index, (checked, found)) in indices.iter().zip(checked) {
        let unit = estate.unit(*index);
        if selected.contains(index) {
            diagnostics.extend(found.into_iter().map(|diagnostic| affecting(diagnostic, unit.dir.clone())));
        }
        units.extend(checked.map(|checked| (unit.dir.clone(), (&*unit.outline, checked))));
    }
    if options.modules {
        let against = Checker { units: &units, reader };
        let own: Vec<UnitIndex> = selected.iter().copied().collect();
        let found = parallel::map(&own, |index| {
            let dir = &estate.unit(*index).dir;
            let found = against.check(dir);
            found.into_iter().map(|diagnostic| affecting(diagnostic, dir.clone())).collect::<Vec<_>>()
        });
        diagnostics.extend(found.into_iter().flatten());
    }
    without_missing_twice(&mut diagnostics);
    if options.strict {
        for diagnostic in diagnostics.iter_mut().filter(|diagnostic| BORNE.contains(&diagnostic.code)) {
            diagnostic.severity = Severity::Error;
        }
    }
    Validation { units: selected.len(), diagnostics: grouped(diagnostics) }
}

fn affecting(mut diagnostic: Diagnostic, unit: PathBuf) -> Diagnostic {
    if diagnostic.affects.is_empty() {
        diagnostic.affects.push(unit);
    }
    diagnostic
}

/// A dependency that is not there is found by the graph, which knows what could be meant, and again where its
/// outputs are used.
fn without_missing_twice(diagnostics: &mut Vec<Diagnostic>) {
    let place = |diagnostic: &Diagnostic| diagnostic.location.as_ref().map(ToString::to_string);
    let told = diagnostics.iter().filter(|diagnostic| diagnostic.code == "estate::missing_dependency");
    let told: BTreeSet<String> = told.filter_map(place).collect();
    diagnostics.retain(|diagnostic| {
        diagnostic.code != "terragrunt::missing_dependency"
            || place(diagnostic).is_none_or(|place| !told.contains(&place))
    });
}

struct Checker<'a> {
    units: &'a BTreeMap<PathBuf, (&'a Outline, Checked)>,
    reader: &'a Reader,
}

impl Checker<'_> {
    fn check(&self, dir: &PathBuf) -> Vec<Diagnostic> {
        let Some((outline, checked)) = self.units.get(dir) else { return Vec::new() };
        let mut found = Vec::new();
        if let Some(missing) = missing_module(outline, checked, self.reader) {
            found.push(missing);
        } else if let Some(module) = UnitModule::of(outline, checked, self.reader) {
            found.extend(module.diagnostics(checked));
            self.check_inputs(checked, &module, &mut found);
        }
        found.extend(checked.output_uses.iter().filter_map(|used| self.check_output(used)));
        found
    }

    fn check_inputs(&self, checked: &Checked, module: &UnitModule, found: &mut Vec<Diagnostic>) {
        let Some(inputs) = &checked.inputs else { return };
        let names: BTreeSet<&str> = inputs.iter().map(|input| &*input.name).collect();
        for input in inputs {
            match module.variable(&input.name) {
                Some(variable) => found.extend(wrong_value(input, variable)),
                None if module.is_whole() => found.push(Self::unknown_input(input, module, &names)),
                None => {}
            }
        }
        // Where one source of values cannot be read, what is missing cannot be told.
        let given = match given::names(checked, self.reader, module) {
            Ok(given) => given,
            Err(given::Unread::Unknown) => return,
            Err(given::Unread::Refused(error)) => {
                let diagnostic = Diagnostic::error("hcl::unreadable", error.to_string());
                found.push(diagnostic.help(error.advice().unwrap_or_default()));
                return;
            }
        };
        let place = checked.inputs_place.as_ref().or(checked.source_place.as_ref());
        for (name, variable) in module.variables() {
            if variable.has_default || names.contains(name) || given.contains(name) {
                continue;
            }
            let message = format!("the input \"{name}\" is missing: the module needs a value for it");
            let diagnostic = Diagnostic::error("terragrunt::missing_input", message)
                .help(format!("add it to `inputs`, or give the variable a default at {}", variable.location));
            found.push(match place {
                Some(place) => diagnostic.at(place.clone()),
                None => diagnostic,
            });
        }
    }

    fn unknown_input(input: &Input, module: &UnitModule, names: &BTreeSet<&str>) -> Diagnostic {
        let name = &input.name;
        let message = format!("the module has no variable \"{name}\"");
        let diagnostic = Diagnostic::warning("terragrunt::unknown_input", message);
        let place = input.name_place.as_ref().unwrap_or(&input.value_place);
        let diagnostic = diagnostic.at(place.clone());
        let free = module.variables().map(|(known, _)| known).filter(|known| !names.contains(known));
        match nearest(name, free) {
            Some(near) => {
                let diagnostic = diagnostic.help(format!("did you mean \"{near}\"?"));
                match &input.name_place {
                    Some(place) => diagnostic.suggest_at(near, unquoted(place)),
                    None => diagnostic,
                }
            }
            None => diagnostic.help("take it out of `inputs`, or declare the variable in the module"),
        }
    }

    fn check_output(&self, used: &OutputUse) -> Option<Diagnostic> {
        let (outline, checked) = self.units.get(&used.target)?;
        let module = UnitModule::of(outline, checked, self.reader)?;
        let OutputUse { dependency, output, .. } = used;
        if !module.is_whole() || module.has_output(output) {
            return None;
        }
        let shown = paths::relative(&self.reader.options().working_dir, &used.target);
        let message = format!(
            "dependency \"{dependency}\" has no output \"{output}\": the module of {} declares none",
            shown.display()
        );
        let mut diagnostic =
            Diagnostic::error("terragrunt::unknown_output", message).at(used.location.clone());
        if used.mocked && used.mocks_stay {
            diagnostic.severity = Severity::Warning;
        }
        let outputs: Vec<&str> = module.outputs().collect();
        Some(match nearest(output, outputs.iter().copied()) {
            Some(near) => {
                diagnostic.help(format!("did you mean \"{near}\"?")).suggest_at(near, used.location.clone())
            }
            None if used.mocked => {
                diagnostic.help("only the mocks have it; add the output to the module, or use another one")
            }
            None if outputs.is_empty() => diagnostic.help("the module declares no outputs at all"),
            None => diagnostic.help(format!("the module declares {}", outputs.join(", "))),
        })
    }
}

/// A name without the quotes around it.
fn unquoted(place: &slipway_hcl::source::Location) -> slipway_hcl::source::Location {
    let mut place = place.clone();
    if place.file.slice(place.span).starts_with('"') {
        place.span.start += 1;
        place.span.end = place.span.end.saturating_sub(1);
    }
    place
}

fn wrong_value(input: &Input, variable: &crate::terraform::Variable) -> Option<Diagnostic> {
    let name = &input.name;
    let why = if input.value.is_null() && !variable.nullable && !variable.has_default {
        "the variable takes no null".to_owned()
    } else {
        let known = input.value.is_wholly_known();
        variable.constraint.as_ref().filter(|_| known)?.refuses_input(&input.value)?
    };
    let message = format!("the input \"{name}\" does not fit the variable of the module: {why}");
    Some(
        Diagnostic::error("terragrunt::input_type", message)
            .at(input.value_place.clone())
            .help(format!("the variable is declared at {}", variable.location)),
    )
}

fn missing_module(outline: &Outline, checked: &Checked, reader: &Reader) -> Option<Diagnostic> {
    let folder = outline.module_dir()?;
    if let Some(refused) = reader.refused(&folder) {
        return Some(checked.source_place.iter().fold(refused, |refused, place| refused.at(place.clone())));
    }
    if folder.is_dir() {
        return None;
    }
    let written = outline.source.clone().unwrap_or_default();
    let message = format!("the module \"{written}\" does not exist: there is no such folder");
    let diagnostic = Diagnostic::error("terragrunt::missing_module", message);
    let diagnostic = match &checked.source_place {
        Some(place) => diagnostic.at(place.clone()),
        None => diagnostic,
    };
    let beside: Vec<String> = folder
        .parent()
        .and_then(|parent| std::fs::read_dir(parent).ok())
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let near = nearest(&name, beside.iter().map(String::as_str));
    Some(match near {
        Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")),
        None => diagnostic.help(format!("{} is where it was looked for", folder.display())),
    })
}
