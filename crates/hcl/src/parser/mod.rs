//! From text to syntax.
//!
//! One pass over the bytes, without a list of tokens between: what HCL's tokens are depends on where they
//! stand (templates, newlines inside brackets), and the parser knows where it is. After HCL's native syntax
//! specification, and its reference implementation where that one is silent.

mod body;
mod cursor;
mod error;
mod expression;
mod heredoc;
mod recovery;
mod template;
mod term;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::ast::{Body, Expr};
use super::diagnostic::Diagnostic;
use super::source::{Location, SourceFile, Span};
use super::stack::with_room;

/// How deep brackets, blocks and templates may stand in each other.
pub(super) const MAX_DEPTH: u32 = 600;
/// How high a tree of expressions may grow, long chains of operators and attributes counted. Trees are
/// dropped and evaluated recursively, so that this bounds the stack.
const MAX_HEIGHT: u32 = 3_000;
/// How many expressions, attributes and blocks a file may hold: each takes some hundred bytes of memory for the two
/// that its text may have.
pub(super) const MOST_NODES: u32 = 1_000_000;
/// After so many errors the rest of a file is not worth reading.
pub(super) const MAX_ERRORS: usize = 50;

/// What a parsing function gives: `Failed` means that the error is already told.
type Parsed<T> = Result<T, Failed>;

/// The text does not fit; a diagnostic says why.
#[derive(Debug)]
struct Failed;

/// Parses a whole file. What could be read is in the body also where there are diagnostics; any diagnostic is
/// an error.
pub fn parse(file: &Arc<SourceFile>) -> (Body, Vec<Diagnostic>) {
    let mut parser = Parser::new(file);
    let mut body = parser.body(None);
    body.span = Span::new(0, file.text().len());
    (body, parser.diagnostics)
}

/// Parses a file that holds one expression.
pub fn parse_expression(file: &Arc<SourceFile>) -> Result<Expr, Vec<Diagnostic>> {
    let mut parser = Parser::new(file);
    parser.newlines_end = false;
    let parsed = parser.expression().and_then(|expr| {
        parser.skip();
        if parser.at_end() { Ok(expr) } else { Err(parser.unexpected("the end of the expression")) }
    });
    parsed.ok().filter(|_| parser.diagnostics.is_empty()).ok_or(parser.diagnostics)
}

/// Parses a file that is a template as a whole, as `templatefile` reads it.
pub fn parse_template(file: &Arc<SourceFile>) -> Result<Expr, Vec<Diagnostic>> {
    let mut parser = Parser::new(file);
    let parsed = parser.bare_template();
    parsed.ok().filter(|_| parser.diagnostics.is_empty()).ok_or(parser.diagnostics)
}

/// Where the parser is in the text, and what it has found wrong.
struct Parser<'a> {
    file: &'a Arc<SourceFile>,
    text: &'a str,
    bytes: &'a [u8],
    position: usize,
    /// Whether a newline ends an expression here: in bodies and objects, but not inside brackets.
    newlines_end: bool,
    /// Whether a `~}` has just been read, so that the literal behind it loses its leading spaces.
    trim_next: bool,
    depth: u32,
    nodes: u32,
    /// The height of the highest tree among the siblings parsed since the enclosing expression began.
    height: u32,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Parser<'a> {
    fn new(file: &'a Arc<SourceFile>) -> Self {
        let text = file.text();
        let position = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self {
            file,
            text,
            bytes: text.as_bytes(),
            position,
            newlines_end: true,
            trim_next: false,
            depth: 0,
            nodes: 0,
            height: 0,
            diagnostics: Vec::new(),
        }
    }

    fn location(&self, span: Span) -> Location {
        Location::new(self.file, span)
    }

    fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.position)
    }

    /// Parses something one level deeper, on a stack that has room for it.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fail_here(format!("this is nested more than {MAX_DEPTH} levels deep")));
        }
        self.depth += 1;
        let siblings = std::mem::take(&mut self.height);
        let parsed = with_room(|| parse(self));
        self.depth -= 1;
        self.grow_height()?;
        self.height = self.height.max(siblings);
        parsed
    }

    /// Counts one more expression, attribute or block; where there are too many, what follows is not read.
    fn count(&mut self) -> Parsed<()> {
        self.nodes += 1;
        if self.nodes <= MOST_NODES {
            return Ok(());
        }
        let failed = self.fail_here(format!("this file holds more than {MOST_NODES} expressions"));
        self.position = self.bytes.len();
        Err(failed)
    }

    /// Counts one more level on the tree just built.
    fn grow_height(&mut self) -> Parsed<()> {
        self.height += 1;
        if self.height > MAX_HEIGHT {
            return Err(self.fail_here(format!("this expression has more than {MAX_HEIGHT} steps in a row")));
        }
        Ok(())
    }

    /// Parses with newlines ending an expression or not, and goes back to what was before.
    fn with_newlines_end<T>(&mut self, end: bool, parse: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.newlines_end, end);
        let parsed = parse(self);
        self.newlines_end = before;
        parsed
    }
}
