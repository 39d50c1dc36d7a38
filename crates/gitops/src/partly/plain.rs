//! What is sure to be well formed without being parsed: YAML as most people write it, in blocks, a key a line.
//!
//! Anything else is in doubt, and parsed: anchors, tags, values over several lines, keys in quotes, tabs.

use crate::manifest::parse;

/// Whether a text is sure to be one value in blocks, or nothing.
pub(super) fn is_plain(text: &str) -> bool {
    let mut blocks = Blocks::default();
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).peekable();
    // Where a document begins, and what is behind that.
    if let Some(rest) = lines.peek().and_then(|line| line.strip_prefix("---")) {
        if !is_comment(rest) {
            return false;
        }
        lines.next();
    }
    lines.all(|line| blocks.take(line).is_some())
}

/// Blocks that are open, the outermost first.
#[derive(Default)]
struct Blocks {
    open: Vec<Block>,
    /// Whether the last key has no value yet.
    is_pending: bool,
    /// The text that is gone through, where one is.
    text: Option<Text>,
    /// Whether there was a line already.
    has_begun: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Block {
    indentation: usize,
    is_list: bool,
}

/// A text in a block of lines: it is indented more than its key.
struct Text {
    key: usize,
    /// As far as its first line is.
    own: Option<usize>,
}

impl Blocks {
    /// Takes a line; none where it is not sure that it can follow.
    fn take(&mut self, line: &str) -> Option<()> {
        if !line.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return None;
        }
        let mut rest = line.trim_start_matches(' ');
        let mut indentation = line.len() - rest.len();
        if let Some(text) = &mut self.text {
            if rest.is_empty() {
                return (indentation == 0 || text.own.is_some()).then_some(());
            }
            if indentation > text.key {
                return (indentation >= *text.own.get_or_insert(indentation)).then_some(());
            }
            self.text = None;
        }
        if rest.is_empty() || rest.starts_with('#') {
            return Some(());
        }
        let mut is_item = false;
        while let Some(inside) = rest.strip_prefix("- ") {
            self.enter(Block { indentation, is_list: true }, is_item)?;
            let next = inside.trim_start_matches(' ');
            indentation += 2 + inside.len() - next.len();
            (rest, is_item) = (next, true);
        }
        let end = rest.find(|letter: char| !is_of_key(letter)).unwrap_or(rest.len());
        let (key, behind) = rest.split_at_checked(end)?;
        let value = behind
            .strip_prefix(':')
            .filter(|value| !key.is_empty() && (value.is_empty() || value.starts_with(' ')));
        let Some(value) = value else {
            // An item may be a value of its own.
            return (is_item && is_value(rest)).then_some(());
        };
        if !key.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_') {
            return None;
        }
        self.enter(Block { indentation, is_list: false }, is_item)?;
        let value = value.trim_start_matches(' ');
        if value.is_empty() || value.starts_with('#') {
            self.is_pending = true;
        } else if let Some(rest) = value.strip_prefix(['|', '>']) {
            let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest);
            self.text = is_comment(rest).then_some(Text { key: indentation, own: None });
            return self.text.is_some().then_some(());
        } else if !is_value(value) {
            return None;
        }
        Some(())
    }

    /// Goes on with a block, or begins it where one may begin: behind a key without a value, or as an item.
    fn enter(&mut self, block: Block, is_item: bool) -> Option<()> {
        let mut may_begin = is_item || std::mem::take(&mut self.is_pending) || !self.has_begun;
        self.has_begun = true;
        while let Some(last) = self.open.last().copied() {
            let is_over = last.indentation > block.indentation
                // A list may be indented as its key is.
                || last.indentation == block.indentation && last.is_list && !block.is_list;
            if !is_over {
                break;
            }
            self.open.pop();
            // The key without a value was one of that.
            may_begin = false;
            if self.open.is_empty() {
                return None;
            }
        }
        let last = self.open.last().copied();
        if last == Some(block) && !is_item {
            return Some(());
        }
        let fits = last.is_none_or(|last| {
            last.indentation < block.indentation
                || last.indentation == block.indentation && block.is_list && !last.is_list
        });
        (may_begin && fits).then(|| self.open.push(block))
    }
}

fn is_of_key(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/')
}

/// Whether behind a value there is nothing, or a comment.
fn is_comment(rest: &str) -> bool {
    let text = rest.trim_start_matches(' ');
    text.is_empty() || text.starts_with('#') && rest.starts_with(' ')
}

