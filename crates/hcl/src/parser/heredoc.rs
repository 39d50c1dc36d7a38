//! `<<EOT` and `<<-EOT`.

use super::super::ast::Expr;
use super::super::source::Span;
use super::template::Piece;
use super::{Parsed, Parser};

impl Parser<'_> {
    /// A heredoc from its `<<`; the newline behind the closing marker is left, it ends the attribute.
    pub(super) fn heredoc(&mut self) -> Parsed<Expr> {
        let start = self.position;
        self.position += 2;
        let flush = self.eat("-");
        let Some(marker) = self.peek_ident() else {
            return Err(self.unexpected("the marker of a heredoc, a single word,"));
        };
        self.position += marker.len();
        let open = self.span_from(start);
        if !self.at_newline() {
            return Err(self.unexpected("a new line right after the marker of a heredoc"));
        }
        self.position = self.line_end();
        self.eat("\r");
        self.eat("\n");
        let mut pieces = Vec::new();
        loop {
            let end = self.line_end();
            if self.text.get(self.position..end).is_some_and(|line| line.trim() == marker)
                && end < self.bytes.len()
            {
                self.position = end;
                self.trim_next = false;
                break;
            }
            if self.at_end() || (end >= self.bytes.len() && self.rest().trim() == marker) {
                let message = format!("this heredoc is never closed by a line with `{marker}` alone");
                let help =
                    if self.at_end() { "add the closing marker" } else { "end the closing marker's line" };
                let location = self.location(open);
                return Err(self.report_at(location, message, Some(help)));
            }
            self.heredoc_line(&mut pieces, open)?;
        }
        if flush {
            remove_indentation(&mut pieces);
        }
        let span = Span::new(start, self.position);
        self.assemble(pieces, span)
    }

    /// One line with its newline; an interpolation in it can go on over several.
    fn heredoc_line(&mut self, pieces: &mut Vec<Piece>, open: Span) -> Parsed<()> {
        loop {
            if self.literal_run(pieces) {
                return Ok(());
            }
            if self.at_end() {
                return Ok(());
            }
            self.sequence(pieces, open)?;
        }
    }
}

/// Takes the smallest indentation off all lines. Blank lines do not count, and indentation is what was
/// written: an interpolated text does not change it.
fn remove_indentation(pieces: &mut [Piece]) {
    let mut smallest = usize::MAX;
    let mut line_starts = Vec::new();
    let mut at_line_start = true;
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Literal { text } = piece else {
            if at_line_start {
                smallest = 0;
            }
            at_line_start = false;
            continue;
        };
        if at_line_start {
            let spaces = text.chars().take_while(|letter| letter.is_whitespace()).count();
            let blank = text.trim_start().is_empty() && text.ends_with('\n');
            if !blank {
                smallest = smallest.min(spaces);
                line_starts.push(index);
            }
        }
        at_line_start = text.ends_with('\n');
    }
    for index in line_starts {
        if let Some(Piece::Literal { text }) = pieces.get_mut(index) {
            let bytes: usize = text.chars().take(smallest).map(char::len_utf8).sum();
            text.drain(..bytes);
        }
    }
}
