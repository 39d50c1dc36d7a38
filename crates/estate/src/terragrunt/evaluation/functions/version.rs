//! Versions against constraints.

use super::{Answer, count};
use crate::terragrunt::evaluation::scope::FileScope;
use slipway_hcl::scope::CallError;
use slipway_hcl::value::Value;
use slipway_support::version::{Constraints, Version};

pub(super) fn constraint_check(_: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("constraint_check", arguments, 2, 2)?;
    let mut given = arguments.iter().map(String::as_str);
    let (version, constraints) = (given.next().unwrap_or_default(), given.next().unwrap_or_default());
    let version =
        Version::parse(version).ok_or_else(|| CallError::new(format!("\"{version}\" is not a version")))?;
    let constraints = Constraints::parse(constraints)
        .ok_or_else(|| CallError::new(format!("\"{constraints}\" is not a version constraint")))?;
    Ok(Value::Bool(constraints.admit(&version)))
}
