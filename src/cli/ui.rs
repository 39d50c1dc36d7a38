//! The streams: answers go to standard output, talk goes to standard error.

use std::io::{IsTerminal, Write};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use super::exit::{CliError, Exit};
use super::global::{Color, Format, Global};
use crate::hcl::diagnostic::{Diagnostic, Severity};

/// Owns both streams.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    format: Format,
    color: bool,
}

impl Ui {
    /// Decides on colours once, for both streams.
    pub fn new(global: &Global) -> Self {
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        console::set_colors_enabled_stderr(color);
        console::set_colors_enabled(match global.color {
            Color::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            Color::Always | Color::Never => color,
        });
        Self { format: global.format, color }
    }

    /// The format of answers.
    pub fn format(self) -> Format {
        self.format
    }

    /// Whether someone sits at a terminal who can be shown things and asked.
    pub fn is_interactive() -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// An answer, as it is.
    #[expect(clippy::unused_self, reason = "whoever prints has to hold the streams")]
    pub fn answer(self, text: &str) -> Result<(), CliError> {
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        let mut stdout = std::io::stdout().lock();
        let written = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
        match written {
            // `slipway find | head` is no failure.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| CliError::failed(format!("could not print: {error}"), None)),
        }
    }

    /// An answer as JSON.
    pub fn json(self, value: &impl serde::Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| CliError::failed(format!("could not print: {error}"), None))?;
        self.answer(&text)
    }

    /// A word to the person.
    #[expect(clippy::unused_self, reason = "whoever prints has to hold the streams")]
    pub fn say(self, text: &str) {
        // Where standard error is closed there is nobody to tell.
        let _closed = writeln!(std::io::stderr(), "{text}");
    }

    /// What is wrong, with the source and the way out.
    pub fn diagnostics(self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            self.say(self.render(diagnostic).trim_end());
        }
    }

    /// Tells of an error and returns its exit code.
    pub fn error(self, error: &CliError) -> Exit {
        if let CliError::Configuration(diagnostics) = error {
            self.diagnostics(diagnostics);
            let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
            self.say(&format!("{}: {errors} in the configuration", self.red("errors")));
        } else {
            self.say(&format!("{}: {error}", self.red("error")));
            if let Some(help) = error.help() {
                self.say(&format!("  {}: {help}", self.cyan("help")));
            }
        }
        error.exit()
    }

    fn red(self, text: &str) -> String {
        console::style(text).red().bold().force_styling(self.color).to_string()
    }

    fn cyan(self, text: &str) -> String {
        console::style(text).cyan().force_styling(self.color).to_string()
    }

    fn render(self, diagnostic: &Diagnostic) -> String {
        let theme = if self.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_context_lines(1);
        let mut text = String::new();
        // Rendering into a string fails only where formatting does.
        if handler.render_report(&mut text, &Report::new(diagnostic)).is_err() {
            return diagnostic.to_string();
        }
        for frame in &diagnostic.trace {
            text = format!("{}\n  {} ({})", text.trim_end(), frame.message, frame.location);
        }
        text
    }
}

/// A diagnostic as the renderer wants it.
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<NamedSource<String>>,
}

impl<'a> Report<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        let source = diagnostic.location.as_ref().map(|location| {
            NamedSource::new(location.file.path().display().to_string(), location.file.text().to_owned())
        });
        Self { diagnostic, source }
    }
}

impl std::fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self.diagnostic, f)
    }
}

impl std::fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let location = self.diagnostic.location.as_ref()?;
        let label = LabeledSpan::new_with_span(None, location.span.range());
        Some(Box::new(std::iter::once(label)))
    }
}
