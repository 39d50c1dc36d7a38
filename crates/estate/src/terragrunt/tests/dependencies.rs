//! Outputs of dependencies, and mocks in their place.

use serde_json::{Value as Json, json};

use super::{Applied, NoOutputs, Tree, inputs_of, told};
use crate::terragrunt::config::UnitConfig;

fn tree(dependency: &str) -> Tree {
    let app = format!(
        "dependency \"vpc\" {{\n  config_path = \"../vpc\"\n{dependency}\n}}\n\
         inputs = {{ it = dependency.vpc.outputs }}\n"
    );
    Tree::new(&[("vpc/terragrunt.hcl", ""), ("app/terragrunt.hcl", &app)])
}

fn evaluate(tree: &Tree, command: &str, outputs: &[(&str, Json)]) -> UnitConfig {
    let file = tree.path("app/terragrunt.hcl");
    let outputs = Applied::new(tree, outputs);
    tree.reader(command).evaluate(&file, &outputs).unwrap_or_else(|errors| panic!("{}", told(&errors)))
}

fn refused(tree: &Tree, command: &str) -> String {
    let file = tree.path("app/terragrunt.hcl");
    told(&tree.reader(command).evaluate(&file, &NoOutputs).unwrap_err())
}

#[test]
fn real_outputs_are_used_and_mocks_left_alone() {
    let tree = tree("mock_outputs = { id = \"mock\", more = 1 }");
    let unit = evaluate(&tree, "plan", &[("vpc", json!({"id": "vpc-1"}))]);
    assert_eq!(inputs_of(&unit), json!({"it": {"id": "vpc-1"}}));
    assert!(unit.mocked.is_empty());
}

#[test]
fn mocks_stand_in_for_a_unit_that_was_never_applied_and_that_is_told() {
    let tree = tree("mock_outputs = { id = \"mock\" }");
    for outputs in [vec![], vec![("vpc", json!({}))]] {
        let unit = evaluate(&tree, "apply", &outputs);
        assert_eq!(inputs_of(&unit), json!({"it": {"id": "mock"}}));
        assert_eq!(unit.mocked, ["vpc"]);
    }
}

#[test]
fn mocks_are_refused_for_commands_they_are_not_meant_for() {
    let tree = tree(
        "mock_outputs = { id = \"mock\" }\nmock_outputs_allowed_terraform_commands = [\"validate\", \"plan\"]",
    );
    assert_eq!(evaluate(&tree, "plan", &[]).mocked, ["vpc"]);
    let errors = refused(&tree, "apply");
    assert!(errors.contains("app/terragrunt.hcl:1:1: dependency \"vpc\" has no outputs"), "{errors}");
    assert!(
        errors.contains("apply ../vpc first; its mocks are allowed only for validate, plan, not for apply")
    );
}

#[test]
fn a_unit_is_rendered_with_mocks_whatever_command_they_are_meant_for() {
    let tree = tree("mock_outputs = { id = \"mock\" }\nmock_outputs_allowed_terraform_commands = [\"plan\"]");
    assert_eq!(inputs_of(&evaluate(&tree, "render", &[])), json!({"it": {"id": "mock"}}));
    let without = self::tree("");
    assert_eq!(inputs_of(&evaluate(&without, "render", &[])), json!({"it": ""}));
}

#[test]
fn a_dependency_whose_folder_holds_no_unit_is_told_at_its_block() {
    let tree = Tree::new(&[("app/terragrunt.hcl", "dependency \"vpc\" {\n  config_path = \"../vpc\"\n}\n")]);
    let errors = tree.errors("app");
    assert!(
        errors.contains("ROOT/app/terragrunt.hcl:1:1: dependency \"vpc\" does not exist: there is no terragrunt.hcl in ROOT/vpc"),
        "{errors}"
    );
}

