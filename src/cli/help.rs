//! The command line as people see it: commands in groups, flags under headings, and examples of each.

use clap::builder::StyledStr;
use clap::builder::styling::Styles;
use clap::{ArgAction, Command, CommandFactory, FromArgMatches};

use super::Cli;
use super::examples::{self, GROUPS};
use super::truth::truth;

/// Which flags stand under which heading; the others are the command's own.
const HEADINGS: &[(&str, &[&str])] = &[
    (
        "How units run",
        &[
            "parallelism",
            "fail_fast",
            "keep_going",
            "unit_timeout",
            "gate_timeout",
            "unit_memory",
            "cache_size",
            "share_providers",
            "backend_bootstrap",
            "cost",
            "no_stack_generate",
            "engine",
            "tf_path",
        ],
    ),
    ("Saved plans", &["out", "sign_with", "no_sign", "allowed_signers", "require_signature"]),
    ("Reports", &["junit", "markdown", "html"]),
    ("Manifests repository", &["repo", "branch", "manifests", "cluster"]),
    (
        "Everywhere",
        &[
            "dir",
            "config",
            "untrusted",
            "features",
            "experiments",
            "evaluation_budget",
            "all_errors",
            "format",
            "quiet",
            "verbose",
            "log_format",
            "color",
        ],
    ),
];

/// The command line.
pub fn command() -> Command {
    let command = with_help(Cli::command(), "");
    let list = groups(&command);
    // As clap's own, with the groups in the place of its one list.
    let mut template = StyledStr::new();
    let text = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}{}{{options}}{{after-help}}",
        heading("Options")
    );
    std::fmt::Write::write_str(&mut template, &text).ok();
    command.help_template(template)
}

/// Parses arguments, of which the first is the program's name.
pub fn parse<T: Into<std::ffi::OsString> + Clone>(
    arguments: impl IntoIterator<Item = T>,
) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command()))
}

/// A command and all below it; `path` is what is typed before it.
fn with_help(command: Command, path: &str) -> Command {
    let path = format!("{path} {}", command.get_name());
    let command = command.mut_args(|argument| {
        let is_switch = matches!(argument.get_action(), ArgAction::SetTrue) && argument.get_env().is_some();
        let argument = if is_switch { argument.value_parser(truth) } else { argument };
        let is_under = |(_, ids): &&(&str, &[&str])| ids.contains(&argument.get_id().as_str());
        // A positional has a place of its own.
        match HEADINGS.iter().find(is_under).filter(|_| !argument.is_positional()) {
            Some((heading, _)) => argument.help_heading(*heading),
            None => argument,
        }
    });
    let command = match examples::of(path.trim_start()) {
        Some(examples) => command.after_help(shown(examples)),
        None => command,
    };
    let below: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    below.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |below| with_help(below, path.trim_start()))
    })
}

fn heading(text: &str) -> String {
    let styles = Styles::styled();
    let style = styles.get_header();
    format!("{style}{text}:{style:#}\n")
}

fn shown(examples: &[(&str, &str)]) -> String {
    let example = |(line, what): &(&str, &str)| format!("  {line}\n      {what}\n");
    heading("Examples") + examples.iter().map(example).collect::<String>().trim_end()
}

/// The list of commands, under their groups.
fn groups(command: &Command) -> String {
    let styles = Styles::styled();
    let style = styles.get_literal();
    let width = command.get_subcommands().map(|below| below.get_name().len()).max().unwrap_or_default();
    let line = |name: &&str| {
        let below = command.find_subcommand(name)?;
        let about = below.get_about().map(ToString::to_string).unwrap_or_default();
        let aliases: Vec<&str> = below.get_visible_aliases().collect();
        let aliases =
            if aliases.is_empty() { String::new() } else { format!(" [alias: {}]", aliases.join(", ")) };
        Some(format!("  {style}{name:<width$}{style:#}  {about}{aliases}\n"))
    };
    let group = |(title, names): &(&str, &[&str])| {
        format!("{}{}\n", heading(title), names.iter().filter_map(line).collect::<String>())
    };
    GROUPS.iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every command with what is typed for it, without clap's own `help`.
    fn all(command: &Command, path: &str) -> Vec<String> {
        let path = format!("{path} {}", command.get_name()).trim_start().to_owned();
        let below = command.get_subcommands().flat_map(|below| all(below, &path)).collect::<Vec<_>>();
        std::iter::once(path.clone()).chain(below).collect()
    }

    /// The arguments of a command and of all below it.
    fn ids(command: &Command, found: &mut BTreeSet<String>) {
        found.extend(command.get_arguments().map(|argument| argument.get_id().to_string()));
        command.get_subcommands().for_each(|below| ids(below, found));
    }

    #[test]
    fn every_command_is_in_one_group() {
        let command = command();
        let there: BTreeSet<&str> = command.get_subcommands().map(Command::get_name).collect();
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), there);
        assert_eq!(grouped.len(), there.len(), "a command is in two groups");
    }

    #[test]
    fn every_command_has_two_examples_that_can_be_typed() {
        for path in all(&command(), "") {
            let examples = examples::of(&path).unwrap_or_else(|| panic!("`{path}` has no examples"));
            assert!(examples.len() >= 2, "`{path}` has one example only");
            for (line, what) in examples {
                let words = shlex::split(line).unwrap();
                assert!(path == "slipway" || line.starts_with(&path), "`{line}` is no example of `{path}`");
                if let Some(error) = parse(words).err().filter(clap::Error::use_stderr) {
                    panic!("`{line}` cannot be typed: {error}");
                }
                assert!(line.len() <= 92 && what.len() <= 88, "too wide: {line}: {what}");
            }
        }
    }

    #[test]
    fn flags_stand_under_headings_that_are_used() {
        let mut command = command();
        command.build();
        let mut used = BTreeSet::new();
        ids(&command, &mut used);
        for (heading, ids) in HEADINGS {
            let gone: Vec<&&str> = ids.iter().filter(|id| !used.contains(**id)).collect();
            assert!(gone.is_empty(), "under {heading} are flags that are not there: {gone:?}");
        }
    }

    #[test]
    fn the_list_of_commands_fits_a_narrow_terminal() {
        let help = command().render_help().to_string();
        let commands = help.split("\nOptions:").next().unwrap();
        for line in commands.lines() {
            assert!(line.chars().count() <= 80, "too wide: {line}");
        }
        insta::assert_snapshot!(commands);
    }
}
