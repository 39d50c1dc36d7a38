//! Units without `remote_state`: Terragrunt keeps their states in its cache, we in the folder that we run them in, and the
//! tool itself beside the unit.

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

/// The wrapping engine over the same tool, where there is one.
fn wrapping() -> Option<Driver> {
    let terragrunt = crate::support::terragrunt()?;
    let programs = Some(super::only(&terragrunt));
    Some(Driver { engine: "terragrunt", tool: terraforms()[0].clone(), programs })
}

#[test]
fn a_state_of_the_native_engine_is_not_passed_over_by_the_wrapping_one() {
    let Some(wrapping) = wrapping() else {
        println!("skipped: there is no terragrunt on PATH");
        return;
    };
    let (estate, native) = (estate(), native());
    native.run(&estate, &["apply", "a", "--yes"]).exits(0).says("applied");
    let (ours, theirs) = places(&estate);
    for command in [&["plan", "a"][..], &["apply", "a", "--yes"], &["destroy", "a", "--yes"]] {
        let node = wrapping.nodes(&estate, command, 1).get("a").clone();
        let message = node["message"].as_str().unwrap();
        assert!(message.contains("has its state in") && message.contains(ours.to_str().unwrap()), "{node}");
        assert!(message.contains("where the native engine keeps it"), "{node}");
        let advice = node["advice"].as_str().unwrap();
        assert!(advice.contains("--engine native") && advice.contains(theirs.to_str().unwrap()), "{node}");
    }
    wrapping.run(&estate, &["output", "a"]).exits(1).says("where the native engine keeps it");
    assert!(!theirs.exists());
    // The way out that is told, and on from there.
    std::fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    std::fs::copy(&ours, &theirs).unwrap();
    assert_eq!(wrapping.nodes(&estate, &["plan", "a"], 0).get("a")["plan"]["changes"], false);
    wrapping.run(&estate, &["destroy", "a", "--yes"]).exits(0).says("destroyed");
    wrapping.run(&estate, &["plan", "a"]).exits(0).says("changes");
    native.run(&estate, &["plan", "a"]).exits(0).says("nothing to change");
    edited(&ours, |state| state["lineage"] = json!("somebody else's"));
    wrapping.run(&estate, &["plan", "a"]).exits(1).says("has another state in");
}

#[test]
fn the_state_of_a_module_from_elsewhere_is_found_in_both_directions() {
    let Some(wrapping) = wrapping() else {
        println!("skipped: there is no terragrunt on PATH");
        return;
    };
    let native = native();
    for (first, second) in [(&native, &wrapping), (&wrapping, &native)] {
        let estate = Estate::new();
        estate.write("repository/modules/it/main.tf", "resource \"terraform_data\" \"it\" {}\n");
        let repository = estate.path().join("repository").canonicalize().unwrap();
        let git = ["init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm modules"];
        for arguments in git {
            let arguments = arguments.split(' ');
            let ran = std::process::Command::new("git").args(arguments).current_dir(&repository).status();
            assert!(ran.unwrap().success());
        }
        let source = format!("git::file://{}//modules/it", repository.display());
        estate.write("live/a/terragrunt.hcl", &format!("terraform {{\n  source = \"{source}\"\n}}\n"));
        first.run(&estate, &["apply", "a", "--yes"]).exits(0).says("applied");
        second.run(&estate, &["plan", "a"]).exits(1).says("has its state in");
        second.run(&estate, &["apply", "a", "--yes"]).exits(1).says("has its state in");
        first.run(&estate, &["plan", "a"]).exits(0).says("nothing to change");
    }
}

/// Works on the unit with the tool itself, in its own folder.
fn by_hand(estate: &Estate, driver: &Driver) {
    for arguments in [&["init", "-input=false"][..], &["apply", "-input=false", "-auto-approve"]] {
        let mut command = std::process::Command::new(&driver.tool);
        let ran = command.args(arguments).current_dir(estate.path().join("live/a")).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

const TWO: &str = "resource \"terraform_data\" \"it\" {\n  count = 2\n}\n";

#[test]
fn a_state_beside_the_unit_is_gone_on_with_and_one_that_has_parted_is_refused() {
    let (estate, driver) = (estate(), native());
    by_hand(&estate, &driver);
    driver.run(&estate, &["plan", "a"]).exits(0).says("nothing to change");
    estate.write("live/a/main.tf", TWO);
    driver.run(&estate, &["apply", "a", "--yes"]).exits(0).says("applied");
    // An older one of the same line is history.
    driver.run(&estate, &["plan", "a"]).exits(0).says("nothing to change");
    // The tool's user makes the second one too: what each holds is in no other.
    by_hand(&estate, &driver);
    for command in [&["plan", "a"][..], &["apply", "a", "--yes"]] {
        driver.run(&estate, command).exits(1).says("has two states").says("move the other one away");
    }
    std::fs::remove_file(estate.path().join("live/a/terraform.tfstate")).unwrap();
    driver.run(&estate, &["plan", "a"]).exits(0).says("nothing to change");
}

#[test]
fn terragrunt_copies_no_old_state_over_a_newer_one() {
    let Some(driver) = wrapping() else {
        println!("skipped: there is no terragrunt on PATH");
        return;
    };
    let estate = estate();
    by_hand(&estate, &driver);
    driver.run(&estate, &["plan", "a"]).exits(0).says("nothing to change");
    estate.write("live/a/main.tf", TWO);
    driver.run(&estate, &["apply", "a", "--yes"]).exits(0).says("applied");
    // As long as nothing changes in its folder, nothing is copied.
    driver.run(&estate, &["apply", "a", "--yes"]).exits(0).says("nothing to change");
    let (_, theirs) = places(&estate);
    let before = std::fs::read(&theirs).unwrap();
    estate.write("live/a/main.tf", &format!("{TWO}\n# changed\n"));
    for command in [&["plan", "a"][..], &["apply", "a", "--yes"], &["output", "a"]] {
        driver.run(&estate, command).exits(1).says("has two states").says("would copy the first over");
    }
    assert!(std::fs::read(&theirs).unwrap() == before, "the newer one is as it was");
    // What it once copied it takes away where it finds it no longer.
    let beside = estate.path().join("live/a/terraform.tfstate");
    std::fs::remove_file(&beside).unwrap();
    driver.run(&estate, &["plan", "a"]).exits(1).says("which Terragrunt would remove");
    // The way out that is told.
    std::fs::copy(&theirs, &beside).unwrap();
    driver.run(&estate, &["plan", "a"]).exits(0).says("nothing to change");
}
