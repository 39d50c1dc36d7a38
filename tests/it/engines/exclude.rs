//! `exclude`: which units a command leaves out, over many of them and in a unit's own folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Driver, each};
use crate::support::estate::Estate;
use crate::support::skipped::{NO_TERRAGRUNT, skipped};
use crate::support::{terraforms, terragrunt};

/// A unit whose folder is its module.
fn place(estate: &Estate, name: &str, dependencies: &[&str], exclude: &str) {
    let paths: Vec<String> = dependencies.iter().map(|dependency| format!("\"../{dependency}\"")).collect();
    let dependencies = format!("dependencies {{\n  paths = [{}]\n}}\n", paths.join(", "));
    let exclude =
        if exclude.is_empty() { String::new() } else { format!("exclude {{\n  if = true\n{exclude}\n}}\n") };
    estate.write(&format!("live/{name}/main.tf"), "output \"x\" {\n  value = 1\n}\n");
    estate.write(&format!("live/{name}/terragrunt.hcl"), &format!("{dependencies}{exclude}"));
}

/// The units that a command runs.
fn run_by(driver: &Driver, estate: &Estate, arguments: &[&str]) -> Vec<String> {
    let mut nodes = driver.nodes(estate, arguments, 0).0;
    nodes.retain(|node| node["kind"] != "gate");
    let mut names: Vec<String> = nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_unit_in_its_own_folder_is_kept_back_by_no_run_only() {
    each(|driver| {
        let estate = Estate::new();
        place(&estate, "unset", &[], "  actions = [\"plan\"]");
        place(&estate, "no", &[], "  actions = [\"all\"]\n  no_run = false");
        place(&estate, "yes", &[], "  actions = [\"PLAN\", \"apply\"]\n  no_run = true");
        place(&estate, "free", &[], "");
        for (unit, runs) in [("unset", true), ("no", true), ("yes", false), ("free", true)] {
            let expected = if runs { vec![unit.to_owned()] } else { Vec::new() };
            assert_eq!(run_by(driver, &estate, &["plan", unit]), expected, "{unit}");
        }
        assert_eq!(run_by(driver, &estate, &["plan"]), ["free"]);
        // A filter that leaves one is still a choice among many.
        assert!(run_by(driver, &estate, &["plan", "--filter", "unset"]).is_empty());
        // Actions that are not named are done.
        assert_eq!(run_by(driver, &estate, &["apply", "--yes"]), ["free", "unset"]);
    });
}

#[test]
fn an_excluded_unit_takes_along_what_it_depends_on_itself_and_no_further() {
    each(|driver| {
        let estate = Estate::new();
        let with = "  actions = [\"all\"]\n  exclude_dependencies = true";
        place(&estate, "repo", &[], "");
        place(&estate, "infra", &["repo"], "");
        place(&estate, "waf", &["infra"], with);
        place(&estate, "app", &["infra"], "");
        place(&estate, "alone", &["infra"], &with.replace("all", "destroy"));
        let ended =
            driver.run(&estate, &["plan", "live"]).exits(0).says("left out by an exclude block: infra");
        drop(ended.says("left out by an exclude block: waf"));
        assert_eq!(run_by(driver, &estate, &["plan"]), ["alone", "app", "repo"]);
    });
}

#[test]
fn outputs_of_excluded_units_are_left_out_too() {
    let tool = &terraforms()[0];
    let driver = Driver { engine: "native", tool: tool.clone(), programs: None };
    let estate = Estate::new();
    place(&estate, "a", &[], "  actions = [\"output\"]");
    place(&estate, "b", &[], "  actions = [\"all_except_output\"]");
    place(&estate, "c", &[], "  actions = [\"plan\", \"apply\"]");
    for unit in ["a", "b", "c"] {
        driver.run(&estate, &["apply", unit, "--yes"]).exits(0).says(unit);
    }
    let outputs = driver.run(&estate, &["output", "--format", "json"]).exits(0).json();
    let names: Vec<&String> = outputs.as_object().unwrap().keys().collect();
    assert_eq!(names, ["b", "c"]);
    let own = driver.run(&estate, &["output", "a", "--format", "json"]).exits(0).json();
    assert_eq!(own["a"]["x"], 1, "in its own folder nothing keeps it back");
}

/// Every kind of block, over many units and alone, as a Terragrunt on PATH has it.
#[test]
fn the_same_units_are_left_out_as_by_terragrunt() {
    let Some(terragrunt) = terragrunt() else {
        skipped(NO_TERRAGRUNT);
        return;
    };
    let tool = terraforms()[0].clone();
    let driver = Driver { engine: "native", tool: tool.clone(), programs: None };
    let estate = Estate::new();
    let mut names = Vec::new();
    for (letter, actions) in
        [("p", "plan"), ("a", "all"), ("x", "all_except_output"), ("u", "Plan"), ("o", "output")]
    {
        for (flag, no_run) in [("unset", ""), ("true", "\n  no_run = true"), ("false", "\n  no_run = false")]
        {
            let name = format!("{letter}-{flag}");
            place(&estate, &name, &[], &format!("  actions = [\"{actions}\"]{no_run}"));
            names.push(name);
        }
    }
    place(&estate, "above", &["between"], "  actions = [\"plan\"]\n  exclude_dependencies = true");
    place(&estate, "between", &["below"], "");
    place(&estate, "below", &[], "");
    let call = |folder: &Path, arguments: &[&str]| {
        let mut command = Command::new(&terragrunt);
        command.args(arguments).args(["--non-interactive", "--no-color", "--tf-path"]).arg(&tool);
        let output =
            command.current_dir(folder).env("HOME", estate.path()).stdin(Stdio::null()).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let live = estate.path().join("live");
    let report = estate.path().join("report.json");
    call(
        &live,
        &["run", "--all", "--report-file", report.to_str().unwrap(), "--report-format", "json", "plan"],
    );
    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let results = report.as_array().unwrap().iter();
    let results: BTreeMap<&str, &str> =
        results.map(|run| (run["Name"].as_str().unwrap(), run["Result"].as_str().unwrap())).collect();
    let theirs: Vec<&str> =
        results.iter().filter(|(_, result)| **result != "excluded").map(|(name, _)| *name).collect();
    assert_eq!(run_by(&driver, &estate, &["plan"]), theirs);
    for name in names {
        let theirs = !call(&live.join(&name), &["plan"]).contains("Early exit in terragrunt unit");
        assert_eq!(run_by(&driver, &estate, &["plan", &name]).len() == 1, theirs, "{name}");
    }
}
