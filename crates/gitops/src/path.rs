//! Paths to a value in an object: `spec.template.spec.containers[name=web].image`, or `/spec/image`.

use std::fmt;
use std::str::FromStr;

use super::manifest::{Node, Value};

/// A path to a value in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePath {
    /// As it was written.
    text: String,
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// A key, or a place in a list where it is a number.
    Key(String),
    /// Every value of a mapping or a list.
    Any,
    /// The items of a list that have this pair.
    Having(String, String),
}

/// A line, and why the way ends there.
pub(super) type Stop = (usize, &'static str);

/// What a path leads to: the way there by keys and numbers, and the nodes on it, the last of which is meant.
pub(super) struct Reached<'a> {
    pub pointer: Vec<String>,
    pub nodes: Vec<&'a Node>,
}

impl FromStr for ImagePath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let steps = if let Some(pointer) = text.strip_prefix('/') {
            let part = |part: &str| Step::Key(part.replace("~1", "/").replace("~0", "~"));
            pointer.split('/').map(part).collect()
        } else {
            dotted(text)?
        };
        let is_empty = |step: &Step| matches!(step, Step::Key(key) if key.is_empty());
        if steps.is_empty() || steps.iter().any(is_empty) {
            return Err("a step of the path is empty");
        }
        Ok(Self { text: text.to_owned(), steps })
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `spec.containers[0]`, `[*]` and `*`, `[name=web]`, `["a.b"]`.
fn dotted(text: &str) -> Result<Vec<Step>, &'static str> {
    let mut steps = Vec::new();
    let mut rest = text;
    loop {
        if let Some(inside) = rest.strip_prefix('[') {
            let quote = inside.chars().next().filter(|letter| matches!(letter, '"' | '\''));
            let (step, after) = if let Some(quote) = quote {
                let (key, after) = inside.get(1..).unwrap_or_default().split_once(quote).ok_or(UNCLOSED)?;
                (Step::Key(key.to_owned()), after.strip_prefix(']').ok_or(UNCLOSED)?)
            } else {
                let (inside, after) = inside.split_once(']').ok_or(UNCLOSED)?;
                (bracketed(inside), after)
            };
            steps.push(step);
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            steps.push(if key == "*" { Step::Any } else { Step::Key(key.to_owned()) });
            rest = after;
        }
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Ok(steps),
            None => {}
        }
    }
}

const UNCLOSED: &str = "a bracket of the path is not closed";

fn bracketed(inside: &str) -> Step {
    match inside.split_once('=') {
        Some((key, value)) => Step::Having(key.to_owned(), value.to_owned()),
        None if matches!(inside, "*" | "") => Step::Any,
        None => Step::Key(inside.to_owned()),
    }
}

impl ImagePath {
    /// A path of the program's own: keys and `*`.
    pub(super) fn own(text: &str) -> Self {
        let step = |key: &str| if key == "*" { Step::Any } else { Step::Key(key.to_owned()) };
        Self { text: text.to_owned(), steps: text.split('.').map(step).collect() }
    }

    /// All that it leads to in an object; in the place of one the way to which is somebody else's, where and why.
    pub(super) fn follow<'a>(&self, object: &'a Node) -> Vec<Result<Reached<'a>, Stop>> {
        let mut reached = vec![Reached { pointer: Vec::new(), nodes: vec![object] }];
        let mut stops = Vec::new();
        for one in &self.steps {
            let mut next = Vec::new();
            for way in reached {
                let Some(here) = way.nodes.last().copied() else { continue };
                for (key, found) in one.of(here) {
                    match found {
                        Ok(node) => next.push(way.with(key, node)),
                        Err(stop) => stops.push(Err(stop)),
                    }
                }
            }
            reached = next;
        }
        reached.into_iter().map(Ok).chain(stops).collect()
    }
}

impl<'a> Reached<'a> {
    fn with(&self, key: String, node: &'a Node) -> Self {
        let (mut pointer, mut nodes) = (self.pointer.clone(), self.nodes.clone());
        pointer.push(key);
        nodes.push(node);
        Self { pointer, nodes }
    }

