//! The streams: answers go to standard output, talk goes to standard error.

use std::io::{IsTerminal, Write};

use super::exit::{CliError, Exit};
use super::global::{Color, Format, Global, LogFormat};
use super::snippet::Snippets;
use crate::hcl::diagnostic::{Diagnostic, grouped, to_json};

/// Owns both streams.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    format: Format,
    log_format: LogFormat,
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
        Self { format: global.format.into(), log_format: global.log_format, color }
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
            // `slipway find | head` is no failure, nor is a terminal that has been closed: nobody is there to read.
            Err(error) if has_no_reader(&error) => Ok(()),
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
    /// Each mistake once, however many units it breaks; as a JSON object a line with `--log-format json`.
    pub fn diagnostics(self, diagnostics: &[Diagnostic]) {
        let base = std::env::current_dir().unwrap_or_default();
        let snippets = Snippets { base, color: self.color };
        for diagnostic in grouped(diagnostics.iter().cloned()) {
            match self.log_format {
                LogFormat::Pretty => self.say(&snippets.draw(&diagnostic)),
                LogFormat::Json => self.say(&to_json(&diagnostic).to_string()),
            }
        }
    }

    /// Tells of an error and returns its exit code.
    pub fn error(self, error: &CliError) -> Exit {
        if let CliError::Configuration(diagnostics) = error {
            self.diagnostics(diagnostics);
            let errors = grouped(diagnostics.iter().cloned());
            let errors = errors.iter().filter(|diagnostic| diagnostic.is_error()).count();
            if self.log_format == LogFormat::Pretty {
                self.say(&format!("{}: {errors} in the configuration", self.red("errors")));
            }
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
}

/// Whether whoever would read is gone: the other end of a pipe, or a terminal.
fn has_no_reader(error: &std::io::Error) -> bool {
    let closed_terminal = error.raw_os_error() == Some(nix::libc::EIO);
    closed_terminal || error.kind() == std::io::ErrorKind::BrokenPipe
}
