//! `output` of many units, and what is said of outputs that are not there.

use serde_json::json;

use super::{Driver, each};
use crate::support::estate::Estate;
use crate::support::terraforms;

fn place(estate: &Estate, name: &str, code: &str, rest: &str) {
    estate.write(&format!("live/{name}/main.tf"), code);
    let root = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
    estate.write(&format!("live/{name}/terragrunt.hcl"), &format!("{root}{rest}"));
}

#[test]
fn a_dependency_that_was_applied_and_puts_nothing_out_is_not_to_be_applied_first() {
    each(|driver| {
        let estate = Estate::new();
        place(&estate, "none", "resource \"terraform_data\" \"it\" {}\n", "");
        let dependency = "dependency \"none\" {\n  config_path = \"../none\"\n}\n";
        place(&estate, "on", "", &format!("{dependency}inputs = {{\n  x = dependency.none.outputs.x\n}}\n"));
        let advice = |estate: &Estate| {
            let node = driver.nodes(estate, &["plan", "on"], 1).get("on").clone();
            (node["message"].as_str().unwrap().to_owned(), node["advice"].as_str().unwrap().to_owned())
        };
        let (message, help) = advice(&estate);
        assert!(
            message.contains("has no outputs") && help.contains("apply ../none first"),
            "{message} {help}"
        );
        driver.run(&estate, &["apply", "none", "--yes"]).exits(0).says("applied");
        let (message, help) = advice(&estate);
        assert!(message.contains("dependency \"none\" has been applied and has no outputs"), "{message}");
        assert!(help.contains("skip_outputs = true") && !help.contains("apply"), "{help}");
    });
}

#[test]
fn outputs_of_many_units_are_shown_beside_what_is_broken() {
    let tool = &terraforms()[0];
    let driver = Driver { engine: "native", tool: tool.clone(), programs: None };
    let estate = Estate::new();
    for unit in ["a", "b", "c"] {
        place(&estate, unit, &format!("output \"x\" {{\n  value = \"{unit}\"\n}}\n"), "");
    }
    driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
    // One that cannot be read, one that cannot be evaluated, one whose state is none, two in a circle.
    place(&estate, "b", "", "inputs = {\n");
    place(&estate, "d", "", "inputs = { x = local.nowhere }\nremote_state {\n  backend = local.nowhere\n}\n");
    place(&estate, "e", "", "");
    estate.write("states/e.tfstate", "no state\n");
    place(&estate, "f", "", "dependencies {\n  paths = [\"../g\"]\n}\n");
    place(&estate, "g", "", "dependencies {\n  paths = [\"../f\"]\n}\n");
    let ended = driver.run(&estate, &["output", "--format", "json"]).exits(3);
    let shown = ended.json();
    assert_eq!((&shown["a"], &shown["c"]), (&json!({"x": "a"}), &json!({"x": "c"})));
    assert!(shown.get("b").is_none() && shown.get("d").is_none() && shown.get("e").is_none(), "{shown}");
    let ended = ended.says("live/b/terragrunt.hcl").says("the outputs of d could not be read");
    drop(ended.says("the outputs of e could not be read"));
    // Only what has no state that can be read: a failure.
    driver.run(&estate, &["output", "--filter", "a", "--filter", "e"]).exits(1).says("could not be read");
    driver.run(&estate, &["output", "b"]).exits(3).says("live/b/terragrunt.hcl");
    driver.run(&estate, &["output", "a"]).exits(0).says("");
}
