//! Where to go on after an error.

use super::Parser;
use super::cursor::ident_len;

impl Parser<'_> {
    /// Goes on after the item that began at `start` and failed where the parser stands: at the first end of a
    /// line that is outside of all brackets the item opened, or, where those are never closed, at the next line
    /// that looks like an item.
    pub(super) fn recover(&mut self, start: usize) {
        self.newlines_end = true;
        let failed_at = self.position.max(start + 1);
        self.position = match self.end_of_brackets(start, failed_at) {
            Some(end) => end,
            None => self.next_item(start, failed_at),
        };
    }

    /// The end of the item as brackets and strings tell it.
    fn end_of_brackets(&self, start: usize, failed_at: usize) -> Option<usize> {
        let mut open: Vec<u8> = Vec::new();
        let mut index = start;
        while let Some(byte) = self.bytes.get(index).copied() {
            let in_string = open.last() == Some(&b'"');
            match byte {
                b'\n' if in_string => {
                    // The string lacks its quote; go on as if it ended here.
                    open.pop();
                    continue;
                }
                b'\n' if open.is_empty() && index >= failed_at => return Some(index),
                b'\\' if in_string => index += 1,
                b'"' if in_string => {
                    open.pop();
                }
                b'$' | b'%' if in_string && self.bytes.get(index + 1) == Some(&b'{') => {
                    index += 1;
                    open.push(b'{');
                }
                _ if in_string => {}
                b'"' | b'{' | b'[' | b'(' => open.push(byte),
                b'}' if open.is_empty() && index >= failed_at => return Some(index),
                b'}' if open.last() == Some(&b'{') => drop(open.pop()),
                b']' if open.last() == Some(&b'[') => drop(open.pop()),
                b')' if open.last() == Some(&b'(') => drop(open.pop()),
                b'#' => {
                    index = self.end_of_line(index);
                    continue;
                }
                b'/' if self.bytes.get(index + 1) == Some(&b'/') => {
                    index = self.end_of_line(index);
                    continue;
                }
                b'/' if self.bytes.get(index + 1) == Some(&b'*') => {
                    index += self.text.get(index..)?.find("*/")? + 1;
                }
                b'<' if self.bytes.get(index + 1) == Some(&b'<') => {
                    index = self.end_of_heredoc(index);
                    continue;
                }
                _ => {}
            }
            index += 1;
        }
        open.is_empty().then_some(self.bytes.len())
    }

    fn end_of_line(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
    }

    /// The end of the heredoc that seems to begin at `start`, or just behind its `<<`.
    fn end_of_heredoc(&self, start: usize) -> usize {
        let after = start + 2;
        let rest = self.text.get(after..).unwrap_or_default();
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let (marker, _) = rest.split_at(ident_len(rest));
        let mut line = self.end_of_line(after);
        if marker.is_empty() {
            return after;
        }
        while line < self.bytes.len() {
            let end = self.end_of_line(line + 1);
            if self.text.get(line + 1..end).is_some_and(|text| text.trim() == marker) {
                return end;
            }
            line = end;
        }
        after
    }

    /// The next line that begins like an attribute or a block and is indented no deeper than the failed item, or
    /// that closes the body around it; the line of the error itself, where it is not the first one of the item.
    /// What is indented deeper belongs to what was never closed.
    fn next_item(&self, start: usize, failed_at: usize) -> usize {
        let indent_of = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
        let first_line = self.start_of_line(start);
        let indent = indent_of(self.text.get(first_line..start).unwrap_or_default());
        let failed_line = self.start_of_line(failed_at);
        let mut line = if failed_line > start { failed_line } else { self.end_of_line(failed_at) };
        while line < self.bytes.len() {
            let text = self.text.get(line..self.end_of_line(line)).unwrap_or_default();
            let (line_indent, text) = (indent_of(text), text.trim_start_matches([' ', '\t']));
            let (name, behind) = text.split_at(ident_len(text));
            let item = !name.is_empty() && behind.trim_start().starts_with(['=', '{', '"']);
            if (item && line_indent <= indent) || (text.starts_with('}') && line_indent < indent) {
                return line;
            }
            line = self.end_of_line(line) + 1;
        }
        self.bytes.len()
    }

    fn start_of_line(&self, offset: usize) -> usize {
        let before = self.bytes.get(..offset.min(self.bytes.len())).unwrap_or_default();
        before.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1)
    }
}
