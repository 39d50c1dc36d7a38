//! A file of many objects, read where it matters only: documents say nothing of each other, and items of a list neither, where no
//! anchor joins them.

mod list;
mod plain;

use granit_parser::ScalarStyle;

use self::plain::is_plain;
use super::manifest::{Node, Value, parse};

/// The documents of a text as far as one of some words stands in them, in order and with their places in the whole; none where it
/// has to be read as one.
///
/// Left out are only objects, and items of lists, that are sure not to say any of the words, in whatever notation, and to be well formed.
/// Nothing stands in the place of each.
pub(super) fn documents_about(text: &str, words: &[&str]) -> Option<Vec<Node>> {
    // A directive is about what follows it. What is folded, or written by two quotes, may have other signs.
    if text.starts_with('%') || text.contains("\n%") || !words.iter().all(|word| is_word(word)) {
        return None;
    }
    let mut all = Vec::new();
    let (mut start, mut line) = (0, 0);
    for chunk in Chunks(text) {
        if !may_say(chunk, words) && is_object(chunk) && is_plain(chunk) {
            all.push(nothing(start, line + 1));
        } else {
            let mut documents = match list::document_about(chunk, words) {
                Some(document) => vec![document],
                None => parse(chunk).ok()?,
            };
            for document in &mut documents {
                move_by(document, start, line);
            }
            all.append(&mut documents);
        }
        start += chunk.len();
        line += newlines(chunk);
    }
    Some(all)
}

/// Whether no notation but one with escapes can hide a word, wherever lines are broken.
fn is_word(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    !word.is_empty() && word.bytes().all(is_plain)
}

/// Whether a part of a text may say one of some words: in whatever notation, or as what a template writes.
fn may_say(part: &str, words: &[&str]) -> bool {
    // What SOPS signs it signs as a whole.
    let doubts = ["\\", "{{", "sops"];
    doubts.iter().chain(words).any(|word| part.contains(word))
}

/// Whether a document is one object, by its first letters of lines.
fn is_object(chunk: &str) -> bool {
    let says = |key: &str| {
        let mut lines = chunk.match_indices(key).filter(|(at, _)| {
            at.checked_sub(1).is_none_or(|before| chunk.as_bytes().get(before) == Some(&b'\n'))
        });
        lines.any(|(at, key)| chunk.as_bytes().get(at + key.len()).is_some_and(u8::is_ascii_alphanumeric))
    };
    says("kind: ") && says("apiVersion: ")
}

/// What stands in the place of a part that is left out, so that the one before it is known to end here.
fn nothing(start: usize, line: usize) -> Node {
    let value = Value::Scalar(String::new(), ScalarStyle::Plain);
    Node { span: start..start, line, anchor: None, value }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// The parts of a text that each begin with the line of a document's begin, but for the first.
struct Chunks<'a>(&'a str);

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let marks = self.0.match_indices("\n---").map(|(at, mark)| (at + 1, at + mark.len()));
        let mut begins = marks.filter(|(_, after)| {
            self.0
                .get(*after..)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
        });
        let end = begins.next().map_or(self.0.len(), |(begin, _)| begin);
        let (chunk, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        Some(chunk)
    }
}

/// Moves all that is in a node.
fn move_by(root: &mut Node, bytes: usize, lines: usize) {
    root.change_each(|node| {
        node.span = node.span.start + bytes..node.span.end + bytes;
        node.line += lines;
    });
}

#[cfg(test)]
mod tests;
