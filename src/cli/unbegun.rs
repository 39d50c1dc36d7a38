//! What reports are told of a command that ended before its run began.

use super::Cli;
use super::exit;
use super::exit::Exit;
use crate::hcl::diagnostic::{Diagnostic, grouped};
use crate::launch::CommandError;
use crate::report::foreign::visible;
use crate::report::unbegun::{End, Problem, Unbegun};
use crate::support::redact;
use crate::ui::{Brief, Snippets, Ui, brief};

/// Tells it where reports are asked for and no run was told of in them; returns how that failed, where it did.
pub fn tell(ui: Ui, cli: &Cli, done: &Result<Exit, CommandError>) -> Option<Exit> {
    let (command, reports) = cli.command.reports()?;
    let written = reports
        .files()
        .tell_unbegun(&cli.global.invocation(), || unbegun(command, cli.global.all_errors, done));
    let error = written.err()?;
    // That the place cannot be written may be why no run began.
    let is_told = done.as_ref().is_err_and(|told| told.to_string() == error.to_string());
    Some(if is_told { Exit::from(&error) } else { exit::tell(ui, &error) })
}

fn unbegun(command: &str, all_errors: bool, done: &Result<Exit, CommandError>) -> Unbegun {
    let command = command.to_owned();
    let Err(error) = done else {
        return Unbegun { command, end: End::Nothing, problems: Vec::new(), rest: Vec::new() };
    };
    let end = match error {
        CommandError::Configuration(diagnostics) => return misconfigured(command, all_errors, diagnostics),
        CommandError::Failed { .. } => End::Failed,
        CommandError::Refused { .. } => End::Refused,
        CommandError::Usage { .. } => End::Misused,
    };
    let message = redact::clean(&error.to_string()).into_owned();
    let text = match error.help() {
        Some(help) => format!("error: {message}\n  help: {}", redact::clean(help)),
        None => format!("error: {message}"),
    };
    let problem = Problem { is_error: true, code: None, place: None, message, text };
    Unbegun { command, end, problems: vec![problem.harmless()], rest: Vec::new() }
}

/// The mistakes in a configuration, in the words of the terminal.
fn misconfigured(command: String, all_errors: bool, diagnostics: &[Diagnostic]) -> Unbegun {
    let all = grouped(diagnostics.iter().cloned());
    let errors = all.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let base = std::env::current_dir().unwrap_or_default();
    let Brief { whole, rest } =
        if all_errors { Brief { whole: all, rest: Vec::new() } } else { brief(all, &base) };
    let snippets = Snippets { base, color: false };
    let problem = |diagnostic: &Diagnostic| {
        let problem = Problem {
            is_error: diagnostic.is_error(),
            code: Some(diagnostic.code),
            place: diagnostic.location.as_ref().map(|location| snippets.place(location)),
            message: redact::clean(&diagnostic.message).into_owned(),
            text: snippets.draw(diagnostic),
        };
        problem.harmless()
    };
    let mut problems: Vec<Problem> = whole.iter().map(problem).collect();
    problems.sort_by_key(|problem| !problem.is_error);
    let rest = rest
        .iter()
        .map(|rest| visible(&format!("{}: {}", snippets.head(rest.severity, rest.code), rest.text())))
        .collect();
    Unbegun { command, end: End::Misconfigured(errors), problems, rest }
}
