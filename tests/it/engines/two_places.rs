//! Units without `remote_state`: Terragrunt keeps their states in its cache, we in the folder that we run them in.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use slipway::terragrunt::terragrunt_working_dir;

use super::{Driver, each};
use crate::support::estate::Estate;
use crate::support::terraforms;

/// One unit, and one that shows what it puts out.
fn estate() -> Estate {
    let estate = Estate::new();
    estate.write(
        "live/a/main.tf",
        "resource \"terraform_data\" \"it\" {}\noutput \"v\" {\n  value = \"real\"\n}\n",
    );
    estate.write("live/a/terragrunt.hcl", "");
    estate.write("live/b/main.tf", "variable \"v\" {}\n");
    let dependency = "dependency \"a\" {\n  config_path  = \"../a\"\n  mock_outputs = { v = \"mock\" }\n}\n";
    estate.write(
        "live/b/terragrunt.hcl",
        &format!("{dependency}inputs = {{\n  v = dependency.a.outputs.v\n}}\n"),
    );
    estate
}

fn native() -> Driver {
    Driver { engine: "native", tool: terraforms()[0].clone(), programs: None }
}

/// The states of the unit: ours, and where Terragrunt would have it.
fn places(estate: &Estate) -> (PathBuf, PathBuf) {
    let root = estate.path().canonicalize().unwrap();
    let theirs = terragrunt_working_dir(&root.join("live/a"), None, None).unwrap();
    (root.join(".slipway/work/a/module/terraform.tfstate"), theirs.join("terraform.tfstate"))
}

fn edited(file: &Path, edit: impl FnOnce(&mut Value)) {
    let mut state: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    edit(&mut state);
    std::fs::write(file, state.to_string()).unwrap();
}

#[test]
fn what_an_apply_has_left_is_rendered() {
    each(|driver| {
        let estate = estate();
        let rendered =
            || driver.run(&estate, &["render", "b", "--format", "json"]).exits(0).json()["inputs"].clone();
        assert_eq!(rendered(), json!({"v": "mock"}));
        driver.run(&estate, &["apply", "a", "--yes"]).exits(0).says("applied");
        assert_eq!(rendered(), json!({"v": "real"}));
    });
}

#[test]
fn a_state_that_terragrunt_has_is_not_planned_as_if_nothing_were_there() {
    let (estate, driver) = (estate(), native());
    driver.run(&estate, &["apply", "a", "--yes"]).exits(0).says("applied");
    let (ours, theirs) = places(&estate);
    std::fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    std::fs::rename(&ours, &theirs).unwrap();
    let refused = |words: &str| {
        let nodes = driver.nodes(&estate, &["plan", "a"], 1);
        let node = nodes.get("a");
        assert!(node["message"].as_str().unwrap().contains(words), "{node}");
        assert!(node["advice"].as_str().unwrap().contains(ours.to_str().unwrap()), "{node}");
    };
    refused("has its state in");
    driver.run(&estate, &["apply", "--yes"]).exits(1).says("where Terragrunt keeps it");
    driver.run(&estate, &["output", "a"]).exits(1).says("where Terragrunt keeps it");
    assert!(theirs.is_file() && !ours.exists());
    // The way out that is told.
    std::fs::copy(&theirs, &ours).unwrap();
    let unchanged =
        || assert_eq!(driver.nodes(&estate, &["plan", "a"], 0).get("a")["plan"]["changes"], false);
    unchanged();
    // Theirs goes on.
    edited(&theirs, |state| state["serial"] = json!(99));
    refused("has another state in");
    edited(&theirs, |state| state["lineage"] = json!("somebody else's"));
    refused("has another state in");
    // One that tells of nothing is none.
    edited(&theirs, |state| {
        state["resources"] = json!([]);
        state["outputs"] = json!({});
    });
    unchanged();
}

#[test]
fn a_state_of_terragrunts_own_is_found_and_said() {
    let Some(terragrunt) = crate::support::terragrunt() else {
        println!("skipped: there is no terragrunt on PATH");
        return;
    };
    let (estate, driver) = (estate(), native());
    let wrapping =
        Driver { engine: "terragrunt", tool: driver.tool.clone(), programs: Some(super::only(&terragrunt)) };
    wrapping.run(&estate, &["apply", "a", "--yes"]).exits(0).says("applied");
    driver.run(&estate, &["plan"]).exits(1).says("where Terragrunt keeps it");
    let rendered = driver.run(&estate, &["render", "b", "--format", "json"]).exits(0).json();
    assert_eq!(rendered["inputs"], json!({"v": "real"}));
    wrapping.run(&estate, &["plan"]).exits(0).says("nothing to change");
}
