//! What tables and reports count where a unit did not come to its end.

use super::{Driver, each, unit};
use crate::support::estate::Estate;
use crate::support::stopping::{Stoppable, until_there};

/// Three resources after each other; the second one runs a script.
const MODULE: &str = r#"
variable "script" {
  type = string
}
resource "terraform_data" "first" {
  input = var.script
}
resource "terraform_data" "second" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = var.script
  }
}
resource "terraform_data" "third" {
  depends_on = [terraform_data.second]
}
output "value" {
  value = "x"
}
"#;

fn estate(script: &str) -> Estate {
    let estate = Estate::new();
    estate.write("infra/three/main.tf", MODULE);
    unit(&estate, "a", "three", "", &format!("inputs = {{\n  script = \"{script}\"\n}}"));
    estate
}

/// The words of the table's line that begins so.
fn line<'t>(text: &'t str, first: &str) -> Vec<&'t str> {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let is_row = |words: &Vec<&str>| words.get(1).is_some_and(|word| word.parse::<u64>().is_ok());
    lines
        .into_iter()
        .find(|words| words.first() == Some(&first) && is_row(words))
        .unwrap_or_else(|| panic!("{first}: {text}"))
}

/// What the last run says of the unit, in its own table and by `runs show`, and in its reports.
#[track_caller]
fn counts_one(driver: &Driver, estate: &Estate, table: &str, result: &str) {
    let shown = driver.run(estate, &["runs", "show"]).exits(0).stdout;
    for text in [table, &shown] {
        let unit = line(text, "a");
        assert_eq!((unit[1..5].to_vec(), unit.last()), (vec!["1", "0", "0", "0"], Some(&result)), "{text}");
        assert_eq!(line(text, "total")[1..5], ["1", "0", "0", "0"], "{text}");
    }
    let json = driver.run(estate, &["runs", "show", "--format", "json"]).exits(0).json();
    let node = &json["nodes"][0];
    assert_eq!((&node["plan"]["add"], &node["done"]["add"]), (&3.into(), &1.into()), "{node}");
    assert_eq!(node["done"]["resources"][0]["address"], "terraform_data.first");
    let report = estate.path().join("report.md");
    driver.run(estate, &["runs", "show", "--report-markdown", report.to_str().unwrap()]).exits(0).says("");
    let report = std::fs::read_to_string(&report).unwrap();
    assert!(report.contains("**+1 ~0 -0 ±0**"), "{report}");
}

#[test]
fn a_unit_that_failed_counts_what_it_has_made_until_then() {
    each(|driver| {
        let estate = estate("exit 1");
        let ended = driver.run(&estate, &["apply", "--yes"]).exits(1);
        assert!(ended.stderr.contains("a failed (+1 ~0 -0)"), "{}", ended.stderr);
        counts_one(driver, &estate, &ended.stdout, "failed");
        // The next one brings the rest; what was half made goes.
        let text = std::fs::read_to_string(estate.path().join("live/a/terragrunt.hcl")).unwrap();
        estate.write("live/a/terragrunt.hcl", &text.replace("exit 1", "true"));
        let ended = driver.run(&estate, &["apply", "--yes"]).exits(0);
        assert_eq!(line(&ended.stdout, "a")[1..5], ["1", "1", "1", "0"], "{}", ended.stdout);
    });
}

#[test]
fn a_unit_that_was_interrupted_counts_what_it_has_made_until_then() {
    each(|driver| {
        let estate = estate("touch $HOME/begun; sleep 3");
        let running = Stoppable::start(driver.slipway(&estate).into_command(&["apply", "--yes"]));
        until_there(&estate.path().join("begun"));
        running.interrupt(2);
        let output = running.output();
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        counts_one(driver, &estate, &String::from_utf8_lossy(&output.stdout), "interrupted");
    });
}

#[test]
fn what_never_began_counts_nothing_though_it_was_planned() {
    each(|driver| {
        let estate = estate("true");
        let policy = "policy \"never\" {\n  deny = [\"no\"]\n}\n";
        let text = std::fs::read_to_string(estate.path().join("slipway.hcl")).unwrap();
        estate.write("slipway.hcl", &format!("{text}{policy}"));
        let ended = driver.run(&estate, &["apply", "--yes"]);
        assert_ne!(ended.code, 0);
        assert_eq!(line(&ended.stdout, "a")[1..5], ["0", "0", "0", "0"], "{}", ended.stdout);
        assert_eq!(
            line(&driver.run(&estate, &["plan"]).stdout, "a")[1..5],
            ["3", "0", "0", "0"],
            "a plan is a plan"
        );
    });
}

#[test]
fn a_run_that_is_gone_on_with_counts_what_was_made_before_it_stopped_too() {
    each(|driver| {
        let estate = estate("test -e $HOME/mended");
        driver.run(&estate, &["apply", "--yes"]).exits(1).says("failed");
        estate.write("mended", "");
        let ended = driver.run(&estate, &["resume", "--yes"]).exits(0);
        // One was made before; then one is made again that was half made, and one for the first time.
        let shown = driver.run(&estate, &["runs", "show"]).exits(0).stdout;
        for text in [&ended.stdout, &shown] {
            assert_eq!(line(text, "a")[1..5], ["2", "0", "1", "0"], "{text}");
        }
    });
}
