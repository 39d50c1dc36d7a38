//! Nothing is selected, or a gate has nowhere to stand: most often a slip of the fingers, and never success.

use crate::plans::commit;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

fn slipway(estate: &Estate, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), &tool("tofu")).run(arguments)
}

/// Every command that works on what filters select, without its own arguments.
const COMMANDS: &[&[&str]] = &[
    &["find"],
    &["find", "--tree"],
    &["graph"],
    &["validate"],
    &["output"],
    &["plan"],
    &["apply", "--yes"],
    &["destroy", "--yes"],
    &["up", "--yes"],
    &["down", "--yes"],
];

#[test]
fn a_filter_that_no_unit_matches_is_wrong_usage_for_every_command() {
    let estate = Estate::chain();
    for command in COMMANDS {
        let with = |more: &[&str]| slipway(&estate, &[command, more].concat());
        let ended = with(&["--filter", "./live/networkign"]).exits(64);
        ended.says("no unit matches \"./live/networkign\"").says("did you mean \"live/networking\"?");
        let ended = with(&["--filter", "name=nothing", "--filter", "reading=nowhere.hcl"]).exits(64);
        ended.says("no unit matches \"name=nothing\", \"reading=nowhere.hcl\"").says("--allow-empty");
        with(&["--filter", "nope", "--allow-empty"]).exits(0).says("no unit is selected");
    }
    assert!(!estate.path().join("states").exists(), "nothing was done");
}

#[test]
fn files_of_filters_that_leave_nothing_are_told_as_well() {
    let estate = Estate::chain();
    estate.write(".terragrunt-filters", "# of another repository\nname=elsewhere\n");
    slipway(&estate, &["plan"]).exits(64).says("no unit matches \"name=elsewhere\"");
    slipway(&estate, &["graph", "--no-filters-file"]).exits(0);
}

#[test]
fn what_changed_may_be_nothing() {
    let estate = Estate::chain();
    commit(&estate);
    for command in COMMANDS {
        let changed = |filter: &[&str]| slipway(&estate, &[command, filter].concat());
        changed(&["--affected=HEAD"]).exits(0).says("no unit is selected");
        changed(&["--filter", "[HEAD...HEAD]"]).exits(0).says("no unit is selected");
        // What should have been looked at among the changes is not there at all, but nobody can tell.
        changed(&["--affected=HEAD", "--filter", "name=networking"]).exits(0);
    }
}

#[test]
fn a_list_of_nothing_is_still_a_list() {
    let estate = Estate::chain();
    let found = slipway(&estate, &["find", "--format", "json", "--filter", "nope"]).exits(64);
    assert_eq!(found.stdout, "[]\n");
}

#[test]
fn a_folder_without_units_is_named() {
    let estate = Estate::new();
    for command in [["find"], ["validate"]] {
        slipway(&estate, &command).exits(0).says("there are no units under ");
    }
    for command in [["graph"], ["plan"]] {
        slipway(&estate, &command).exits(64).says("there are no units under ");
    }
    slipway(&estate, &["plan", "--allow-empty"]).exits(0).says("there are no units under ");
}

#[test]
fn a_root_that_is_not_there_is_an_error_with_the_near_name() {
    let estate = Estate::chain();
    estate.write("slipway.hcl", "estate {\n  root = \"lvie\"\n}\n");
    for command in COMMANDS {
        let ended = slipway(&estate, command).exits(3);
        ended.says("error[project::root]: the estate's root lvie is not there").says("slipway.hcl:2:10");
    }
    slipway(&estate, &["find"]).exits(3).says("did you mean \"live\"?");
}

fn cluster(unit: &str) -> String {
    format!(
        "estate {{\n  root = \"live\"\n}}\ncluster \"dev\" {{\n  unit = \"{unit}\"\n  name = \"dev\"\n  argocd {{\n    version = \"v3.6.1\"\n  }}\n}}\n"
    )
}

