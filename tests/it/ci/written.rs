//! The file that is written: from what, over what, and what is said where it is stale.

use super::{SETTINGS, ci, lint, workflow};
use crate::support::estate::Estate;

const FILE: &str = ".github/workflows/infrastructure.yml";

fn estate() -> Estate {
    let estate = Estate::new();
    estate.unit("dev/vpc", &[]).unit("prod/vpc", &[]);
    estate
}

fn read(estate: &Estate) -> String {
    std::fs::read_to_string(estate.path().join(FILE)).unwrap()
}

#[test]
fn without_a_word_of_it_the_folders_are_the_environments() {
    let estate = estate();
    let ended = ci(&estate, &["github"]).exits(0).says("2 units in dev, prod");
    assert!(ended.stderr.contains("next: say the roles in slipway.hcl"), "{}", ended.stderr);
    assert!(ended.stderr.contains("SLIPWAY_PLANS_KEY"), "{}", ended.stderr);
    lint(estate.path());
    // An order that needs another one is found; a unit beside the folders makes the whole one environment.
    estate.write("live/dev/web/terragrunt.hcl", "dependencies {\n  paths = [\"../../prod/vpc\"]\n}\n");
    ci(&estate, &["github"]).exits(0).says("3 units in prod, dev");
    estate.unit("alone", &[]);
    ci(&estate, &["github"]).exits(0).says("4 units in infrastructure");
    lint(estate.path());
}

#[test]
fn a_stale_file_is_told_with_what_differs_and_left_as_it_is() {
    let estate = estate();
    ci(&estate, &["github", "--check"]).exits(1).says("is not there");
    ci(&estate, &["github"]).exits(0);
    ci(&estate, &["github", "--check"]).exits(0);
    let before = read(&estate);
    estate.unit("test/vpc", &[]);
    let ended = ci(&estate, &["github", "--check"]).exits(1);
    assert!(ended.stdout.contains("\n+  apply-test:\n"), "{}", ended.stdout);
    assert_eq!(read(&estate), before);
    let dry = ci(&estate, &["github", "--dry-run"]).exits(0);
    assert_eq!(read(&estate), before);
    ci(&estate, &["github"]).exits(0);
    assert_eq!(read(&estate), dry.stdout);
    // Another unit of an environment that is there already changes nothing.
    estate.unit("dev/web", &[]);
    ci(&estate, &["github", "--check"]).exits(0);
}

#[test]
fn atlantis_plans_an_environment_when_something_changes_that_it_reads() {
    let estate = estate();
    estate.write("slipway.hcl", SETTINGS);
    estate.write(
        "live/dev/web/terragrunt.hcl",
        "locals {\n  x = read_terragrunt_config(\"../../shared.hcl\")\n}\n",
    );
    estate.write("live/shared.hcl", "");
    ci(&estate, &["atlantis"]).exits(0).says("wrote atlantis.yaml");
    let text = std::fs::read_to_string(estate.path().join("atlantis.yaml")).unwrap();
    let written = crate::documented::pipelines::yaml(&text);
    let told = |place: usize, key: &str| written["projects"][place][key].clone();
    assert_eq!((told(0, "name"), told(1, "name")), ("dev".into(), "prod".into()));
    assert_eq!((told(0, "dir"), told(1, "dir")), ("live/dev".into(), "live/prod".into()));
    assert_eq!((told(0, "execution_order_group"), told(1, "execution_order_group")), (0.into(), 1.into()));
    let dev = serde_json::json!(["**/*", "../../infra/**/*", "../root.hcl", "../shared.hcl"]);
    assert_eq!(told(0, "autoplan")["when_modified"], dev);
    let prod = serde_json::json!(["**/*", "../../infra/**/*", "../root.hcl"]);
    assert_eq!(told(1, "autoplan")["when_modified"], prod);
    ci(&estate, &["atlantis", "--check"]).exits(0);
}

#[test]
fn what_somebody_else_has_written_is_not_written_over() {
    let estate = estate();
    estate.write(FILE, "name: mine\n");
    ci(&estate, &["github"]).exits(5).says("was not written by `slipway ci`");
    assert_eq!(read(&estate), "name: mine\n");
    ci(&estate, &["github", "--force"]).exits(0);
    assert_ne!(read(&estate), "name: mine\n");
}

#[test]
fn no_unit_is_without_a_job_and_no_order_is_wrong() {
    let estate = estate();
    let settings = |environments: &str| {
        estate.write("slipway.hcl", &format!("estate {{\n root = \"live\"\n}}\nci {{\n{environments}\n}}\n"));
    };
    settings("environment \"dev\" {}");
    ci(&estate, &["github"]).exits(64).says("no environment of slipway.hcl has prod/vpc");
    settings("environment \"dev\" {}\nenvironment \"prod\" {}\nenvironment \"new\" {}");
    ci(&estate, &["github"]).exits(64).says("the environment new has no units");
    settings("environment \"dev\" {}\nenvironment \"all\" {\n path = \".\"\n}");
    ci(&estate, &["github"]).exits(64).says("the environments dev and all both have dev/vpc");
    estate.write("live/dev/web/terragrunt.hcl", "dependencies {\n  paths = [\"../../prod/vpc\"]\n}\n");
    settings("environment \"dev\" {}\nenvironment \"prod\" {}");
    ci(&estate, &["github"]).exits(64).says("dev/web of dev depends on prod/vpc of prod");
}

#[test]
fn the_jobs_that_have_a_role_are_those_that_need_it() {
    let estate = estate();
    estate.write("slipway.hcl", SETTINGS);
    ci(&estate, &["github"]).exits(0);
    lint(estate.path());
    let workflow = workflow(&estate);
    assert_eq!(workflow["permissions"], serde_json::json!({}));
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        let text = job.to_string();
        let needs_role = ["plan", "drift"].contains(&name.as_str())
            || name.starts_with("apply-")
            || name.starts_with("destroy-");
        assert_eq!(job["permissions"]["id-token"] == "write", needs_role, "{name}");
        assert_eq!(text.contains("secrets."), name == "plan" || name.starts_with("apply-"), "{name}");
        let applies = name.starts_with("apply-") || name.starts_with("destroy-");
        assert_eq!(text.contains("role/infrastructure-apply"), applies, "{name}");
        assert_eq!(job["environment"].is_string(), applies, "{name}");
        if applies {
            let group = format!("apply-{}", job["environment"].as_str().unwrap());
            let concurrency = serde_json::json!({"group": group, "cancel-in-progress": false});
            assert_eq!(job["concurrency"], concurrency, "{name}");
            assert!(job["if"].as_str().unwrap().contains("github.ref == 'refs/heads/main'"), "{name}");
        }
        for step in job["steps"].as_array().unwrap() {
            let script = step["run"].as_str().unwrap_or_default();
            assert!(
                !script.contains("${{"),
                "an expression in a script is code of whoever writes it: {script}"
            );
        }
    }
}
