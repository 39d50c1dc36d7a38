//! The modules of units.

use std::path::PathBuf;
use std::sync::Arc;

use crate::terraform::{Module, Variable};
use crate::terragrunt::check::Checked;
use crate::terragrunt::{Outline, Reader};
use slipway_hcl::diagnostic::Diagnostic;

/// What a unit runs: its source, with the unit's own files and what it generates laid over it, the uppermost
/// first.
pub(super) struct UnitModule {
    /// Its folder.
    pub folder: PathBuf,
    layers: Vec<Arc<Module>>,
    generates_unknown: bool,
}

impl UnitModule {
    /// The module of a unit; none where its source is not on this machine, or is no module.
    pub fn of(outline: &Outline, checked: &Checked, reader: &Reader) -> Option<Self> {
        let folder = match &outline.source {
            Some(_) => outline.module_dir()?,
            // A unit without a source runs what lies in its own folder; a source that failed says nothing.
            None if checked.source_place.is_some() => return None,
            None => outline.dir.clone(),
        };
        let mut layers = vec![Arc::new(checked.generated.clone()), reader.module(&folder)];
        if folder != outline.dir {
            layers.push(reader.module(&outline.dir));
        }
        let module = Self { folder, layers, generates_unknown: checked.generates_unknown };
        module.layers.iter().skip(1).any(|layer| layer.has_files).then_some(module)
    }

    /// Whether everything that it declares is known.
    pub fn is_whole(&self) -> bool {
        !self.generates_unknown && self.layers.iter().all(|layer| layer.diagnostics.is_empty())
    }

    /// What is wrong with its files, seen from a unit.
    pub fn diagnostics(&self, checked: &Checked) -> Vec<Diagnostic> {
        let all = self.layers.iter().flat_map(|layer| layer.diagnostics.iter().cloned());
        all.map(|diagnostic| match &checked.source_place {
            Some(place) => diagnostic.via("this is the module", place.clone()),
            None => diagnostic,
        })
        .collect()
    }

    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.layers.iter().find_map(|layer| layer.variables.get(name))
    }

    pub fn variables(&self) -> impl Iterator<Item = (&str, &Variable)> {
        let covered = |index: usize, name: &String| {
            self.layers.iter().take(index).any(|layer| layer.variables.contains_key(name))
        };
        self.layers.iter().enumerate().flat_map(move |(index, layer)| {
            let own = layer.variables.iter().filter(move |(name, _)| !covered(index, name));
            own.map(|(name, variable)| (name.as_str(), variable))
        })
    }

    pub fn has_output(&self, name: &str) -> bool {
        self.layers.iter().any(|layer| layer.outputs.contains(name))
    }

    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().flat_map(|layer| layer.outputs.iter().map(String::as_str))
    }
}
