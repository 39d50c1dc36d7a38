//! Dependency blocks that stand for many. The values are those of a Terragrunt built from its main branch.

use serde_json::{Value as Json, json};

use super::{Applied, NoOutputs, Tree, inputs_of, told};
use crate::terragrunt::Reader;
use crate::terragrunt::config::UnitConfig;

fn reader(tree: &Tree, command: &str) -> Reader {
    let mut options = tree.options(command);
    options.experiments.insert("block-iteration".to_owned());
    Reader::new(options)
}

/// A unit beside `a`, `b` and `c`.
fn tree(app: &str) -> Tree {
    let files = ["a/terragrunt.hcl", "b/terragrunt.hcl", "c/terragrunt.hcl"].map(|file| (file, ""));
    Tree::new(&[files[0], files[1], files[2], ("app/terragrunt.hcl", app)])
}

fn evaluate(tree: &Tree, outputs: &[(&str, Json)]) -> UnitConfig {
    let outputs = Applied::new(tree, outputs);
    let unit = reader(tree, "plan").evaluate(&tree.path("app/terragrunt.hcl"), &outputs);
    unit.unwrap_or_else(|errors| panic!("{}", told(&errors)))
}

fn edges(tree: &Tree) -> Vec<(String, String, bool)> {
    let (outline, errors) = reader(tree, "plan").outline(&tree.path("app/terragrunt.hcl"));
    assert!(errors.iter().all(|error| !error.is_error()), "{}", told(&errors));
    let shown = outline.dependencies.into_iter().map(|block| {
        let dir = block.config_path.strip_prefix(tree.root()).unwrap().display().to_string();
        (block.name, dir, block.enabled)
    });
    shown.collect()
}

#[track_caller]
fn refused(app: &str, texts: &[&str]) {
    let tree = tree(app);
    let errors =
        told(&reader(&tree, "plan").evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs).unwrap_err());
    for text in texts {
        assert!(errors.contains(text), "{text:?} is not in:\n{errors}");
    }
}

fn each(for_each: &str, config_path: &str) -> String {
    format!(
        "dependency \"x\" {{\n  expansion {{\n    {for_each}\n  }}\n  config_path = \"{config_path}\"\n  \
         mock_outputs = {{ name = \"mock\" }}\n}}\n"
    )
}

const BOTH: &str = r#"
dependency "x" {
  expansion {
    for_each = toset(["a", "b"])
  }
  config_path  = "../${each.key}"
  mock_outputs = { name = "mock-${each.value}" }
}
dependency "n" {
  expansion {
    count = 2
  }
  config_path  = "../${["a", "c"][count.index]}"
  mock_outputs = { name = "mock-${count.index}" }
}
inputs = {
  name = dependency.x["a"].outputs.name
  all  = { for key, each in dependency.x : key => each.outputs.name }
  one  = dependency.n[1].outputs.name
  zero = dependency.n["0"].outputs.name
  dot  = dependency.x.b.outputs.name
  len  = length(dependency.n)
}
"#;

#[test]
fn an_expanded_dependency_is_addressed_by_its_keys() {
    let tree = tree(BOTH);
    let unit = evaluate(&tree, &[("a", json!({"name": "real"}))]);
    let expected = json!({
        "name": "real", "all": {"a": "real", "b": "mock-b"}, "dot": "mock-b", "len": 2, "one": "mock-1", "zero": "real",
    });
    assert_eq!(inputs_of(&unit), expected);
    assert_eq!(unit.mocked, ["n[1]", "x[b]"]);
    let edge = |name: &str, dir: &str| (name.to_owned(), dir.to_owned(), true);
    assert_eq!(edges(&tree), [edge("x[a]", "a"), edge("x[b]", "b"), edge("n[0]", "a"), edge("n[1]", "c")]);
}

#[test]
fn only_the_instance_that_is_used_makes_a_plan_provisional() {
    let app = each("for_each = toset([\"a\", \"b\"])", "../${each.key}");
    let tree = tree(&(app + "inputs = { a = dependency.x[\"a\"].outputs.name }\n"));
    assert_eq!(evaluate(&tree, &[("a", json!({"name": "real"}))]).mocked, [""; 0]);
    assert_eq!(evaluate(&tree, &[("b", json!({"name": "real"}))]).mocked, ["x[a]"]);
}

