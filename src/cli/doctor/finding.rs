//! One thing that was looked at, and how it is told.

use console::style;
use serde::Serialize;

use crate::hcl::diagnostic::{Diagnostic, grouped};
use crate::launch::CommandError;
use crate::support::counted::plural;
use crate::support::shown;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is there, and can be used.
    Ok,
    /// It is not there, or was not looked at, and nothing fails for that.
    Optional,
    /// It cannot be told without a run.
    Unknown,
    /// It is needed, and is not there or cannot be used.
    Missing,
}

/// One thing.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub what: &'static str,
    /// Which one, where there may be several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it is with it.
    pub verdict: Verdict,
    /// What there is to say.
    pub detail: String,
    /// The way out, or what to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    /// A finding without a name and a way out.
    pub fn new(what: &'static str, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { what, name: None, verdict, detail: detail.into(), help: None }
    }

    /// What is needed and missing.
    pub fn missing(what: &'static str, detail: impl Into<String>) -> Self {
        Self::new(what, Verdict::Missing, detail)
    }

    /// A finding of one of several, by its name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// A finding with a way out.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// A finding with a way out, where there is one.
    #[must_use]
    pub fn perhaps_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }

    /// That a command could not begin: what is wrong with a configuration is counted, and its first error told.
    pub fn of_error(what: &'static str, error: &CommandError) -> Self {
        let CommandError::Configuration(diagnostics) = error else {
            return Self::missing(what, error.to_string()).perhaps_help(error.help().map(str::to_owned));
        };
        let all = grouped(diagnostics.iter().cloned());
        let errors: Vec<&Diagnostic> = all.iter().filter(|diagnostic| diagnostic.is_error()).collect();
        match errors.as_slice() {
            [] => Self::missing(what, error.to_string()),
            [only] => Self::missing(what, only.to_string()).perhaps_help(only.help.clone()),
            [first, ..] => {
                let detail =
                    format!("{} {}, the first: {first}", errors.len(), plural(errors.len(), "error"));
                Self::missing(what, detail).help("`slipway validate` shows all of them")
            }
        }
    }

    /// Its line: nothing in it is obeyed by a terminal, and it stays one.
    pub fn line(&self) -> String {
        let sign = match self.verdict {
            Verdict::Ok => style("✓").green(),
            Verdict::Optional => style("-").dim(),
            Verdict::Unknown => style("?").yellow(),
            Verdict::Missing => style("✗").red(),
        };
        let name = self.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let help = self.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let said = format!("{:<14} {name}{}{help}", self.what, self.detail);
        format!("{sign} {}\n", shown::name(&said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_stay_on_their_line() {
        let finding = Finding::missing("state", "gone").named("s3://a\nb\u{1b}[2J").help("look");
        let line = console::strip_ansi_codes(&finding.line()).into_owned();
        assert_eq!(line, "✗ state          s3://a\\u{a}b\\u{1b}[2J: gone; look\n");
    }

    #[test]
    fn errors_of_a_configuration_are_counted() {
        let error = |message: &str| Diagnostic::error("x", message).help("mend it");
        let one = CommandError::Configuration(vec![error("a"), Diagnostic::warning("x", "w")]);
        let finding = Finding::of_error("slipway.hcl", &one);
        assert_eq!((finding.detail.as_str(), finding.help.as_deref()), ("a", Some("mend it")));
        let two = CommandError::Configuration(vec![error("a"), error("b")]);
        assert_eq!(Finding::of_error("slipway.hcl", &two).detail, "2 errors, the first: a");
    }
}
