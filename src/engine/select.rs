//! Which engine runs.

use std::sync::Arc;

use super::native::NativeEngine;
use super::terragrunt::{TerragruntEngine, find_terragrunt};
use super::{Engine, EngineError, EngineSettings};
use crate::project::EngineChoice;

/// Makes the engine; it does nothing before its first unit.
pub fn engine(choice: EngineChoice, settings: EngineSettings) -> Result<Arc<dyn Engine>, EngineError> {
    let terragrunt = match choice {
        EngineChoice::Native => None,
        EngineChoice::Auto => find_terragrunt(None),
        EngineChoice::Terragrunt => Some(find_terragrunt(None).ok_or(EngineError::NoTerragrunt)?),
    };
    Ok(match terragrunt {
        Some(program) => Arc::new(TerragruntEngine::new(program, settings)),
        None => Arc::new(NativeEngine::new(settings)),
    })
}
