//! Nothing to do: everything is as it should be, or nothing is there yet.

use super::{Situation, Surface, applied, three_units};

#[test]
fn nothing_has_changed() {
    let same = Situation::new("same", applied("cluster"));
    for arguments in [&["plan"][..], &["apply", "--yes"], &["up", "--yes"]] {
        same.does(arguments);
    }
}

#[test]
fn nothing_was_applied_and_nothing_ran() {
    let fresh = Situation::new("fresh", three_units("cluster"));
    for arguments in [
        &["runs"][..],
        &["runs", "show"],
        &["resume"],
        &["output"],
        &["unlock", "cluster"],
        &["cache"],
        &["doctor", "--offline"],
        &["explain"],
    ] {
        fresh.looks(arguments);
    }
    for arguments in [&["destroy", "--yes"][..], &["down", "--yes"]] {
        fresh.does(arguments);
    }
}

#[test]
fn nothing_is_chosen() {
    let fresh = Situation::new("none", three_units("cluster"));
    for command in ["find", "graph", "validate", "output", "plan", "apply", "destroy", "up", "down"] {
        fresh.looks(&[command, "--filter", "nowhere"]);
    }
}

#[test]
fn a_repository_that_would_begin() {
    let fresh = Situation::new("fresh", three_units("cluster"));
    fresh.looks(&["init", "estate", "--organization", "acme", "--env", "dev", "--yes", "--dry-run"]);
    fresh.looks(&["init", "estate", "--organization", "Acme"]);
}

#[test]
fn commands_that_need_no_estate() {
    let fresh = Situation::new("fresh", three_units("cluster"));
    for arguments in [
        &["version"][..],
        &["man"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["completions", "fish"],
    ] {
        fresh.looks_on(&[Surface::Pipes], arguments);
    }
}
