//! Units and stacks that stand for many, and those that are switched off. The values are those of a Terragrunt built
//! from its main branch, where it has any.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::tests::folders;
use super::{Expansion, LocalOnly, VALUES_FILE, expand, generate, outputs, unit_dirs};
use crate::terragrunt::Reader;
use crate::terragrunt::outputs::{OutputSource, Outputs};
use crate::terragrunt::tests::{Tree, told};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::value::Value;

fn tree(stack: &str) -> Tree {
    Tree::new(&[
        ("units/app/terragrunt.hcl", "inputs = { name = values.name }\n"),
        ("stacks/env/terragrunt.stack.hcl", &unit("app", "count = 2", "app${count.index}")),
        ("live/terragrunt.stack.hcl", stack),
    ])
}

fn unit(name: &str, expansion: &str, path: &str) -> String {
    format!(
        "unit \"{name}\" {{\n  expansion {{\n    {expansion}\n  }}\n  source = \"${{get_repo_root()}}/units/app\"\n  \
         path = \"{path}\"\n  values = {{ name = \"x\" }}\n}}\n"
    )
}

fn follow(tree: &Tree) -> (Reader, Result<Expansion, Vec<Diagnostic>>) {
    let mut options = tree.options("plan");
    options.experiments.insert("block-iteration".to_owned());
    let reader = Reader::new(options);
    let expansion = expand(&reader, &tree.path("live/terragrunt.stack.hcl"), &LocalOnly);
    (reader, expansion)
}

fn sound(tree: &Tree) -> (Reader, Expansion) {
    let (reader, expansion) = follow(tree);
    (reader, expansion.unwrap_or_else(|errors| panic!("{}", told(&errors))))
}

#[track_caller]
fn refused(stack: &str, texts: &[&str]) {
    let tree = tree(stack);
    let errors = told(&follow(&tree).1.expect_err("the stack is broken"));
    for text in texts {
        assert!(errors.contains(text), "{text:?} is not in:\n{errors}");
    }
}

fn below(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("live/.terragrunt-stack/{name}")).collect()
}

#[test]
fn a_unit_is_made_for_each_key_and_each_number() {
    let tree = tree(
        &(unit("app", "for_each = { b = { n = \"two\" }, a = { n = \"one\" } }", "app-${each.key}")
            .replace("\"x\"", "each.value.n")
            + &unit("set", "for_each = toset([\"web\", \"api\"])", "set/${each.value}")
            + &unit("n", "count = 2", "n${count.index}").replace("\"x\"", "count.index")
            + &unit("num", "for_each = toset([10, 2.5, 1])", "num${each.key}")),
    );
    let (_, expansion) = sound(&tree);
    let expected = below(&["app-a", "app-b", "set/api", "set/web", "n0", "n1", "num1", "num2.5", "num10"]);
    assert_eq!(folders(&tree, &expansion), expected);
    let addresses: Vec<String> = expansion.units().map(|unit| unit.block.address()).collect();
    let expected =
        ["app[a]", "app[b]", "set[api]", "set[web]", "n[0]", "n[1]", "num[1]", "num[2.5]", "num[10]"];
    assert_eq!(addresses, expected);
    let values: Vec<&str> =
        expansion.units().map(|unit| unit.written[VALUES_FILE].lines().nth(1).unwrap()).collect();
    assert_eq!(values[..2], ["name = \"one\"", "name = \"two\""]);
    assert_eq!(values[4..6], ["name = 0", "name = 1"]);
}

#[test]
fn a_stack_is_made_for_each_key_with_the_expanded_units_in_it() {
    let stack = unit("env", "for_each = toset([\"dev\", \"prod\"])", "${each.key}");
    let tree = tree(&stack.replace("unit \"env\"", "stack \"env\"").replace("units/app", "stacks/env"));
    let (reader, expansion) = sound(&tree);
    let found = folders(&tree, &expansion);
    let of = |env: &str| {
        below(&[env, &format!("{env}/.terragrunt-stack/app0"), &format!("{env}/.terragrunt-stack/app1")])
    };
    assert_eq!(found, [of("dev"), of("prod")].concat());
    let dirs = unit_dirs(&reader, &tree.path("live")).unwrap().unwrap();
    let shown = |dir: &Path| dir.strip_prefix(tree.root()).unwrap().display().to_string();
    let dirs: Vec<String> = dirs.iter().map(|dir| shown(dir)).collect();
    assert_eq!(dirs, [of("dev")[1..].to_vec(), of("prod")[1..].to_vec()].concat());
}