#[test]
fn an_expansion_over_nothing_leaves_no_name() {
    let nothing = each("for_each = {}", "../${each.key}");
    let tree =
        tree(&(nothing.clone() + "inputs = { x = try(keys(dependency.x), \"none\"), all = dependency }\n"));
    assert_eq!(inputs_of(&evaluate(&tree, &[])), json!({"x": "none", "all": {}}));
    assert_eq!(edges(&tree), []);
    refused(&(nothing + "inputs = { x = dependency.x }\n"), &["there is no dependency.x"]);
}

#[test]
fn an_instance_that_is_disabled_has_its_mocks_and_no_edge() {
    let app = each("for_each = toset([\"a\", \"b\"])", "../${each.key}");
    let app = app.replace("  config_path", "  enabled = each.key != \"b\"\n  config_path");
    let tree = tree(&(app + "inputs = { keys = keys(dependency.x), b = dependency.x.b }\n"));
    let expected = json!({"keys": ["a", "b"], "b": {"outputs": {"name": "mock"}}});
    assert_eq!(inputs_of(&evaluate(&tree, &[])), expected);
    let enabled: Vec<bool> = edges(&tree).into_iter().map(|(_, _, enabled)| enabled).collect();
    assert_eq!(enabled, [true, false]);
}

#[test]
fn locals_and_features_are_known_to_an_expansion_and_it_is_not_to_them() {
    let app = each("for_each = setunion(local.names, [feature.f.value])", "../${each.key}");
    let names = "locals {\n  names = toset([\"a\"])\n}\nfeature \"f\" {\n  default = \"b\"\n}\n";
    assert_eq!(edges(&tree(&format!("{names}{app}"))).len(), 2);
    let using = each("for_each = toset([\"a\"])", "../${local.own}");
    refused(&format!("locals {{\n  own = each.key\n}}\n{using}"), &["there is no `each` here"]);
    refused(&each("for_each = { a = each.key }", "../a"), &["there is no `each` here"]);
    refused(&(each("count = 1", "../a") + "inputs = { i = count.index }\n"), &["there is no `count` here"]);
    refused(
        &("dependency \"y\" {\n  config_path = \"../a\"\n}\n".to_owned()
            + &each("for_each = toset([dependency.y.outputs.name])", "../a")),
        &["dependency blocks cannot use each other's outputs"],
    );
}

#[test]
fn what_can_be_neither_counted_nor_gone_through_is_refused_by_what_it_is() {
    for (expansion, text) in [
        ("count = -1", "the count of dependency \"x\" is -1: it may not be below zero"),
        ("count = 1.5", "the count of dependency \"x\" is 1.5: it has to be whole"),
        ("count = null", "the count of dependency \"x\" is null"),
        ("count = \"2\"", "the count of dependency \"x\" has to be a number, this is string"),
        ("count = 1e30", "the count of dependency \"x\" asks for more than 100,000"),
        ("for_each = null", "the for_each of dependency \"x\" is null"),
        ("for_each = [\"a\"]", "has to be a set or a map, this is tuple"),
        ("for_each = tolist([\"a\"])", "has to be a set or a map, this is list"),
        ("for_each = \"a\"", "has to be a set or a map, this is string"),
        ("for_each = toset([true])", "have to be strings or numbers, this is bool"),
        ("for_each = sensitive(toset([\"a\"]))", "the for_each of dependency \"x\" is sensitive"),
        ("for_each = {}\n    count = 1", "has for_each and count"),
        ("", "has neither for_each nor count"),
        ("foreach = {}", "did you mean \"for_each\"?"),
        ("count = 1\n    more {}", "there is no block \"more\" in the expansion of dependency \"x\""),
        ("count = 1\n  }\n  expansion {\n    count = 1", "has more than one expansion block"),
    ] {
        refused(&each(expansion, "../a"), &[text]);
    }
}

