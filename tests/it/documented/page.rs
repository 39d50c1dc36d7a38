//! A page as somebody follows it: the files that it shows and the commands that it has typed, in their order.

use std::path::{Path, PathBuf};

use crate::support::root;

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A file is written as the page shows it.
    File {
        /// Its path.
        path: String,
        /// What is in it.
        text: String,
    },
    /// A command is typed.
    Command(Typed),
}

/// A command with what the page shows of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Typed {
    /// The line of the page that it stands in, from 1.
    pub line: usize,
    /// What is typed.
    pub command: String,
    /// What is typed when it asks.
    pub answer: Option<String>,
    /// How it ends.
    pub exits: i32,
    /// The lines that are shown below it.
    pub shown: Vec<String>,
}

/// The file of a page under `docs/`.
pub fn file(name: &str) -> PathBuf {
    root().join("docs").join(name)
}

/// The steps of a page.
pub fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut said = String::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            said.push_str(line);
            continue;
        };
        let inside: Vec<(usize, &str)> = lines.by_ref().take_while(|(_, line)| *line != "```").collect();
        match info.split_once(' ') {
            Some((_, path)) => {
                assert!(
                    said.contains(&format!("`{path}`")),
                    "line {}: nobody reads what the file is called",
                    number + 1
                );
                let text = inside.iter().flat_map(|(_, line)| [*line, "\n"]).collect();
                steps.push(Step::File { path: path.to_owned(), text });
            }
            None if info == "console" => steps.extend(typed(&inside).into_iter().map(Step::Command)),
            None => {}
        }
    }
    steps
}

fn typed(lines: &[(usize, &str)]) -> Vec<Typed> {
    let mut found: Vec<Typed> = Vec::new();
    let mut goes_on = false;
    for (number, line) in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = command.to_owned();
            found.push(Typed { line: number + 1, command, answer: None, exits: 0, shown: Vec::new() });
        } else if let Some(last) = found.last_mut() {
            if goes_on {
                last.command = format!("{}\n{line}", last.command);
            } else {
                last.shown.push((*line).to_owned());
            }
        } else {
            panic!("line {}: what is shown of no command", number + 1);
        }
        goes_on = line.ends_with('\\') && found.last().is_some_and(|last| last.shown.is_empty());
    }
    for typed in &mut found {
        if let Some((command, code)) = typed.command.split_once("  # exits with ") {
            (typed.command, typed.exits) = (command.to_owned(), code.parse().unwrap());
        }
        if let Some((command, answer)) = typed.command.split_once("  # answer ") {
            (typed.command, typed.answer) = (command.to_owned(), Some(answer.to_owned()));
        }
    }
    found
}

/// A text without what is another one each time: where it runs, when, how long, and under which run.
pub fn alike(text: &str, dir: &Path) -> String {
    let text = text.replace(&dir.display().to_string(), "/home/ada/infra");
    let patterns = [
        (r"\b\d{8}-\d{6}-[0-9a-f]{6}\b", "20261128-101500-3f9a1c"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d( UTC|Z)", "2026-11-28T10:15:00Z"),
        (r"\b\d+\.\ds\b", "0.1s"),
    ];
    patterns.iter().fold(text, |text, (pattern, instead)| {
        regex::Regex::new(pattern).unwrap().replace_all(&text, *instead).into_owned()
    })
}

/// Whether a page shows what was said; `…` alone on a line stands for any lines. The width of columns goes with the times
/// in them and does not count.
pub fn shows(shown: &[String], said: &str) -> bool {
    let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let said: Vec<String> = said.trim_end().lines().map(squeeze).collect();
    let shown: Vec<String> = shown.iter().map(|line| squeeze(line)).collect();
    matches(&shown, &said)
}

fn matches(shown: &[String], said: &[String]) -> bool {
    match shown.split_first() {
        None => said.is_empty(),
        Some((first, rest)) if first == "…" => (0..=said.len()).any(|from| matches(rest, &said[from..])),
        Some((first, rest)) => {
            said.split_first().is_some_and(|(next, said)| next == first && matches(rest, said))
        }
    }
}

#[test]
fn a_page_is_read_as_people_read_it() {
    let text = "The file `a/b.hcl`:\n\n```hcl a/b.hcl\nx = 1\n```\n\n```console\n$ one \\\n  two\n$ three  # exits with 2\nsaid\n$ four  # answer y\n```\n\n```text\nno\n```\n";
    let typed = |line, command: &str, exits, shown: &[&str]| {
        let shown = shown.iter().map(ToString::to_string).collect();
        let answer = (command == "four").then(|| "y".to_owned());
        Step::Command(Typed { line, command: command.to_owned(), answer, exits, shown })
    };
    let file = Step::File { path: "a/b.hcl".to_owned(), text: "x = 1\n".to_owned() };
    assert_eq!(
        steps(text),
        [
            file,
            typed(8, "one \\\n  two", 0, &[]),
            typed(10, "three", 2, &["said"]),
            typed(12, "four", 0, &[])
        ]
    );
}

#[test]
fn what_a_page_shows_is_held_to_what_was_said() {
    let shows = |shown: &[&str], said: &str| {
        shows(&shown.iter().map(ToString::to_string).collect::<Vec<_>>(), &alike(said, Path::new("/tmp/x")))
    };
    assert!(shows(&["a  0.1s", "b"], "a 12.3s\nb\n"));
    assert!(shows(&["a", "…", "d"], "a\nb\nc\nd\n") && shows(&["…"], ""));
    assert!(!shows(&["a"], "a\nb\n") && !shows(&["a", "b"], "a\n") && !shows(&["…", "x"], "a\n"));
    assert!(shows(&["in /home/ada/infra/live"], "in /tmp/x/live"));
}
