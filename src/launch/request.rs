//! What a run writes down of how it was asked for, and what one takes of it that goes on.

use std::path::Path;

use super::error::CommandError;
use super::features::features;
use super::options::RunOptions;
use super::workspace::Workspace;
use crate::run::event::Request;

impl Workspace {
    /// This project with the features and experiments of a run that goes on.
    pub fn with_settings_of(self, request: &Request) -> Result<Self, CommandError> {
        let features = features(&request.features)?;
        let experiments = request.experiments.iter().cloned().collect();
        Ok(Self { features, experiments, ..self })
    }

    /// What a run has to write down so that it can be gone on with.
    pub fn request(&self, path: Option<&Path>, options: &RunOptions) -> Result<Request, CommandError> {
        Ok(Request {
            path: self.locate(path)?,
            engine: options.tools.engine.map(|engine| engine.name().to_owned()),
            tool: options.tools.tf_path.clone(),
            backend_bootstrap: options.backend_bootstrap,
            features: self.features.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            experiments: self.experiments.iter().cloned().collect(),
            saved_plans: None,
            shared: options.shared.as_ref().map(|sharing| sharing.address.clone()),
        })
    }
}
