//! A file of many documents, read where it matters only: documents say nothing of each other.

use granit_parser::ScalarStyle;

use super::manifest::{Node, Value, parse};

/// The documents of a text in which a word stands, in order and with their places in the whole; none where it has to be read as one.
///
/// Left out are only documents that are sure not to say the word, in whatever notation, and that are objects.
pub(super) fn documents_about(text: &str, word: &str) -> Option<Vec<Node>> {
    // A directive is about what follows it.
    if word.is_empty() || text.starts_with('%') || text.contains("\n%") {
        return None;
    }
    let mut all = Vec::new();
    let (mut start, mut line) = (0, 0);
    for chunk in Chunks(text) {
        if is_left_out(chunk, word) {
            // Nothing stands in its place, so that the one before it is known to end here.
            let value = Value::Scalar(String::new(), ScalarStyle::Plain);
            all.push(Node { span: start..start, line: line + 1, anchor: None, value });
        } else {
            let mut documents = parse(chunk).ok()?;
            for document in &mut documents {
                move_by(document, start, line);
            }
            all.append(&mut documents);
        }
        start += chunk.len();
        line += chunk.bytes().filter(|byte| *byte == b'\n').count();
    }
    Some(all)
}

/// Whether a document is an object, and no notation of it can be the word.
fn is_left_out(chunk: &str, word: &str) -> bool {
    let has_line = |key: &str| {
        chunk.starts_with(key)
            || chunk.match_indices(key).any(|(at, _)| {
                at.checked_sub(1).and_then(|before| chunk.as_bytes().get(before)) == Some(&b'\n')
            })
    };
    !chunk.contains(word) && !chunk.contains('\\') && has_line("kind: ") && has_line("apiVersion: ")
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
mod tests {
    use super::*;

    const OTHER: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: other}\n";
    const MEANT: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: meant}\n";

    fn lines(documents: &[Node]) -> Vec<(usize, usize)> {
        documents.iter().map(|document| (document.line, document.span.start)).collect()
    }

    #[test]
    fn what_is_read_has_the_places_that_it_has_in_the_whole() {
        let text = format!("\u{feff}# ü\n---\n{OTHER}--- # two\r\n{MEANT}---\n{OTHER}...\n---\n{MEANT}");
        let whole = parse(&text).unwrap();
        let some = documents_about(&text, "meant").unwrap();
        let names = |documents: &[Node]| -> Vec<_> {
            documents.iter().filter_map(|one| Some(one.get("metadata")?.get("name")?.span.clone())).collect()
        };
        assert_eq!(names(&some), [names(&whole)[1].clone(), names(&whole)[3].clone()]);
        let read: Vec<Node> = some.into_iter().filter(|document| !document.is_null()).collect();
        assert!(lines(&read).iter().all(|place| lines(&whole).contains(place)), "{read:?}");
    }

    #[test]
    fn what_may_say_the_word_in_another_notation_or_is_no_object_is_read() {
        for other in [
            "apiVersion: v1\nkind: Pod\nmetadata: {name: \"m\\x65ant\"}\n",
            "kind: Pod\nmetadata: {name: x}\n",
            " apiVersion: v1\n kind: Pod\n",
            "{apiVersion: v1, kind: Pod}\n",
        ] {
            let text = format!("{MEANT}---\n{other}");
            assert_eq!(documents_about(&text, "meant").unwrap().len(), 2, "{other}");
        }
        assert!(documents_about(&format!("%YAML 1.2\n---\n{MEANT}"), "meant").is_none());
        assert!(documents_about(&format!("{MEANT}---\na: [\n"), "meant").is_none());
    }
}