#[test]
fn blocks_of_one_label_may_share_it_but_not_a_key_and_not_with_one_that_is_not_expanded() {
    let first = each("for_each = toset([\"c\", \"b\"])", "../${each.key}").replace("\"mock\"", "\"first\"");
    let second = each("for_each = toset([\"a\", \"b\"])", "../${each.key}").replace("\"mock\"", "\"second\"");
    let names = "inputs = { for key, each in dependency.x : key => each.outputs.name }\n";
    let tree = tree(&format!("{first}{second}{names}"));
    let unit = evaluate(&tree, &[]);
    assert_eq!(inputs_of(&unit), json!({"a": "second", "b": "second", "c": "first"}));
    let (_, told_of) = reader(&tree, "plan").outline(&tree.path("app/terragrunt.hcl"));
    assert_eq!(told_of.len(), 1, "{}", told(&told_of));
    assert!(told(&told_of).contains("dependency \"x[b]\" stands here again, the first is on line 1"));
    let plain = "dependency \"x\" {\n  config_path = \"../a\"\n}\n";
    refused(&format!("{plain}{second}"), &["dependency \"x\" is there with an expansion and without one"]);
}

#[test]
fn included_expansions_are_merged_key_by_key() {
    let child = each("for_each = toset([\"a\", \"b\"])", "../${each.key}").replace("\"mock\"", "\"child\"");
    let root =
        each("for_each = toset([\"b\", \"c\"])", "../${each.key}").replace("\"mock\"", "\"root\", r = 1");
    let inputs = "inputs = { for key, each in dependency.x : key => each.outputs }\n";
    for (strategy, b) in [("shallow", json!({"name": "child"})), ("deep", json!({"name": "child", "r": 1}))] {
        let include =
            format!("include \"root\" {{\n  path = \"../root.hcl\"\n  merge_strategy = \"{strategy}\"\n}}\n");
        let tree = tree(&format!("{include}{child}{inputs}"));
        tree.write("root.hcl", &root);
        let expected = json!({"a": {"name": "child"}, "b": b, "c": {"name": "root", "r": 1}});
        assert_eq!(inputs_of(&evaluate(&tree, &[])), expected, "{strategy}");
    }
}

#[test]
fn a_key_that_is_not_there_is_told_with_those_that_are() {
    let app = each("for_each = toset([\"a\"])", "../${each.key}");
    refused(
        &(app.clone() + "inputs = { x = dependency.x.outputs.name }\n"),
        &["there is no dependency.x.outputs", "there is only dependency.x.a"],
    );
    refused(&each("for_each = toset([\"zz\"])", "../${each.key}"), &["dependency \"x[zz]\" does not exist"]);
}

#[test]
fn an_expansion_is_shown_below_its_name_by_key() {
    let tree = tree(BOTH);
    tree.write(
        "reads/terragrunt.hcl",
        "inputs = { x = read_terragrunt_config(\"../app/terragrunt.hcl\").dependency.x }\n",
    );
    let unit = reader(&tree, "render").evaluate(&tree.path("reads/terragrunt.hcl"), &NoOutputs).unwrap();
    let x = &inputs_of(&unit)["x"];
    assert_eq!((&x["a"]["config_path"], &x["b"]["config_path"]), (&json!("../a"), &json!("../b")));
    assert_eq!((&x["a"]["name"], &x["b"]["outputs"]["name"]), (&json!("x"), &json!("mock-b")));
}

#[test]
fn ten_thousand_keys_are_within_the_budget() {
    let keys = "for_each = toset([for i in setproduct(range(100), range(100)) : \"k${i[0]}-${i[1]}\"])";
    let app = each(keys, "../${each.key}").replace("  config_path", "  enabled = false\n  config_path");
    let tree = tree(&(app + "inputs = { n = length(dependency.x), one = dependency.x.k7-7.outputs.name }\n"));
    assert_eq!(inputs_of(&evaluate(&tree, &[])), json!({"n": 10000, "one": "mock"}));
}

#[test]
fn an_expansion_is_read_in_json_too() {
    let tree = tree("");
    std::fs::remove_file(tree.path("app/terragrunt.hcl")).unwrap();
    let app = json!({
        "dependency": {"x": {
            "expansion": {"for_each": "${toset([\"a\", \"b\"])}"},
            "config_path": "../${each.key}",
            "mock_outputs": {"name": "mock-${each.value}"},
        }},
        "inputs": {"x": "${dependency.x[\"b\"].outputs.name}"},
    });
    tree.write("app/terragrunt.hcl.json", &app.to_string());
    let unit = reader(&tree, "plan").evaluate(&tree.path("app/terragrunt.hcl.json"), &NoOutputs);
    assert_eq!(inputs_of(&unit.unwrap_or_else(|errors| panic!("{}", told(&errors)))), json!({"x": "mock-b"}));
}
