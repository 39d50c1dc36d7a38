//! `render`: what it reads, what it leaves open, what it refuses.

use serde_json::json;

use super::Tree;

const STATE: &str = r#"{"version": 4, "outputs": {
    "id": {"value": "vpc-1", "type": "string"},
    "tags": {"value": {"team": "blue"}, "type": ["map", "string"]}
}}"#;

fn with_a_state(attributes: &str) -> Tree {
    let app = format!(
        "dependency \"vpc\" {{\n  config_path = \"../vpc\"\n  \
         mock_outputs = {{ id = \"mock\", zone = \"a\", tags = {{ size = \"s\" }} }}\n  {attributes}\n}}\n\
         inputs = {{ vpc = dependency.vpc.outputs }}\n"
    );
    let vpc = "remote_state {\n  backend = \"local\"\n  \
               config  = { path = \"${get_terragrunt_dir()}/here/terraform.tfstate\" }\n}\n";
    Tree::new(&[
        ("vpc/terragrunt.hcl", vpc),
        ("vpc/here/terraform.tfstate", STATE),
        ("app/terragrunt.hcl", &app),
    ])
}

#[test]
fn outputs_come_from_a_state_on_this_machine_and_mocks_fill_them_by_each_strategy() {
    let merged = |strategy: &str| {
        let strategy = format!("mock_outputs_merge_strategy_with_state = \"{strategy}\"");
        with_a_state(&strategy).run(&["render", "app"]).exits(0).json()["inputs"]["vpc"].clone()
    };
    assert_eq!(merged("no_merge"), json!({"id": "vpc-1", "tags": {"team": "blue"}}));
    assert_eq!(merged("shallow"), json!({"id": "vpc-1", "zone": "a", "tags": {"team": "blue"}}));
    assert_eq!(
        merged("deep_map_only"),
        json!({"id": "vpc-1", "zone": "a", "tags": {"team": "blue", "size": "s"}})
    );
}

#[test]
fn mocks_that_are_not_meant_for_the_command_do_not_fill_outputs() {
    let tree = with_a_state(
        "mock_outputs_merge_strategy_with_state = \"shallow\"\n  \
         mock_outputs_allowed_terraform_commands = [\"plan\"]",
    );
    let rendered = tree.run(&["render", "app"]).exits(0).json();
    assert_eq!(rendered["inputs"]["vpc"], json!({"id": "vpc-1", "tags": {"team": "blue"}}));
}

#[test]
fn a_state_without_a_path_is_found_where_terragrunt_runs_the_unit() {
    let tree = Tree::new(&[
        ("vpc/terragrunt.hcl", ""),
        ("vpc/terraform.tfstate", STATE),
        (
            "app/terragrunt.hcl",
            "dependency \"vpc\" {\n  config_path = \"../vpc\"\n}\ninputs = { id = dependency.vpc.outputs.id }\n",
        ),
    ]);
    assert_eq!(tree.run(&["render", "app"]).exits(0).json()["inputs"], json!({"id": "vpc-1"}));
}

#[test]
fn without_a_state_and_without_mocks_the_value_is_left_empty_and_that_is_said() {
    let tree = Tree::new(&[
        ("vpc/terragrunt.hcl", ""),
        (
            "app/terragrunt.hcl",
            "dependency \"vpc\" {\n  config_path = \"../vpc\"\n}\ninputs = { id = dependency.vpc.outputs.id }\n",
        ),
    ]);
    let ended = tree.run(&["render", "app"]).exits(0);
    assert_eq!(ended.json()["inputs"], json!({"id": ""}));
    drop(ended.says("dependency \"vpc\" has no outputs and no mocks"));
}

#[test]
fn what_could_be_read_is_shown_beside_the_errors_and_the_exit_code_says_so() {
    let tree = Tree::new(&[("app/terragrunt.hcl", "inputs = { bad = local.gone, good = 1 }\n")]);
    let ended = tree.run(&["render", "app"]).exits(3);
    assert_eq!(ended.json()["inputs"], json!({"bad": "", "good": 1}));
    drop(ended.says("there is no local.gone"));
}

