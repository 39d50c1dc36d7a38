//! The examples of `docs/language.md`, run.

use std::path::Path;

use serde_json::Value;

use crate::support::slipway::Slipway;

/// A fenced block whose first line names what it is.
struct Block<'a> {
    name: &'a str,
    body: String,
}

/// The sections of the page with their blocks; each section is a tree of its own.
fn sections(text: &str) -> Vec<(&str, Vec<Block<'_>>)> {
    let mut sections: Vec<(&str, Vec<Block<'_>>)> = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => {
                let block = open.take().unwrap();
                if !block.name.is_empty() {
                    sections.last_mut().unwrap().1.push(block);
                }
            }
            (Some(block), _) => {
                block.body.push_str(line);
                block.body.push('\n');
            }
            (None, Some(info)) => {
                let name = info.split_once(' ').map_or("", |(_, name)| name);
                open = Some(Block { name, body: String::new() });
            }
            (None, None) if line.starts_with("##") => {
                sections.push((line.trim_matches(['#', ' ']), Vec::new()));
            }
            (None, None) => {}
        }
    }
    sections
}

/// Fails where something expected is not there or differs; objects may hold more.
fn holds(actual: &Value, expected: &Value, place: &str) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            for (key, value) in expected {
                let there = actual.get(key).unwrap_or_else(|| panic!("{place} has no {key:?}"));
                holds(there, value, &format!("{place}/{key}"));
            }
        }
        (Value::Array(actual), Value::Array(expected)) if actual.len() == expected.len() => {
            for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
                holds(actual, expected, &format!("{place}/{index}"));
            }
        }
        _ => assert_eq!(actual, expected, "{place}"),
    }
}

fn slipway(tree: &Path) -> Slipway {
    Slipway::new(tree, Path::new("tofu"))
}

/// Checks one block that says what something gives; false where it is a file.
fn checked(tree: &Path, block: &Block<'_>, section: &str) -> bool {
    let plain = |text: &str| text.replace(&tree.display().to_string(), "/estate");
    match block.name.split(' ').collect::<Vec<_>>().as_slice() {
        ["render", key, "of", unit] => {
            let rendered = slipway(tree).run(&["render", unit, "--format", "json"]).exits(0);
            let rendered: Value = serde_json::from_str(&plain(&rendered.stdout)).unwrap();
            holds(&rendered[*key], &serde_json::from_str(&block.body).unwrap(), &format!("{section}: {key}"));
        }
        ["graph", "of", path] => {
            let graph = slipway(tree).run(&["graph", path]).exits(0);
            assert_eq!(plain(&graph.stdout), block.body, "{section}");
        }
        ["errors", "of", unit] => {
            let mut ended = slipway(tree).run(&["render", unit]).exits(3);
            for line in block.body.lines() {
                ended = ended.says(line);
            }
        }
        [_] => return false,
        other => panic!("{section}: nobody knows what {other:?} is"),
    }
    true
}

#[test]
fn every_example_of_the_language_reference_evaluates_to_what_is_written_there() {
    let text = include_str!("../../../docs/language.md");
    let mut examples = 0;
    for (section, blocks) in sections(text) {
        let tree = tempfile::Builder::new().prefix("slipway-language-").tempdir().unwrap();
        let root = tree.path().canonicalize().unwrap();
        std::fs::create_dir(root.join(".git")).unwrap();
        let is_file = |block: &&Block<'_>| !block.name.contains(' ');
        for block in blocks.iter().filter(is_file) {
            let file = root.join(block.name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, block.body.replace("/estate", &root.display().to_string())).unwrap();
        }
        examples += blocks.iter().filter(|block| checked(&root, block, section)).count();
    }
    assert!(examples >= 20, "only {examples} examples were found");
}
