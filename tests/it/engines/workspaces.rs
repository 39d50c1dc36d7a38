//! Outputs come from the workspace that was applied, whoever chose it.

use serde_json::{Value, json};

use super::{Driver, each, unit};
use crate::support::estate::Estate;

const MODULE: &str =
    "resource \"terraform_data\" \"this\" {}\noutput \"v\" {\n  value = terraform.workspace\n}\n";
const USER: &str = "variable \"v\" {}\nresource \"terraform_data\" \"this\" {\n  input = var.v\n}\n\
                    output \"v\" {\n  value = var.v\n}\n";

/// A unit `a`, and `b`, which puts out what it was given of it.
fn estate(terraform: &str) -> Estate {
    let estate = Estate::new();
    estate.write("infra/workspace/main.tf", MODULE);
    estate.write("infra/user/main.tf", USER);
    unit(&estate, "a", "workspace", terraform, "");
    let rest = "dependency \"a\" {\n  config_path = \"../a\"\n}\ninputs = {\n  v = dependency.a.outputs.v\n}";
    unit(&estate, "b", "user", "", rest);
    estate
}

fn outputs(driver: &Driver, estate: &Estate, name: &str) -> Value {
    driver.run(estate, &["output", name, "--format", "json"]).exits(0).json()
}

const COMMANDS: &str = "[\"init\", \"plan\", \"apply\", \"destroy\", \"output\", \"show\", \"state\"]";

#[test]
fn a_workspace_of_extra_arguments_is_the_one_that_is_read() {
    each(|driver| {
        let extra = format!(
            "  extra_arguments \"ws\" {{\n    commands = {COMMANDS}\n    env_vars = {{ TF_WORKSPACE = \"blue\" }}\n  }}\n"
        );
        let estate = estate(&extra);
        // Two runs, so that the second has to read what the first has left.
        for name in ["a", "b"] {
            driver.run(&estate, &["apply", name, "--yes"]).exits(0).says("applied");
        }
        assert!(outputs(driver, &estate, "a").to_string().contains("blue"));
        assert!(outputs(driver, &estate, "b").to_string().contains("blue"));
    });
}

#[test]
fn a_workspace_of_a_hook_is_the_one_that_is_read() {
    each(|driver| {
        let tool = driver.tool.display();
        // Told in its own words, and by a script that says nothing of it.
        for script in [
            format!("{tool} workspace select blue || {tool} workspace new blue"),
            "mkdir -p .terraform; printf blue > .terraform/environment".to_owned(),
        ] {
            let hook = format!(
                "  after_hook \"ws\" {{\n    commands = [\"init\"]\n    execute = [\"sh\", \"-c\", \"{script}\"]\n  }}\n"
            );
            let estate = estate(&hook);
            let root = std::fs::read_to_string(estate.path().join("live/root.hcl")).unwrap();
            let slow = root.replacen('{', "{\n  disable_dependency_optimization = true", 1);
            estate.write("live/root.hcl", &slow);
            for name in ["a", "b"] {
                driver.run(&estate, &["apply", name, "--yes"]).exits(0).says("applied");
            }
            assert!(outputs(driver, &estate, "b").to_string().contains("blue"), "{script}");
        }
    });
}

#[test]
fn what_a_tool_says_before_its_answer_is_no_part_of_it() {
    each(|driver| {
        let estate = estate("");
        // A state that only the tool reads, and settings that it warns of.
        let root = std::fs::read_to_string(estate.path().join("live/root.hcl")).unwrap();
        estate.write("live/root.hcl", &root.replacen('{', "{\n  disable_dependency_optimization = true", 1));
        let run = |name: &str| {
            let slipway = driver.slipway(&estate).env("TF_CLI_CONFIG_FILE", estate.path().join("not-there"));
            drop(slipway.run(&["apply", name, "--yes"]).exits(0).says("applied"));
        };
        run("a");
        run("b");
        assert_eq!(super::output(&estate, "b", "v"), json!("default"));
    });
}
