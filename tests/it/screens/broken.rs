//! A broken estate: one file that does not parse, a dependency that is not there, a circle.

use super::{Situation, three_units};
use crate::support::estate::Estate;

fn broken() -> Estate {
    let estate = three_units("cluster");
    estate.write("live/database/terragrunt.hcl", "inputs = {\n  size = [1, 2\n}\n");
    estate.unit("queue", &["databse"]);
    estate.unit("one", &["other"]).unit("other", &["one"]);
    estate
}

#[test]
fn every_command_tells_every_mistake() {
    let broken = Situation::new("broken", broken());
    for arguments in [
        &["find"][..],
        &["graph"],
        &["render", "live/database"],
        &["render", "live/queue"],
        &["validate"],
        &["output"],
        &["plan"],
        &["apply", "--yes"],
        &["destroy", "--yes"],
        &["up", "--yes"],
        &["down", "--yes"],
        &["runs"],
        &["runs", "show"],
        &["resume"],
        &["unlock", "database"],
        &["stack", "generate"],
        &["image", "list"],
        &["cache"],
        &["doctor", "--offline"],
        &["explain", "estate::missing_dependency"],
        &["explain", "estate::nowhere"],
    ] {
        broken.looks(arguments);
    }
}

#[test]
fn a_slipway_hcl_that_is_wrong_is_told_by_every_command() {
    let estate = three_units("cluster");
    estate.write("slipway.hcl", "estate {\n  root = \"live\"\n}\n\nclster \"dev\" {\n  name = \"dev\"\n}\n");
    let broken = Situation::new("broken-project", estate);
    for arguments in [
        &["find"][..],
        &["plan"],
        &["runs"],
        &["verify"],
        &["argocd", "status"],
        &["image", "list"],
        &["cache"],
        &["doctor", "--offline"],
    ] {
        broken.looks(arguments);
    }
}
