//! Versions against constraints.

use super::{Answer, count};
use crate::hcl::scope::CallError;
use crate::hcl::value::Value;
use crate::support::version::{Constraints, Version};
use crate::terragrunt::scope::FileScope;

pub(super) fn constraint_check(_: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("constraint_check", arguments, 2, 2)?;
    let version = Version::parse(&arguments[0])
        .ok_or_else(|| CallError::new(format!("\"{}\" is not a version", arguments[0])))?;
    let constraints = Constraints::parse(&arguments[1])
        .ok_or_else(|| CallError::new(format!("\"{}\" is not a version constraint", arguments[1])))?;
    Ok(Value::Bool(constraints.admit(&version)))
}
