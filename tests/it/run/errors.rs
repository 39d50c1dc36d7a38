//! What goes wrong ends with the right code, the cause, and the way out.

use std::path::Path;

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

fn nowhere() -> &'static Path {
    Path::new("/nowhere/terraform")
}

#[test]
fn a_cycle_is_printed_as_a_path_with_its_lines() {
    let estate = Estate::new();
    estate.unit("a", &["b"]).unit("b", &["a"]);
    let up = Slipway::new(estate.path(), nowhere()).run(&["up", "--yes"]);
    up.exits(3).says("a → b → a").says("terragrunt.hcl:9");
}

#[test]
fn a_dependency_that_is_not_there_is_named_with_what_could_be_meant() {
    let estate = Estate::new();
    estate.unit("networking", &[]).unit("cluster", &["netwroking"]);
    let up = Slipway::new(estate.path(), nowhere()).run(&["up", "--yes"]);
    up.exits(3).says("netwroking").says("networking").says("terragrunt.hcl:9");
}

#[test]
fn hcl_that_does_not_parse_is_shown_where_it_breaks_and_nothing_else_is_dropped() {
    let estate = Estate::new();
    estate.unit("networking", &[]).unit("bucket", &[]);
    estate.write("live/broken/terragrunt.hcl", "inputs = {\n  a = \n}\n");
    Slipway::new(estate.path(), nowhere())
        .run(&["up", "--yes"])
        .exits(3)
        .says("live/broken/terragrunt.hcl:2");
    let find = Slipway::new(estate.path(), nowhere()).run(&["find"]).exits(3);
    assert_eq!(find.stdout, "broken\nbucket\nnetworking\n");
}

#[test]
fn without_a_tool_it_says_what_to_install() {
    let estate = Estate::new();
    estate.unit("networking", &[]);
    let up = Slipway::new(estate.path(), nowhere()).env_remove("SLIPWAY_TF_PATH").run(&["up", "--yes"]);
    up.exits(1).says("neither tofu nor terraform is on PATH").says("--tf-path");
}

#[test]
fn a_provider_that_cannot_be_had_is_told_as_that() {
    for tool in terraforms() {
        let estate = Estate::new();
        estate.unit("networking", &[]);
        let provider =
            "terraform {\n  required_providers {\n    nothing = { source = \"example/nothing\" }\n  }\n}\n";
        estate.write("infra/text/versions.tf", provider);
        let mirror = estate.path().join("mirror");
        std::fs::create_dir(&mirror).unwrap();
        let rc =
            format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n");
        let rc = estate.write("terraform.rc", &rc);
        let up = Slipway::new(estate.path(), &tool).env("TF_CLI_CONFIG_FILE", rc).run(&["up", "--yes"]);
        up.exits(1).says("example/nothing").says("the provider cannot be had");
    }
}

#[test]
fn when_aws_does_not_answer_the_run_ends_in_seconds_and_says_so() {
    let estate = Estate::new();
    estate.unit("networking", &[]);
    let backend = "remote_state {\n  backend = \"s3\"\n  generate = { path = \"backend.tf\", if_exists = \"overwrite\" }\n  \
                   config = {\n    bucket = \"states\"\n    key = \"x\"\n    region = \"eu-west-1\"\n  }\n}\n";
    estate.write("live/root.hcl", backend);
    let up = Slipway::new(estate.path(), &terraforms()[0])
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .run(&["up", "--yes"]);
    up.exits(1).says("AWS does not answer");
}

#[test]
fn a_source_that_is_not_there_is_named() {
    let estate = Estate::new();
    estate.write("live/x/terragrunt.hcl", "terraform {\n  source = \"../../infra//missing\"\n}\n");
    Slipway::new(estate.path(), &terraforms()[0])
        .run(&["up", "--yes"])
        .exits(1)
        .says("infra/missing is not a folder");
}

#[test]
fn a_wrong_flag_is_wrong_usage() {
    let estate = Estate::new();
    Slipway::new(estate.path(), nowhere()).run(&["up", "--nonsense"]).exits(64).says("--nonsense");
    Slipway::new(estate.path(), nowhere())
        .run(&["up", "no-such-folder", "--yes"])
        .exits(64)
        .says("no-such-folder");
}