#[test]
fn without_outputs_and_mocks_the_way_out_is_told() {
    let errors = refused(&tree(""), "plan");
    assert!(errors.contains("dependency \"vpc\" has no outputs"), "{errors}");
    assert!(errors.contains("apply ../vpc first, or give the block mock_outputs"), "{errors}");
    assert_eq!(errors.matches("has no outputs").count(), 1, "told once: {errors}");
}

#[test]
fn mocks_fill_the_gaps_where_the_block_asks_for_it() {
    let mocks = "mock_outputs = { id = \"mock\", net = { a = 1, b = { c = 2 } } }\n";
    let real = [("vpc", json!({"net": {"a": 9, "b": {}}}))];

    let shallow = tree(&format!("{mocks}mock_outputs_merge_strategy_with_state = \"shallow\""));
    let unit = evaluate(&shallow, "plan", &real);
    assert_eq!(inputs_of(&unit)["it"], json!({"id": "mock", "net": {"a": 9, "b": {}}}));
    assert_eq!(unit.mocked, ["vpc"]);

    let deep = tree(&format!("{mocks}mock_outputs_merge_strategy_with_state = \"deep_map_only\""));
    let unit = evaluate(&deep, "plan", &real);
    assert_eq!(inputs_of(&unit)["it"], json!({"id": "mock", "net": {"a": 9, "b": {"c": 2}}}));

    let nothing_missing = [("vpc", json!({"id": "x", "net": {"a": 9, "b": {"c": 3}}}))];
    assert!(evaluate(&deep, "plan", &nothing_missing).mocked.is_empty());
}

#[test]
fn a_dependency_that_skips_outputs_has_its_mocks_only() {
    let skipping = tree("skip_outputs = true\nmock_outputs = { id = \"mock\" }");
    let unit = evaluate(&skipping, "apply", &[("vpc", json!({"id": "real"}))]);
    assert_eq!(inputs_of(&unit), json!({"it": {"id": "mock"}}));
    // That is what the block says, and no want of outputs.
    assert!(unit.mocked.is_empty());
}

#[test]
fn dependencies_of_an_included_file_start_at_the_child_and_are_merged_by_name() {
    let tree = Tree::new(&[
        (
            "root.hcl",
            r#"
            dependency "vpc" {
              config_path  = "../vpc"
              mock_outputs = { id = "root", zone = "a" }
            }
            inputs = { from_root = dependency.vpc.outputs.id }
            "#,
        ),
        ("live/vpc/terragrunt.hcl", ""),
        (
            "live/app/terragrunt.hcl",
            r#"
            include "root" {
              path           = find_in_parent_folders("root.hcl")
              merge_strategy = "deep"
            }
            dependency "vpc" {
              config_path  = "../vpc"
              mock_outputs = { id = "child" }
            }
            inputs = { from_child = dependency.vpc.outputs }
            "#,
        ),
    ]);
    assert_eq!(
        tree.inputs("live/app"),
        json!({"from_root": "child", "from_child": {"id": "child", "zone": "a"}})
    );
}

#[test]
fn an_included_file_may_leave_the_folder_of_a_dependency_to_the_child() {
    let child = |path: &str| {
        let include = "include \"root\" {\n  path = \"../root.hcl\"\n  merge_strategy = \"deep\"\n}\n";
        format!("{include}dependency \"vpc\" {{\n  config_path = \"{path}\"\n}}\n")
    };
    let root = "dependency \"vpc\" {\n  config_path = \"\"\n  mock_outputs = { id = \"root\" }\n}\n\
                inputs = { id = dependency.vpc.outputs.id }\n";
    let tree = Tree::new(&[
        ("root.hcl", root),
        ("vpc/terragrunt.hcl", ""),
        ("app/terragrunt.hcl", &child("../vpc")),
        ("bad/terragrunt.hcl", &child("")),
    ]);
    assert_eq!(tree.inputs("app"), json!({"id": "root"}));
    assert!(tree.errors("bad").contains("the config_path of dependency \"vpc\" is empty"));
}