/// Whether a text is sure to be a value that ends on its line.
fn is_value(text: &str) -> bool {
    let Some(first) = text.bytes().next() else { return false };
    match first {
        b'"' => {
            let inside = text.get(1..).unwrap_or_default();
            let end = inside.split_once('"');
            end.is_some_and(|(value, rest)| !value.contains('\\') && is_comment(rest))
        }
        b'\'' => {
            let inside = text.get(1..).unwrap_or_default();
            let end = inside.split_once('\'');
            end.is_some_and(|(_, rest)| is_comment(rest))
        }
        // They are short, and soon parsed.
        // They are short, and soon parsed.
        b'{' | b'[' => parse(text).is_ok_and(|documents| {
            matches!(&documents[..], [only] if only.text().is_none() && only.each().all(|node| node.anchor.is_none()))
        }),
        b'-' => text.as_bytes().get(1).is_some_and(|next| *next != b' ') && is_unquoted(text),
        first
            if first.is_ascii_alphanumeric()
                || matches!(first, b'/' | b'.' | b'_' | b'$' | b'(' | b'+' | b'=' | b'~' | b'<' | b'^') =>
        {
            is_unquoted(text)
        }
        _ => false,
    }
}

/// Whether a value without quotes is one to the end of its line, or to a comment.
fn is_unquoted(text: &str) -> bool {
    let value = text.split(" #").next().unwrap_or_default().trim_end();
    !value.contains(": ") && !value.ends_with(':')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_called_well_formed_is_parsed(
            lines in proptest::collection::vec((
                0..5_usize,
                prop_oneof![3 => Just(""), 2 => Just("- "), 1 => Just("-   "), 1 => Just("- - "), 1 => Just("-")],
                prop_oneof![4 => Just("a:"), 1 => Just("a.b/c:"), 1 => Just("'a':"), 1 => Just("a :"), 2 => Just("")],
                prop_oneof![
                    3 => Just(""), 3 => Just(" b"), 1 => Just(" |"), 1 => Just(" >- # c"), 1 => Just(" 'b' # c"), 1 => Just(" \"b\""),
                    1 => Just(" {a: b}"), 1 => Just(" [a, b"), 1 => Just(" # c"), 1 => Just(" b: c"), 1 => Just(" - c"), 1 => Just(" &a b"),
                    1 => Just(" b'c"), 1 => Just(" 'b"), 1 => Just("b"), 1 => Just(" #"), 1 => Just(" -"), 1 => Just(" ---"), 1 => Just(" ?"),
                ],
            ), 0..7),
        ) {
            let line = |(spaces, dash, key, value): &(usize, &str, &str, &str)| format!("{}{dash}{key}{value}\n", " ".repeat(*spaces));
            let text: String = lines.iter().map(line).collect();
            if is_plain(&text) {
                prop_assert!(parse(&text).is_ok_and(|documents| documents.len() <= 1), "{}", text);
            }
        }
    }

    #[test]
    fn what_most_people_write_is_sure_to_be_well_formed() {
        for text in [
            "",
            "# nothing\n",
            "a: b\n",
            "--- # first\na: b # c\nd:\n  e: 'f' # g\n  h: \"i\"\n\n# j\nk: {l: m}\n",
            "- a: b\n  c:\n  - d: e\n    f:\n      - g\n      - 1\n  h: i\n",
            "  - a: b\n    c: d\r\n  - a: x\n",
            "a:\n- b\n- c: d\n  e: f\ng: h\n",
            "a: |\n  x: [\n\n    more 'x\n  # y\nb: >- # c\n  folded\n   more\nd: e\n",
            "a:\n  - - b\n    - c\n  - - d\n",
            "a: http://b:1/c?d=e#f\nimage: registry.example/web:v1@sha256:0a # x\n- : \n"
                .trim_end_matches("- : \n"),
            "a:\nb:\n  c:\nd: -1\ne: --f\ng: /h\n",
        ] {
            assert!(is_plain(text), "{text}");
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn everything_else_is_in_doubt() {
        for text in [
            "a: &b c\n",
            "a: *b\n",
            "a: !!str b\n",
            "<<: {a: b}\n",
            "? a\n: b\n",
            "\"a\": b\n",
            "a: \"b\n",
            "a: 'b\n  c'\n",
            "a: \"b\\n\"\n",
            "a: b: c\n",
            "a: b\n  c: d\n",
            "a: b\n c: d\n",
            "a:\n    b: c\n  d: e\n",
            "a:\n  b: c\n - d\n",
            "a: {b\n",
            "a: {b: {c: d}\n",
            "a: [b]]\n",
            "a: [b\n",
            "a: [&b c]\n",
            "a: b\n- c\n",
            "- a\nb: c\n",
            "a:\n\tb: c\n",
            "a: b\u{e9}\n",
            "a: |2\n   b\n",
            "a: |\n   b\n  c\n",
            "a: |\n     \n  b\n",
            "a: b\n...\nc: d\n",
            "--- a: b\n",
            "a: b\n---\nc: d\n",
            "a\n",
            "a: @b\n",
            "a: `b`\n",
            "a: b\nc\n",
            "-\n  a: b\n",
            "a: %b\n",
            "  a: b\nc: d\n",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
