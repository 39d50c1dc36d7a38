//! Saying what is wrong.

use super::super::diagnostic::Diagnostic;
use super::super::source::{Location, Span};
use super::{Failed, Parser};

const CODE: &str = "hcl::syntax";

impl Parser<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) -> Failed {
        self.diagnostics.push(diagnostic);
        Failed
    }

    pub(super) fn report_at(
        &mut self,
        location: Location,
        message: impl Into<String>,
        help: Option<&str>,
    ) -> Failed {
        let diagnostic = Diagnostic::error(CODE, message).at(location);
        self.report(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        })
    }

    /// An error about what stands here.
    pub(super) fn fail_here(&mut self, message: impl Into<String>) -> Failed {
        let location = self.location(self.next_span());
        self.report_at(location, message, None)
    }

    pub(super) fn fail_here_with(&mut self, message: impl Into<String>, help: &str) -> Failed {
        let location = self.location(self.next_span());
        self.report_at(location, message, Some(help))
    }

    /// `expected …, found …`.
    pub(super) fn unexpected(&mut self, expected: &str) -> Failed {
        let found = self.found();
        self.fail_here(format!("expected {expected}, found {found}"))
    }

    /// As `unexpected`, inside brackets that were opened at `open`. At the end of the file it is the bracket
    /// that is named, because that is where the mistake usually is.
    pub(super) fn unexpected_inside(&mut self, expected: &str, what: &str, open: Span) -> Failed {
        let opened = self.location(open);
        if self.at_end() {
            let bracket = self.text.get(open.range()).unwrap_or_default();
            let message = format!("the `{bracket}` of this {what} is never closed");
            return self.report_at(
                opened,
                message,
                Some("close it, or look for a bracket too many further down"),
            );
        }
        let found = self.found();
        let diagnostic = Diagnostic::error(CODE, format!("expected {expected}, found {found}"))
            .at(self.location(self.next_span()))
            .via(format!("in the {what} that is opened here"), opened);
        self.report(diagnostic)
    }

    pub(super) fn syntax_error(message: impl Into<String>, location: Location) -> Diagnostic {
        Diagnostic::error(CODE, message).at(location)
    }

    /// What stands here, as messages name it.
    pub(super) fn found(&self) -> String {
        match self.peek() {
            None => "the end of the file".to_owned(),
            Some(b'\n' | b'\r') => "the end of the line".to_owned(),
            Some(b'"') => "a string".to_owned(),
            Some(_) => {
                let text = self.text.get(self.next_span().range()).unwrap_or_default();
                format!("`{}`", text.escape_debug())
            }
        }
    }

    /// The span of the word or character that stands here.
    pub(super) fn next_span(&self) -> Span {
        let rest = self.rest();
        let length = match super::cursor::ident_len(rest) {
            0 => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                if digits > 0 { digits } else { rest.chars().next().map_or(0, char::len_utf8) }
            }
            length => length,
        };
        Span::new(self.position, self.position + length)
    }
}
