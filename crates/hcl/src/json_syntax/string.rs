//! Strings, and the templates in them.

use std::sync::Arc;

use super::super::ast::{Expr, ExprKind, map_spans};
use super::super::diagnostic::Diagnostic;
use super::super::parser::parse_template;
use super::super::source::{Location, SourceFile, Span};
use super::super::value::normalized;

/// A syntax error at a place.
pub(super) fn error(file: &Arc<SourceFile>, span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("hcl::syntax", message).at(Location::new(file, span))
}

/// A string with its place, quotes included.
#[derive(Clone)]
pub(super) struct Text {
    pub value: Arc<str>,
    pub span: Span,
    /// Whether the value differs from what is written between the quotes.
    escaped: bool,
}

impl Text {
    /// The string whose quote is at `start`, and where it ends.
    pub(super) fn parse(file: &Arc<SourceFile>, start: usize) -> Result<(Self, usize), Box<Diagnostic>> {
        let rest = file.text().get(start + 1..).unwrap_or_default();
        let plain = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        if let Some(length) = plain
            && let Some((value, behind)) = rest.split_at_checked(length)
            && behind.starts_with('"')
        {
            let end = start + length + 2;
            let value = Arc::from(value);
            return Ok((Self { value, span: Span::new(start, end), escaped: false }, end));
        }
        let (value, length, _) = decode(file, start + 1, false)?;
        let end = start + length + 2;
        Ok((Self { value: Arc::from(value), span: Span::new(start, end), escaped: true }, end))
    }

    /// The string as a template; a lone `"${…}"` is the value itself.
    pub(super) fn template(&self, file: &Arc<SourceFile>, errors: &mut Vec<Diagnostic>) -> Expr {
        // Like a file, a template can begin with a byte order mark, which is none of its text.
        let literal = || {
            let text = self.value.strip_prefix('\u{feff}').unwrap_or(&self.value);
            Expr { kind: ExprKind::String(Arc::from(normalized(text))), span: self.span }
        };
        if !self.value.contains("${") && !self.value.contains("%{") {
            return literal();
        }
        let first = self.span.start + 1;
        let offsets = self.offsets(file);
        let place = |offset: u32| match &offsets {
            Some(offsets) => offsets.get(offset as usize).copied().unwrap_or(self.span.end),
            None => first + offset,
        };
        let map = |span: Span| Span { start: place(span.start), end: place(span.end) };
        let text = SourceFile::new(file.path(), &*self.value);
        match parse_template(&text) {
            Ok(mut expr) => {
                map_spans(&mut expr, &map);
                expr.span = self.span;
                expr
            }
            Err(diagnostics) => {
                errors.extend(diagnostics.into_iter().map(|mut diagnostic| {
                    let own = diagnostic.trace.iter_mut().map(|frame| &mut frame.location);
                    for location in own.chain(&mut diagnostic.location) {
                        *location = Location::new(file, map(location.span));
                    }
                    diagnostic
                }));
                literal()
            }
        }
    }

    /// The place in the file of each byte of the value, and of its end; none where they follow each other.
    fn offsets(&self, file: &Arc<SourceFile>) -> Option<Vec<u32>> {
        if !self.escaped {
            return None;
        }
        decode(file, self.span.start as usize + 1, true).ok().map(|(_, _, offsets)| offsets)
    }
}

/// The value of the string that begins at `start`, how many bytes of the file it takes, and where each of its bytes
/// stands in the file.
fn decode(
    file: &Arc<SourceFile>,
    start: usize,
    with_offsets: bool,
) -> Result<(String, usize, Vec<u32>), Box<Diagnostic>> {
    let text = file.text().get(start..).unwrap_or_default();
    let mut value = String::new();
    let mut offsets = Vec::new();
    let mut letters = text.char_indices();
    let fail = |from: usize, to: usize, message: String| {
        Box::new(error(file, Span::new(start + from, start + to), message))
    };
    while let Some((index, letter)) = letters.next() {
        let before = value.len();
        match letter {
            '"' => {
                offsets.push(Span::new(start + index, 0).start);
                return Ok((value, index, offsets));
            }
            '\\' => {
                let Some((at, escape)) = letters.next() else { break };
                let end = at + escape.len_utf8();
                match escape {
                    '"' | '\\' | '/' => value.push(escape),
                    'b' => value.push('\u{8}'),
                    'f' => value.push('\u{c}'),
                    'n' => value.push('\n'),
                    'r' => value.push('\r'),
                    't' => value.push('\t'),
                    'u' => {
                        let Some(unit) = unit(text, end) else {
                            let message = "`\\u` needs 4 hexadecimal digits".to_owned();
                            return Err(fail(index, end, message));
                        };
                        let (code, taken) = character(text, unit, end);
                        value.push(code);
                        for _ in 0..taken {
                            letters.next();
                        }
                    }
                    other => {
                        let message = format!("`\\{}` is not an escape in JSON", other.escape_debug());
                        let diagnostic = fail(index, end, message).help(
                            "the escapes are \\\", \\\\, \\/, \\b, \\f, \\n, \\r, \\t and \\uNNNN; a backslash itself is `\\\\`",
                        );
                        return Err(Box::new(diagnostic));
                    }
                }
            }
            '\n' | '\r' => break,
            '\0'..='\u{1f}' => {
                let message = format!("a string cannot hold the character {}", letter.escape_unicode());
                let diagnostic = fail(index, index + 1, message);
                let help = format!("write it as \\u{:04x}", u32::from(letter));
                return Err(Box::new(diagnostic.help(help)));
            }
            plain => value.push(plain),
        }
        if with_offsets {
            let place = Span::new(start + index, 0).start;
            offsets.extend(std::iter::repeat_n(place, value.len() - before));
        }
    }
    let diagnostic = error(file, Span::new(start - 1, start), "this string is never closed");
    Err(Box::new(diagnostic.help("close it on this line, and write `\\n` where a new line is meant")))
}

/// The UTF-16 unit whose four digits begin at `start`.
fn unit(text: &str, start: usize) -> Option<u32> {
    let hex = text.get(start..start + 4)?;
    let plain = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(hex, 16).ok()).flatten()
}

/// The character of a unit, with the second half of a pair behind it, and how many characters of the text that takes
/// behind the `u`. Half a pair is the replacement character, as in Go.
fn character(text: &str, unit_value: u32, start: usize) -> (char, usize) {
    const DIGITS: usize = 4;
    if let Some(letter) = char::from_u32(unit_value) {
        return (letter, DIGITS);
    }
    let second = text.get(start + DIGITS..start + DIGITS + 2).filter(|escape| *escape == "\\u");
    let second = second.and_then(|_| unit(text, start + DIGITS + 2));
    match second {
        Some(low @ 0xdc00..=0xdfff) if unit_value < 0xdc00 => {
            let code = 0x10000 + ((unit_value - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), DIGITS + 2 + DIGITS)
        }
        _ => (char::REPLACEMENT_CHARACTER, DIGITS),
    }
}
