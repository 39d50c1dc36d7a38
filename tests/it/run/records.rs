//! The records of runs: listed with what they were, and removed when they are old.

use std::process::Stdio;

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::stopping::{until, until_there};
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

/// A unit whose apply waits until a file is there, beside one that is quick.
fn waiting(estate: &Estate) -> std::path::PathBuf {
    let go = estate.path().join("go");
    let waits = format!("touch {0}-begun; until [ -e {0} ]; do sleep 0.05; done", go.display());
    let hook = format!(
        "terraform {{\n  before_hook \"wait\" {{\n    commands = [\"apply\"]\n    execute = [\"sh\", \"-c\", \"{waits}\"]\n  }}\n"
    );
    estate.unit("quick", &[]).unit("slow", &["quick"]).change("slow", "terraform {\n", &hook);
    go
}

#[test]
fn a_run_in_another_terminal_is_watched_to_its_end() {
    let estate = Estate::new();
    let go = waiting(&estate);
    slipway(&estate, &["runs", "watch"]).exits(64).says("there are no runs yet");
    let start = |arguments: &[&str], log: &str| {
        let mut command = Slipway::new(estate.path(), &tool("tofu")).into_command(arguments);
        let log = std::fs::File::create(estate.path().join(log)).unwrap();
        command.stdout(Stdio::piped()).stderr(log).spawn().unwrap()
    };
    let said = |log: &str| std::fs::read_to_string(estate.path().join(log)).unwrap();

    let apply = ["apply", "--yes"];
    let run = start(&apply, "applied");
    until_there(&go.with_file_name("go-begun"));
    let watch = start(&["runs", "watch"], "watched");
    until("what was before is not told", || said("watched").contains("✓ quick applied"));
    until("what is done is not told", || said("watched").contains("slow: "));
    std::fs::write(&go, "").unwrap();
    assert!(run.wait_with_output().unwrap().status.success(), "{}", said("applied"));
    let watched = watch.wait_with_output().unwrap();
    let table = String::from_utf8_lossy(&watched.stdout).into_owned();
    assert!(watched.status.success() && table.contains("total"), "{table}{}", said("watched"));
    assert!(said("watched").contains("✓ slow applied"), "{}", said("watched"));
    // One that is over is told at once, with the code that it had.
    let over = slipway(&estate, &["runs", "watch", "--format", "json"]).exits(0).json();
    assert_eq!(over["finished"], true);

    // And of one that is killed it is said that it was.
    std::fs::remove_file(&go).unwrap();
    std::fs::remove_file(go.with_file_name("go-begun")).unwrap();
    estate.change("slow", "\"slow", "\"slower");
    let mut run = start(&apply, "killed");
    until_there(&go.with_file_name("go-begun"));
    let watch = start(&["runs", "watch"], "watched");
    until("it is not seen", || said("watched").contains("slow: "));
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(watch.wait_with_output().unwrap().status.code(), Some(1), "{}", said("watched"));
    assert!(said("watched").contains("it stopped before its end"), "{}", said("watched"));
    std::fs::write(&go, "").unwrap();
}
