//! The table of Terragrunt's commands has every one of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::page;
use crate::support::skipped::{NO_TERRAGRUNT, partly_skipped};
use crate::support::terragrunt;

/// Those of Terragrunt 1.1, as its help lists them; of `run` those of the tool itself have a row each by their short form.
const COMMANDS: &[&str] = &[
    "apply",
    "backend bootstrap",
    "backend delete",
    "backend migrate",
    "browse",
    "catalog",
    "dag graph",
    "destroy",
    "exec",
    "find",
    "force-unlock",
    "hcl format",
    "hcl validate",
    "import",
    "info print",
    "info strict",
    "init",
    "list",
    "output",
    "plan",
    "refresh",
    "render",
    "run",
    "scaffold",
    "show",
    "stack clean",
    "stack generate",
    "stack output",
    "stack run",
    "state",
    "test",
    "validate",
];
const GROUPS: &[&str] = &["backend", "dag", "hcl", "info", "stack"];

#[test]
fn every_command_of_terragrunt_has_a_row() {
    let text = std::fs::read_to_string(page::file("migration.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `terragrunt ")?.split('`').next());
    let rows: BTreeSet<&str> = rows.collect();
    let missing: Vec<_> = COMMANDS.iter().filter(|command| !rows.contains(**command)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let of_run = ["run --all", "run --graph"];
    let unknown: Vec<_> =
        rows.iter().filter(|row| !COMMANDS.contains(row) && !of_run.contains(row)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn these_are_the_commands_that_terragrunt_has() {
    let Some(program) = terragrunt() else {
        partly_skipped(NO_TERRAGRUNT);
        return;
    };
    let mut found = BTreeSet::new();
    for command in listed(&program, &[]) {
        if GROUPS.contains(&command.as_str()) {
            found.extend(listed(&program, &[&command]).into_iter().map(|inner| format!("{command} {inner}")));
        } else {
            found.insert(command);
        }
    }
    let known: BTreeSet<String> = COMMANDS.iter().map(ToString::to_string).collect();
    assert_eq!(found, known);
}

/// The commands that a help lists: below each heading that ends so, up to an empty line.
fn listed(program: &Path, words: &[&str]) -> Vec<String> {
    let output = Command::new(program).args(words).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let mut commands = Vec::new();
    let mut is_list = false;
    for line in help.lines() {
        if line.is_empty() {
            is_list = false;
        } else if !line.starts_with(' ') {
            is_list = line.to_ascii_lowercase().ends_with("commands:") || line == "OpenTofu shortcuts:";
        } else if is_list {
            commands.extend(line.split([',', ' ']).find(|word| !word.is_empty()).map(str::to_owned));
        }
    }
    commands
}
