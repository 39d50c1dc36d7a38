//! Features and experiments: what was given, what a run writes down of it, and what one takes that goes on.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::CommandError;
use super::options::RunOptions;
use super::workspace::Workspace;
use crate::run::event::Request;
use crate::terragrunt::EXPERIMENTS;

impl Workspace {
    /// The same with the features and experiments of a run that goes on.
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
        })
    }
}

/// What was given by flags or our variable, else by Terragrunt's variable.
fn given(flags: &[String], variable: &str) -> Vec<String> {
    if !flags.is_empty() {
        return flags.to_vec();
    }
    let list = std::env::var(variable).unwrap_or_default();
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// The experiments that are turned on: by name, or all of them as Terragrunt's `TG_EXPERIMENT_MODE` has it.
pub(super) fn experiments(flags: &[String]) -> Vec<String> {
    let mut on = given(flags, "TG_EXPERIMENT");
    if std::env::var("TG_EXPERIMENT_MODE").is_ok_and(|mode| mode == "true" || mode == "1") {
        on.extend(EXPERIMENTS.iter().map(|name| (*name).to_owned()));
        on.sort_unstable();
        on.dedup();
    }
    on
}

pub(super) fn features(flags: &[String]) -> Result<BTreeMap<String, String>, CommandError> {
    let pair = |given: String| match given.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(CommandError::usage(
            format!("\"{given}\" sets no feature"),
            "write it as --feature name=value",
        )),
    };
    given(flags, "TG_FEATURE").into_iter().map(pair).collect()
}