#[test]
fn a_disabled_dependency_needs_no_folder_and_has_its_mocks() {
    let tree = Tree::new(&[(
        "app/terragrunt.hcl",
        r#"
        dependency "vpc" {
          config_path  = ""
          enabled      = false
          mock_outputs = { id = "off" }
        }
        inputs = { id = dependency.vpc.outputs.id }
        "#,
    )]);
    assert_eq!(tree.inputs("app"), json!({"id": "off"}));
}

#[test]
fn a_folder_that_stands_for_order_has_to_be_there() {
    let tree = Tree::new(&[("app/terragrunt.hcl", "dependencies {\n  paths = [\"../gone\"]\n}\n")]);
    let errors = tree.errors("app");
    assert!(
        errors.contains("ROOT/app/terragrunt.hcl:2:11: dependency \"../gone\" does not exist"),
        "{errors}"
    );
}

#[test]
fn a_unit_that_is_read_brings_its_dependencies_along() {
    let tree = Tree::new(&[
        ("vpc/terragrunt.hcl", ""),
        (
            "base/terragrunt.hcl",
            "dependency \"vpc\" {\n  config_path = \"../vpc\"\n}\ninputs = { id = dependency.vpc.outputs.id }\n",
        ),
        (
            "app/terragrunt.hcl",
            r#"
            locals { base = read_terragrunt_config("../base/terragrunt.hcl") }
            inputs = {
              id  = local.base.inputs.id
              all = local.base.dependency.vpc.outputs
            }
            "#,
        ),
    ]);
    let unit = evaluate(&tree, "plan", &[("vpc", json!({"id": "vpc-1"}))]);
    assert_eq!(inputs_of(&unit), json!({"id": "vpc-1", "all": {"id": "vpc-1"}}));
}

#[test]
fn the_outline_knows_the_edges_without_any_outputs() {
    let tree = Tree::new(&[
        ("root.hcl", "dependency \"base\" {\n  config_path = \"../base\"\n}\n"),
        (
            "live/app/terragrunt.hcl",
            r#"
            include "root" { path = find_in_parent_folders("root.hcl") }
            locals { off = false }
            terraform { source = "${get_repo_root()}/modules//app" }
            dependency "vpc" { config_path = "../vpc" }
            dependency "old" {
              config_path = "../old"
              enabled     = local.off
            }
            dependencies { paths = ["../first"] }
            prevent_destroy = true
            exclude {
              if      = true
              actions = ["destroy"]
            }
            inputs = { id = dependency.vpc.outputs.id }
            "#,
        ),
    ]);
    let (outline, errors) = tree.reader("plan").outline(&tree.path("live/app/terragrunt.hcl"));
    assert!(errors.is_empty(), "{}", told(&errors));
    let blocks: Vec<(&str, bool)> =
        outline.dependencies.iter().map(|block| (&*block.name, block.enabled)).collect();
    assert_eq!(blocks, [("base", true), ("vpc", true), ("old", false)]);
    assert_eq!(outline.dependencies[0].config_path, tree.path("live/base"));
    assert_eq!(outline.order_only[0].path, tree.path("live/first"));
    assert_eq!(outline.module_dir(), Some(tree.path("modules/app")));
    assert!(outline.prevent_destroy);
    assert_eq!(outline.exclude.unwrap().actions, ["destroy"]);
}

#[test]
fn a_module_on_this_machine_is_told_from_an_address() {
    let module = |source: &str| {
        let tree = Tree::new(&[
            ("app/terragrunt.hcl", &format!("terraform {{\n  source = \"{source}\"\n}}\n")),
            ("app/modules/a/main.tf", ""),
        ]);
        let (outline, _) = tree.reader("plan").outline(&tree.path("app/terragrunt.hcl"));
        outline.module_dir().map(|dir| dir.strip_prefix(tree.root()).unwrap().display().to_string())
    };
    assert_eq!(module("../shared//vpc").as_deref(), Some("shared/vpc"));
    assert_eq!(module("modules/a").as_deref(), Some("app/modules/a"));
    for address in [
        "git::https://example.com/a.git//b?ref=1",
        "tfr:///a/b/c?version=1",
        "github.com/a/b",
        "git@github.com:a/b.git",
    ] {
        assert_eq!(module(address), None, "{address}");
    }
}

