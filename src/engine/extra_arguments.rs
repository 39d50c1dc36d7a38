//! `extra_arguments` of a unit, and the flags among them.

use crate::terragrunt::config::{ExtraArguments, UnitConfig};

/// The extra arguments that are for a command.
pub fn extra_for<'a>(config: &'a UnitConfig, name: &'a str) -> impl Iterator<Item = &'a ExtraArguments> {
    let all = config.terraform.iter().flat_map(|terraform| &terraform.extra_arguments);
    all.filter(move |extra| extra.commands.iter().any(|command| command == name))
}

/// The flags of `plan` and `apply` that take a value, where it can stand in an argument of its own.
pub const TAKING_VALUES: &[&str] = &[
    "backup",
    "exclude",
    "generate-config-out",
    "lock-timeout",
    "out",
    "parallelism",
    "replace",
    "state",
    "state-out",
    "target",
    "var",
    "var-file",
];

/// The name of a flag, `out` of `-out` and `--out`; with its value where that is in the same argument.
pub fn flag_of(argument: &str) -> &str {
    let name = argument.strip_prefix('-').unwrap_or_default();
    name.strip_prefix('-').unwrap_or(name)
}
