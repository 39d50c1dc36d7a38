//! A list of objects, read where it matters only. Its items are told apart by their indentation, where that is sure to.

use std::ops::Range;

use super::plain::is_plain;
use super::{may_say, move_by, newlines, nothing};
use crate::manifest::{Node, Value, parse};

/// The key of a list's objects, as a line of its own.
const ITEMS: &str = "items:";

/// The document of a chunk, with those of its items that may say one of some words; none where it is no list of which that can be
/// told. Where aliases join items, each is read, and none is well formed alone.
pub(super) fn document_about(chunk: &str, words: &[&str]) -> Option<Node> {
    let Cut { head, items, tail } = Cut::of(chunk)?;
    let mut document = mapping(chunk.get(..head)?)?;
    let place = document.pairs().iter().position(|(key, _)| key.text() == Some("items"))?;
    let mut line = newlines(chunk.get(..head)?);
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        let text = chunk.get(item.clone())?;
        if may_say(text, words) || !is_plain(text) {
            let mut documents = parse(text).ok()?;
            let only = documents.pop().filter(|_| documents.is_empty())?;
            let Value::Sequence(mut inside) = only.value else { return None };
            let mut node = inside.pop().filter(|_| inside.is_empty())?;
            move_by(&mut node, item.start, line);
            read.push(node);
        } else {
            read.push(nothing(item.start, line + 1));
        }
        line += newlines(text);
    }
    let rest = chunk.get(tail..)?;
    let mut after = if rest.trim().is_empty() { Vec::new() } else { pairs(mapping(rest)?) };
    for (key, value) in &mut after {
        move_by(key, tail, line);
        move_by(value, tail, line);
    }
    let Value::Mapping(pairs) = &mut document.value else { return None };
    let (_, value) = pairs.get_mut(place)?;
    value.value = Value::Sequence(read);
    pairs.append(&mut after);
    let kinds: Vec<&str> = document
        .pairs()
        .iter()
        .filter(|(key, _)| key.text() == Some("kind"))
        .filter_map(|(_, kind)| kind.text())
        .collect();
    matches!(kinds[..], [kind] if kind.ends_with("List")).then_some(document)
}

/// A text that is one mapping.
fn mapping(text: &str) -> Option<Node> {
    let mut documents = parse(text).ok()?;
    let only = documents.pop().filter(|_| documents.is_empty())?;
    matches!(only.value, Value::Mapping(_)).then_some(only)
}

fn pairs(node: Node) -> Vec<(Node, Node)> {
    match node.value {
        Value::Mapping(pairs) => pairs,
        _ => Vec::new(),
    }
}

/// Where a list's items are in its text.
struct Cut {
    /// Where what is before them ends, `items:` with it.
    head: usize,
    items: Vec<Range<usize>>,
    /// Where what is behind them begins.
    tail: usize,
}

impl Cut {
    /// Items begin with a dash at one indentation, and have all that is indented more; what is behind them is not indented at all.
    fn of(chunk: &str) -> Option<Self> {
        let mut lines = Lines { text: chunk, at: 0 };
        let head = lines.find(|(_, line)| {
            line.strip_prefix(ITEMS).is_some_and(|rest| {
                rest.trim().is_empty() || rest.trim_start().starts_with('#') && rest.starts_with(' ')
            })
        });
        head?;
        let head = lines.at;
        let (mut starts, mut tail, mut dash) = (Vec::new(), chunk.len(), None);
        for (start, line) in lines {
            let inside = line.trim_start_matches(' ');
            if inside.trim().is_empty() || inside.starts_with('#') {
                continue;
            }
            let indentation = line.len() - inside.len();
            let is_dash =
                inside.strip_prefix('-').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r']));
            match *dash.get_or_insert(indentation) {
                // A tab may be read as anything.
                _ if inside.starts_with('\t') => return None,
                dash if indentation > dash => {}
                dash if indentation == dash && is_dash => starts.push(start),
                _ if indentation == 0 => {
                    tail = start;
                    break;
                }
                _ => return None,
            }
        }
        // A second list of items would be another one.
        let again = chunk.get(tail..)?;
        if starts.is_empty() || again.contains(ITEMS) || chunk.get(..head)?.matches(ITEMS).count() != 1 {
            return None;
        }
        let ends = starts.iter().skip(1).copied().chain([tail]);
        let items = starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect();
        Some(Self { head: starts.first().copied().map_or(head, |first| first.max(head)), items, tail })
    }
}

/// The lines of a text without their ends, and where each begins.
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let (line, length) = match rest.find('\n') {
            Some(end) => (rest.get(..end)?, end + 1),
            None => (rest, rest.len()),
        };
        let start = self.at;
        self.at += length;
        Some((start, line))
    }
}
