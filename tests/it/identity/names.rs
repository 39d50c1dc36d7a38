//! Units whose folders lie in each other, or are called nearly the same.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::{terraforms, tool};

/// A module that keeps one text and calls the modules beside it.
fn module(text: &str, calls: &[&str]) -> String {
    let calls = calls.iter().map(|call| format!("module \"{call}\" {{\n  source = \"./{call}\"\n}}\n"));
    format!(
        "resource \"terraform_data\" \"{text}\" {{\n  input = \"{text}\"\n}}\n{}",
        calls.collect::<String>()
    )
}

/// The addresses that the state of a unit holds, as the state in its work folder has them.
fn resources(estate: &Estate, work: impl AsRef<OsStr>) -> Vec<String> {
    let folder = estate.path().join(".slipway/work").join(work.as_ref());
    let text = std::fs::read_to_string(folder.join("module/terraform.tfstate"));
    let text = text.unwrap_or_else(|error| panic!("{error}: {}", folder.display()));
    let state: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut found: Vec<String> = state["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| {
            let module = resource["module"].as_str().map(|module| format!("{module}.")).unwrap_or_default();
            format!("{module}{}", resource["name"].as_str().unwrap())
        })
        .collect();
    found.sort();
    found
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_unit_in_the_folder_of_another_has_its_own_code_and_state() {
    for tool in terraforms() {
        let estate = Estate::new();
        estate.write("infra/app/main.tf", &module("of_app", &["db"]));
        estate.write("infra/app/db/main.tf", &module("called_db", &[]));
        estate.write("infra/database/main.tf", &module("of_database", &[]));
        for (unit, source) in [("app", "app"), ("app/db", "database")] {
            let text = format!("terraform {{\n  source = \"${{get_repo_root()}}/infra/{source}\"\n}}\n");
            estate.write(&format!("live/{unit}/terragrunt.hcl"), &text);
        }
        for _ in 0..3 {
            Slipway::new(estate.path(), &tool).run(&["apply", "--yes"]).exits(0);
            assert_eq!(resources(&estate, "app"), ["module.db.called_db", "of_app"]);
            assert_eq!(resources(&estate, "app_-db"), ["of_database"]);
        }
        let plan = Slipway::new(estate.path(), &tool).run(&["plan", "--detailed-exitcode"]);
        plan.exits(0);
        Slipway::new(estate.path(), &tool).run(&["destroy", "--yes", "live/app/db"]).exits(0);
        assert_eq!(resources(&estate, "app"), ["module.db.called_db", "of_app"]);
        assert!(resources(&estate, "app_-db").is_empty());
    }
}

#[test]
fn units_of_nearly_the_same_name_share_nothing() {
    let long = "l".repeat(249);
    let names: Vec<OsString> =
        ["v1..2", "v1__2", "v1/2", "v1_-2", "verify dev", "-rf", "a\\b", "new\nline", &long]
            .into_iter()
            .map(OsString::from)
            .chain([b"v\xff", b"v\xfe"].map(|bytes| OsStr::from_bytes(bytes).to_owned()))
            .collect();
    let tool = tool("tofu");
    let estate = Estate::new();
    for (number, name) in names.iter().enumerate() {
        let folder = estate.path().join("live").join(name);
        write(&folder.join("terragrunt.hcl"), "terraform {\n  source = \"./module\"\n}\n");
        write(&folder.join("module/main.tf"), &module(&format!("number_{number}"), &[]));
    }
    let slipway = || Slipway::new(estate.path(), &tool);
    let applied = slipway().run(&["apply", "--yes", "--format", "json"]).exits(0).json();
    let units: Vec<&str> =
        applied["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
    let mut apart = units.clone();
    apart.sort_unstable();
    apart.dedup();
    assert_eq!(apart.len(), names.len(), "{units:?}");
    for name in [r"v\xff", r"v\xfe", r"a\\b", r"new\u{a}line", "./verify dev", "v1..2"] {
        assert!(units.contains(&name), "{name} is not in {units:?}");
    }

    let mut kept = Vec::new();
    for entry in std::fs::read_dir(estate.path().join(".slipway/work")).unwrap() {
        let resources = resources(&estate, entry.unwrap().file_name());
        assert_eq!(resources.len(), 1, "{resources:?}");
        kept.extend(resources);
    }
    kept.sort();
    kept.dedup();
    assert_eq!(kept.len(), names.len(), "each has exactly its own: {kept:?}");
    slipway().run(&["plan", "--detailed-exitcode"]).exits(0);
    // The journal of a run names them so that it can be gone on with, and saved plans so that they can be applied.
    slipway().run(&["runs", "show"]).exits(0).says(r"v\xff");
    slipway().run(&["plan", "--out", "plans"]).exits(0);
    slipway().run(&["apply", "--yes", "plans"]).exits(0);
    slipway().run(&["destroy", "--yes"]).exits(0);
}

#[test]
fn a_path_that_no_value_can_hold_is_an_error_and_not_another_units_state() {
    let estate = Estate::new();
    for bytes in [b"v\xff", b"v\xfe"] {
        let folder = estate.path().join("live").join(OsStr::from_bytes(bytes));
        let include = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
        write(&folder.join("terragrunt.hcl"), include);
        write(&folder.join("main.tf"), &module("one", &[]));
    }
    let tool = tool("tofu");
    Slipway::new(estate.path(), &tool)
        .run(&["apply", "--yes"])
        .exits(1)
        .says("is not UTF-8, so no value can hold this path");
    assert!(!estate.path().join("states").exists());
}

#[test]
fn variables_that_are_no_text_do_not_stop_a_run() {
    let tool = tool("tofu");
    let estate = Estate::new();
    estate.unit("networking", &[]);
    let odd = OsStr::from_bytes(b"\xff\xfe");
    for command in [&["apply", "--yes"][..], &["plan"], &["find"], &["runs"], &["doctor"], &["validate"]] {
        let slipway = Slipway::new(estate.path(), &tool).env("ODD", odd).env(odd, "x").env("TF_TOKEN_x", odd);
        let ended = slipway.env("MY_TOKEN", odd).env("USER", odd).run(command);
        assert!(ended.code == 0, "{command:?} ended with {}:\n{}", ended.code, ended.stderr);
    }
    assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
}