#[test]
fn the_outline_keeps_what_it_can_read_beside_what_it_cannot() {
    let tree = Tree::new(&[(
        "app/terragrunt.hcl",
        r#"
        locals { broken = get_env("NOT_SET") }
        dependency "vpc" { config_path = "../vpc" }
        dependency "db" { config_path = local.broken }
        "#,
    )]);
    let (outline, errors) = tree.reader("plan").outline(&tree.path("app/terragrunt.hcl"));
    assert_eq!(outline.dependencies.len(), 1);
    let errors = told(&errors);
    assert!(errors.contains("terragrunt.hcl:2:") && errors.contains("NOT_SET is not set"), "{errors}");
    assert_eq!(errors.matches("NOT_SET is not set").count(), 1, "told once: {errors}");
}

#[test]
fn a_dependency_that_the_file_beside_the_unit_has_too_may_ask_for_values_that_are_not_there() {
    let unit = "dependency \"vpc\" {\n  config_path = values.vpc\n  mock_outputs = { id = \"unit\" }\n}\n\
                inputs = { id = dependency.vpc.outputs.id }\n";
    let beside =
        "dependency \"vpc\" {\n  config_path = \"../vpc\"\n  mock_outputs = { id = \"beside\" }\n}\n";
    let tree = Tree::new(&[
        ("vpc/terragrunt.hcl", ""),
        ("some/terragrunt.hcl", unit),
        ("some/terragrunt.values.hcl", "other = 1\n"),
        ("some/terragrunt.autoinclude.hcl", beside),
        ("none/terragrunt.hcl", unit),
        ("none/terragrunt.autoinclude.hcl", beside),
        ("another/terragrunt.hcl", unit),
        ("another/terragrunt.autoinclude.hcl", &beside.replace("\"vpc\" {", "\"net\" {")),
    ]);
    for name in ["some", "none"] {
        assert_eq!(tree.inputs(name), json!({"id": "beside"}), "{name}");
        let (outline, errors) = tree.reader("plan").outline(&tree.path(&format!("{name}/terragrunt.hcl")));
        assert!(errors.is_empty(), "{}", told(&errors));
        assert_eq!(outline.dependencies[0].config_path, tree.path("vpc"));
    }
    // What is told of it is told once.
    let errors = tree.errors("another");
    assert!(errors.contains("nobody hands values over") && !errors.contains("cannot be known"), "{errors}");
}

#[test]
fn two_dependencies_on_one_folder_are_told_however_they_are_written() {
    let block = |name: &str, path: &str, rest: &str| {
        format!("dependency \"{name}\" {{\n  config_path = \"{path}\"\n{rest}}}\n")
    };
    let warnings = |second: &str, rest: &str| {
        let app = block("one", "../vpc", "") + &block("two", second, rest);
        let tree = Tree::new(&[
            ("vpc/terragrunt.hcl", ""),
            ("net/terragrunt.hcl", ""),
            ("app/terragrunt.hcl", &app),
        ]);
        told(&tree.reader("plan").outline(&tree.path("app/terragrunt.hcl")).1)
    };
    for second in ["../vpc", "../net/../vpc/", "${get_terragrunt_dir()}/../vpc", "../vpc/terragrunt.hcl"] {
        let told = warnings(second, "");
        assert!(
            told.contains("dependency \"one\" and dependency \"two\" lead to one folder"),
            "{second}: {told}"
        );
    }
    assert_eq!(warnings("../net", ""), "");
    assert_eq!(warnings("../vpc", "  enabled = false\n"), "");
}
