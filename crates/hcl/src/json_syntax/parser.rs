//! From text to a tree of JSON values with spans.

use std::sync::Arc;

use super::super::diagnostic::Diagnostic;
use super::super::number::Number;
use super::super::parser::{MAX_DEPTH, MAX_ERRORS, MOST_NODES};
use super::super::source::{Location, SourceFile, Span};
use super::super::suggest::nearest;
use super::string::Text;
use crate::stack::with_room;

/// A JSON value with its place.
pub(super) struct Node {
    pub kind: NodeKind,
    pub span: Span,
}

/// The kinds of JSON value.
pub(super) enum NodeKind {
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    Array(Vec<Node>),
    Object(Vec<Member>),
    /// What could not be read, and was told.
    Invalid,
}

impl NodeKind {
    /// As messages name it.
    pub(super) fn described(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
            Self::Invalid => "no value",
        }
    }
}

/// One `"name": value` of an object; a name can be there more than once.
pub(super) struct Member {
    pub name: Text,
    pub value: Node,
}

/// The text does not fit; a diagnostic says why.
struct Failed;

type Parsed<T> = Result<T, Failed>;

/// The value of the whole file, as far as it could be read.
pub(super) fn parse(file: &Arc<SourceFile>) -> (Option<Node>, Vec<Diagnostic>) {
    let text = file.text();
    let position = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parser =
        Parser { file, text, bytes: text.as_bytes(), position, depth: 0, nodes: 0, diagnostics: Vec::new() };
    let root = parser.value().ok();
    if root.is_some() && parser.diagnostics.is_empty() {
        parser.skip();
        if parser.peek().is_some() {
            parser.unexpected("the end of the file behind the JSON value");
        }
    }
    (root, parser.diagnostics)
}

