//! YAML in YAML: the text of a literal block, read with its places in the file.

use super::error::GitOpsError;
use super::manifest::{ManifestFile, Node, Value, parse};
use granit_parser::ScalarStyle;

/// Where each line of a block's text begins: there, and in the file.
struct Lines {
    inside: Vec<usize>,
    outside: Vec<usize>,
    /// The line of the file before the first.
    before: usize,
}

/// Whether a value is a block whose lines are the file's own, so that a byte in it is one of the file.
pub(super) fn is_literal(node: &Node) -> bool {
    matches!(node.value, Value::Scalar(_, ScalarStyle::Literal))
}

/// The documents of a literal block's text, all with their places in the file.
pub(super) fn documents_in(file: &ManifestFile, block: &Node) -> Result<Vec<Node>, GitOpsError> {
    let text = block.text().unwrap_or_default();
    let lines = Lines::of(file, block).ok_or_else(|| {
        file.error(block.line, "the lines of this block are not those of the file; write it with |")
    })?;
    let mut documents = parse(text).map_err(|(line, problem)| file.error(lines.before + line, problem))?;
    for document in &mut documents {
        lines.move_out(document);
    }
    Ok(documents)
}

impl Lines {
    fn of(file: &ManifestFile, block: &Node) -> Option<Self> {
        let text = block.text()?;
        let whole = file.text().ok()?;
        // The parser says where its first word is; empty lines before that are text already.
        let mut start = whole.get(..block.span.start)?.rfind('\n')? + 1;
        for _ in text.bytes().take_while(|byte| *byte == b'\n') {
            start = whole.get(..start.checked_sub(1)?)?.rfind('\n')? + 1;
        }
        let before = whole.get(..start)?.matches('\n').count();
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        let (mut there, mut here) = (0, start);
        let mut outer = whole.get(start..)?.split_inclusive('\n');
        for line in text.split_inclusive('\n') {
            let (own, raw) = (line.trim_end_matches('\n'), outer.next()?);
            let shown = raw.trim_end_matches('\n').trim_end_matches('\r');
            let indentation = shown.strip_suffix(own)?;
            if !indentation.chars().all(|letter| letter == ' ') {
                return None;
            }
            inside.push(there);
            outside.push(here + indentation.len());
            there += line.len();
            here += raw.len();
        }
        // The end of the last line.
        inside.push(there);
        outside.push(here);
        Some(Self { inside, outside, before })
    }

    fn place(&self, at: usize) -> usize {
        let line = self.inside.partition_point(|start| *start <= at).saturating_sub(1);
        let (inside, outside) = (self.inside.get(line), self.outside.get(line));
        inside.zip(outside).map_or(at, |(inside, outside)| outside + at - inside)
    }

    fn move_out(&self, root: &mut Node) {
        root.change_each(|node| {
            // The end belongs to the line of what is before it.
            let length = node.span.len();
            let start = self.place(node.span.start);
            let end = if length == 0 { start } else { self.place(node.span.end - 1) + 1 };
            node.span = start..end;
            node.line += self.before;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of a block under the first key, each with what the file has in its place.
    fn values(text: &str) -> Vec<(String, String)> {
        let bytes = text.as_bytes().to_vec();
        let file = ManifestFile { path: "a.yaml".into(), mode: String::new(), bytes, link: None };
        let documents = file.documents().unwrap();
        let (_, block) = &documents[0].pairs()[0];
        assert!(is_literal(block));
        let inner = documents_in(&file, block).unwrap();
        let of = |(_, value): &(Node, Node)| {
            let line = text.lines().nth(value.line - 1).unwrap();
            assert!(line.contains(value.text().unwrap()), "{line}");
            (value.text().unwrap().to_owned(), text.get(value.span.clone()).unwrap().to_owned())
        };
        inner.iter().flat_map(|document| document.pairs().iter().map(of)).collect()
    }

    #[test]
    fn values_of_a_block_are_found_in_the_file() {
        for text in [
            "a: |-\n  x: one\n  y: two\nb: 3\n",
            "a: |2\n\n  # ü\n  x: one\n\n  y: two\n\n\n",
            "a: &a |+ # note\r\n    x: one\r\n    y: two\r\n\r\nb: x\r\n",
            "a: |\n\n\n   x: one\n   ---\n   y: two",
        ] {
            let same = |text: &str| (text.to_owned(), text.to_owned());
            assert_eq!(values(text), [same("one"), same("two")], "{text}");
        }
    }
}
