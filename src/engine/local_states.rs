//! Outputs from states that are files on this machine: enough to show a unit without a process or a request.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::state;
use crate::hcl::diagnostic::Diagnostic;
use crate::terragrunt::Reader;
use crate::terragrunt::outputs::{OutputSource, Outputs, UnknownOutputs};
use crate::terragrunt::paths::unit_file;

/// Where a unit is run, by its folder and its source.
pub type RunsIn<'a> = dyn Fn(&Path, Option<&str>) -> PathBuf + Sync + 'a;

/// Answers for the units whose state is a local file, each found once.
pub struct LocalStates<'a> {
    reader: &'a Reader,
    runs_in: &'a RunsIn<'a>,
    known: Mutex<HashMap<PathBuf, Option<Arc<Outputs>>>>,
    errors: Mutex<Vec<Diagnostic>>,
}

impl<'a> LocalStates<'a> {
    /// Nothing is looked at before somebody asks; `runs_in` is where the native engine runs a unit.
    pub fn new(reader: &'a Reader, runs_in: &'a RunsIn<'a>) -> Self {
        Self { reader, runs_in, known: Mutex::default(), errors: Mutex::default() }
    }

    /// What is wrong with the states that were looked at. Their outputs are unknown, and mocks stand in for them.
    pub fn errors(&self) -> Vec<Diagnostic> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn find(&self, dir: &Path) -> Option<Arc<Outputs>> {
        // What is in states is for whoever may see them.
        if self.reader.options().boundary.is_some() {
            return None;
        }
        let file = unit_file(dir);
        // Most states are elsewhere, which one attribute tells.
        if self.reader.backend(&file).is_some_and(|backend| backend != "local") {
            return None;
        }
        // Where its state is must not rest on outputs of yet others.
        let config = self.reader.evaluate(&file, &UnknownOutputs).ok()?;
        match state::local_outputs(&config, &(self.runs_in)(dir, config.source()))? {
            Ok(outputs) => Some(Arc::new(outputs)),
            Err(error) => {
                let message = format!("the outputs of {} could not be read: {error}", dir.display());
                let error = Diagnostic::error("terragrunt::unusable_outputs", message);
                self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                None
            }
        }
    }
}

impl OutputSource for LocalStates<'_> {
    fn outputs(&self, dir: &Path) -> Option<Arc<Outputs>> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(dir) {
            return found.clone();
        }
        let found = self.find(dir);
        known().insert(dir.to_path_buf(), found.clone());
        found
    }

    fn is_applied(&self, dir: &Path) -> bool {
        self.outputs(dir).is_some()
    }
}
