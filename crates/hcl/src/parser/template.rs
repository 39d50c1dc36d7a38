//! Templates: first a flat list of pieces as they stand, then the tree of directives.

use std::sync::Arc;

use super::super::ast::{Expr, ExprKind, Ident, TemplatePart};
use super::super::source::Span;
use super::super::value::normalized;
use super::{MAX_DEPTH, Parsed, Parser};

/// One piece of a template in the order of the text.
pub(super) enum Piece {
    /// Text up to the next sequence, the end of a line in heredocs and files, or a lone `$` or `%`: those are
    /// the units that `~` trims.
    Literal {
        text: String,
    },
    Interpolation(Expr),
    If {
        condition: Expr,
        span: Span,
    },
    Else(Span),
    EndIf(Span),
    For {
        key_name: Option<Ident>,
        value_name: Ident,
        collection: Expr,
        span: Span,
    },
    EndFor(Span),
}

/// A directive that is still open while the tree is built.
enum Open {
    If { condition: Expr, yes: Option<Vec<TemplatePart>>, span: Span },
    For { key_name: Option<Ident>, value_name: Ident, collection: Expr, span: Span },
}

impl Parser<'_> {
    /// A template in double quotes.
    pub(super) fn quoted_template(&mut self) -> Parsed<Expr> {
        let start = self.position;
        let open = self.next_span();
        self.position += 1;
        // Most strings are plain: then they are one slice of the text.
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let plain = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | b'$' | b'%' | b'\n' | b'\r'))
            .unwrap_or(rest.len());
        if rest.get(plain) == Some(&b'"') {
            let text = self.text.get(self.position..self.position + plain).unwrap_or_default();
            let kind = ExprKind::String(Arc::from(normalized(text)));
            self.position += plain + 1;
            return Ok(Expr { kind, span: self.span_from(start) });
        }
        let mut pieces = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    self.trim_next = false;
                    break;
                }
                None | Some(b'\n' | b'\r') => {
                    let location = self.location(open);
                    let help = "close it on this line, or use a heredoc for text of several lines";
                    return Err(self.report_at(location, "this string is never closed", Some(help)));
                }
                Some(b'$' | b'%') if self.peek_at(1) == Some(b'{') => self.sequence(&mut pieces, open)?,
                Some(_) => self.quoted_literal(&mut pieces)?,
            }
        }
        let span = self.span_from(start);
        self.assemble(pieces, span)
    }

    /// The whole text as a template.
    pub(super) fn bare_template(&mut self) -> Parsed<Expr> {
        let start = self.position;
        let mut pieces = Vec::new();
        let open = self.next_span();
        while !self.at_end() {
            if !self.literal_run(&mut pieces) && !self.at_end() {
                self.sequence(&mut pieces, open)?;
            }
        }
        let span = self.span_from(start);
        self.assemble(pieces, span)
    }

    /// Literal text inside quotes, escapes resolved, up to the next sequence or quote.
    fn quoted_literal(&mut self, pieces: &mut Vec<Piece>) -> Parsed<()> {
        let mut text = String::new();
        if self.literal_dollar(&mut text) {
            self.push_literal(pieces, text);
            return Ok(());
        }
        loop {
            let rest = self.bytes.get(self.position..).unwrap_or_default();
            let plain =
                rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'$' | b'%' | b'\n' | b'\r'));
            let end = self.position + plain.unwrap_or(rest.len());
            text.push_str(self.text.get(self.position..end).unwrap_or_default());
            self.position = end;
            if self.peek() != Some(b'\\') {
                break;
            }
            self.escape(&mut text)?;
        }
        self.push_literal(pieces, text);
        Ok(())
    }

    /// A `$` or `%` that begins no sequence, or `$${` and `%%{`, which stand for the characters themselves.
    fn literal_dollar(&mut self, text: &mut String) -> bool {
        let Some(sigil @ (b'$' | b'%')) = self.peek() else { return false };
        if self.peek_at(1) == Some(sigil) && self.peek_at(2) == Some(b'{') {
            text.push(char::from(sigil));
            text.push('{');
            self.position += 3;
            return true;
        }
        if self.peek_at(1) == Some(b'{') {
            return false;
        }
        text.push(char::from(sigil));
        self.position += 1;
        true
    }

    fn escape(&mut self, text: &mut String) -> Parsed<()> {
        let start = self.position;
        self.position += 1;
        let Some(selector) = self.rest().chars().next() else {
            return Err(self.unexpected("an escape after `\\`"));
        };
        self.position += selector.len_utf8();
        let digits = match selector {
            'n' => {
                text.push('\n');
                return Ok(());
            }
            'r' => {
                text.push('\r');
                return Ok(());
            }
            't' => {
                text.push('\t');
                return Ok(());
            }
            '"' | '\\' => {
                text.push(selector);
                return Ok(());
            }
            'u' => 4,
            'U' => 8,
            _ => {
                let location = self.location(self.span_from(start));
                let message = format!("`\\{}` is not an escape", selector.escape_debug());
                let help = "the escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN; a backslash itself is `\\\\`";
                return Err(self.report_at(location, message, Some(help)));
            }
        };
        let hex = self.text.get(self.position..self.position + digits).unwrap_or_default();
        let code =
            Some(hex).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()) && !hex.is_empty());
        let Some(letter) = code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32)
        else {
            let location = self.location(self.span_from(start));
            let message = format!("`\\{selector}` needs {digits} hexadecimal digits of a character");
            return Err(self.report_at(location, message, None));
        };
        text.push(letter);
        self.position += digits;
        Ok(())
    }

    /// Literal text of a heredoc or a file up to the next sequence; tells whether it ended with a line.
    pub(super) fn literal_run(&mut self, pieces: &mut Vec<Piece>) -> bool {
        let mut text = String::new();
        loop {
            if !self.literal_dollar(&mut text) {
                let rest = self.bytes.get(self.position..).unwrap_or_default();
                let plain =
                    rest.iter().position(|byte| matches!(byte, b'$' | b'%' | b'\n')).unwrap_or(rest.len());
                let ends_line = rest.get(plain) == Some(&b'\n');
                let end = self.position + plain + usize::from(ends_line);
                let literal = self.text.get(self.position..end).unwrap_or_default();
                let at_sequence = literal.is_empty();
                text.push_str(literal);
                self.position = end;
                if at_sequence {
                    return false;
                }
            } else if self.at_newline() {
                continue;
            }
            let ended = text.ends_with('\n');
            self.push_literal(pieces, std::mem::take(&mut text));
            if ended {
                return true;
            }
        }
    }

    /// `${ … }` or `%{ … }` with their trim markers.
    pub(super) fn sequence(&mut self, pieces: &mut Vec<Piece>, template: Span) -> Parsed<()> {
        let start = self.position;
        let directive = self.peek() == Some(b'%');
        self.position += 2;
        if self.eat("~")
            && let Some(Piece::Literal { text }) = pieces.last_mut()
        {
            text.truncate(text.trim_end().len());
        }
        let open = self.span_from(start);
        let piece = self.with_newlines_end(false, |parser| {
            if directive { parser.directive(open) } else { parser.expression().map(Piece::Interpolation) }
        })?;
        self.skip_lines();
        let trim = self.eat("~");
        if !self.eat("}") {
            return Err(self.unclosed_sequence(open, template));
        }
        pieces.push(piece);
        self.trim_next = trim;
        Ok(())
    }

    fn unclosed_sequence(&mut self, open: Span, template: Span) -> super::Failed {
        let help = "write `$${` where the characters themselves are meant, such as in a shell script";
        if self.at_end() || (self.peek() == Some(b'"') && self.slice(template) == "\"") {
            let location = self.location(open);
            return self.report_at(location, "this interpolation is never closed by `}`", Some(help));
        }
        let found = self.found();
        let diagnostic = Self::syntax_error(
            format!("expected `}}` after the expression in the template, found {found}"),
            self.location(self.next_span()),
        )
        .via("in the sequence that is opened here", self.location(open))
        .help(help);
        self.report(diagnostic)
    }

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Adds a literal, without its leading spaces where a `~}` stands before it.
    fn push_literal(&mut self, pieces: &mut Vec<Piece>, mut text: String) {
        if std::mem::take(&mut self.trim_next) {
            text.drain(..text.len() - text.trim_start().len());
        }
        pieces.push(Piece::Literal { text });
    }

    fn directive(&mut self, open: Span) -> Parsed<Piece> {
        self.skip();
        let keyword = self.next_span();
        let span = open;
        match self.peek_ident() {
            Some("if") => {
                self.eat_keyword("if");
                Ok(Piece::If { condition: self.expression()?, span })
            }
            Some("for") => {
                self.eat_keyword("for");
                let (key_name, value_name) = self.for_names(open)?;
                Ok(Piece::For { key_name, value_name, collection: self.expression()?, span })
            }
            Some("else") => {
                self.eat_keyword("else");
                Ok(Piece::Else(span))
            }
            Some("endif") => {
                self.eat_keyword("endif");
                Ok(Piece::EndIf(span))
            }
            Some("endfor") => {
                self.eat_keyword("endfor");
                Ok(Piece::EndFor(span))
            }
            _ => {
                let location = self.location(keyword);
                let message =
                    format!("expected if, else, endif, for or endfor after `%{{`, found {}", self.found());
                Err(self.report_at(
                    location,
                    message,
                    Some("write `%%{` where the characters themselves are meant"),
                ))
            }
        }
    }

    /// Builds the tree of a template from its pieces.
    pub(super) fn assemble(&mut self, pieces: Vec<Piece>, span: Span) -> Parsed<Expr> {
        let single = pieces.len() == 1;
        let mut open: Vec<(Open, Vec<TemplatePart>)> = Vec::new();
        let mut parts: Vec<TemplatePart> = Vec::new();
        let mut literal = String::new();
        let mut deepest = 0;
        for piece in pieces {
            if let Piece::Literal { text } = piece {
                literal.push_str(&text);
                continue;
            }
            flush(&mut literal, &mut parts);
            match piece {
                Piece::Literal { .. } => {}
                Piece::Interpolation(expr) => parts.push(TemplatePart::Interpolation(expr)),
                Piece::If { condition, span } => {
                    let outer = std::mem::take(&mut parts);
                    open.push((Open::If { condition, yes: None, span }, outer));
                }
                Piece::For { key_name, value_name, collection, span } => {
                    let outer = std::mem::take(&mut parts);
                    open.push((Open::For { key_name, value_name, collection, span }, outer));
                }
                Piece::Else(span) => match open.last_mut() {
                    Some((Open::If { yes: yes @ None, .. }, _)) => *yes = Some(std::mem::take(&mut parts)),
                    _ => return Err(self.stray("else", "if", span)),
                },
                Piece::EndIf(span) => {
                    let Some((Open::If { condition, yes, .. }, outer)) = open.pop() else {
                        return Err(self.stray("endif", "if", span));
                    };
                    let last = std::mem::replace(&mut parts, outer);
                    let (yes, no) = match yes {
                        Some(yes) => (yes, last),
                        None => (last, Vec::new()),
                    };
                    parts.push(TemplatePart::If { condition, yes, no });
                }
                Piece::EndFor(span) => {
                    let Some((Open::For { key_name, value_name, collection, .. }, outer)) = open.pop() else {
                        return Err(self.stray("endfor", "for", span));
                    };
                    let body = std::mem::replace(&mut parts, outer);
                    parts.push(TemplatePart::For { key_name, value_name, collection, body });
                }
            }
            deepest = deepest.max(open.len());
            if self.depth as usize + deepest > MAX_DEPTH as usize {
                return Err(self.fail_here(format!("this is nested more than {MAX_DEPTH} levels deep")));
            }
        }
        if let Some((unclosed, _)) = open.pop() {
            let (name, span) = match unclosed {
                Open::If { span, .. } => ("if", span),
                Open::For { span, .. } => ("for", span),
            };
            let location = self.location(span);
            let message = format!("this `%{{ {name} }}` is never closed");
            return Err(self.report_at(location, message, Some(&format!("add `%{{ end{name} }}`"))));
        }
        if parts.is_empty() {
            return Ok(Expr { kind: ExprKind::String(Arc::from(normalized(&literal))), span });
        }
        flush(&mut literal, &mut parts);
        if !single && let [TemplatePart::Interpolation(_)] = parts.as_slice() {
            // Trimmed away or not, there was text beside it: the result is a string.
            parts.push(TemplatePart::Literal(Arc::from("")));
        }
        self.height += u32::try_from(deepest).unwrap_or(MAX_DEPTH);
        Ok(Expr { kind: ExprKind::Template(parts), span })
    }

    fn stray(&mut self, name: &str, opener: &str, span: Span) -> super::Failed {
        let location = self.location(span);
        self.report_at(location, format!("this `%{{ {name} }}` has no `%{{ {opener} }}` before it"), None)
    }
}

fn flush(literal: &mut String, parts: &mut Vec<TemplatePart>) {
    if !literal.is_empty() {
        parts.push(TemplatePart::Literal(Arc::from(std::mem::take(literal))));
    }
}
