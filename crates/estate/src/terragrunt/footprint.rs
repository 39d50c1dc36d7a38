//! Everything on this machine that a unit is made of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::evaluation::file_config::Wanted;
use super::evaluation::outline::module_dir;
use super::evaluation::reader::Reader;
use super::evaluation::scope::FileScope;
use super::evaluation::unit_evaluation::{Trace, UnitEvaluation};
use super::paths;
use crate::terraform::LocalModules;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::value::Value;

/// The arguments of `extra_arguments` that name files of variables.
const VAR_FILES: &[&str] = &["required_var_files", "optional_var_files"];

/// The files and folders whose change may change a unit.
#[derive(Clone, Debug, Default)]
pub struct Footprint {
    /// Every file that was read or looked for, absolute; they need not be there.
    pub files: BTreeSet<PathBuf>,
    /// The unit's module and those that it calls, as far as they are on this machine: whatever lies in their folders
    /// counts, and so does what they read elsewhere.
    pub modules: Arc<LocalModules>,
    /// The paths among the inputs, which a module may read: files, and folders with whatever lies in them.
    pub handed: BTreeSet<PathBuf>,
    /// Whether it reads a file whose name depends on outputs.
    pub unknown: bool,
    /// Whether it could not be evaluated, so that something is missing here.
    pub broken: bool,
}

impl Reader {
    /// What the unit whose configuration is `file` (absolute) is made of: every expression is evaluated, with the
    /// outputs of dependencies unknown.
    pub fn footprint(&self, file: &Path) -> Footprint {
        let Ok(parsed) = self.parsed(file) else {
            return Footprint {
                files: BTreeSet::from([file.to_path_buf()]),
                broken: true,
                ..Footprint::default()
            };
        };
        let mut errors = parsed.diagnostics.clone();
        let session = Rc::new(UnitEvaluation::new(self, None, parsed.source.shared_path()));
        session.mark_read(parsed.source.shared_path());
        let scope = FileScope::root(&session, parsed);
        let config = scope.merged_config(Wanted::Everything, &mut errors);
        let dir = paths::folder(file);
        let mut footprint =
            Footprint { broken: errors.iter().any(Diagnostic::is_error), ..Footprint::default() };
        for trace in session.traces() {
            match trace {
                Trace::Read(path) | Trace::LookedAt(path) => drop(footprint.files.insert(path.to_path_buf())),
                Trace::Unknown => footprint.unknown = true,
                Trace::Fleeting => {}
            }
        }
        if let Some(terraform) = &config.terraform {
            let arguments = terraform.extra_arguments.values();
            let lists = arguments.flat_map(|fields| VAR_FILES.iter().filter_map(|list| fields.get(*list)));
            for variables in lists.filter_map(Value::as_elements).flatten().filter_map(Value::as_str) {
                footprint.files.insert(paths::join(dir, variables));
            }
            let source = terraform.fields.get("source").and_then(Value::as_str);
            if let Some(module) = source.and_then(|source| module_dir(dir, source)) {
                footprint.modules = self.local_modules(&module);
            }
        }
        footprint.handed = paths_in(config.inputs.iter().flat_map(|inputs| inputs.values()), dir);
        footprint
    }
}

/// The absolute paths among the texts of inputs of a unit in `dir`, but for the folders above it: a tree that is handed
/// on as a whole says nothing of what is read of it.
pub fn paths_in<'v>(inputs: impl Iterator<Item = &'v Value>, dir: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    inputs.for_each(|input| collect(input, dir, &mut found));
    found
}

fn collect(value: &Value, dir: &Path, found: &mut BTreeSet<PathBuf>) {
    if let Some(text) = value.as_str().filter(|text| text.starts_with('/') && !text.contains('\n')) {
        let path = paths::clean(Path::new(text));
        if !dir.starts_with(&path) {
            found.insert(path);
        }
    }
    value.as_elements().into_iter().flatten().for_each(|value| collect(value, dir, found));
    let fields = value.as_fields().into_iter().flat_map(|fields| fields.values());
    fields.for_each(|value| collect(value, dir, found));
}
