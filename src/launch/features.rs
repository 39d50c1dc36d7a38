//! Features and experiments: by flags, by our variables, by Terragrunt's.

use std::collections::BTreeMap;

use super::error::CommandError;
use crate::terragrunt::EXPERIMENTS;

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
