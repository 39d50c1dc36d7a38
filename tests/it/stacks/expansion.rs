//! Units that stand for many, from the stack file to their outputs; held against a Terragrunt that reads them, where
//! there is one.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{everything, text_unit};
use crate::support::estate::Estate;
use crate::support::skipped::{NO_TERRAGRUNT, skipped};
use crate::support::slipway::Slipway;
use crate::support::terraforms;

const EXPERIMENT: [&str; 2] = ["--experiment", "block-iteration"];

/// Two zones and one unit that reads both by their keys.
fn zones() -> Estate {
    let estate = Estate::new();
    estate.unit("elsewhere", &[]);
    estate.write("units/zone/terragrunt.hcl", &text_unit("", "values.text"));
    let dependency = r#"
dependency "zone" {
  expansion {
    for_each = toset(values.zones)
  }
  config_path  = "../zones/${each.key}"
  mock_outputs = { value = "mock" }
  mock_outputs_allowed_terraform_commands = ["plan", "render"]
}
"#;
    let value = "\"${dependency.zone[\"eu\"].outputs.value} < \
                 ${join(\"+\", [for key, zone in dependency.zone : zone.outputs.value])}\"";
    estate.write("units/all/terragrunt.hcl", &text_unit(dependency, value));
    estate.write(
        "live/pair/terragrunt.stack.hcl",
        r#"
locals {
  zones = { us = "West", eu = "East" }
}
unit "zone" {
  expansion {
    for_each = local.zones
  }
  source = "../../units/zone"
  path   = "zones/${each.key}"
  values = { text = each.value }
}
unit "off" {
  enabled = false
  source  = "../../units/zone"
  path    = "off"
}
unit "all" {
  source = "../../units/all"
  path   = "all"
  values = { zones = keys(local.zones) }
}
"#,
    );
    estate
}

const STACK: &str = "live/pair/.terragrunt-stack";

#[test]
fn an_expanded_unit_is_found_and_shown_before_it_is_generated() {
    let estate = zones();
    let run = |arguments: &[&str]| {
        Slipway::new(estate.path(), Path::new("tofu")).run(&[arguments, &EXPERIMENT].concat())
    };
    let find = run(&["find", "live/pair", "--expand-stacks", "--dag", "--dependencies", "--format", "json"]);
    let found = find.exits(0).json();
    let units: Vec<_> = found.as_array().unwrap().iter().filter(|found| found["type"] == "unit").collect();
    let zones = ["eu", "us"].map(|zone| format!("{STACK}/zones/{zone}"));
    assert_eq!(units.len(), 3, "{found}");
    assert_eq!((&units[0]["path"], &units[1]["path"]), (&json!(zones[0]), &json!(zones[1])));
    assert_eq!(units[2]["dependencies"], json!(zones));
    run(&["graph", "live/pair", "--expand-stacks"]).exits(0).says("zones/us");
    let unit = format!("{STACK}/all");
    let shown = run(&["render", &unit, "--format", "json"]).exits(0).json();
    assert_eq!(shown["inputs"]["value"], "mock < mock+mock");
    assert_eq!(shown["dependency"]["zone"]["us"]["config_path"], "../zones/us");
    assert!(!estate.path().join(STACK).exists());
    let without = || Slipway::new(estate.path(), Path::new("tofu"));
    for (variable, on) in [("TG_EXPERIMENT", "block-iteration"), ("TG_EXPERIMENT_MODE", "true")] {
        without().env(variable, on).run(&["find", "live/pair", "--expand-stacks"]).exits(0).says("zones/us");
    }
    without()
        .run(&["find", "live/pair", "--expand-stacks"])
        .exits(3)
        .says("turn it on with --experiment block-iteration");
}

#[test]
fn expanded_units_are_planned_and_applied_and_read_by_their_keys() {
    for tool in terraforms() {
        let estate = zones();
        let run =
            |arguments: &[&str]| Slipway::new(estate.path(), &tool).run(&[arguments, &EXPERIMENT].concat());
        run(&["stack", "generate", "pair", "--format", "json"]).exits(0).says("zone[eu]");
        run(&["plan", "pair"])
            .exits(0)
            .says("waits for pair/.terragrunt-stack/zones/eu, pair/.terragrunt-stack/zones/us");
        run(&["apply", "pair", "--yes"]).exits(0).says("applied");
        let all = "pair/.terragrunt-stack/all";
        assert_eq!(estate.applied(all).as_deref(), Some("East < East+West"));
        run(&["destroy", "pair", "--yes"]).exits(0);
        assert_eq!(estate.applied(all), None);
    }
}

/// The Terragrunt on PATH with the experiment on.
fn terragrunt(folder: &Path, arguments: &[&str]) -> std::io::Result<std::process::Output> {
    let kept = ["PATH", "HOME", "TMPDIR"];
    let variables = std::env::vars().filter(|(name, _)| kept.contains(&name.as_str()));
    Command::new("terragrunt")
        .args(arguments)
        .args(["--no-color", "--non-interactive"])
        .args(EXPERIMENT)
        .current_dir(folder)
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .output()
}

#[test]
fn an_expanded_stack_is_generated_and_rendered_as_terragrunts_main_branch_does() {
    let estate = zones();
    let dir = estate.path().join("live/pair");
    let Ok(generated) = terragrunt(&dir, &["stack", "generate"]) else { return skipped(NO_TERRAGRUNT) };
    if !generated.status.success() {
        let said = String::from_utf8_lossy(&generated.stderr);
        assert!(said.contains("each"), "{said}");
        return skipped("the terragrunt on PATH does not read expansion blocks");
    }
    let theirs = everything(&dir);
    let rendered = terragrunt(&dir.join(".terragrunt-stack/all"), &["render", "--format", "json"]).unwrap();
    let rendered: serde_json::Value = serde_json::from_slice(&rendered.stdout).unwrap();
    std::fs::remove_dir_all(dir.join(".terragrunt-stack")).unwrap();
    let run = |arguments: &[&str]| {
        Slipway::new(estate.path(), Path::new("tofu")).run(&[arguments, &EXPERIMENT].concat())
    };
    run(&["stack", "generate", "live/pair"]).exits(0);
    assert_eq!(everything(&dir), theirs);
    let ours = run(&["render", &format!("{STACK}/all"), "--format", "json"]).exits(0).json();
    assert_eq!(ours["inputs"], rendered["inputs"]);
}
