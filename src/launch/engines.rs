//! Which engine a workspace works with, and how many units at once.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::CommandError;
use super::options::{RunOptions, Tools};
use super::workspace::Workspace;
use crate::engine::{Engine, EngineSettings, select, unit_folder};
use crate::run::unit_loader::UnitLoader;
use crate::terragrunt::Reader;

/// How many units run at once where nobody says.
const PARALLELISM: usize = 8;

impl Workspace {
    /// The engine that options and project ask for.
    pub fn engine(&self, tools: &Tools, backend_bootstrap: bool) -> Result<Arc<dyn Engine>, CommandError> {
        // Of a folder that is none, or that nobody may enter, nothing can be taken: who needs it is told then.
        let is_unusable = matches!(self.refuse_unusable_home(), Err(CommandError::Failed { .. }));
        let home = if is_unusable { &self.home } else { self.home()? };
        self.engine_at(home, tools, backend_bootstrap)
    }

    /// Who loads units for an engine, as a reader reads them.
    pub fn loader(&self, engine: Arc<dyn Engine>, reader: Arc<Reader>) -> UnitLoader {
        UnitLoader::new(engine, reader, self.project.estate_root.clone())
    }

    /// The name of that engine; nothing is worked on.
    pub fn engine_name(&self, tools: &Tools) -> Result<String, CommandError> {
        Ok(self.engine_at(&self.home, tools, false)?.name().to_owned())
    }

    pub(super) fn engine_at(
        &self,
        home: &Path,
        tools: &Tools,
        backend_bootstrap: bool,
    ) -> Result<Arc<dyn Engine>, CommandError> {
        let configured = self.project.engine;
        let choice = tools.engine.unwrap_or(configured);
        let settings = EngineSettings {
            home: home.to_owned(),
            tool: tools.tf_path.clone(),
            backend_bootstrap,
            share_providers: tools.share_providers.unwrap_or(self.project.share_providers),
            features: self.features.clone(),
            experiments: self.experiments.clone(),
        };
        Ok(select::engine(choice, settings)?)
    }

    /// How many units run at once.
    pub fn parallelism(&self, options: &RunOptions) -> usize {
        let named = options.parallelism.map(NonZeroUsize::get);
        named.or(self.project.parallelism).unwrap_or(PARALLELISM)
    }

    /// Where the native engine runs the unit in a folder.
    pub fn runs_in(&self, dir: &Path, source: Option<&str>) -> PathBuf {
        unit_folder::working_dir(&self.home, &self.project.estate_root, dir, source)
    }
}
