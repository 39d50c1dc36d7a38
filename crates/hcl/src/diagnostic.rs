//! What is wrong, where, and the way out.
//!
//! Every code is explained in `docs/diagnostics.md`, with an example that triggers it.

mod group;
mod json;

use std::path::PathBuf;

use super::source::Location;

pub use group::grouped;
pub use json::to_json;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth saying; nothing is lost.
    Warning,
    /// The configuration cannot be used.
    Error,
}

/// One step of the way that led to a diagnostic: an include, a file read by a function, a local.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What was done there, such as `included here` or `in the call of templatefile`.
    pub message: String,
    /// Where.
    pub location: Location,
}

/// A text that would set it right, for an editor to offer.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The wrong name.
    pub wrong: String,
    /// Where it stands; none until whoever evaluates the expression knows it.
    pub location: Option<Location>,
    /// What should stand there.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable code such as `hcl::syntax` or `terragrunt::missing_dependency`.
    pub code: &'static str,
    /// Short, lowercase, naming the thing.
    pub message: String,
    /// Where, when it lies in a file.
    pub location: Option<Location>,
    /// The way out, where one is known.
    pub help: Option<String>,
    /// How evaluation came there, innermost first.
    pub trace: Vec<Frame>,
    /// A near name in place of a wrong one.
    pub suggestion: Option<Box<Suggestion>>,
    /// Further mistakes beside it, in other parts of the same expression.
    pub also: Vec<Diagnostic>,
    /// The folders of what it breaks, filled in by whoever evaluates them: one, until several diagnostics are
    /// [`grouped`].
    pub affects: Vec<PathBuf>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            location: None,
            help: None,
            trace: Vec::new(),
            suggestion: None,
            also: Vec::new(),
            affects: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Gives it a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Gives it a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Takes it one step further from where it happened.
    #[must_use]
    pub fn via(mut self, message: impl Into<String>, location: Location) -> Self {
        let frame = Frame { message: message.into(), location };
        for also in &mut self.also {
            also.trace.push(frame.clone());
        }
        self.trace.push(frame);
        self
    }

    /// Adds the name that was probably meant; the place of the wrong one is found where the expression
    /// is evaluated.
    #[must_use]
    pub fn suggest(mut self, wrong: impl Into<String>, text: impl Into<String>) -> Self {
        self.suggestion =
            Some(Box::new(Suggestion { wrong: wrong.into(), location: None, text: text.into() }));
        self
    }

    /// Adds what was probably meant at a place.
    #[must_use]
    pub fn suggest_at(mut self, text: impl Into<String>, location: Location) -> Self {
        let wrong = location.file.slice(location.span).to_owned();
        self.suggestion = Some(Box::new(Suggestion { wrong, location: Some(location), text: text.into() }));
        self
    }

    /// Adds a further mistake from another part of the expression, where it is not known yet. After many of
    /// them the rest is left out: what one mistake breaks can break what doubles it, line after line.
    #[must_use]
    pub fn and(mut self, mut further: Diagnostic) -> Self {
        const MOST: usize = 100;
        let others = std::mem::take(&mut further.also);
        for other in std::iter::once(further).chain(others) {
            if self.also.len() >= MOST {
                break;
            }
            if !self.is_same(&other) && !self.also.iter().any(|known| known.is_same(&other)) {
                self.also.push(other);
            }
        }
        self
    }

    /// Whether it says the same of the same place.
    fn is_same(&self, other: &Self) -> bool {
        let place = |diagnostic: &Self| {
            diagnostic
                .location
                .as_ref()
                .map(|location| (std::sync::Arc::as_ptr(&location.file), location.span))
        };
        self.code == other.code && place(self) == place(other) && self.message == other.message
    }

    /// Several errors as one with the others beside it; warnings are left out.
    pub fn joined(diagnostics: impl IntoIterator<Item = Self>) -> Option<Self> {
        diagnostics.into_iter().filter(Self::is_error).reduce(Self::and)
    }

    /// This one and what was found beside it, each for itself.
    pub fn each(mut self) -> impl Iterator<Item = Self> {
        let also = std::mem::take(&mut self.also);
        std::iter::once(self).chain(also)
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl std::fmt::Display for Diagnostic {
    /// `path:line:column: message` on one line; the help and the source are for those who draw.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}