    /// What is meant.
    pub fn node(&self) -> Option<&'a Node> {
        self.nodes.last().copied()
    }
}

impl Step {
    fn of<'a>(&self, node: &'a Node) -> Vec<(String, Result<&'a Node, Stop>)> {
        let numbered = |(number, item): (usize, &'a Node)| (number.to_string(), plain(item));
        match self {
            Self::Key(key) => match key.parse::<usize>().ok().and_then(|number| node.items().get(number)) {
                Some(item) => vec![(key.clone(), plain(item))],
                None => match step(node, key) {
                    Ok(None) => Vec::new(),
                    Ok(Some(value)) => vec![(key.clone(), Ok(value))],
                    Err(stop) => vec![(key.clone(), Err(stop))],
                },
            },
            Self::Any if node.items().is_empty() => {
                let pair = |(name, value): &'a (Node, Node)| Some((name.text()?.to_owned(), plain(value)));
                node.pairs().iter().filter_map(pair).collect()
            }
            Self::Any => node.items().iter().enumerate().map(numbered).collect(),
            Self::Having(key, value) => {
                let has = |(_, item): &(usize, &Node)| item.get(key).and_then(Node::text) == Some(value);
                node.items().iter().enumerate().filter(has).map(numbered).collect()
            }
        }
    }
}

fn plain(node: &Node) -> Result<&Node, Stop> {
    match node.value {
        Value::Alias(_) => Err((node.line, "an alias decides the image; write it out here")),
        _ => Ok(node),
    }
}

/// The value under `key`, unless it could be another place's as well, or another place's instead.
pub(super) fn step<'a>(node: &'a Node, key: &str) -> Result<Option<&'a Node>, Stop> {
    if matches!(node.value, Value::Alias(_)) {
        return Err((node.line, "an alias decides the image; write the containers out here"));
    }
    let mut values = node.pairs().iter().filter(|(name, _)| name.text() == Some(key));
    let Some((_, value)) = values.next() else {
        return match node.pairs().iter().find(|(name, _)| name.text() == Some("<<")) {
            Some((merge, _)) => {
                Err((merge.line, "a merge key may decide the image; write the container out here"))
            }
            None => Ok(None),
        };
    };
    if let Some((duplicate, _)) = values.next() {
        return Err((duplicate.line, "the key is there twice; remove one of them"));
    }
    if matches!(value.value, Value::Alias(_)) {
        return Err((value.line, "an alias decides the image; write it out here"));
    }
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;

    fn leads(path: &str, text: &str) -> Vec<String> {
        let documents = parse(text).unwrap();
        let path: ImagePath = path.parse().unwrap();
        path.follow(&documents[0]).into_iter().map(|way| way.unwrap().pointer.join("/")).collect()
    }

    #[test]
    fn a_path_goes_by_keys_numbers_names_and_everything() {
        let text = "spec:\n  list:\n  - {name: a, image: x}\n  - {name: b, image: y}\n  a.b: {image: z}\n";
        for (path, ways) in [
            ("spec.list[1].image", &["spec/list/1/image"][..]),
            ("spec.list.0.image", &["spec/list/0/image"]),
            ("spec.list[name=b].image", &["spec/list/1/image"]),
            ("spec.list[*].image", &["spec/list/0/image", "spec/list/1/image"]),
            ("spec[\"a.b\"].image", &["spec/a.b/image"]),
            ("/spec/list/0/image", &["spec/list/0/image"]),
            ("*.list.*.name", &["spec/list/0/name", "spec/list/1/name"]),
            ("spec.none.image", &[]),
            ("spec.list[7].image", &[]),
        ] {
            assert_eq!(leads(path, text), ways, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", "a..b", "a[b", "a[\"b]", "/", "a.", "[\"\"]"] {
            assert!(path.parse::<ImagePath>().is_err(), "{path}");
        }
    }
}
