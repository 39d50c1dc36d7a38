//! Tools, and what is wrong with slipway.hcl and the units.

use super::{assert_found, found, nowhere};
use crate::support::estate::Estate;
use crate::support::slipway::system_path;
use crate::support::tool;

const JSON: &[&str] = &["doctor", "--format", "json"];

fn program(estate: &Estate, name: &str, script: &str) {
    let file = estate.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

/// A program that says a version.
fn says(estate: &Estate, name: &str, version: &str) {
    program(estate, name, &format!("echo '{version}'"));
}

fn path(estate: &Estate) -> String {
    format!("{}:{}", estate.path().join("bin").display(), system_path())
}

#[test]
fn which_tool_a_run_uses_is_told_with_its_version_and_why() {
    let estate = Estate::chain();
    let ended = nowhere(&estate).run(JSON).exits(0);
    assert_found(&ended, "tofu/terraform", "ok", &["tofu 1.", "named by SLIPWAY_TF_PATH"]);
    let named = tool("tofu");
    let flag = nowhere(&estate).env_remove("SLIPWAY_TF_PATH");
    let ended = flag.run(&["doctor", "--format", "json", "--tf-path", named.to_str().unwrap()]).exits(0);
    assert_found(&ended, "tofu/terraform", "ok", &["named by --tf-path"]);
    says(&estate, "terraform", "Terraform v1.9.8");
    let on_path = || nowhere(&estate).env_remove("SLIPWAY_TF_PATH").env("PATH", path(&estate));
    assert_found(&on_path().run(JSON).exits(0), "tofu/terraform", "ok", &["1.9.8", "the first on PATH"]);
    says(&estate, "tofu", "OpenTofu v1.10.0");
    let ended = on_path().run(JSON).exits(0);
    assert_found(&ended, "tofu/terraform", "ok", &["tofu 1.10.0", "tofu comes before terraform"]);
}

#[test]
fn which_engine_auto_takes_is_told_and_a_terragrunt_that_cannot_be_driven_fails_where_it_is_used() {
    let estate = Estate::chain();
    let auto = || nowhere(&estate).env_remove("SLIPWAY_ENGINE").env("PATH", path(&estate));
    let ended = auto().run(JSON).exits(0);
    assert_found(&ended, "engine", "ok", &["native: --engine auto", "not on PATH"]);
    says(&estate, "terragrunt", "terragrunt version v1.1.3");
    let ended = auto().run(JSON).exits(0);
    assert_found(&ended, "terragrunt", "ok", &["terragrunt 1.1.3", "bin/terragrunt"]);
    assert_found(&ended, "engine", "ok", &["terragrunt: --engine auto"]);
    says(&estate, "terragrunt", "terragrunt version v0.50.0");
    assert_found(&auto().run(JSON).exits(1), "terragrunt", "missing", &["0.50.0 cannot be driven"]);
    let native = auto().env("SLIPWAY_ENGINE", "native").run(JSON).exits(0);
    assert_found(&native, "terragrunt", "optional", &["0.50.0 cannot be driven"]);
    assert_found(&native, "engine", "ok", &["native: SLIPWAY_ENGINE"]);
    estate.write("slipway.hcl", "estate {\n  root = \"live\"\n}\nengine {\n  use = \"native\"\n}\n");
    assert_found(&auto().run(JSON).exits(0), "engine", "ok", &["native: slipway.hcl"]);
}

#[test]
fn a_tool_that_never_says_its_version_is_told_beside_the_others_and_ended() {
    let estate = Estate::chain();
    let pid = estate.path().join("pid");
    program(&estate, "tofu", &format!("echo $$ > {}\nwhile :; do sleep 0.1; done", pid.display()));
    let ended = nowhere(&estate).env("SLIPWAY_TF_PATH", estate.path().join("bin/tofu")).run(JSON).exits(1);
    assert_found(&ended, "tofu/terraform", "missing", &["does not say its version within", "--tf-path"]);
    assert_found(&ended, "git", "ok", &["git version"]);
    assert_found(&ended, "engine", "ok", &["native"]);
    let pid = std::fs::read_to_string(pid).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "it goes on: {stat}");
}

