//! Ends of the tool other than 0 and 1: each is what it is, on both engines.

use std::os::unix::fs::PermissionsExt as _;

use super::{Driver, each};
use crate::support::estate::Estate;
use crate::support::slipway::Ended;

/// A tool that ends one of its commands in another way: before it has begun, or after it has done everything.
struct Tool<'a> {
    estate: Estate,
    driver: &'a Driver,
}

impl<'a> Tool<'a> {
    fn new(driver: &'a Driver, command: &str, ends: &str) -> Self {
        let estate = Estate::new();
        estate.write(
            "live/a/main.tf",
            "resource \"terraform_data\" \"it\" {}\noutput \"v\" {\n  value = 1\n}\n",
        );
        estate.write("live/a/terragrunt.hcl", "");
        let name = driver.tool.file_name().unwrap().to_str().unwrap();
        let tool = driver.tool.display();
        let script =
            format!("#!/bin/sh\nif [ \"$1\" = {command} ]; then\n  {ends}\nfi\nexec {tool} \"$@\"\n");
        let file = estate.write(&format!("bin/{name}"), &script.replace("TOOL", &tool.to_string()));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { estate, driver }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let name = self.driver.tool.file_name().unwrap();
        let tool = self.estate.path().join("bin").join(name);
        self.driver.slipway(&self.estate).env("SLIPWAY_TF_PATH", tool).run(arguments)
    }
}

#[test]
fn a_plan_that_was_killed_is_no_plan_without_changes() {
    each(|driver| {
        for signal in ["KILL", "TERM", "SEGV"] {
            let tool = Tool::new(driver, "plan", &format!("kill -{signal} $$; sleep 5"));
            for arguments in [&["plan"][..], &["plan", "--detailed-exitcode"], &["plan", "--out", "saved"]] {
                tool.run(arguments).exits(1).says("1 failed").says("plan failed");
            }
            assert!(!tool.estate.path().join("saved").exists());
            // One that is asked about first is applied no more than one that is not there.
            tool.run(&["destroy", "--yes"]).exits(1).says("1 failed");
        }
    });
}

#[test]
fn only_a_plan_has_changes_whatever_else_ends_with_two() {
    each(|driver| {
        for command in ["init", "plan"] {
            for ends in ["exit 2", "echo it is broken >&2; exit 2"] {
                let tool = Tool::new(driver, command, ends);
                tool.run(&["plan", "--detailed-exitcode"]).exits(1).says("1 failed").says("failed");
                tool.run(&["plan"]).exits(1).says("1 failed");
            }
        }
        let tool = Tool::new(driver, "apply", "TOOL \"$@\"; exit 2");
        tool.run(&["plan", "--detailed-exitcode"]).exits(2).says("changes");
        // What it has done is told.
        tool.run(&["apply", "--yes"]).exits(1).says("1 failed").says("(+1 ~0 -0)");
        tool.run(&["plan", "--detailed-exitcode"]).exits(0).says("nothing to change");
    });
}

#[test]
fn a_plan_that_ends_well_without_a_plan_has_failed() {
    each(|driver| {
        let tool = Tool::new(driver, "plan", "echo nothing to see; exit 0");
        tool.run(&["plan"]).exits(1).says("it ended without a plan, exit status: 0");
    });
}

#[test]
fn another_exit_code_is_a_failure_with_the_tools_own_words() {
    each(|driver| {
        for code in [3, 5, 127, 255] {
            let tool = Tool::new(driver, "plan", &format!("echo it is broken >&2; exit {code}"));
            let said = tool.run(&["plan", "--detailed-exitcode"]).exits(1).says("1 failed");
            said.says(&format!("it is broken (exit status: {code})"));
        }
        for ends in ["echo it is broken >&2; exit 7", "kill -KILL $$; sleep 5"] {
            for command in ["apply", "output"] {
                let tool = Tool::new(driver, command, ends);
                let arguments: &[&str] =
                    if command == "apply" { &["apply", "--yes"] } else { &["output", "a"] };
                if command == "output" {
                    driver.run(&tool.estate, &["apply", "--yes"]).exits(0).says("applied");
                }
                tool.run(arguments).exits(1).says("failed");
            }
        }
    });
}
