//! The records of runs: listed with what they were, and removed when they are old.

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

fn slipway(estate: &Estate, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), &tool("tofu")).env("USER", "alex").run(arguments)
}

/// The ids, newest first.
fn ids(estate: &Estate) -> Vec<String> {
    let runs = slipway(estate, &["runs", "--format", "json"]).exits(0).json();
    runs.as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_newest_are_listed_under_what_each_column_is() {
    let estate = Estate::chain();
    let none = slipway(&estate, &["runs"]).exits(0).says("there are no runs yet");
    assert_eq!(none.stdout, "");
    slipway(&estate, &["runs", "show"]).exits(64).says("plan, apply, destroy, up and down make them");
    slipway(&estate, &["apply", "networking", "--yes"]).exits(0);
    slipway(&estate, &["plan", "--filter", "bucket"]).exits(0);
    let listed = slipway(&estate, &["runs"]).exits(0).stdout;
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["run", "began", "command", "path", "commit", "by", "result"]);
    assert_eq!(lines[1][2..], ["plan", ".", "·", "alex", "done"], "newest first");
    assert_eq!(lines[2][2..], ["apply", "networking", "·", "alex", "done"]);
    let one = slipway(&estate, &["runs", "--limit", "1"]).exits(0).says("and 1 older ones");
    assert_eq!(one.stdout.lines().count(), 2);
    assert_eq!(slipway(&estate, &["runs", "--limit", "0"]).exits(0).stdout, listed);
}

#[test]
fn old_records_go_and_what_can_be_gone_on_with_stays() {
    let estate = Estate::chain();
    for _ in 0..4 {
        slipway(&estate, &["apply", "bucket", "--yes"]).exits(0);
    }
    let before = ids(&estate);
    // The oldest was killed: its journal has no end.
    let journal = estate.path().join(".slipway/runs").join(&before[3]).join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&journal, lines[..lines.len() - 2].join("\n") + "\n").unwrap();

    slipway(&estate, &["runs", "prune"]).exits(0).says("0 runs removed");
    slipway(&estate, &["runs", "prune", "--keep", "1", "--older-than", "1d"]).exits(0).says("0 runs removed");
    slipway(&estate, &["runs", "prune", "--keep", "1", "--dry-run"]).exits(0).says("2 runs would be removed");
    assert_eq!(ids(&estate), before);
    let pruned = slipway(&estate, &["runs", "prune", "--keep", "1"]).exits(0);
    pruned.says("2 runs removed").says("1 older run stays");
    assert_eq!(ids(&estate), [before[0].clone(), before[3].clone()]);
    assert!(estate.applied("bucket").is_some(), "a record is no state");
    slipway(&estate, &["resume", &before[3], "--yes"]).exits(0);
    slipway(&estate, &["runs", "prune", "--older-than", "soon"]).exits(64).says("write it like 90d");
}
