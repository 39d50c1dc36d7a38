//! `SLIPWAY_LOG`: what was decided, and why.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// Two units of one module and one that depends on them, all applied but the last.
fn estate() -> Estate {
    let estate = Estate::new();
    estate.unit("one", &[]).unit("two", &[]).unit("after", &["one"]).unit("beside", &[]);
    estate
}

/// The lines of the debug log that hold all of these words.
fn lines<'a>(log: &'a str, words: &[&str]) -> Vec<&'a str> {
    log.lines()
        .filter(|line| line.contains("DEBUG") && words.iter().all(|word| line.contains(word)))
        .collect()
}

#[test]
fn the_debug_log_says_why_a_unit_was_chosen_an_init_shared_and_an_output_read_where_it_was() {
    let estate = estate();
    let slipway = || Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_LOG", "debug");
    let queries = ["--filter", "one", "--filter", "two", "--filter", "after"];
    let apply = slipway().run(&[&["apply", "--yes", "-j", "1"], &queries[..]].concat()).exits(0);
    assert_eq!(
        lines(&apply.stderr, &["slipway::launch", "unit=one", "chosen=true", "a query selects it"]).len(),
        1
    );
    assert_eq!(
        lines(&apply.stderr, &["a query selects", "filter=name=two", "units=live/two"]).len(),
        1,
        "{}",
        apply.stderr
    );
    assert!(lines(&apply.stderr, &["beside"]).is_empty(), "{}", apply.stderr);
    assert_eq!(
        lines(&apply.stderr, &["init was run for this unit, and for those alike"]).len(),
        1,
        "{}",
        apply.stderr
    );
    assert_eq!(lines(&apply.stderr, &["init of a unit alike was taken"]).len(), 2, "{}", apply.stderr);
    assert_eq!(lines(&apply.stderr, &["its outputs are those that the apply has told", "unit=one"]).len(), 1);

    let plan = slipway().run(&["plan", "--filter", "after"]).exits(0);
    assert_eq!(
        lines(&plan.stderr, &["unit=one", "chosen=false", "only its outputs are read"]).len(),
        1,
        "{}",
        plan.stderr
    );
    assert_eq!(
        lines(&plan.stderr, &["read where it is kept, without the tool", "live/one"]).len(),
        1,
        "{}",
        plan.stderr
    );
    assert_eq!(lines(&plan.stderr, &["init is not run", "unit=after"]).len(), 1, "{}", plan.stderr);
}

#[test]
fn off_it_says_nothing_and_narrowed_only_what_is_asked_for() {
    let estate = estate();
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    let quiet = slipway().run(&["plan", "--filter", "one"]).exits(0);
    let empty = slipway().env("SLIPWAY_LOG", "").run(&["plan", "--filter", "one"]).exits(0);
    let off = slipway().env("SLIPWAY_LOG", "off").run(&["plan", "--filter", "one"]).exits(0);
    for ended in [quiet, empty, off] {
        assert!(!ended.stderr.contains("DEBUG"), "{}", ended.stderr);
    }
    let narrowed =
        slipway().env("SLIPWAY_LOG", "slipway::engine=debug").run(&["plan", "--filter", "one"]).exits(0);
    assert!(!lines(&narrowed.stderr, &["slipway::engine"]).is_empty(), "{}", narrowed.stderr);
    assert!(lines(&narrowed.stderr, &["slipway::launch"]).is_empty(), "{}", narrowed.stderr);
}

#[test]
fn a_filter_that_says_nothing_is_wrong_usage() {
    let estate = estate();
    for wrong in ["dbug", "slipway::engine=loud", "hyper=trace", "\u{1b}[2J"] {
        let slipway = Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_LOG", wrong);
        slipway
            .run(&["find"])
            .exits(64)
            .says("which is no filter of the debug log")
            .says("slipway::engine=debug");
    }
}

#[test]
fn secrets_are_masked_in_it_and_it_goes_to_a_file_of_ones_own() {
    let estate = estate();
    let file = estate.path().join("why.log");
    let slipway = || {
        let slipway = Slipway::new(estate.path(), &tool("tofu")).env("APP_TOKEN", "canary-debug-log");
        slipway.env("SLIPWAY_LOG", "trace").env("SLIPWAY_FILTER", "one\ncanary-debug-log")
    };
    let ended = slipway().env("SLIPWAY_LOG_FILE", &file).run(&["find"]).exits(0);
    assert!(!ended.stderr.contains("DEBUG"), "{}", ended.stderr);
    let log = std::fs::read_to_string(&file).unwrap();
    assert!(log.contains("filter=name=(sensitive)") && !log.contains("canary"), "{log}");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let told = slipway().run(&["find"]).exits(0);
    assert!(
        told.stderr.contains("filter=name=(sensitive)") && !told.stderr.contains("canary"),
        "{}",
        told.stderr
    );
    // Added to, never begun anew.
    drop(slipway().env("SLIPWAY_LOG_FILE", &file).run(&["find"]).exits(0));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with(&log));
    let nowhere = estate.path().join("none/why.log");
    slipway()
        .env("SLIPWAY_LOG_FILE", nowhere)
        .run(&["find"])
        .exits(64)
        .says("SLIPWAY_LOG_FILE cannot be used");
}

#[test]
fn where_lines_are_json_those_of_the_debug_log_are_too() {
    let estate = estate();
    let slipway = Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_LOG", "debug");
    let ended = slipway.run(&["plan", "--log-format", "json", "--filter", "one"]).exits(0);
    let told = ended.stderr.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert!(told.filter(|line| line["severity"] == "debug").count() > 2, "{}", ended.stderr);
}
