//! All well: everything was applied once, and one unit has changed since.

use super::{Person, Situation, Surface, applied, says};

const FEW: [Surface; 2] = [Surface::Terminal(80), Surface::Pipes];

fn well() -> Situation {
    let estate = applied("cluster");
    says(&estate, "larger cluster");
    Situation::new("well", estate)
}

#[test]
fn commands_that_look() {
    let well = well();
    for arguments in [
        &["find"][..],
        &["find", "--dag"],
        &["graph"],
        &["render", "live/cluster"],
        &["validate"],
        &["output"],
        &["output", "cluster", "value"],
        &["runs"],
        &["runs", "show"],
        &["unlock", "cluster"],
        &["resume"],
        &["stack", "generate"],
        &["stack", "clean"],
        &["cache"],
        &["cache", "prune"],
        &["doctor", "--offline"],
    ] {
        well.looks(arguments);
    }
}

#[test]
fn commands_over_units() {
    let well = Situation::new("well", applied("cluster"));
    well.looks(&["run", "--", "state", "list"]);
    well.looks_on(&FEW, &["run", "cluster", "--", "output", "-raw", "value"]);
    well.looks_on(&FEW, &["exec", "--", "false"]);
    well.looks_on(&FEW, &["exec", "--dry-run", "--", "env"]);
    let asked = Situation::new("well-asked", applied("cluster")).with(Person::Declines);
    asked.looks_on(&FEW, &["run", "--", "taint", "terraform_data.this"]);
}

#[test]
fn commands_that_plan_and_apply() {
    let well = well();
    well.does(&["plan"]);
    well.does(&["apply", "--yes"]);
    well.does_on(&FEW, &["up", "--yes"]);
}

#[test]
fn commands_that_destroy() {
    let well = well();
    well.does(&["destroy", "--yes"]);
    well.does_on(&FEW, &["down", "--yes"]);
}

#[test]
fn a_replacement_counts_on_both_sides() {
    let estate = applied("cluster");
    says(&estate, "anew");
    Situation::new("well-replacing", estate).with(Person::Away).does(&["apply", "--yes"]);
}