#[test]
fn units_that_ask_for_another_tool_or_version_are_named() {
    let estate = Estate::chain();
    says(&estate, "tofu", "OpenTofu v1.10.0");
    says(&estate, "terraform", "Terraform v1.5.7");
    program(&estate, "trap", &format!("touch {}", estate.path().join("started").display()));
    let unit = |name: &str, text: &str| {
        let file = format!("live/{name}/terragrunt.hcl");
        let before = std::fs::read_to_string(estate.path().join(&file)).unwrap();
        estate.write(&file, &format!("{text}\n{before}"));
    };
    unit("bucket", "terraform_binary = \"terraform\"");
    unit("identity", &format!("terraform_binary = \"{}\"", estate.path().join("bin/trap").display()));
    unit("networking", "terraform_version_constraint = \">= 1.11\"");
    estate.write("infra/text/versions.tf", "terraform {\n  required_version = \"~> 1.10\"\n}\n");
    let on_path = nowhere(&estate).env_remove("SLIPWAY_TF_PATH").env("PATH", path(&estate));
    let ended = on_path.run(JSON).exits(1);
    let tools = found(&ended, "tofu/terraform");
    let expected = [
        ("ok", "tofu 1.10.0"),
        (
            "missing",
            "tofu 1.10.0 does not satisfy >= 1.11: terraform_version_constraint of 1 unit: networking",
        ),
        ("unknown", "terraform_binary of 1 unit: identity; what a unit names by a path"),
        ("ok", "terraform 1.5.7"),
        ("missing", "terraform 1.5.7 does not satisfy ~> 1.10: required_version of 1 unit: bucket"),
    ];
    assert_eq!(tools.len(), expected.len(), "{tools:?}");
    for ((verdict, said), (wanted, text)) in tools.iter().zip(expected) {
        assert!(verdict == wanted && said.contains(text), "{verdict} {said:?} is not {wanted} {text:?}");
    }
    assert!(!estate.path().join("started").exists(), "a program of the repository's own");
}

#[test]
fn what_is_wrong_with_the_configuration_is_counted_with_the_way_out() {
    let estate = Estate::chain();
    estate.write("live/bucket/terragrunt.hcl", "inputs = { a = nothing.here }\n");
    let ended = nowhere(&estate).run(JSON).exits(1);
    assert_found(&ended, "slipway.hcl", "ok", &["0 clusters"]);
    assert_found(&ended, "estate", "missing", &["1 error, 4 units", "`slipway validate` shows them"]);

    estate.write("slipway.hcl", "estate {\n  rot = \"live\"\n}\nengine {\n  use = \"magic\"\n}\n");
    let ended = nowhere(&estate).run(JSON).exits(1);
    let says = ["2 errors, the first: ", "slipway.hcl:2", "`slipway validate` shows all of them"];
    assert_found(&ended, "slipway.hcl", "missing", &says);
    assert!(found(&ended, "state").is_empty(), "{}", ended.stdout);

    estate.write("slipway.hcl", "estate {\n  root = \"lvie\"\n}\n");
    let ended = nowhere(&estate).run(JSON).exits(1);
    assert_found(&ended, "estate", "missing", &["lvie is not there", "did you mean \"live\"?"]);
}

#[test]
fn an_estate_whose_root_a_program_says_is_not_known_and_fails_nothing() {
    let estate = Estate::chain();
    estate.write(
        "slipway.hcl",
        "estate {\n  root = run_cmd(\"sh\", \"-c\", \"touch started; echo live\")\n}\n",
    );
    let ended = nowhere(&estate).run(JSON).exits(0);
    assert_found(&ended, "estate", "unknown", &["rests on a program"]);
    assert!(!estate.path().join("started").exists());
}
