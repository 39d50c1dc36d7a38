//! The versions that a unit asks for.

use crate::engine::EngineError;
use crate::engine::tool::Tool;
use crate::support::version::{Constraints, Version};
use crate::terragrunt::config::UnitConfig;

/// The Terragrunt whose meaning is given to the files, see docs/compatibility.md.
const TERRAGRUNT: &str = "1.1.3";

/// Holds a unit's version constraints against the tool, and against the Terragrunt that is followed here.
pub fn check(config: &UnitConfig, tool: &Tool) -> Result<(), EngineError> {
    if let Some(constraint) = given(config.terraform_version_constraint.as_ref()) {
        let satisfied = tool.satisfies(constraint).ok_or_else(|| EngineError::BadConstraint {
            attribute: "terraform_version_constraint",
            text: constraint.to_owned(),
        })?;
        if !satisfied {
            return Err(EngineError::Constraint {
                tool: tool.name.to_owned(),
                version: tool.version.clone(),
                constraint: constraint.to_owned(),
            });
        }
    }
    if let Some(constraint) = given(config.terragrunt_version_constraint.as_ref()) {
        let constraints = Constraints::parse(constraint).ok_or_else(|| EngineError::BadConstraint {
            attribute: "terragrunt_version_constraint",
            text: constraint.to_owned(),
        })?;
        if !Version::parse(TERRAGRUNT).is_some_and(|version| constraints.admit(&version)) {
            return Err(EngineError::Dialect { version: TERRAGRUNT, constraint: constraint.to_owned() });
        }
    }
    Ok(())
}

fn given(constraint: Option<&String>) -> Option<&str> {
    constraint.map(String::as_str).filter(|text| !text.is_empty())
}
