//! YAML manifests as trees that know their bytes.
//!
//! Only what an edit needs: where each scalar stands, how it is quoted, and what makes it unsafe to touch.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use super::error::GitOpsError;
use slipway_support::slots::{Slots, slot};

/// A file of the repository at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ManifestFile {
    /// Relative to the repository's root, with `/`.
    pub path: String,
    /// Git's file mode, `100644` or `100755`.
    pub mode: String,
    /// Its bytes, as committed.
    pub bytes: Vec<u8>,
    /// The link by which it belongs to the app, where it does not lie in its folder.
    pub link: Option<String>,
}

/// The manifests of a folder, sorted by path.
pub(super) type Files = Slots<FileIndex, ManifestFile>;

/// A manifest by its place among those of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileIndex(pub usize);

slot!(FileIndex);

impl ManifestFile {
    /// An error at a line of this file.
    pub fn error(&self, line: usize, problem: impl Into<String>) -> GitOpsError {
        GitOpsError::Manifest { file: self.path.clone(), line, problem: problem.into() }
    }

    /// The file as text; manifests are UTF-8.
    pub fn text(&self) -> Result<&str, GitOpsError> {
        if self.bytes.starts_with(b"\0GITCRYPT\0") {
            return Err(self.error(
                1,
                "encrypted by git-crypt; Argo CD needs its key, and images in it are not seen here",
            ));
        }
        if self.bytes.starts_with(&[0xff, 0xfe]) || self.bytes.starts_with(&[0xfe, 0xff]) {
            return Err(self.error(1, "UTF-16; save the file as UTF-8"));
        }
        std::str::from_utf8(&self.bytes).map_err(|error| {
            let line = self
                .bytes
                .get(..error.valid_up_to())
                .unwrap_or_default()
                .split(|&byte| byte == b'\n')
                .count();
            self.error(line, "not UTF-8; save the file as UTF-8")
        })
    }

    /// The roots of the file's documents, in order; an empty document is null.
    pub fn documents(&self) -> Result<Vec<Node>, GitOpsError> {
        parse(self.text()?).map_err(|(line, problem)| self.error(line, problem))
    }
}

/// The roots of a text's documents; or the line where it is no YAML, and why.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, (usize, String)> {
    let mut tree = TreeBuilder::default();
    for item in Parser::new_from_str(text) {
        let (event, span) = item.map_err(|error| {
            let line = error.marker().line();
            let template = text.lines().nth(line.saturating_sub(1)).is_some_and(|line| line.contains("{{"));
            let hint = if template { "; templates are not edited: render them first" } else { "" };
            (line, format!("not valid YAML: {}{hint}", error.info()))
        })?;
        tree.add(event, span);
    }
    Ok(tree.documents)
}

/// A YAML node.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its bytes in the file; of a collection, those of its first token.
    pub span: Range<usize>,
    /// Its line, from 1.
    pub line: usize,
    /// Its anchor, by which other places may share it: a number of its own in the file.
    pub anchor: Option<usize>,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A scalar's text after unescaping, and its notation.
    Scalar(String, ScalarStyle),
    /// Pairs in order, duplicates and all.
    Mapping(Vec<(Node, Node)>),
    /// Items in order.
    Sequence(Vec<Node>),
    /// The content of the node that has this anchor.
    Alias(usize),
}

impl Node {
    /// Changes this and every node below it. Nesting is the file's choice, the stack is ours: no recursion.
    pub fn change_each(&mut self, mut change: impl FnMut(&mut Self)) {
        let mut open = vec![self];
        while let Some(node) = open.pop() {
            change(node);
            match &mut node.value {
                Value::Mapping(pairs) => {
                    for (name, value) in pairs {
                        open.extend([name, value]);
                    }
                }
                Value::Sequence(items) => open.extend(items),
                Value::Scalar(..) | Value::Alias(_) => {}
            }
        }
    }

    /// This and every node below it, in no order; without recursion.
    pub fn each(&self) -> impl Iterator<Item = &Self> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let node = open.pop()?;
            open.extend(node.pairs().iter().flat_map(|(name, value)| [name, value]));
            open.extend(node.items());
            Some(node)
        })
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// The first value under `key`, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.pairs().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The pairs of a mapping; none of anything else.
    pub fn pairs(&self) -> &[(Self, Self)] {
        match &self.value {
            Value::Mapping(pairs) => pairs,
            _ => &[],
        }
    }

    /// The pairs of a mapping of texts.
    pub fn texts(&self) -> Vec<(String, String)> {
        let pair = |(name, value): &(Self, Self)| Some((name.text()?.to_owned(), value.text()?.to_owned()));
        self.pairs().iter().filter_map(pair).collect()
    }

    /// The items of a sequence; none of anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// Whether this is null, written or left out.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, ScalarStyle::Plain) if matches!(text.as_str(), "~" | "" | "null"))
    }
}

/// Collects events into documents without recursion: nesting is the file's choice, the stack is ours.
#[derive(Default)]
struct TreeBuilder {
    documents: Vec<Node>,
    open: Vec<Open>,
}

/// A collection whose end has not come yet; of a mapping, keys and values alternate.
struct Open {
    node: Node,
    children: Vec<Node>,
}

impl TreeBuilder {
    fn add(&mut self, event: Event<'_>, span: Span) {
        let range = span.byte_range().unwrap_or_default();
        let line = span.start.line();
        let node =
            |anchor: usize, value| Node { span: range, line, anchor: (anchor != 0).then_some(anchor), value };
        match event {
            Event::Scalar(text, style, anchor, _) => {
                self.close(node(anchor, Value::Scalar(text.into_owned(), style)));
            }
            Event::Alias(anchor) => self.close(node(0, Value::Alias(anchor))),
            Event::MappingStart(_, anchor, _) => {
                self.open.push(Open { node: node(anchor, Value::Mapping(Vec::new())), children: Vec::new() });
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open
                    .push(Open { node: node(anchor, Value::Sequence(Vec::new())), children: Vec::new() });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some(Open { mut node, children }) = self.open.pop() {
                    node.value = match node.value {
                        Value::Mapping(_) => Value::Mapping(pair_up(children)),
                        _ => Value::Sequence(children),
                    };
                    self.close(node);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.documents.push(node),
        }
    }
}

fn pair_up(children: Vec<Node>) -> Vec<(Node, Node)> {
    let mut children = children.into_iter();
    std::iter::from_fn(|| Some((children.next()?, children.next()?))).collect()
}