#[test]
fn a_unit_in_a_circle_is_refused_with_the_whole_circle() {
    let unit = |other: &str| format!("dependency \"next\" {{\n  config_path = \"../{other}\"\n}}\n");
    let tree = Tree::new(&[
        ("a/terragrunt.hcl", &unit("b")),
        ("b/terragrunt.hcl", &unit("c")),
        ("c/terragrunt.hcl", &unit("a")),
    ]);
    drop(tree.run(&["render", "a"]).exits(3).says("in a circle: a → b → c → a"));
    let itself = Tree::new(&[("a/terragrunt.hcl", &unit("a"))]);
    drop(itself.run(&["render", "a"]).exits(3).says("in a circle: a → a"));
}

#[test]
fn a_unit_that_needs_outputs_of_a_broken_one_is_refused_by_what_is_broken_there() {
    let app = |more: &str| format!("dependency \"x\" {{\n  config_path = \"../x\"\n{more}}}\n");
    let tree = Tree::new(&[
        ("x/terragrunt.hcl", "locals {\n  a = local.gone\n}\n"),
        ("app/terragrunt.hcl", &app("")),
        ("skips/terragrunt.hcl", &app("  skip_outputs = true\n")),
    ]);
    let ended = tree.run(&["render", "app"]).exits(3);
    drop(ended.says("there is no local.gone").says("needed for dependency \"x\""));
    drop(tree.run(&["render", "skips"]).exits(0));
}

#[test]
fn features_are_set_by_flag_by_our_variable_and_by_terragrunts() {
    let text = "feature \"size\" {\n  default = \"small\"\n}\nfeature \"on\" {\n  default = false\n}\n\
                inputs = { size = feature.size.value, on = feature.on.value }\n";
    let tree = Tree::new(&[("app/terragrunt.hcl", text)]);
    let inputs = |slipway: crate::support::slipway::Slipway, arguments: &[&str]| {
        slipway.run(arguments).exits(0).json()["inputs"].clone()
    };
    let render = ["render", "app"];
    assert_eq!(inputs(tree.slipway(), &render), json!({"size": "small", "on": false}));
    let flags = ["render", "app", "--feature", "size=big", "--feature", "on=true"];
    assert_eq!(inputs(tree.slipway(), &flags), json!({"size": "big", "on": true}));
    let ours = tree.slipway().env("SLIPWAY_FEATURE", "size=ours,on=true").env("TG_FEATURE", "size=theirs");
    assert_eq!(inputs(ours, &render), json!({"size": "ours", "on": true}));
    let theirs = tree.slipway().env("TG_FEATURE", "size=theirs");
    assert_eq!(inputs(theirs, &render), json!({"size": "theirs", "on": false}));
    drop(tree.run(&["render", "app", "--feature", "size"]).exits(64).says("--feature name=value"));
}

#[test]
fn a_feature_decides_what_find_lists_as_excluded() {
    let text = "feature \"off\" {\n  default = false\n}\nexclude {\n  if = feature.off.value\n  actions = [\"plan\"]\n  \
                exclude_dependencies = false\n}\n";
    let tree = Tree::new(&[("app/terragrunt.hcl", text)]);
    let found = tree.run(&["find", "--exclude", "--feature", "off=true"]).exits(0).json();
    let exclude = json!({"if": true, "actions": ["plan"], "exclude_dependencies": false, "no_run": null});
    assert_eq!(found[0]["exclude"], exclude);
}

#[test]
fn a_whole_tree_is_rendered_a_line_a_unit_and_what_is_broken_stays_in_the_list() {
    let tree = Tree::new(&[
        ("root.hcl", "inputs = { unit = path_relative_to_include() }\n"),
        ("b/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
        ("a/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
        ("c/terragrunt.hcl", "inputs = { name = local.gone }\n"),
    ]);
    let ended = tree.run(&["render", "--all", "--stats"]).exits(3).says("there is no local.gone");
    let lines = ended.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.iter().map(|line| &line["path"]).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(lines[1]["config"]["inputs"], json!({"unit": "b"}));
    assert_eq!(lines[2]["errors"][0]["code"], "terragrunt::unknown_name");
    // Three units and the root, each read once.
    ended.says("4 files");
}
