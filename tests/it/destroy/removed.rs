use std::process::Command;

use super::{applied, at_a_terminal, slipway, unit};
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::{terraforms, tool};

fn git(estate: &Estate, arguments: &[&str]) {
    let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    let git = Command::new("git").current_dir(estate.path()).args(identity).args(arguments).status().unwrap();
    assert!(git.success(), "git {arguments:?}");
}

fn commit(estate: &Estate, what: &str) {
    git(estate, &["add", "--all", "live", "infra", "slipway.hcl"]);
    git(estate, &["commit", "--quiet", "--message", what]);
}

fn remove(estate: &Estate, path: &str) {
    std::fs::remove_dir_all(estate.path().join(path)).unwrap();
}

#[test]
fn a_unit_that_left_the_tree_is_said_by_plan_and_destroyed_as_it_was() {
    for tool in terraforms() {
        let estate = applied(&tool);
        commit(&estate, "all");
        remove(&estate, "live/shared");
        commit(&estate, "no monitoring any more");
        let plan = slipway(&estate, &tool, &["plan"]).exits(0);
        plan.says("1 unit is no longer in the tree but still has resources: shared/monitoring")
            .says("slipway destroy --removed");
        estate.write("states/stray.tfstate", "{\"version\": 4, \"resources\": []}");

        slipway(&estate, &tool, &["destroy", "--removed"]).exits(5).says("pass --yes");
        let gone = slipway(&estate, &tool, &["destroy", "--removed", "--yes"]).exits(0);
        let gone = gone.says("this would be destroyed").says("shared/monitoring");
        gone.says("stray.tfstate is left alone: no unit and no history explains this state");
        assert_eq!(estate.applied("shared/monitoring"), None);
        assert!(estate.applied("dev/cluster").is_some(), "what is in the tree stays");
        slipway(&estate, &tool, &["destroy", "--removed", "--yes"])
            .exits(0)
            .says("no unit that is no longer in the tree");
        let plan = slipway(&estate, &tool, &["plan"]).exits(0);
        assert!(!plan.stderr.contains("no longer in the tree"), "{}", plan.stderr);
        assert!(estate.path().join("states/stray.tfstate").is_file());
    }
}

#[test]
fn units_that_went_together_go_in_reverse_order_with_the_modules_they_had() {
    for tool in terraforms() {
        let estate = applied(&tool);
        commit(&estate, "all");
        // First what depends on the others, and then these with their module; the last removal is not even committed.
        remove(&estate, "live/shared");
        commit(&estate, "no monitoring any more");
        remove(&estate, "live/dev");
        remove(&estate, "infra/text");
        unit(&estate, "prod/networking", &[]);
        commit(&estate, "no dev any more");
        remove(&estate, "live/prod");

        let (code, seen) =
            at_a_terminal(&estate, &tool, &["destroy", "--removed", "shared"], "to leave it: ", "shared\n");
        assert_eq!(code, 0, "{seen}");
        assert_eq!(estate.applied("shared/monitoring"), None);
        assert!(estate.applied("dev/cluster").is_some(), "only what is under the path");

        let gone = slipway(&estate, &tool, &["destroy", "--removed", "--yes"]).exits(0);
        let place = |name: &str| gone.stderr.find(name).unwrap_or_else(|| panic!("{}", gone.stderr));
        assert!(place("dev/cluster  ") < place("dev/networking  "), "{}", gone.stderr);
        assert_eq!(estate.applied("dev/cluster"), None);
        assert_eq!(estate.applied("dev/networking"), None);
    }
}

#[test]
fn protection_holds_for_what_was_removed_as_well() {
    let tool = &terraforms()[0];
    let estate = Estate::new();
    unit(&estate, "dev/networking", &[]);
    let file = "live/dev/networking/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    estate.write(file, &format!("prevent_destroy = true\n{text}"));
    slipway(&estate, tool, &["apply", "--yes"]).exits(0);
    commit(&estate, "all");
    remove(&estate, "live/dev");
    commit(&estate, "nothing any more");
    slipway(&estate, tool, &["destroy", "--removed", "--yes"])
        .exits(5)
        .says("prevent_destroy protects dev/networking");
    assert!(estate.applied("dev/networking").is_some());
}

#[test]
fn states_in_a_bucket_are_found_by_their_keys() {
    let bed = Bed::shared();
    let estate = Estate::new();
    let root = "remote_state {\n  backend = \"s3\"\n  generate = { path = \"backend.tf\", if_exists = \"overwrite\" }\n  \
                config = {\n    bucket = \"removed-units\"\n    key    = \"${path_relative_to_include()}/terraform.tfstate\"\n    \
                region = \"eu-west-1\"\n  }\n}\n";
    estate.write("live/root.hcl", root);
    for name in ["dev/networking", "dev/stray", "dev/kept"] {
        unit(&estate, name, &[]);
    }
    let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool("tofu")).bed(&bed).run(arguments);
    run(&["apply", "--yes", "--backend-bootstrap"]).exits(0);
    // Of this one no commit knows.
    remove(&estate, "live/dev/stray");
    commit(&estate, "all");
    remove(&estate, "live/dev/networking");
    commit(&estate, "no networking any more");
    run(&["plan"]).exits(0).says("1 unit is no longer in the tree but still has resources: dev/networking");
    let gone = run(&["destroy", "--removed", "--yes"]).exits(0).says("dev/networking");
    gone.says("s3://removed-units/dev/stray/terraform.tfstate is left alone");
    run(&["destroy", "--removed", "--yes"]).exits(0).says("no unit that is no longer in the tree");
}
