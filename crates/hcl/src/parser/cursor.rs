//! Reading bytes, names, spaces and comments.

use std::sync::Arc;

use unicode_ident::{is_xid_continue, is_xid_start};

use super::super::ast::Ident;
use super::super::source::Span;
use super::Parser;

/// How many bytes of `text` are a name: a letter or `_`, then letters, digits, marks, `_` and
/// `-`, as Unicode's annex 31 tells them.
pub(super) fn ident_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {}
        Some(first) if !first.is_ascii() => {
            if !text.chars().next().is_some_and(starts_ident) {
                return 0;
            }
        }
        _ => return 0,
    }
    let ascii =
        bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    if bytes.get(ascii).is_none_or(u8::is_ascii) {
        return ascii;
    }
    text.char_indices().find(|(_, letter)| !continues_ident(*letter)).map_or(text.len(), |(index, _)| index)
}

/// Letters by Unicode's `ID_Start` that its `XID_Start` leaves out, because they fall apart in compatibility forms.
const LETTERS_BY_ID: &[char] =
    &['\u{37a}', '\u{e33}', '\u{eb3}', '\u{309b}', '\u{309c}', '\u{ff9e}', '\u{ff9f}'];

fn starts_ident(letter: char) -> bool {
    is_xid_start(letter) || LETTERS_BY_ID.contains(&letter)
}

fn continues_ident(letter: char) -> bool {
    // The joiners are letters of names in newer versions of Unicode only.
    let joiner = matches!(letter, '\u{200c}' | '\u{200d}');
    (is_xid_continue(letter) && !joiner) || letter == '-' || LETTERS_BY_ID.contains(&letter)
}

impl<'a> Parser<'a> {
    pub(super) fn at_end(&self) -> bool {
        self.position >= self.bytes.len()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    pub(super) fn peek_at(&self, offset: usize) -> Option<u8> {
        self.bytes.get(self.position + offset).copied()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.bytes.get(self.position..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    /// Takes `text` where it stands next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        if found {
            self.position += text.len();
        }
        found
    }

    /// Whether a line ends here, by `\n` or `\r\n`.
    pub(super) fn at_newline(&self) -> bool {
        self.peek() == Some(b'\n') || (self.peek() == Some(b'\r') && self.peek_at(1) == Some(b'\n'))
    }

    /// Skips spaces and comments, and newlines where they do not end an expression.
    pub(super) fn skip(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.position += 1,
                Some(b'\n') if !self.newlines_end => self.position += 1,
                Some(b'\r') if !self.newlines_end && self.peek_at(1) == Some(b'\n') => self.position += 2,
                Some(b'#') => self.position = self.line_end(),
                Some(b'/') => match self.peek_at(1) {
                    Some(b'/') => self.position = self.line_end(),
                    Some(b'*') => self.block_comment(),
                    _ => return,
                },
                _ => return,
            }
        }
    }

    /// Skips spaces, comments and newlines.
    pub(super) fn skip_lines(&mut self) {
        self.with_newlines_end(false, Self::skip);
    }

    fn block_comment(&mut self) {
        let start = self.position;
        if let Some(length) = self.text.get(start + 2..).and_then(|rest| rest.find("*/")) {
            self.position = start + 2 + length + 2;
            return;
        }
        self.position = self.bytes.len();
        let location = self.location(Span::new(start, start + 2));
        self.report_at(location, "this comment is never closed", Some("add `*/` where it ends"));
    }

    /// Where the line ends: the offset of its newline, a carriage return before it included.
    pub(super) fn line_end(&self) -> usize {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let end = self.position + length;
        if length > 0 && length < rest.len() && self.bytes.get(end - 1) == Some(&b'\r') {
            end - 1
        } else {
            end
        }
    }

    /// The name that stands here, without taking it.
    pub(super) fn peek_ident(&self) -> Option<&'a str> {
        let rest = self.rest();
        match ident_len(rest) {
            0 => None,
            length => rest.get(..length),
        }
    }

    /// Takes the name that stands here.
    pub(super) fn ident(&mut self) -> Option<Ident> {
        let name = self.peek_ident()?;
        let start = self.position;
        self.position += name.len();
        Some(Ident { name: Arc::from(name), span: self.span_from(start) })
    }

    /// Takes a keyword where it stands as a whole word.
    pub(super) fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.peek_ident() == Some(keyword);
        if found {
            self.position += keyword.len();
        }
        found
    }
}
