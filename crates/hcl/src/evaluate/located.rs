//! Mistakes of an evaluation, with their places in its file.

use super::super::convert::described;
use super::super::diagnostic::Diagnostic;
use super::super::source::{Location, Span};
use super::super::suggest::nearest;
use super::super::value::Value;
use super::Evaluator;

impl Evaluator<'_> {
    pub(super) fn location(&self, span: Span) -> Location {
        Location::new(self.file, span)
    }

    pub(super) fn error(&self, code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.location(span))
    }

    /// `what` must be of another type, or must not be null.
    pub(super) fn wrong_type(&self, span: Span, what: &str, wanted: &str, value: &Value) -> Diagnostic {
        let (code, message) = if value.is_null() {
            ("hcl::null", format!("{what} must be {wanted}, but it is null"))
        } else {
            ("hcl::type", format!("{what} must be {wanted}, but it is {}", described(value)))
        };
        self.error(code, span, message)
    }

    /// The error with the known name that was probably meant in place of `wrong`, or a list of what is known.
    pub(super) fn with_known<'a>(
        &self,
        error: Diagnostic,
        wrong: &str,
        known: impl IntoIterator<Item = &'a str>,
        what: &str,
        span: Span,
    ) -> Diagnostic {
        const SHOWN: usize = 12;
        let known: Vec<&str> = known.into_iter().collect();
        if let Some(near) = nearest(wrong, known.iter().copied()) {
            let error = error.help(format!("did you mean `{near}`?"));
            return error.suggest_at(near, self.location(span));
        }
        let list: Vec<String> = known.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        match known.len() {
            0 => error,
            count if count > SHOWN => {
                error.help(format!("{what} {} and {} more", list.join(", "), count - SHOWN))
            }
            _ => error.help(format!("{what} {}", list.join(", "))),
        }
    }

    /// The text of an expression where it is short enough to stand in a message.
    pub(super) fn text(&self, span: Span) -> Option<&str> {
        Some(self.file.slice(span))
            .filter(|text| !text.is_empty() && text.len() <= 60 && !text.contains('\n'))
    }

    pub(super) fn named(&self, span: Span) -> String {
        self.text(span).map_or_else(|| "this value".to_owned(), |text| format!("`{text}`"))
    }
}
