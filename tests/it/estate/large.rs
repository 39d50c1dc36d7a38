//! Estates that are large and broken: what is told of them stays short, and nothing is lost.

use std::path::Path;

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};

/// So many units, in three accounts.
const UNITS: usize = 240;

/// Each depends on one that is not there; every tenth has the mistake of a shared file as well.
fn broken() -> Estate {
    let estate = Estate::new();
    estate.write("live/root.hcl", "");
    estate.write("live/shared.hcl", "exclude {\n  if      = local.gone\n  actions = [\"plan\"]\n}\n");
    for unit in 0..UNITS {
        let included = if unit % 10 == 0 { "shared.hcl" } else { "root.hcl" };
        estate.write(
            &format!("live/account-{}/unit-{unit}/terragrunt.hcl", unit % 3),
            &format!(
                "include \"root\" {{\n  path = find_in_parent_folders(\"{included}\")\n}}\n\
                 dependencies {{\n  paths = [\"../gone-{unit}\"]\n}}\n"
            ),
        );
    }
    estate
}

fn find(estate: &Estate, arguments: &[&str]) -> Ended {
    let arguments = [&["find", "live"], arguments].concat();
    Slipway::new(estate.path(), Path::new("tofu")).run(&arguments).exits(3)
}

fn missing(ended: &Ended) -> usize {
    ended.stderr.matches("estate::missing_dependency").count()
}

#[test]
fn of_very_many_mistakes_the_first_of_each_kind_are_told_and_where_the_rest_is() {
    let estate = broken();
    let ended = find(&estate, &[]);
    assert_eq!(ended.stdout.lines().count(), UNITS, "{}", ended.stdout);
    // Ten, and the line of the rest.
    assert_eq!(missing(&ended), 11, "{}", ended.stderr);
    let ended = ended
        .says("error[estate::missing_dependency]: 230 more in 230 files: live/account-")
        .says("help: --all-errors shows every one of them")
        .says("error[terragrunt::unknown_name]: there is no local.gone")
        .says("breaks: 24 units");
    assert_eq!(ended.stderr.matches("there is no local.gone").count(), 1, "{}", ended.stderr);
}

#[test]
fn all_of_them_are_told_where_they_are_asked_for() {
    let estate = broken();
    let ended = find(&estate, &["--all-errors"]);
    assert_eq!(missing(&ended), UNITS);
    assert!(!ended.stderr.contains(" more in "), "{}", ended.stderr);
    let ended = find(&estate, &["--log-format", "json"]);
    assert_eq!(missing(&ended), UNITS);
    assert_eq!(ended.stderr.lines().count(), UNITS + 1);
    let validated = Slipway::new(estate.path(), Path::new("tofu"))
        .run(&["validate", "live", "--format", "json"])
        .exits(3)
        .json();
    let missing = validated.as_array().unwrap().iter();
    let missing = missing.filter(|found| found["code"] == "estate::missing_dependency").count();
    assert_eq!(missing, UNITS);
}

#[test]
fn a_refusal_counts_them_all() {
    let estate = broken();
    Slipway::new(estate.path(), Path::new("tofu"))
        .run(&["plan", "live"])
        .exits(3)
        .says("230 more in 230 files")
        .says("errors: 241 in the configuration");
}

#[test]
fn circles_that_hang_together_are_told_once_by_the_shortest_of_them() {
    let estate = Estate::new();
    let unit = |name: &str, paths: &[&str]| {
        let paths = paths.iter().map(|path| format!("\"../{path}\"")).collect::<Vec<_>>().join(", ");
        estate.write(
            &format!("live/{name}/terragrunt.hcl"),
            &format!("dependencies {{\n  paths = [{paths}]\n}}\n"),
        );
    };
    unit("a", &["b", "d"]);
    unit("b", &["c"]);
    unit("c", &["a"]);
    unit("d", &["a"]);
    unit("x", &["y"]);
    unit("y", &["x", "a"]);
    let ended = find(&estate, &[]);
    assert_eq!(ended.stderr.matches("error[estate::cycle]").count(), 2, "{}", ended.stderr);
    ended.says("in a circle: a → d → a").says("in a circle: x → y → x");
}