#[test]
fn what_is_switched_off_is_not_generated_but_keeps_its_name_and_its_folder() {
    let off = "unit \"off\" {\n  enabled = false\n  source = \"../units/app\"\n  path = \"off\"\n}\n";
    let on = "unit \"on\" {\n  enabled = null\n  source = \"../units/app\"\n  path = \"on\"\n  \
              values = { name = unit.off.path }\n}\n";
    let some = unit("some", "for_each = toset([\"a\", \"b\"])", "${each.key}")
        .replace("  source", "  enabled = each.key == \"b\"\n  source");
    let tree = tree(&format!("{off}{on}{some}"));
    let (_, expansion) = sound(&tree);
    assert_eq!(folders(&tree, &expansion), below(&["on", "b"]));
    let written = &expansion.generated[0].written[VALUES_FILE];
    assert!(written.contains("/live/.terragrunt-stack/off\""), "{written}");
    refused(&format!("{off}{off}"), &["unit \"off\" stands here again"]);
    refused(&format!("{off}{}", on.replace("path = \"on\"", "path = \"off\"")), &["would both be generated"]);
    refused(
        &off.replace("source = \"../units/app\"\n", ""),
        &["unit \"off\" needs the attribute \"source\""],
    );
    refused(&off.replace("false", "\"maybe\""), &["\"enabled\" has the wrong type"]);
}

#[test]
fn a_stack_of_which_nothing_is_left_generates_nothing() {
    for stack in [
        unit("a", "count = 0", "a${count.index}"),
        unit("a", "for_each = {}", "a${each.key}"),
        "unit \"a\" {\n  enabled = false\n  source = \"../units/app\"\n  path = \"a\"\n}\n".to_owned(),
    ] {
        let tree = tree(&stack);
        let (_, expansion) = sound(&tree);
        assert_eq!(folders(&tree, &expansion), [""; 0]);
        assert_eq!(generate(&expansion, &tree.path("live")).unwrap().written, 0);
    }
    refused("locals {\n  a = 1\n}\n", &["a stack needs at least one unit or stack block"]);
}

#[test]
fn the_path_of_an_expanded_unit_is_found_by_its_key() {
    let both = unit("app", "for_each = toset([\"a\"])", "app-${each.key}")
        + &unit("n", "count = 2", "n${count.index}");
    let use_of = |name: &str| {
        format!(
            "unit \"y\" {{\n  source = \"../units/app\"\n  path = \"y\"\n  values = {{ name = {name} }}\n}}\n"
        )
    };
    for (name, path) in [
        ("unit.app[\"a\"].path", "app-a"),
        ("unit.app.a.path", "app-a"),
        ("unit.n[1].path", "n1"),
        ("unit.n[\"0\"].path", "n0"),
        ("[for app in unit.app : app.path][0]", "app-a"),
    ] {
        let tree = tree(&(both.clone() + &use_of(name)));
        let (_, expansion) = sound(&tree);
        let written = &expansion.generated[3].written[VALUES_FILE];
        assert!(written.contains(&format!("/live/.terragrunt-stack/{path}\"")), "{name}: {written}");
    }
    refused(&(both.clone() + &use_of("unit.app.path")), &["has no attribute `path`", "`a`"]);
    refused(&(both.clone() + &use_of("unit.app[\"b\"].path")), &["has no attribute `b`"]);
    refused(&unit("app", "for_each = { a = unit.app.path }", "a"), &["\"unit\" cannot be used here"]);
    let plain = "unit \"app\" {\n  source = \"../units/app\"\n  path = \"plain\"\n}\n";
    refused(&(both + plain), &["unit \"app\" is there with an expansion and without one"]);
}

#[test]
fn keys_lead_nowhere_but_below_the_stack() {
    let keys = |keys: &str| unit("app", &format!("for_each = toset([{keys}])"), "${each.key}");
    let tree = tree(&keys("\"a/b\", \"c d\", \"Web\", \"web\", \"é\""));
    let mut found = folders(&tree, &sound(&tree).1);
    found.sort();
    assert_eq!(found, below(&["Web", "a/b", "c d", "web", "é"]));
    refused(&keys("\"..\""), &["the path of unit \"app[..]\" leaves the stack's folder: .."]);
    refused(&keys("\"a/../../b\""), &["leaves the stack's folder"]);
    refused(&keys("\"/etc\""), &["the path of unit \"app[/etc]\" has to be relative"]);
    refused(&keys("\"\""), &["unit \"app[]\" has an empty path"]);
    refused(&keys("\"a\", \"b\\u0000c\""), &["cannot be made: no folder can be called that: b\\u{0}c"]);
    refused(&keys(&format!("\"{}\"", "x".repeat(256))), &["no folder can be called that: xxx"]);
    refused(&keys("\"a\", \"a/./\""), &["unit \"app[a]\" and unit \"app[a/./]\" would both be generated"]);
    refused(
        &unit("app", "for_each = toset([\"a\", \"b\"])", "same"),
        &["unit \"app[a]\" and unit \"app[b]\" would both be generated", "let the path hold each.key"],
    );
}

