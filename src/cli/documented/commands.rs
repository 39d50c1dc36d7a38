//! `docs/commands.md`: every command with its arguments, flags, defaults and variables, out of what parses them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Arg, Command};

use super::{Page, cell, repository};
use crate::cli::help;

/// From so many commands on, a flag is told once for all of them.
const SHARED: usize = 4;

/// The whole command line, as it is when it is parsed.
pub(super) fn command_line() -> Command {
    let mut line = help::command();
    line.build();
    line
}

/// Every command that can be typed, with its words, groups without the commands in them.
pub(super) fn commands(line: &Command) -> Vec<(String, &Command)> {
    let mut found = Vec::new();
    for command in line.get_subcommands().filter(|command| is_told(command)) {
        let name = command.get_name();
        found.push((name.to_owned(), command));
        for inner in command.get_subcommands().filter(|command| is_told(command)) {
            found.push((format!("{name} {}", inner.get_name()), inner));
        }
    }
    found
}

fn is_told(command: &Command) -> bool {
    command.get_name() != "help" && !command.is_hide_set()
}

/// The flags and arguments of a command that are not every command's.
pub(super) fn own(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| {
        !arg.is_global_set() && !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str())
    })
}

/// A flag as it is typed: `-j, --parallelism N`.
pub(super) fn typed(arg: &Arg) -> String {
    let values = arg.get_value_names().into_iter().flatten().map(ToString::to_string);
    let values = values.collect::<Vec<_>>().join(" ");
    if arg.is_positional() {
        return values;
    }
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let names = short.into_iter().chain(long).collect::<Vec<_>>().join(", ");
    if !arg.get_action().takes_values() {
        return names;
    }
    let is_optional = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
    if is_optional { format!("{names}[={values}]") } else { format!("{names} {values}") }
}

pub(super) fn variable(arg: &Arg) -> Option<String> {
    arg.get_env().map(|name| name.to_string_lossy().into_owned())
}

/// What it does, what it may be, and what it is where it is not given.
fn description(arg: &Arg) -> String {
    let mut told = arg.get_help().map(ToString::to_string).unwrap_or_default();
    if arg.get_action().takes_values() && !arg.is_hide_possible_values_set() {
        let names: Vec<String> = arg
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if !names.is_empty() {
            write!(told, ": {}", names.join(", ")).unwrap();
        }
    }
    let defaults: Vec<_> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if arg.get_action().takes_values() && !defaults.is_empty() {
        write!(told, " [default: {}]", defaults.join(", ")).unwrap();
    }
    cell(&told)
}

fn row(arg: &Arg) -> String {
    let variable = variable(arg).map(|name| format!("`{name}`")).unwrap_or_default();
    format!("| `{}` | {variable} | {} |\n", typed(arg).replace('|', "\\|"), description(arg))
}

fn table(rows: &[String]) -> String {
    format!("| | variable | |\n|---|---|---|\n{}", rows.concat())
}

/// The flags that several commands have alike: each row, by what it is of.
fn shared(all: &[(String, &Command)]) -> BTreeMap<String, String> {
    let mut seen: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for arg in all.iter().flat_map(|(_, command)| own(command)).filter(|arg| !arg.is_positional()) {
        let found = seen.entry(row(arg)).or_insert_with(|| (0, typed(arg)));
        found.0 += 1;
    }
    seen.into_iter()
        .filter(|(_, (count, _))| *count >= SHARED)
        .map(|(row, (_, typed))| (row, typed))
        .collect()
}

fn section(words: &str, command: &Command, shared: &BTreeMap<String, String>) -> String {
    let about = command.get_long_about().or(command.get_about());
    let mut text =
        format!("### `slipway {words}`\n\n{}\n\n", about.map(ToString::to_string).unwrap_or_default());
    let aliases: Vec<String> =
        command.get_visible_aliases().map(|alias| format!("`slipway {alias}`")).collect();
    if !aliases.is_empty() {
        write!(text, "Also: {}.\n\n", aliases.join(", ")).unwrap();
    }
    let usage = command.clone().render_usage().to_string();
    write!(text, "```text\n{}\n```\n\n", usage.trim_start_matches("Usage: ")).unwrap();
    let (alike, of_its_own): (Vec<&Arg>, Vec<&Arg>) =
        own(command).partition(|arg| shared.contains_key(&row(arg)));
    if !of_its_own.is_empty() {
        text += &table(&of_its_own.into_iter().map(row).collect::<Vec<_>>());
        text.push('\n');
    }
    if !alike.is_empty() {
        let names = alike.iter().filter_map(|arg| arg.get_long()).map(|long| format!("`--{long}`"));
        let names = names.collect::<Vec<_>>().join(", ");
        write!(text, "[As others have them](#flags-of-several-commands): {names}.\n\n").unwrap();
    }
    if let Some(more) = command.get_after_long_help().or(command.get_after_help()) {
        write!(text, "```text\n{}\n```\n\n", more.to_string().trim()).unwrap();
    }
    text
}

#[test]
fn the_commands_are_documented_as_they_are_parsed() {
    let line = command_line();
    let all = commands(&line);
    let shared = shared(&all);
    let global: Vec<String> =
        line.get_arguments().filter(|arg| arg.is_global_set() && !arg.is_hide_set()).map(row).collect();
    let mut text = format!("## Flags of every command\n\n{}\n", table(&global));
    let rows: Vec<String> = shared.keys().cloned().collect();
    write!(text, "## Flags of several commands\n\n{}\n## Commands\n\n", table(&rows)).unwrap();
    for (words, command) in &all {
        text += &section(words, command, &shared);
    }
    Page::read(repository(), "docs/commands.md").holds_part("commands", &text);
}

#[test]
fn every_command_of_the_readme_is_one_that_is_there_and_none_is_left_out() {
    let line = command_line();
    let readme = Page::read(repository(), "README.md").text;
    for command in line.get_subcommands().filter(|command| is_told(command)) {
        let name = command.get_name();
        let is_told = readme.contains(&format!("`slipway {name}")) || readme.contains(&format!("`{name}"));
        assert!(is_told, "the README does not tell of `slipway {name}`");
    }
}