struct Parser<'a> {
    file: &'a Arc<SourceFile>,
    text: &'a str,
    bytes: &'a [u8],
    position: usize,
    depth: u32,
    nodes: u32,
    diagnostics: Vec<Diagnostic>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn skip(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) -> Failed {
        self.diagnostics.push(diagnostic);
        Failed
    }

    fn fail(&mut self, span: Span, message: impl Into<String>, help: Option<&str>) -> Failed {
        let diagnostic = super::string::error(self.file, span, message);
        self.report(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        })
    }

    /// The word, number or character that stands here.
    fn next_span(&self) -> Span {
        let rest = self.text.get(self.position..).unwrap_or_default();
        let word = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
            .count();
        let length = if word > 0 { word } else { rest.chars().next().map_or(0, char::len_utf8) };
        Span::new(self.position, self.position + length)
    }

    fn found(&self) -> String {
        match self.peek() {
            None => "the end of the file".to_owned(),
            Some(b'"') => "a string".to_owned(),
            Some(_) => format!("`{}`", self.file.slice(self.next_span()).escape_debug()),
        }
    }

    fn unexpected(&mut self, expected: &str) -> Failed {
        let message = format!("expected {expected}, found {}", self.found());
        let help = match self.peek() {
            Some(b'#' | b'/') => Some("JSON has no comments; a property named \"//\" is passed over"),
            Some(b'\'') => Some("strings stand in double quotes"),
            _ => None,
        };
        self.fail(self.next_span(), message, help)
    }

    /// As `unexpected`, inside a bracket that was opened at `open`.
    fn unexpected_inside(&mut self, expected: &str, what: &str, open: Span) -> Failed {
        if self.peek().is_none() {
            let message = format!("the `{}` of this {what} is never closed", self.file.slice(open));
            return self.fail(open, message, Some("close it, or look for a bracket too many further down"));
        }
        let message = format!("expected {expected}, found {}", self.found());
        let diagnostic = super::string::error(self.file, self.next_span(), message)
            .via(format!("in the {what} that is opened here"), Location::new(self.file, open));
        self.report(diagnostic)
    }

    fn value(&mut self) -> Parsed<Node> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let message = format!("this file holds more than {MOST_NODES} values");
            self.position = self.bytes.len();
            return Err(self.fail(self.next_span(), message, None));
        }
        self.skip();
        let start = self.position;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => NodeKind::String(self.string()?),
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => NodeKind::Number(self.number()?),
            Some(byte) if byte.is_ascii_alphabetic() => self.keyword()?,
            _ => return Err(self.unexpected("a JSON value")),
        };
        Ok(Node { kind, span: Span::new(start, self.position) })
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Parsed<NodeKind>) -> Parsed<NodeKind> {
        if self.depth >= MAX_DEPTH {
            // What lies deeper is not looked at: every level of it would fail in the same way.
            let message = format!("this is nested more than {MAX_DEPTH} levels deep");
            let failed = self.fail(self.next_span(), message, None);
            self.position = self.bytes.len();
            return Err(failed);
        }
        self.depth += 1;
        let parsed = with_room(|| parse(self));
        self.depth -= 1;
        parsed
    }

    fn object(&mut self) -> Parsed<NodeKind> {
        let open = self.next_span();
        self.position += 1;
        let mut members = Vec::new();
        loop {
            self.skip();
            if self.peek() == Some(b'}') && members.is_empty() {
                break;
            }
            match self.member(open) {
                Ok(member) => members.push(member),
                Err(failed) => self.recover(failed)?,
            }
            self.skip();
            match self.peek() {
                Some(b',') if self.comma(b'}') => break,
                Some(b',') => {}
                Some(b'}') => break,
                _ => {
                    let failed = self.unexpected_inside("`,` or `}`", "object", open);
                    self.recover(failed)?;
                    let ends = match self.peek() {
                        Some(b',') => self.comma(b'}'),
                        _ => true,
                    };
                    if ends {
                        break;
                    }
                }
            }
        }
        self.close();
        Ok(NodeKind::Object(members))
    }

    /// Takes the closing bracket; behind an error it can be one of the other kind.
    fn close(&mut self) {
        if matches!(self.peek(), Some(b'}' | b']')) {
            self.position += 1;
        }
    }

    fn member(&mut self, open: Span) -> Parsed<Member> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected_inside("a property's name in double quotes", "object", open));
        }
        let name = self.string()?;
        self.skip();
        if self.peek() != Some(b':') {
            let help = (self.peek() == Some(b'=')).then_some("JSON writes `\"name\": value`");
            let message = format!("expected `:` after the property's name, found {}", self.found());
            return Err(self.fail(self.next_span(), message, help));
        }
        self.position += 1;
        // A value that cannot be read does not take the name away: it is still known to be set.
        let value = match self.value() {
            Ok(value) => value,
            Err(failed) => {
                let start = self.position;
                self.recover(failed)?;
                Node { kind: NodeKind::Invalid, span: Span::new(start, start) }
            }
        };
        Ok(Member { name, value })
    }

    fn array(&mut self) -> Parsed<NodeKind> {
        let open = self.next_span();
        self.position += 1;
        let mut elements = Vec::new();
        loop {
            self.skip();
            if self.peek() == Some(b']') && elements.is_empty() {
                break;
            }
            if self.peek().is_none() {
                return Err(self.unexpected_inside("a value or `]`", "array", open));
            }
            match self.value() {
                Ok(value) => elements.push(value),
                Err(failed) => self.recover(failed)?,
            }
            self.skip();
            match self.peek() {
                Some(b',') if self.comma(b']') => break,
                Some(b',') => {}
                Some(b']') => break,
                _ => {
                    let failed = self.unexpected_inside("`,` or `]`", "array", open);
                    self.recover(failed)?;
                    let ends = match self.peek() {
                        Some(b',') => self.comma(b']'),
                        _ => true,
                    };
                    if ends {
                        break;
                    }
                }
            }
        }
        self.close();
        Ok(NodeKind::Array(elements))
    }

    /// Takes a comma and says whether the bracket is closed right behind it, which is told as an error.
    fn comma(&mut self, close: u8) -> bool {
        let comma = self.next_span();
        self.position += 1;
        self.skip();
        let trailing = self.peek() == Some(close);
        if trailing {
            let message = format!("a comma stands before the closing `{}`", char::from(close));
            self.fail(comma, message, Some("remove it: JSON has no trailing commas"));
        }
        trailing
    }

    /// Goes on at the next comma or closing bracket outside of all brackets that are opened on the way; there is
    /// none where the file ends first, and nothing more to tell then.
    fn recover(&mut self, failed: Failed) -> Parsed<()> {
        if self.diagnostics.len() >= MAX_ERRORS {
            self.position = self.bytes.len();
        }
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.position += 1;
                    while let Some(inner) = self.peek() {
                        match inner {
                            b'"' | b'\n' => break,
                            b'\\' => self.position += 1,
                            _ => {}
                        }
                        self.position += 1;
                    }
                }
                b'{' | b'[' => depth += 1,
                b',' | b'}' | b']' if depth == 0 => return Ok(()),
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.position += 1;
        }
        Err(failed)
    }

    fn string(&mut self) -> Parsed<Text> {
        let start = self.position;
        match Text::parse(self.file, start) {
            Ok((text, end)) => {
                self.position = end;
                Ok(text)
            }
            Err(diagnostic) => {
                self.position += 1;
                let line = self.bytes.get(self.position..).unwrap_or_default();
                // The string is passed over as far as it goes, so that what stands in it is not read as JSON.
                let mut escaping = false;
                let end = line.iter().position(|byte| {
                    let ends = *byte == b'\n' || (*byte == b'"' && !escaping);
                    escaping = *byte == b'\\' && !escaping;
                    ends
                });
                self.position +=
                    end.map_or(line.len(), |end| end + usize::from(line.get(end) == Some(&b'"')));
                Err(self.report(*diagnostic))
            }
        }
    }

    fn number(&mut self) -> Parsed<Number> {
        let start = self.position;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.position += 1;
        }
        let span = Span::new(start, self.position);
        let text = self.file.slice(span);
        if !is_json_number(text) {
            return Err(self.fail(span, format!("`{text}` is not a number in JSON"), None));
        }
        text.parse().map_err(|_| self.fail(span, format!("`{text}` is not a number that can be held"), None))
    }

    fn keyword(&mut self) -> Parsed<NodeKind> {
        let span = self.next_span();
        self.position = span.end as usize;
        let word = self.file.slice(span);
        Ok(match word {
            "null" => NodeKind::Null,
            "true" => NodeKind::Bool(true),
            "false" => NodeKind::Bool(false),
            _ => {
                let message = format!("`{word}` is not a JSON value");
                let help = match nearest(word, ["null", "true", "false"]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write text in double quotes, and expressions as \"${ … }\"".to_owned(),
                };
                return Err(self.fail(span, message, Some(&help)));
            }
        })
    }
}

/// The digits that a text begins with, and what follows them.
fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()))
}

/// JSON's syntax of numbers, which is narrower than HCL's.
fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, mut rest) = split_digits(text);
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        let (digits, behind) = split_digits(fraction);
        if digits.is_empty() {
            return false;
        }
        rest = behind;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let (digits, behind) = split_digits(exponent);
        return !digits.is_empty() && behind.is_empty();
    }
    rest.is_empty()
}
