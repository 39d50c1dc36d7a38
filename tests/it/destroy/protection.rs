use super::{applied, slipway};
use crate::support::estate::Estate;
use crate::support::terraforms;

fn protected(estate: &Estate, unit: &str, how: &str) {
    let file = format!("live/{unit}/terragrunt.hcl");
    let text = std::fs::read_to_string(estate.path().join(&file)).unwrap();
    estate.write(&file, &format!("{how}\n{text}"));
}

#[test]
fn protection_by_an_include_or_a_feature_names_the_unit_and_nothing_begins() {
    let tool = &terraforms()[0];
    let estate = applied(tool);
    estate.write("live/keep.hcl", "prevent_destroy = true\n");
    protected(
        &estate,
        "dev/cluster",
        "include \"keep\" {\n  path = find_in_parent_folders(\"keep.hcl\")\n}\n",
    );
    let ended = slipway(&estate, tool, &["destroy", "--yes"]).exits(5);
    let ended = ended.says("prevent_destroy protects dev/cluster");
    assert!(!ended.stderr.contains(": plan"), "{}", ended.stderr);

    let by_feature = applied(tool);
    let how = "feature \"keep\" {\n  default = true\n}\n\nprevent_destroy = feature.keep.value\n";
    protected(&by_feature, "shared/monitoring", how);
    slipway(&by_feature, tool, &["destroy", "shared", "--yes"]).exits(5).says("protects shared/monitoring");
    slipway(&by_feature, tool, &["destroy", "shared", "--yes", "--feature", "keep=false"]).exits(0);
    assert_eq!(by_feature.applied("shared/monitoring"), None);
}

#[test]
fn what_a_protected_unit_stands_on_does_not_go_either() {
    let tool = &terraforms()[0];
    let estate = applied(tool);
    protected(&estate, "shared/monitoring", "prevent_destroy = true\n");
    let ended = slipway(&estate, tool, &["destroy", "dev", "--yes"]).exits(5);
    ended.says("prevent_destroy protects shared/monitoring, which depends on dev/cluster");
    assert!(estate.applied("dev/cluster").is_some());
    slipway(&estate, tool, &["destroy", "dev", "--yes", "--leave-dependents"]).exits(0);
    assert_eq!(estate.applied("dev/networking"), None);
}

#[test]
fn what_others_stand_on_stays_until_they_are_gone() {
    for tool in terraforms() {
        let estate = applied(&tool);
        let ended = slipway(&estate, &tool, &["destroy", "dev", "--yes"]).exits(5);
        let ended = ended.says("shared/monitoring stays and still has resources: it depends on dev/cluster");
        assert!(ended.says("--leave-dependents").stderr.lines().count() < 4);
        assert!(estate.applied("dev/cluster").is_some());
        // One of a chain as well, and what is inside what goes is in nobody's way.
        slipway(&estate, &tool, &["destroy", "dev/networking", "--yes"]).exits(5).says("dev/cluster stays");
        slipway(&estate, &tool, &["destroy", "shared", "--yes"]).exits(0);
        slipway(&estate, &tool, &["destroy", "dev", "--yes"]).exits(0);
        assert_eq!(estate.applied("dev/networking"), None);
    }
}

#[test]
fn a_state_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let tool = &terraforms()[0];
    let estate = applied(tool);
    estate.write("states/shared/monitoring.tfstate", "{ this is no state");
    let ended = slipway(&estate, tool, &["destroy", "dev", "--yes"]).exits(5);
    ended.says("shared/monitoring stays and may have resources (its state could not be read)");
    assert!(estate.applied("dev/cluster").is_some());
}
