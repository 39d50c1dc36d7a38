use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

fn run(estate: &Estate, arguments: &[&str], ci: bool) -> Ended {
    let slipway = Slipway::new(estate.path(), &tool("tofu")).env_remove("SLIPWAY_VERBOSE");
    let slipway = if ci { slipway.env("CI", "true") } else { slipway };
    slipway.run(arguments)
}

/// `fine`, and `broken` whose provisioner fails.
fn estate() -> Estate {
    let estate = Estate::new();
    estate.unit("fine", &[]).unit("broken", &[]);
    let file = "live/broken/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    estate.write(file, &text.replace("inputs = {", "inputs = {\n  fail = true"));
    estate
}

#[test]
fn a_pipeline_reads_one_line_for_each_unit_and_each_failure_once() {
    let ended = run(&estate(), &["apply", "--yes"], true).exits(1);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains("fine")).count(), 1, "{}", ended.stderr);
    assert_eq!(lines.iter().filter(|line| line.contains("broken")).count(), 1, "{}", ended.stderr);
    // The answer has it, and is read in the same log.
    assert!(!ended.stderr.contains("it broke") && ended.stdout.contains("it broke"), "{}", ended.stderr);
    assert_eq!(ended.stdout.matches("failed broken: ").count(), 1, "{}", ended.stdout);
    // Where the answer is for a program, whoever reads the log is told there.
    let ended = run(&estate(), &["apply", "--yes", "--format", "json"], true).exits(1);
    assert!(ended.stderr.contains("it broke"), "{}", ended.stderr);
    let apart = run(&estate(), &["apply", "--yes"], false).exits(1);
    assert!(apart.stderr.contains("it broke"), "whoever keeps only the log needs it: {}", apart.stderr);
}

#[test]
fn quiet_tells_what_went_wrong_and_verbose_each_step() {
    let quiet = run(&estate(), &["apply", "--yes", "-q"], false).exits(1);
    assert!(quiet.stderr.contains("broken failed") && !quiet.stderr.contains("fine"), "{}", quiet.stderr);
    assert!(quiet.stdout.contains("fine"), "the answer stays: {}", quiet.stdout);
    let estate = Estate::new();
    estate.unit("only", &[]);
    let verbose = run(&estate, &["apply", "--yes", "-v"], false).exits(0);
    assert!(
        verbose.stderr.contains("only: init") && verbose.stderr.contains("only: apply"),
        "{}",
        verbose.stderr
    );
    let again = run(&estate, &["plan", "-q"], false).exits(0);
    assert_eq!(again.stderr, "", "there is nothing to tell");
    assert!(again.stdout.contains("nothing to change"), "{}", again.stdout);
    // By the environment as well; quiet goes before it.
    let both = Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_QUIET", "1").run(&["plan"]).exits(0);
    assert_eq!(both.stderr, "");
}

#[test]
fn an_empty_plan_has_no_changes_and_very_many_of_them_are_one_line() {
    let estate = Estate::new();
    for unit in 0..12 {
        estate.unit(&format!("u{unit:02}"), &[]);
    }
    run(&estate, &["apply", "--yes", "-q"], false).exits(0);
    let unit = std::fs::read_to_string(estate.path().join("live/u03/terragrunt.hcl")).unwrap();
    estate.write("live/u03/terragrunt.hcl", &unit.replace("\"u03\"", "\"other\""));
    let ended = run(&estate, &["plan"], false).exits(0);
    assert!(ended.stderr.contains("= u00 no changes"), "{}", ended.stderr);
    assert!(ended.stdout.contains("u03") && !ended.stdout.contains("u00"), "{}", ended.stdout);
    let line = ended.stdout.lines().find(|line| line.starts_with("11 more")).unwrap();
    assert!(line.ends_with("no changes"), "{line}");
    // All of them, where somebody asks.
    assert!(run(&estate, &["plan", "-v"], false).stdout.contains("u00"));
    assert!(run(&estate, &["runs", "show"], false).stdout.contains("u00"));
}
