//! An estate whose units all come from stacks that are not generated: pipelines of it plan what its stacks make.

use std::path::Path;
use std::process::Command;

use super::{ci, lint, workflow};
use crate::hostile::world::git;
use crate::support::estate::Estate;
use crate::support::slipway::{Slipway, system_path};
use crate::support::tool;

/// A network and an app of each of two environments, all of them from one catalogue; nothing generated is in Git.
fn estate() -> Estate {
    let estate = Estate::new();
    estate.unit("none", &[]);
    std::fs::remove_dir_all(estate.path().join("live/none")).unwrap();
    let unit = |rest: &str| {
        format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\
             terraform {{\n  source = \"${{get_repo_root()}}/infra//text\"\n}}\n{rest}"
        )
    };
    estate.write("catalogue/vpc/terragrunt.hcl", &unit("inputs = { value = values.text }\n"));
    let app = "dependency \"vpc\" {\n  config_path = \"../vpc\"\n  mock_outputs = { value = \"mock\" }\n}\n\
               inputs = { value = \"app < ${dependency.vpc.outputs.value}\" }\n";
    estate.write("catalogue/app/terragrunt.hcl", &unit(app));
    for name in ["dev", "prod"] {
        let stack = "unit \"vpc\" {\n  source = \"${get_repo_root()}/catalogue/vpc\"\n  path = \"vpc\"\n  \
                     values = { text = \"NAME\" }\n}\n\
                     unit \"app\" {\n  source = \"${get_repo_root()}/catalogue/app\"\n  path = \"app\"\n}\n";
        estate.write(&format!("live/{name}/terragrunt.stack.hcl"), &stack.replace("NAME", name));
    }
    estate.write(".gitignore", ".slipway/\n.terragrunt-stack/\n.terraform.lock.hcl\nstates/\n");
    git(estate.path(), &["checkout", "--quiet", "-B", "main"]);
    commit(&estate);
    estate
}

fn commit(estate: &Estate) {
    git(estate.path(), &["add", "--all"]);
    git(estate.path(), &["commit", "--quiet", "--message", "more"]);
}

fn change(estate: &Estate, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    assert!(text.contains(from), "{text}");
    estate.write(file, &text.replace(from, to));
}

/// Runs what a job of a workflow does by Slipway, as a runner would, in a clone of the repository; returns all that was said.
fn run_job(estate: &Estate, job: &serde_json::Value, variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("clone");
    let from = estate.path().display().to_string();
    git(folder.path(), &["clone", "--quiet", &from, "clone"]);
    let bin = Path::new(env!("CARGO_BIN_EXE_slipway")).parent().unwrap().display().to_string();
    let mut said = String::new();
    for step in job["steps"].as_array().unwrap() {
        let Some(script) = step["run"].as_str().filter(|script| script.contains("slipway ")) else {
            continue;
        };
        if script.contains("ci seal") {
            continue;
        }
        let mut shell = Command::new("bash");
        shell.args(["-euc", script]).current_dir(clone.join(step["working-directory"].as_str().unwrap()));
        shell.env_clear().env("PATH", format!("{bin}:{}", system_path())).env("HOME", folder.path());
        shell.env("RUNNER_TEMP", folder.path()).env("SLIPWAY_TF_PATH", tool("tofu"));
        shell.env("SLIPWAY_ENGINE", "native").env("XDG_STATE_HOME", folder.path().join("state"));
        let ran = shell.envs(variables.iter().copied()).output().unwrap();
        said += &String::from_utf8_lossy(&ran.stdout);
        said += &String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{script}: {said}");
    }
    said
}

#[test]
fn the_units_that_stacks_make_are_planned_by_the_pipeline_that_is_written() {
    let estate = estate();
    ci(&estate, &["github"]).exits(0).says("4 units in dev, prod");
    assert!(!estate.path().join("live/dev/.terragrunt-stack").exists(), "nothing is written but the file");
    lint(estate.path());
    ci(&estate, &["github", "--check"]).exits(0);
    commit(&estate);
    let workflow = workflow(&estate);
    let said = run_job(&estate, &workflow["jobs"]["plan"], &[("PLACE", "live/dev"), ("BASE", "")]);
    assert!(said.contains("2 stacks, 4 units"), "{said}");
    assert!(said.contains("dev/.terragrunt-stack/vpc"), "{said}");
    ci(&estate, &["gitlab"]).exits(0).says("4 units in dev, prod");
    let text = std::fs::read_to_string(estate.path().join(".gitlab-ci.yml")).unwrap();
    let pipeline = crate::documented::pipelines::yaml(&text);
    for job in ["plans-dev-000", "drift-prod", "destroy-dev"] {
        let script = pipeline[job]["script"].to_string();
        let (before, _) = script.split_once("slipway stack generate").expect("it is generated");
        assert!(!before.contains("slipway plan") && !before.contains("slipway drift"), "{script}");
    }
}

#[test]
fn a_change_of_the_catalogue_is_planned_where_it_is_used() {
    let estate = estate();
    estate.write("slipway.hcl", "estate {\n  root = \"live\"\n}\nci {\n  units_per_job = 1\n}\n");
    ci(&estate, &["github"]).exits(0);
    commit(&estate);
    git(estate.path(), &["checkout", "--quiet", "-b", "work"]);
    let shards = |estate: &Estate| {
        let jobs = ci(estate, &["shards", "--affected=main"]).exits(0).json();
        let jobs = jobs["include"].as_array().unwrap().clone();
        jobs.into_iter().map(|job| job["filter"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(shards(&estate).is_empty());
    change(&estate, "catalogue/vpc/terragrunt.hcl", "values.text", "\"new ${values.text}\"");
    let vpcs = ["{./live/dev/.terragrunt-stack/vpc}", "{./live/prod/.terragrunt-stack/vpc}"];
    assert_eq!(shards(&estate), vpcs);
    commit(&estate);
    let workflow = workflow(&estate);
    let variables = [("PLACE", "live/dev"), ("SLIPWAY_FILTER", vpcs[0])];
    let said = run_job(&estate, &workflow["jobs"]["plan"], &variables);
    assert!(said.contains("dev/.terragrunt-stack/vpc") && !said.contains("stack/app  "), "{said}");
    // The same that `plan` chooses for itself, generated as it is.
    let plan = Slipway::new(estate.path(), &tool("tofu")).run(&["plan", "--affected=main"]).exits(0);
    for name in ["dev/.terragrunt-stack/vpc", "prod/.terragrunt-stack/vpc", "2 units"] {
        assert!(plan.stdout.contains(name) || plan.stderr.contains(name), "{}{}", plan.stdout, plan.stderr);
    }
    assert!(!plan.stdout.contains("stack/app"), "{}", plan.stdout);
}

#[test]
fn what_a_stack_above_makes_in_the_folder_of_an_environment_is_generated_before_that_is_planned() {
    let estate = estate();
    for name in ["dev", "prod"] {
        std::fs::remove_dir_all(estate.path().join("live").join(name)).unwrap();
    }
    let block = "unit \"NAME\" {\n  source = \"${get_repo_root()}/catalogue/vpc\"\n  path = \"NAME/vpc\"\n  \
                 values = { text = \"NAME\" }\n  no_dot_terragrunt_stack = true\n}\n";
    estate.write(
        "live/terragrunt.stack.hcl",
        &["dev", "prod"].map(|name| block.replace("NAME", name)).concat(),
    );
    estate.write(".gitignore", ".slipway/\nlive/dev/\nlive/prod/\nstates/\n");
    ci(&estate, &["github"]).exits(0).says("2 units in dev, prod");
    git(estate.path(), &["rm", "--quiet", "--cached", "-r", "live/dev", "live/prod", "--ignore-unmatch"]);
    commit(&estate);
    let said = run_job(&estate, &workflow(&estate)["jobs"]["plan"], &[("PLACE", "live/dev"), ("BASE", "")]);
    assert!(said.contains("dev/vpc"), "{said}");
}

#[test]
fn atlantis_plans_anew_when_the_catalogue_changes() {
    let estate = estate();
    ci(&estate, &["atlantis"]).exits(0);
    let text = std::fs::read_to_string(estate.path().join("atlantis.yaml")).unwrap();
    let written = crate::documented::pipelines::yaml(&text);
    let dev = serde_json::json!([
        "**/*",
        "../../catalogue/app/**/*",
        "../../catalogue/vpc/**/*",
        "../../infra/**/*",
        "../root.hcl"
    ]);
    assert_eq!(written["projects"][0]["autoplan"]["when_modified"], dev);
}

#[test]
fn a_stack_that_is_wrong_is_told_with_its_place() {
    let estate = estate();
    change(&estate, "live/dev/terragrunt.stack.hcl", "catalogue/app", "catalogue/gone");
    ci(&estate, &["github"]).exits(3).says("the source of unit \"app\" cannot be used");
}
