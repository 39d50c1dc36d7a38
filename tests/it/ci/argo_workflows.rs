//! The workflows for Argo Workflows: held to what it takes, and their steps run as their pods would run them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{SETTINGS, ci};
use crate::documented::shell::Shell;
use crate::support::estate::Estate;
use crate::support::root;

const FILE: &str = "argo-workflows.yaml";

/// Has its schema and its rules look at the file of an estate.
#[track_caller]
fn lint(estate: &Estate) {
    let mut command = Command::new(root().join(".venv/bin/python"));
    command.current_dir(root()).args(["-m", "emulator.argo_workflows"]).arg(estate.path().join(FILE));
    let lint = command.output().unwrap();
    let said = [lint.stdout, lint.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(lint.status.success(), "{said:?}");
}

/// The objects of a file.
fn objects(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(crate::documented::pipelines::yaml).collect()
}

fn template(objects: &[Value], name: &str) -> Value {
    let workflows = objects.iter().find(|object| object["kind"] == "WorkflowTemplate").unwrap();
    let mut templates = workflows["spec"]["templates"].as_array().unwrap().iter();
    templates.find(|template| template["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
}

fn two() -> Estate {
    let estate = Estate::new();
    estate.unit("dev/vpc", &[]).unit("prod/vpc", &[]);
    estate
}

#[test]
fn what_is_written_is_as_argo_workflows_takes_it() {
    let estate = two();
    ci(&estate, &["argo-workflows", "--check"]).exits(1).says("is not there");
    ci(&estate, &["argo-workflows"]).exits(0).says("wrote argo-workflows.yaml").says("2 units in dev, prod");
    lint(&estate);
    ci(&estate, &["argo-workflows", "--check"]).exits(0);
    for settings in [SETTINGS.to_owned(), SETTINGS.replace("  drift", "  units_per_job = 1\n  drift")] {
        estate.write("slipway.hcl", &settings);
        estate.unit("dev/web", &[]);
        estate.write("catalog/x/terragrunt.hcl", "inputs = {}\n");
        let stack = "unit \"x\" {\n  source = \"../../catalog/x\"\n  path   = \"x\"\n}\n";
        estate.write("live/prod/terragrunt.stack.hcl", stack);
        ci(&estate, &["argo-workflows", "--force"]).exits(0);
        lint(&estate);
    }
    // A file that is wrong is found to be so.
    let text = std::fs::read_to_string(estate.path().join(FILE)).unwrap();
    estate.write(FILE, &text.replace("template: agree", "template: nobody"));
    assert!(std::panic::catch_unwind(|| lint(&estate)).is_err());
}

#[test]
fn an_environment_is_planned_when_the_one_before_it_is_done_and_applied_when_somebody_agreed() {
    let estate = two();
    estate.write("slipway.hcl", SETTINGS);
    ci(&estate, &["argo-workflows"]).exits(0);
    let objects = objects(&std::fs::read_to_string(estate.path().join(FILE)).unwrap());
    let apply = template(&objects, "apply");
    let task = |name: &str| {
        let mut tasks = apply["dag"]["tasks"].as_array().unwrap().iter();
        tasks.find(|task| task["name"] == name).unwrap().clone()
    };
    assert_eq!(task("plan-dev")["depends"], "check.Succeeded");
    assert_eq!(
        task("plan-prod")["depends"],
        "plan-dev.Succeeded && (apply-dev.Succeeded || agree-dev.Skipped)"
    );
    assert_eq!(task("apply-prod")["depends"], "agree-prod.Succeeded");
    let account = |name: &str| template(&objects, name)["serviceAccountName"].clone();
    assert_eq!((account("plan-dev"), account("apply-dev")), ("plan-dev".into(), "apply-dev".into()));
    assert_eq!((account("look"), account("check")), (Value::Null, Value::Null), "these have no role");
    let role = |name: &str| {
        let is_it =
            |object: &&Value| object["kind"] == "ServiceAccount" && object["metadata"]["name"] == *name;
        objects.iter().find(is_it).unwrap()["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].clone()
    };
    assert_eq!(role("plan-prod"), "arn:aws:iam::222222222222:role/infrastructure-plan");
    assert_eq!(role("apply-prod"), "arn:aws:iam::222222222222:role/infrastructure-apply");
    assert_eq!(role("look"), Value::Null);
    let drift = objects.iter().find(|object| object["kind"] == "CronWorkflow").unwrap();
    assert_eq!(drift["spec"]["schedules"], serde_json::json!(["17 5 * * 1-5"]));
}

/// Runs the script of a template in the folder of an estate, with what a pod would have of its variables.
fn step(shell: &Shell, template: &Value, folder: &Path, given: &[(&str, &str)], code: i32) -> String {
    let script = template["container"]["args"][0].as_str().unwrap();
    // Each pod has a file system of its own, whose temporary folder is empty.
    let script = script.replace("/tmp/", &format!("{}/", folder.display()));
    let variables = template["container"]["env"].as_array().unwrap().iter().filter_map(|variable| {
        let name = variable["name"].as_str().unwrap();
        let value = given.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        (name != "HOME").then(|| (name.to_owned(), value.to_owned()))
    });
    shell.runs(&script, &variables.collect::<Vec<_>>(), code)
}

#[test]
fn the_steps_plan_seal_open_and_apply() {
    let shell = crate::documented::pipelines::branch();
    shell.must("printf '\\nci {\\n  units_per_job = 2\\n}\\n' >> slipway.hcl && slipway ci argo-workflows --dry-run > ../workflows.yaml");
    let objects = objects(&shell.read("../workflows.yaml"));
    let name = "infrastructure";
    let (pods, key) = (tempfile::tempdir().unwrap(), ("SLIPWAY_PLANS_KEY", "canary-of-sealed-plans"));
    let pod = |name: &str| {
        let folder = pods.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    };

    let cut = pod("cut");
    step(&shell, &template(&objects, "cut"), &cut, &[("ENVIRONMENT", name), ("BASE", "main")], 0);
    let shards: Value = serde_json::from_str(&std::fs::read_to_string(cut.join("shards")).unwrap()).unwrap();
    let [shard] = shards.as_array().unwrap().as_slice() else { panic!("{shards}") };
    let filter = shard["filter"].as_str().unwrap();
    assert_eq!(filter, "{./live/bucket}", "what the branch changes");

    let planned = pod("plan");
    let plan = template(&objects, &format!("plan-{name}"));
    step(&shell, &plan, &planned, &[("FILTER", filter), key], 0);
    assert_eq!(std::fs::read_to_string(planned.join("changes")).unwrap(), "true\n");
    assert!(std::fs::read_to_string(planned.join("plan.md")).unwrap().contains("bucket"));
    let sealed = std::fs::read(planned.join("plans.sealed")).unwrap();
    assert!(sealed.starts_with(b"slipway-sealed-1\n"));

    let applied = pod("apply");
    std::fs::create_dir(applied.join("sealed")).unwrap();
    std::fs::write(applied.join("sealed/000.sealed"), sealed).unwrap();
    let apply = template(&objects, &format!("apply-{name}"));
    step(&shell, &apply, &applied, &[("SLIPWAY_PLANS_KEY", "canary-of-another-key")], 5);
    step(&shell, &apply, &applied, &[key], 0);
    assert!(shell.read("states/bucket.tfstate").contains("bigger"));

    let again = pod("again");
    step(&shell, &plan, &again, &[("FILTER", filter), key], 0);
    assert_eq!(std::fs::read_to_string(again.join("changes")).unwrap(), "false\n");
    let destroy = template(&objects, &format!("destroy-folder-{name}"));
    for (folder, twice) in [("bucket", "network"), ("", ""), ("../live/bucket", "../live/bucket")] {
        step(&shell, &destroy, &pod("destroy"), &[("FOLDER", folder), ("AGAIN", twice)], 1);
    }
}