#[test]
fn what_an_expanded_unit_gets_from_its_stack_knows_its_key() {
    let app = unit("app", "for_each = toset([\"a\", \"b\"])", "${each.key}").replace(
        "  values",
        r#"  autoinclude {
    dependency "vpc" {
      config_path = unit.vpc.path
    }
    dependency "peers" {
      expansion {
        for_each = setsubtract(["a", "b"], [each.key])
      }
      config_path = "../${each.key}"
    }
    inputs = { own = each.key, vpc = dependency.vpc.outputs.id }
  }
  values"#,
    );
    let vpc = "unit \"vpc\" {\n  source = \"../units/app\"\n  path = \"vpc\"\n}\n";
    let tree = tree(&(vpc.to_owned() + &app));
    let (reader, expansion) = sound(&tree);
    let text = expansion.generated[1].block.autoinclude.as_deref().unwrap();
    let expected = r#"# Generated by Terragrunt from autoinclude block. Do not edit manually.
dependency "vpc" {
  config_path = "../vpc"
}

dependency "peers" {
  config_path = "../${each.key}"
  expansion {
    for_each = toset(["b"])
  }
}

inputs = { own = "a", vpc = dependency.vpc.outputs.id }
"#;
    assert_eq!(text, expected);
    let (outline, errors) = reader.outline(&tree.path("live/.terragrunt-stack/a/terragrunt.hcl"));
    assert!(errors.is_empty(), "{}", told(&errors));
    let names: Vec<&str> = outline.dependencies.iter().map(|block| &*block.name).collect();
    assert_eq!(names, ["vpc", "peers[b]"]);
}

#[test]
fn a_block_that_a_stack_above_puts_here_takes_the_place_of_all_that_an_expansion_makes() {
    let injected = "unit \"app\" {\n  source = \"${get_repo_root()}/units/app\"\n  path = \"one\"\n  values = { name = \"y\" }\n}\n";
    let tree = tree(&(unit("app", "count = 3", "n${count.index}") + &unit("more", "count = 1", "more")));
    tree.write("live/terragrunt.autoinclude.stack.hcl", injected);
    let found = folders(&tree, &sound(&tree).1);
    assert_eq!(found, below(&["one", "more"]));
    tree.write("live/terragrunt.autoinclude.stack.hcl", &unit("app", "count = 2", "over${count.index}"));
    assert_eq!(folders(&tree, &sound(&tree).1), below(&["over0", "over1", "more"]));
}

/// Every unit has been applied, with its folder's name as its output.
struct Named;

impl OutputSource for Named {
    fn outputs(&self, dir: &Path) -> Option<Arc<Outputs>> {
        let name = dir.file_name()?.to_str()?;
        Some(Arc::new([(Arc::from("name"), Value::string(name))].into_iter().collect()))
    }
}

#[test]
fn outputs_of_a_stack_are_found_by_name_and_key() {
    let tree = tree(
        &(unit("app", "for_each = toset([\"a\", \"b\"])", "${each.key}")
            + "unit \"vpc\" {\n  source = \"../units/app\"\n  path = \"vpc\"\n}\n"
            + "unit \"off\" {\n  enabled = false\n  source = \"../units/app\"\n  path = \"off\"\n}\n"),
    );
    let (reader, _) = sound(&tree);
    let found = outputs(&reader, &Named, &tree.path("live")).unwrap().unwrap();
    let found: BTreeMap<&str, String> = found
        .iter()
        .map(|(name, value)| (&**name, crate::terragrunt::to_json(value, true).to_string()))
        .collect();
    let expected =
        [("app", "{\"a\":{\"name\":\"a\"},\"b\":{\"name\":\"b\"}}"), ("vpc", "{\"name\":\"vpc\"}")];
    assert_eq!(found, expected.map(|(name, text)| (name, text.to_owned())).into_iter().collect());
}

#[test]
fn ten_thousand_units_are_made_and_a_million_are_refused_before_anything_is() {
    let tree = tree(&unit("app", "count = 10000", "n${count.index}"));
    assert_eq!(sound(&tree).1.generated.len(), 10_000);
    refused(
        &unit("app", "count = 1000000", "n${count.index}"),
        &["the count of unit \"app\" asks for more than 100,000"],
    );
}

#[test]
fn without_the_experiment_both_are_refused_with_the_flag_that_turns_it_on() {
    let tree = tree(
        &(unit("app", "count = 1", "a")
            + "unit \"off\" {\n  enabled = true\n  source = \"../units/app\"\n  path = \"b\"\n}\n"),
    );
    let errors =
        expand(&tree.reader("plan"), &tree.path("live/terragrunt.stack.hcl"), &LocalOnly).unwrap_err();
    let told = told(&errors);
    for text in [
        "the expansion of unit \"app\" is an experiment of Terragrunt's",
        "\"enabled\" of unit \"off\" is an experiment of Terragrunt's",
        "--experiment block-iteration",
    ] {
        assert!(told.contains(text), "{told}");
    }
}
