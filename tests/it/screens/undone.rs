//! What did not come to its end: a unit failed, somebody said no, somebody pressed Ctrl-C.

use super::{Person, Situation, Surface, applied, run, says, three_units};
use crate::support::estate::Estate;

const FEW: [Surface; 2] = [Surface::Terminal(80), Surface::Pipes];
const TERMINAL: [Surface; 1] = [Surface::Terminal(80)];

#[test]
fn one_failed() {
    Situation::new("failed", three_units("breaks")).does(&["apply", "--yes"]);
    let estate = applied("cluster");
    estate.write("infra/text/wrong.tf", "output \"wrong\" {\n  value = terraform_data.that.id\n}\n");
    Situation::new("failed", estate).does(&["plan"]);
}

#[test]
fn one_could_not_be_destroyed() {
    Situation::new("failed", applied("stays")).does(&["destroy", "--yes"]);
}

#[test]
fn after_one_failed() {
    let estate = three_units("breaks");
    run(&estate, &["apply", "--yes"], 1);
    let failed = Situation::new("failed", estate);
    for arguments in [&["runs"][..], &["runs", "show"], &["output"]] {
        failed.looks(arguments);
    }
}

#[test]
fn going_on_after_one_failed() {
    let broken = || {
        let estate = three_units("breaks");
        run(&estate, &["apply", "--yes"], 1);
        estate
    };
    let mended = || {
        let estate = broken();
        says(&estate, "mended");
        estate
    };
    let nowhere = || Situation::new("failed", Estate::new());
    nowhere().goes_on(&FEW, &["resume", "--yes"], broken);
    nowhere().with(Person::Declines).goes_on(&FEW, &["resume"], broken);
    Situation::new("mended", Estate::new()).goes_on(&FEW, &["resume", "--yes"], mended);
}

#[test]
fn somebody_said_no() {
    let estate = applied("cluster");
    says(&estate, "larger cluster");
    let declined = Situation::new("declined", estate).with(Person::Declines);
    for arguments in [&["apply"][..], &["destroy"]] {
        declined.does(arguments);
    }
    for arguments in [&["up"][..], &["down"]] {
        declined.does_on(&TERMINAL, arguments);
    }
}

#[test]
fn somebody_pressed_ctrl_c() {
    let interrupted = |word| Situation::new("interrupted", word).with(Person::Interrupts);
    interrupted(three_units("lasts")).does(&["apply", "--yes"]);
    interrupted(applied("goes")).does(&["destroy", "--yes"]);
}
