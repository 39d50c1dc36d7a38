//! The modules of units, each folder read once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Shared;
use crate::terragrunt::check::Checked;
use crate::terragrunt::module::{Module, Variable};
use crate::terragrunt::{Outline, Reader};
use slipway_hcl::diagnostic::Diagnostic;

/// Every folder that was read.
pub(super) struct Modules<'r> {
    reader: &'r Reader,
    folders: Mutex<HashMap<PathBuf, Arc<OnceLock<Shared>>>>,
}

/// What a unit runs: its source, with the unit's own files and what it generates laid over it, the uppermost
/// first.
pub(super) struct UnitModule {
    /// Its folder.
    pub folder: PathBuf,
    layers: Vec<Shared>,
    generates_unknown: bool,
}

impl<'r> Modules<'r> {
    /// None was read yet.
    pub fn new(reader: &'r Reader) -> Self {
        Self { reader, folders: Mutex::default() }
    }

    /// The module of a unit; none where its source is not on this machine, or is no module.
    pub fn of(&self, outline: &Outline, checked: &Checked) -> Option<UnitModule> {
        let folder = match &outline.source {
            Some(_) => outline.module_dir()?,
            // A unit without a source runs what lies in its own folder; a source that failed says nothing.
            None if checked.source_place.is_some() => return None,
            None => outline.dir.clone(),
        };
        let mut layers = vec![Arc::new(checked.generated.clone()), self.read(&folder)];
        if folder != outline.dir {
            layers.push(self.read(&outline.dir));
        }
        let module = UnitModule { folder, layers, generates_unknown: checked.generates_unknown };
        module.layers.iter().skip(1).any(|layer| layer.has_files).then_some(module)
    }

    fn read(&self, folder: &Path) -> Shared {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = Arc::clone(folders.entry(folder.to_path_buf()).or_default());
        drop(folders);
        Arc::clone(cell.get_or_init(|| Arc::new(Module::read(folder, |file| self.reader.refused(file)))))
    }
}

impl UnitModule {
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