#[test]
fn a_cluster_without_its_unit_is_an_error_with_the_near_name() {
    let estate = Estate::chain();
    for (wrong, near) in
        [("clutser", "did you mean \"cluster\"?"), ("nope", "\"bucket\" or \"cluster\" or \"identity\"")]
    {
        estate.write("slipway.hcl", &cluster(wrong));
        for command in [
            &["up", "--yes"][..],
            &["down", "--yes"],
            &["plan"],
            &["graph"],
            &["validate"],
            &["verify", "dev"],
        ] {
            // The name of this cluster is known, so nobody needs the unit for that.
            if command == ["verify", "dev"] {
                continue;
            }
            let ended = slipway(&estate, command).exits(3);
            ended
                .says(&format!("cluster \"dev\": there is no unit {wrong} under live"))
                .says("slipway.hcl:5:10")
                .says(near);
        }
    }
    // Only who needs its outputs needs it here.
    estate.write("slipway.hcl", &cluster("nope").replace("\"dev\"\n  argocd", "outputs.name\n  argocd"));
    slipway(&estate, &["verify"]).exits(3).says("there is no unit nope under live");
    assert!(!estate.path().join("states").exists(), "nothing was done");
}

#[test]
fn a_unit_that_a_stack_makes_is_none_that_is_missing() {
    let estate = Estate::new();
    estate.write("catalog/cluster/terragrunt.hcl", "terraform {\n  source = \".\"\n}\n");
    estate.write("catalog/cluster/main.tf", "output \"name\" {\n  value = \"dev\"\n}\n");
    let stack =
        "unit \"cluster\" {\n  source = \"${get_repo_root()}/catalog/cluster\"\n  path   = \"cluster\"\n}\n";
    estate.write("live/dev/terragrunt.stack.hcl", stack);
    estate.write("slipway.hcl", &cluster("dev/.terragrunt-stack/cluster"));
    slipway(&estate, &["validate"]).exits(0);
    slipway(&estate, &["graph", "--expand-stacks"]).exits(0).says("verify dev");
    slipway(&estate, &["plan"]).exits(0).says("`slipway up` also passes these gates: verify dev");
    estate.write("slipway.hcl", &cluster("dev/.terragrunt-stack/clutser"));
    slipway(&estate, &["validate"]).exits(3).says("did you mean \"dev/.terragrunt-stack/cluster\"?");
}

#[test]
fn plan_and_graph_show_the_gates_of_up() {
    let estate = Estate::chain();
    estate.write("slipway.hcl", &cluster("cluster"));
    let gates = "gates of `slipway up`\n  verify dev  ← cluster\n  identity  ← verify dev\n  argocd dev  ← verify dev\n  applications dev  ← argocd dev, identity\n";
    let graph = slipway(&estate, &["graph"]).exits(0);
    assert!(graph.stdout.ends_with(gates), "{}", graph.stdout);
    let json = slipway(&estate, &["graph", "--format", "json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let names: Vec<&str> =
        json["gates"].as_array().unwrap().iter().map(|gate| gate["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["verify dev", "argocd dev", "applications dev"]);
    assert_eq!(json["gates"][2]["after"], serde_json::json!(["argocd dev", "identity"]));
    assert_eq!(json["gates"][0]["before"], serde_json::json!(["identity"]));
    let dot = slipway(&estate, &["graph", "--format", "dot"]).exits(0);
    dot.says("\"verify dev\" -> \"cluster\";").says("\"identity\" -> \"verify dev\";");
    slipway(&estate, &["graph", "--format", "mermaid"]).exits(0).says("{{\"verify dev\"}}");
    for format in ["svg", "html"] {
        let drawn = slipway(&estate, &["graph", "--format", format]).exits(0);
        for told in ["verify dev", "argocd dev", "applications dev", "the cluster is usable"] {
            assert!(drawn.stdout.contains(told), "{told:?} is not in the {format}");
        }
    }
    slipway(&estate, &["apply", "--yes"]).exits(0);
    let said = "`slipway up` also passes these gates: verify dev, argocd dev, applications dev";
    slipway(&estate, &["plan"]).exits(0).says(said);
    // Where the cluster itself is not meant, neither are its gates.
    let without = slipway(&estate, &["plan", "--filter", "networking"]).exits(0);
    assert!(!without.stderr.contains("gates"), "{}", without.stderr);
}
