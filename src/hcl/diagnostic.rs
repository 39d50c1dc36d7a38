//! What is wrong, where, and the way out.

use super::source::Location;

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
        }
    }

    /// A warning without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// The same with a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, one step further from where it happened.
    #[must_use]
    pub fn via(mut self, message: impl Into<String>, location: Location) -> Self {
        self.trace.push(Frame { message: message.into(), location });
        self
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
