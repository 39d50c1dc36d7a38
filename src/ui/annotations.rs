//! What GitHub's runners show beside the lines of a change: errors and warnings with their place, in the format of their
//! [workflow commands](https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions).
//!
//! They are orders to the runner, the only ones that we give; everything in them that comes from outside is escaped, so that
//! nothing in it is obeyed.

use std::path::{Path, PathBuf};

use crate::hcl::diagnostic::{Diagnostic, Severity};
use crate::report::foreign::{shortened, visible};
use crate::support::{redact, shown};

/// So many errors, and as many warnings, does a runner show of one step; of the rest it takes no notice.
pub const MOST: usize = 10;
/// As much of a message is shown; the log has all of it.
const LETTERS: usize = 1_000;

/// Makes annotations for the runner that started us.
#[derive(Debug)]
pub struct Annotations {
    /// The repository's root, from which the runner counts paths.
    root: PathBuf,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Annotation<'a> {
    /// How grave it is.
    pub severity: Severity,
    /// The file, and its line and column, from 1.
    pub place: Option<(&'a Path, Option<(usize, usize)>)>,
    /// What stands above the message.
    pub title: &'a str,
    /// What is wrong.
    pub message: &'a str,
    /// The way out.
    pub help: Option<&'a str>,
}

/// Whether a runner of GitHub started us.
pub fn is_on_runner() -> bool {
    std::env::var("GITHUB_ACTIONS").is_ok_and(|is| is == "true")
}

impl Annotations {
    /// For the runner that the environment tells of; none where there is none.
    pub fn of_environment() -> Option<Self> {
        if !is_on_runner() {
            return None;
        }
        let root = std::env::var_os("GITHUB_WORKSPACE").filter(|root| !root.is_empty());
        let root = root.map(PathBuf::from).or_else(|| std::env::current_dir().ok())?;
        Some(Self { root: root.canonicalize().unwrap_or(root) })
    }

    /// Of what is wrong with a configuration: the first errors and the first warnings.
    pub fn of_diagnostics(&self, all: &[Diagnostic]) -> Vec<String> {
        let of = |is_error: bool| {
            let these = all.iter().filter(move |one| one.is_error() == is_error).take(MOST);
            these.map(|one| self.of_diagnostic(one))
        };
        of(true).chain(of(false)).collect()
    }

    fn of_diagnostic(&self, diagnostic: &Diagnostic) -> String {
        let place = diagnostic.location.as_ref().map(|location| {
            let position = location.position();
            (location.file.path(), Some((position.line, position.column)))
        });
        let Diagnostic { severity, code, message, help, .. } = diagnostic;
        self.line(Annotation { severity: *severity, place, title: code, message, help: help.as_deref() })
    }

    /// The line that the runner obeys.
    pub fn line(&self, annotation: Annotation<'_>) -> String {
        let Annotation { severity, place, title, message, help } = annotation;
        let mut properties = Vec::new();
        if let Some((file, position)) = place
            && let Some(file) = self.rooted(file)
        {
            properties.push(format!("file={}", property(&file)));
            if let Some((line, column)) = position {
                properties.push(format!("line={line},col={column}"));
            }
        }
        properties.push(format!("title={}", property(title)));
        let text = match help {
            Some(help) => format!("{message}\nhelp: {help}"),
            None => message.to_owned(),
        };
        format!("::{} {}::{}", word(severity), properties.join(","), message_of(&text))
    }

    /// A path as the runner knows it; none of what lies outside of the repository.
    fn rooted(&self, file: &Path) -> Option<String> {
        let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let inside = file.strip_prefix(&self.root).ok()?;
        Some(inside.to_str()?.to_owned())
    }
}

/// A text that the runner folds under its title.
pub fn folded(title: &str, text: &str) -> String {
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("::group::{}\n{text}{end}::endgroup::\n", title_of(title))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A message, as the runner reads it; masked before it is cut, so that no part of a secret is left.
fn message_of(text: &str) -> String {
    escaped(&shortened(&redact::clean(text), LETTERS))
}

/// A title, which stays on its line.
fn title_of(text: &str) -> String {
    escaped(&shown::name(&redact::clean(text)))
}

/// What stands before a message, where two more signs part things.
fn property(text: &str) -> String {
    title_of(text).replace(':', "%3A").replace(',', "%2C")
}

fn escaped(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hcl::source::{Location, SourceFile, Span};

    fn annotations() -> Annotations {
        Annotations { root: "/work".into() }
    }

    #[test]
    fn a_mistake_is_shown_at_its_line_with_the_way_out() {
        let file = SourceFile::new("/work/live/vpc/terragrunt.hcl", "a = 1\nb = oops\n");
        let wrong = Diagnostic::error("hcl::unknown", "there is no `oops`")
            .at(Location::new(&file, Span::new(10, 14)))
            .help("name something that is there");
        assert_eq!(
            annotations().of_diagnostics(&[wrong]),
            [
                "::error file=live/vpc/terragrunt.hcl,line=2,col=5,title=hcl%3A%3Aunknown::there is no `oops`%0A\
              help: name something that is there"
            ]
        );
    }

    #[test]
    fn nothing_in_a_name_or_a_message_is_obeyed() {
        let path = Path::new("/work/a,line=1::stop\n::add-mask::x.hcl");
        let line = annotations().line(Annotation {
            severity: Severity::Warning,
            place: Some((path, None)),
            title: "a\r\n::error::b, c",
            message: "100 %\r\n::set-output name=x::y\u{1b}[31m",
            help: None,
        });
        assert!(!line.contains(['\n', '\r', '\u{1b}']), "{line}");
        assert_eq!(line.matches("::").count(), 4, "{line}");
        assert!(line.starts_with("::warning file=a%2Cline=1%3A%3Astop"), "{line}");
        assert!(line.ends_with("::100 %25%0A\\::set-output name=x::y"), "{line}");
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_message_is_cut() {
        redact::known().add("canary-of-an-annotation-9c41");
        let message = format!("{}canary-of-an-annotation-9c41", "x".repeat(LETTERS - 10));
        let line = annotations().line(Annotation {
            severity: Severity::Error,
            place: None,
            title: "slipway",
            message: &message,
            help: None,
        });
        assert!(line.contains("xxx") && !line.contains("canary"), "{line}");
    }

    #[test]
    fn a_group_is_closed_behind_its_text_whatever_its_name() {
        assert_eq!(folded("live/vpc", "one\ntwo"), "::group::live/vpc\none\ntwo\n::endgroup::\n");
        assert_eq!(folded("a\n::error::b", ""), "::group::a\\u{a}::error::b\n::endgroup::\n");
    }

    #[test]
    fn what_lies_elsewhere_has_no_file_and_of_very_many_the_first_are_shown() {
        let file = SourceFile::new("/elsewhere/root.hcl", "a\n");
        let wrong = |number: usize| {
            Diagnostic::error("hcl::syntax", format!("mistake {number}"))
                .at(Location::new(&file, Span::new(0, 1)))
        };
        let lines = annotations().of_diagnostics(&(0..50).map(wrong).collect::<Vec<_>>());
        assert_eq!(lines.len(), MOST);
        assert_eq!(lines.first().map(String::as_str), Some("::error title=hcl%3A%3Asyntax::mistake 0"));
    }
}
