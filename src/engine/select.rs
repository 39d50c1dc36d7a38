//! Which engine runs.

use std::path::PathBuf;
use std::sync::Arc;

use super::native::{NativeEngine, NativeSettings};
use super::terragrunt::{TerragruntEngine, TerragruntSettings, find_terragrunt};
use super::{Engine, EngineError};
use crate::estate::EngineChoice;

/// What every engine needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The engine asked for.
    pub choice: EngineChoice,
    /// The folder for what is kept between runs, usually `.slipway`.
    pub home: PathBuf,
    /// The `tofu` or `terraform` that was named.
    pub tool: Option<PathBuf>,
    /// Whether a state bucket that is missing may be created.
    pub backend_bootstrap: bool,
}

/// Makes the engine; it does nothing before its first unit.
pub fn engine(settings: Settings) -> Result<Arc<dyn Engine>, EngineError> {
    let Settings { choice, home, tool, backend_bootstrap } = settings;
    let terragrunt = match choice {
        EngineChoice::Native => None,
        EngineChoice::Auto => find_terragrunt(None),
        EngineChoice::Terragrunt => Some(find_terragrunt(None).ok_or(EngineError::NoTerragrunt)?),
    };
    Ok(match terragrunt {
        Some(program) => {
            Arc::new(TerragruntEngine::new(TerragruntSettings { program, home, tool, backend_bootstrap }))
        }
        None => Arc::new(NativeEngine::new(NativeSettings { home, tool, backend_bootstrap })),
    })
}
