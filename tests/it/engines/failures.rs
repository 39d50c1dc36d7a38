//! What goes wrong: its cause, its code, and what happens to the others.

use super::{each, notes, unit};
use crate::support::estate::Estate;

/// Fails as often as a file says, and counts.
const FLAKY: &str = r#"
variable "script" {
  type = string
}
resource "terraform_data" "this" {
  provisioner "local-exec" {
    command = var.script
  }
}
output "value" {
  value = "x"
}
"#;

fn script(estate: &Estate, name: &str, script: &str, rest: &str) {
    estate.write("infra/flaky/main.tf", FLAKY);
    let script = script.replace('"', "\\\"");
    unit(estate, name, "flaky", "", &format!("inputs = {{\n  script = \"{script}\"\n}}\n{rest}"));
}

/// A script that fails until it has been tried that many times.
fn until(tries: usize, words: &str) -> String {
    format!(
        "echo try >> $HOME/tries; test $(wc -l < $HOME/tries) -ge {tries} || {{ echo '{words}' >&2; exit 1; }}"
    )
}

#[test]
fn a_failure_is_told_by_its_cause_and_what_waits_for_it_is_skipped() {
    each(|driver| {
        let estate = Estate::new();
        estate
            .unit("network", &[])
            .unit("cluster", &["network"])
            .unit("apps", &["cluster"])
            .unit("bucket", &[]);
        let file = "live/cluster/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
        estate.write(file, &text.replace("inputs = {", "inputs = {\n  fail = true"));
        let nodes = driver.nodes(&estate, &["apply", "--yes"], 1);
        assert_eq!(nodes.result("network"), "applied");
        assert_eq!(nodes.result("bucket"), "applied");
        assert_eq!(nodes.result("cluster"), "failed");
        let message = nodes.get("cluster")["message"].as_str().unwrap();
        assert!(message.contains("terraform_data.this: local-exec provisioner error"), "{message}");
        assert!(message.contains("it broke"), "{message}");
        assert!(message.contains("main.tf:"), "{message}");
        assert_eq!(nodes.result("apps"), "skipped");
        assert_eq!(nodes.get("apps")["cause"], "cluster");
        // What is mended goes on where it stopped.
        estate.write(file, &text);
        let nodes = driver.nodes(&estate, &["apply", "--yes"], 0);
        assert_eq!(nodes.result("network"), "unchanged");
        assert_eq!(nodes.result("apps"), "applied");
    });
}

#[test]
fn code_that_is_wrong_is_told_with_its_place() {
    each(|driver| {
        let estate = Estate::new();
        estate.unit("a", &[]);
        estate.write("infra/text/broken.tf", "output \"x\" {\n  value = var.no_such_variable\n}\n");
        let nodes = driver.nodes(&estate, &["plan"], 1);
        let message = nodes.get("a")["message"].as_str().unwrap();
        assert!(message.contains("Reference to undeclared input variable"), "{message}");
        assert!(message.contains("broken.tf"), "{message}");
        estate.write("infra/text/broken.tf", "output \"x\" {\n  value = \n}\n");
        let nodes = driver.nodes(&estate, &["plan"], 1);
        let message = nodes.get("a")["message"].as_str().unwrap();
        assert!(message.contains("Invalid expression") && message.contains("broken.tf"), "{message}");
    });
}

#[test]
fn an_input_that_is_missing_is_named() {
    each(|driver| {
        let estate = Estate::new();
        estate.unit("a", &[]);
        unit(&estate, "a", "text", "", "");
        let nodes = driver.nodes(&estate, &["plan"], 1);
        let message = nodes.get("a")["message"].as_str().unwrap();
        assert!(message.contains("No value for required variable"), "{message}");
    });
}

#[test]
fn what_the_unit_calls_retryable_is_tried_again() {
    each(|driver| {
        let estate = Estate::new();
        let errors = "errors {\n  retry \"busy\" {\n    retryable_errors = [\".*busy today.*\"]\n    \
                      max_attempts = 3\n    sleep_interval_sec = 0\n  }\n}";
        script(&estate, "a", &until(3, "busy today"), errors);
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(notes(&estate, "tries").len(), 3);
    });
}

#[test]
fn attempts_end_and_other_failures_have_one() {
    each(|driver| {
        let errors = "errors {\n  retry \"busy\" {\n    retryable_errors = [\".*busy today.*\"]\n    \
                      max_attempts = 2\n    sleep_interval_sec = 0\n  }\n}";
        for (words, tries) in [("busy today", 2), ("broken for good", 1)] {
            let estate = Estate::new();
            script(&estate, "a", &until(9, words), errors);
            let nodes = driver.nodes(&estate, &["apply", "--yes"], 1);
            let message = nodes.get("a")["message"].as_str().unwrap();
            assert!(message.contains(words), "{message}");
            assert_eq!(notes(&estate, "tries").len(), tries, "{words}");
        }
    });
}

#[test]
fn what_the_unit_ignores_stops_nobody() {
    each(|driver| {
        let estate = Estate::new();
        let errors = "errors {\n  ignore \"known\" {\n    ignorable_errors = [\".*known trouble.*\"]\n    \
                      message = \"it is known\"\n  }\n}";
        script(&estate, "a", "echo known trouble >&2; exit 1", errors);
        estate.unit("b", &[]);
        let file = "live/b/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
        estate.write(file, &format!("dependencies {{\n  paths = [\"../a\"]\n}}\n{text}"));
        let nodes = driver.nodes(&estate, &["apply", "--yes"], 0);
        assert_eq!(nodes.result("b"), "applied");
        let note = nodes.get("a")["note"].as_str().unwrap_or_default();
        assert!(note.contains("ignored") && note.contains("it is known"), "{}", nodes.get("a"));
    });
}

#[test]
fn an_excluded_unit_is_left_out_of_its_actions() {
    each(|driver| {
        let estate = Estate::new();
        estate.unit("a", &[]).unit("b", &["a"]);
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        let file = "live/a/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
        estate.write(file, &format!("exclude {{\n  if      = true\n  actions = [\"plan\"]\n}}\n{text}"));
        let plan = driver.nodes(&estate, &["plan"], 0);
        assert_eq!(plan.0.len(), 1, "{:?}", plan.0);
        assert_eq!(plan.get("b")["plan"]["changes"], false);
        assert_eq!(driver.nodes(&estate, &["apply", "--yes"], 0).0.len(), 2);
    });
}

#[test]
fn a_protected_unit_refuses_a_destroy_before_it_begins() {
    each(|driver| {
        let estate = Estate::new();
        estate.unit("a", &[]).unit("b", &["a"]);
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        let file = "live/a/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
        estate.write(file, &format!("prevent_destroy = true\n{text}"));
        driver.run(&estate, &["destroy", "--yes"]).exits(5).says("prevent_destroy protects");
        assert!(estate.applied("b").is_some(), "not even what depends on it was touched");
    });
}
