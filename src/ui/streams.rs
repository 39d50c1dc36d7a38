//! The streams: answers go to standard output, talk goes to standard error.

use std::io::{IsTerminal, Write};

use jiff::Timestamp;
use nix::sys::stat::fstat;
use serde_json::json;

use super::annotations::{Annotation, Annotations, folded, is_on_runner};
use super::brief::{Brief, brief};
use super::snippet::Snippets;
use super::{Format, LogFormat};
use crate::hcl::diagnostic::{Diagnostic, Severity, grouped, to_json};
use crate::report::voice::{Loudness, Voice};
use crate::support::counted::with_commas;
use crate::support::environment::variable;
use crate::support::{redact, shown};

/// How the streams are to be used.
#[derive(Clone, Copy, Debug)]
pub struct UiOptions {
    /// How answers are written.
    pub format: Format,
    /// How talk is written.
    pub log_format: LogFormat,
    /// Whether there are colours; where nobody says so, each stream decides.
    pub color: Option<bool>,
    /// Whether each of very many mistakes is told.
    pub all_errors: bool,
    /// How much is told.
    pub loudness: Loudness,
}

/// Owns both streams.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    format: Format,
    log_format: LogFormat,
    color: bool,
    all_errors: bool,
    loudness: Loudness,
}

/// An answer could not be printed.
#[derive(Debug, thiserror::Error)]
#[error("could not print: {0}")]
pub struct PrintError(#[source] std::io::Error);

impl Ui {
    /// Decides on colours once, for both streams.
    pub fn new(options: UiOptions) -> Self {
        let UiOptions { format, log_format, color, all_errors, loudness } = options;
        console::set_colors_enabled(color.unwrap_or_else(|| shows_color(std::io::stdout().is_terminal())));
        let color = color.unwrap_or_else(|| shows_color(std::io::stderr().is_terminal()));
        console::set_colors_enabled_stderr(color);
        Self { format, log_format, color, all_errors, loudness }
    }

    /// The format of answers.
    pub fn format(self) -> Format {
        self.format
    }

    /// How many columns an answer has room for; none where it is not read on a terminal.
    pub fn width(self) -> Option<usize> {
        let (_, columns) = console::Term::stdout().size_checked()?;
        std::io::stdout().is_terminal().then_some(columns.into())
    }

    /// How talk is written.
    pub fn log_format(self) -> LogFormat {
        self.log_format
    }

    /// How much is told.
    pub fn loudness(self) -> Loudness {
        self.loudness
    }

    /// How much is told while a run goes on.
    pub fn voice(self) -> Voice {
        Voice { loudness: self.loudness, answer_follows: self.format == Format::Text && streams_meet() }
    }

    /// Whether someone sits at a terminal who can be shown things and asked.
    pub fn is_interactive(self) -> bool {
        self.log_format == LogFormat::Pretty
            && std::io::stdin().is_terminal()
            && std::io::stderr().is_terminal()
    }

    /// Whether something may be drawn over itself: on a terminal, unless lines of JSON are wanted.
    pub fn draws(self) -> bool {
        self.log_format == LogFormat::Pretty && std::io::stderr().is_terminal()
    }

    /// An answer for people: nothing in it is obeyed by a terminal or a pipeline.
    pub fn answer(self, text: &str) -> Result<(), PrintError> {
        self.raw(&shown::stream(text, console::colors_enabled()))
    }

    /// One of several answers, behind the name of whose it is; folded by a runner that can fold.
    pub fn answer_of(self, name: &str, text: &str) -> Result<(), PrintError> {
        if is_on_runner() {
            let text = shown::stream(text, console::colors_enabled());
            return self.raw(&folded(name, &text));
        }
        self.answer(&format!("── {}\n{text}", shown::name(name)))
    }

    /// An answer for programs, as it is.
    pub fn raw(self, text: &str) -> Result<(), PrintError> {
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        self.print(text, end)
    }

    /// An answer for programs to the letter, without an end of the line.
    pub fn bare(self, text: &str) -> Result<(), PrintError> {
        self.print(text, "")
    }

    #[expect(clippy::unused_self, reason = "whoever prints has to hold the streams")]
    fn print(self, text: &str, end: &str) -> Result<(), PrintError> {
        let mut stdout = std::io::stdout().lock();
        let written = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
        match written {
            // `slipway find | head` is no failure, nor is a terminal that has been closed: nobody is there to read.
            Err(error) if has_no_reader(&error) => Ok(()),
            written => written.map_err(PrintError),
        }
    }

    /// An answer as JSON.
    pub fn json(self, value: &impl serde::Serialize) -> Result<(), PrintError> {
        let text = serde_json::to_string_pretty(value).map_err(|error| PrintError(error.into()))?;
        self.raw(&shown::json(&text))
    }

    /// A word to the person.
    pub fn say(self, text: &str) {
        match self.log_format {
            LogFormat::Pretty => self.line(text),
            LogFormat::Json => tell_json("info", text, None),
        }
    }

    /// A question, behind which the answer is typed.
    pub fn prompt(self, text: &str) {
        let text = redact::clean(text);
        // Where it is closed there is nobody to ask.
        let _closed = std::io::stderr().write_all(shown::stream(&text, self.color).as_bytes());
    }

    /// What the person should know, though nothing went wrong.
    pub fn warn(self, text: &str) {
        match self.log_format {
            LogFormat::Pretty => self.line(&format!("warning: {text}")),
            LogFormat::Json => tell_json("warning", text, None),
        }
    }

    fn line(self, text: &str) {
        write_line(&shown::stream(&redact::clean(text), self.color));
    }

    /// What is wrong, with the source and the way out: each mistake once, however many units it breaks, and of very
    /// many the first of each kind; all of them as a JSON object a line with `--log-format json`. Returns how many
    /// errors there are.
    pub fn diagnostics(self, diagnostics: impl IntoIterator<Item = Diagnostic>) -> usize {
        let all = grouped(diagnostics);
        let errors = all.iter().filter(|diagnostic| diagnostic.is_error()).count();
        match self.log_format {
            LogFormat::Pretty => {
                let annotations = Annotations::of_environment();
                let annotated = annotations.map(|annotations| annotations.of_diagnostics(&all));
                self.draw(all);
                annotated.iter().flatten().for_each(|line| write_line(line));
            }
            LogFormat::Json => {
                for diagnostic in &all {
                    let mut told = to_json(diagnostic);
                    redact::clean_json(&mut told);
                    write_line(&shown::json(&told.to_string()));
                }
            }
        }
        errors
    }

    fn draw(self, all: Vec<Diagnostic>) {
        let base = std::env::current_dir().unwrap_or_default();
        let Brief { whole, rest } =
            if self.all_errors { Brief { whole: all, rest: Vec::new() } } else { brief(all, &base) };
        let snippets = Snippets { base, color: self.color };
        for diagnostic in &whole {
            self.line(&snippets.draw(diagnostic));
        }
        for rest in &rest {
            self.line(&format!("{}: {}", snippets.head(rest.severity, rest.code), rest.text()));
        }
        if !rest.is_empty() {
            self.line(&format!("  {}: --all-errors shows every one of them\n", self.cyan("help")));
        }
    }

    /// Tells all that is wrong with a configuration, and what says more.
    pub fn misconfigured(self, diagnostics: &[Diagnostic]) {
        let errors = self.diagnostics(diagnostics.iter().cloned());
        if self.log_format == LogFormat::Json {
            return;
        }
        let errors = with_commas(errors as u64);
        let mut codes = diagnostics.iter().filter(|one| one.is_error()).map(|one| one.code);
        let first = codes.next().unwrap_or("CODE");
        let code = if codes.all(|code| code == first) { first } else { "CODE" };
        self.line(&format!(
            "{}: {errors} in the configuration; `slipway explain {code}` says more",
            self.red("errors")
        ));
    }

    /// Tells of an error, with the way out.
    pub fn error(self, message: &str, help: Option<&str>) {
        if self.log_format == LogFormat::Json {
            tell_json("error", message, help);
            return;
        }
        self.line(&format!("{}: {}", self.red("error"), shown::block(message)));
        if let Some(help) = help {
            self.line(&format!("  {}: {}", self.cyan("help"), shown::block(help)));
        }
        self.annotate(Annotation { severity: Severity::Error, place: None, title: "slipway", message, help });
    }

    /// Shows something beside the lines of a change, where a runner that started us does that.
    pub fn annotate(self, annotation: Annotation<'_>) {
        if self.log_format == LogFormat::Pretty
            && let Some(annotations) = Annotations::of_environment()
        {
            write_line(&annotations.line(annotation));
        }
    }

    fn red(self, text: &str) -> String {
        console::style(text).red().bold().force_styling(self.color).to_string()
    }

    fn cyan(self, text: &str) -> String {
        console::style(text).cyan().force_styling(self.color).to_string()
    }
}

/// Whether a stream has colours where nobody says so by a flag.
pub fn shows_color(is_terminal: bool) -> bool {
    wants_color(is_terminal, variable)
}

/// What the environment says of colours: [`NO_COLOR`](https://no-color.org) comes first, then what forces them, then
/// [`CLICOLOR`](https://bixense.com/clicolors) and a terminal that has none. A variable that is empty says nothing.
fn wants_color(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let forces = |name: &str| variable(name).is_some_and(|value| value != "0");
    if variable("NO_COLOR").is_some() {
        return false;
    }
    if forces("FORCE_COLOR") || forces("CLICOLOR_FORCE") {
        return true;
    }
    let declines = |name: &str, value: &str| variable(name).is_some_and(|found| found == value);
    is_terminal && !declines("CLICOLOR", "0") && !declines("FORCE_COLOR", "0") && !declines("TERM", "dumb")
}

/// A line of JSON for whatever is no event and no diagnostic.
pub fn tell_json(severity: &str, text: &str, help: Option<&str>) {
    let text = redact::clean(text);
    let line = json!({
        "time": Timestamp::now(),
        "severity": severity,
        "message": console::strip_ansi_codes(text.trim_end()),
        "help": help.map(redact::clean),
    });
    write_line(&shown::json(&line.to_string()));
}

/// Writes to standard error, in one piece so that nobody's lines come apart.
pub fn write_line(text: &str) {
    // Where it is closed there is nobody to tell.
    let _closed = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Whether both streams are read in the same place: on one terminal, in one file, or in the log of a CI system.
fn streams_meet() -> bool {
    let same_file = || {
        let (one, other) = (fstat(std::io::stdout()).ok()?, fstat(std::io::stderr()).ok()?);
        Some((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
    };
    let on_terminals = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    let in_ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    on_terminals || in_ci || same_file().unwrap_or(false)
}

/// Whether whoever would read is gone: the other end of a pipe, or a terminal.
fn has_no_reader(error: &std::io::Error) -> bool {
    let closed_terminal = error.raw_os_error() == Some(nix::libc::EIO);
    closed_terminal || error.kind() == std::io::ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_whether_there_are_colours() {
        let wants = |is_terminal: bool, set: &[(&str, &str)]| {
            wants_color(is_terminal, |name| {
                set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(wants(true, &[]) && !wants(false, &[]));
        assert!(wants(false, &[("FORCE_COLOR", "1")]) && wants(false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!wants(false, &[("CLICOLOR_FORCE", "0")]) && !wants(true, &[("FORCE_COLOR", "0")]));
        assert!(!wants(true, &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")]), "who wants none gets none");
        assert!(!wants(true, &[("CLICOLOR", "0")]) && wants(true, &[("CLICOLOR", "1")]));
        assert!(!wants(true, &[("TERM", "dumb")]) && wants(true, &[("TERM", "xterm")]));
        assert!(wants(true, &[("TERM", "dumb"), ("FORCE_COLOR", "1")]));
    }
}
