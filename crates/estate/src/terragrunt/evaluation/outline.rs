//! What the graph needs of a unit, found without any outputs.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::file_config::Wanted;
use super::reader::{Reader, without_repetition};
use super::scope::FileScope;
use super::unit;
use super::unit_evaluation::UnitEvaluation;
use crate::terragrunt::config::Exclude;
use crate::terragrunt::paths;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Location;
use slipway_hcl::value::Value;
use slipway_support::address::Address;

/// A unit as far as it can be known before anything runs.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// The unit's folder, absolute.
    pub dir: PathBuf,
    /// Its configuration file.
    pub file: PathBuf,
    /// The `dependency` blocks, with those of included files, disabled ones too.
    pub dependencies: Vec<OutlineDependency>,
    /// The paths of `dependencies` blocks, which stand for order only.
    pub order_only: Vec<OrderOnly>,
    /// The `include` blocks, label and file.
    pub includes: Vec<(String, PathBuf)>,
    /// `terraform.source` as written, evaluated.
    pub source: Option<Address>,
    /// The `exclude` block.
    pub exclude: Option<Exclude>,
    /// Whether destroying is refused.
    pub prevent_destroy: bool,
    /// Every file that was read for this, the unit's own first, without repetition.
    pub files_read: Vec<Arc<Path>>,
    /// All files that it rests on, where it rests on nothing else, nothing is wrong with it, and somebody keeps outlines.
    pub(crate) rests_on: Option<Vec<Arc<Path>>>,
}

/// A `dependency` block.
#[derive(Clone, Debug)]
pub struct OutlineDependency {
    /// The label, with the key behind it where the block is expanded.
    pub name: String,
    /// The folder of the unit it depends on, absolute; it need not be there.
    pub config_path: PathBuf,
    /// The path as the file says it.
    pub written: String,
    /// Whether it counts.
    pub enabled: bool,
    /// Whether its outputs are left unread.
    pub skip_outputs: bool,
    /// Where the block stands.
    pub location: Location,
}

/// One path of a `dependencies` block.
#[derive(Clone, Debug)]
pub struct OrderOnly {
    /// The folder of the unit, absolute; it need not be there.
    pub path: PathBuf,
    /// The path as the file says it.
    pub written: String,
    /// Where the block stands.
    pub location: Location,
}

impl Outline {
    /// The folder of the module that the unit runs, where its source is a path on this machine.
    pub fn module_dir(&self) -> Option<PathBuf> {
        module_dir(&self.dir, self.source.as_ref()?.expose())
    }
}

/// The folder of the module that a unit in `dir` runs, where its source is a path on this machine.
pub(in crate::terragrunt) fn module_dir(dir: &Path, source: &str) -> Option<PathBuf> {
    // Addresses have a scheme, a forced getter or a user; `a//b` splits what is copied from what is run.
    let address = ["://", "::"].iter().any(|part| source.contains(part)) || source.starts_with("git@");
    if source.is_empty() || address {
        return None;
    }
    let path = paths::join(dir, source.replace("//", "/"));
    let certain = ["./", "../", "/"].iter().any(|start| source.starts_with(start));
    (certain || path.is_dir()).then_some(path)
}

pub(crate) fn read(reader: &Reader, file: &Path) -> (Outline, Vec<Diagnostic>) {
    let dir = paths::folder(file).to_path_buf();
    let mut outline = Outline { dir, file: file.to_path_buf(), ..Outline::default() };
    let parsed = match reader.parsed(file) {
        Ok(parsed) => parsed,
        Err(errors) => return (outline, errors),
    };
    let mut errors = parsed.diagnostics.clone();
    let session = Rc::new(UnitEvaluation::new(reader, None, parsed.source.shared_path()));
    session.mark_read(parsed.source.shared_path());
    let scope = FileScope::root(&session, parsed);
    let config = scope.merged_config(Wanted::Outline, &mut errors);

    let table = scope.read_dependencies().unwrap_or_default();
    outline.dependencies = table
        .blocks
        .iter()
        .chain(&table.waited_for)
        .map(|block| OutlineDependency {
            name: block.address().into_owned(),
            config_path: block.target(&scope),
            written: block.config_path().to_owned(),
            enabled: block.enabled(),
            skip_outputs: block.skip_outputs(),
            location: block.location.clone(),
        })
        .collect();
    // What was overridden or stands again is told where that is, and not here.
    let counting = outline.dependencies.get(..table.blocks.len()).unwrap_or_default();
    errors.extend(shared_paths(counting));
    if let (Some(written), Some(location)) = (&config.dependencies, &config.dependencies_place) {
        outline.order_only = written
            .iter()
            .map(|written| OrderOnly {
                path: paths::join(&outline.dir, written),
                written: written.clone(),
                location: location.clone(),
            })
            .collect();
    }
    let includes = scope.includes();
    outline.includes =
        includes.by_label().map(|include| (include.label.clone(), include.path.clone())).collect();
    outline.source = config
        .terraform
        .as_ref()
        .and_then(|terraform| terraform.fields.get("source"))
        .and_then(Value::as_str)
        .map(Address::new);
    outline.exclude = config.exclude.as_ref().map(unit::exclude);
    let prevent = config.attributes.get("prevent_destroy").and_then(Value::as_bool);
    outline.prevent_destroy = prevent.unwrap_or_default();
    outline.files_read = session.files_read();
    let mut errors = without_repetition(errors);
    // A secret of an address is kept nowhere.
    let is_open = outline.source.as_ref().is_none_or(|source| !source.has_secrets());
    if reader.options().outlines.is_some() && errors.is_empty() && is_open {
        outline.rests_on = session.rests_on();
    }
    for diagnostic in &mut errors {
        diagnostic.affects = vec![outline.dir.clone()];
    }
    (outline, errors)
}

/// Warnings about enabled blocks that lead to the folder of another: as a rule one of them is a leftover.
fn shared_paths(dependencies: &[OutlineDependency]) -> Vec<Diagnostic> {
    if dependencies.len() < 2 {
        return Vec::new();
    }
    let mut by_path: Vec<&OutlineDependency> = dependencies.iter().filter(|block| block.enabled).collect();
    // The order of the blocks stays among those of one folder.
    by_path.sort_by_key(|block| block.config_path.as_os_str());
    let same = by_path.chunk_by(|one, other| one.config_path.as_os_str() == other.config_path.as_os_str());
    let warning = |blocks: &[&OutlineDependency]| {
        let (first, others) = blocks.split_first()?;
        let told = others.iter().map(|block| {
            let message =
                format!("dependency \"{}\" and dependency \"{}\" lead to one folder", first.name, block.name);
            Diagnostic::warning("terragrunt::repeated_path", message)
                .at(block.location.clone())
                .help("make one block of the two")
                .via("the other one is here", first.location.clone())
        });
        Some(told.collect::<Vec<_>>())
    };
    same.filter_map(warning).flatten().collect()
}
