//! Stack files read and followed, on small trees.

use std::path::Path;

use super::{Expansion, LocalOnly, expand, generate, stale};
use crate::terragrunt::Reader;
use crate::terragrunt::outputs::NoOutputs;
use crate::terragrunt::tests::{Tree, told};
use slipway_hcl::diagnostic::Diagnostic;

fn follow(tree: &Tree, stack: &str) -> (Reader, Result<Expansion, Vec<Diagnostic>>) {
    let reader = tree.reader("plan");
    let expansion = expand(&reader, &tree.path(stack).join("terragrunt.stack.hcl"), &LocalOnly);
    (reader, expansion)
}

fn sound(tree: &Tree, stack: &str) -> (Reader, Expansion) {
    let (reader, expansion) = follow(tree, stack);
    (reader, expansion.unwrap_or_else(|errors| panic!("{}", told(&errors))))
}

#[track_caller]
fn refused(tree: &Tree, stack: &str, texts: &[&str]) {
    let errors = told(&follow(tree, stack).1.expect_err("the stack is broken"));
    let errors = errors.replace(&tree.root().display().to_string(), "ROOT");
    for text in texts {
        assert!(errors.contains(text), "{text:?} is not in:\n{errors}");
    }
}

pub(super) fn folders(tree: &Tree, expansion: &Expansion) -> Vec<String> {
    let shown = |dir: &Path| dir.strip_prefix(tree.root()).unwrap().display().to_string();
    expansion.generated.iter().map(|generated| shown(generated.dir())).collect()
}

/// Two units of a catalog, a stack of both, and a stack file that uses it.
fn catalog() -> Tree {
    Tree::new(&[
        ("units/vpc/terragrunt.hcl", "inputs = { cidr = values.cidr }\n"),
        (
            "units/app/terragrunt.hcl",
            "dependency \"vpc\" {\n  config_path = values.vpc\n}\ninputs = { file = file(\"name.txt\") }\n",
        ),
        ("units/app/name.txt", "app"),
        (
            "stacks/env/terragrunt.stack.hcl",
            r#"
unit "vpc" {
  source = "${get_repo_root()}/units/vpc"
  path   = "vpc"
  values = { cidr = values.cidr }
}
unit "app" {
  source = "${get_repo_root()}/units/app"
  path   = "apps/app"
  values = { vpc = unit.vpc.path }
}
"#,
        ),
        (
            "live/terragrunt.stack.hcl",
            r#"
locals {
  cidr = "10.0.0.0/16"
}
stack "dev" {
  source = "../stacks/env"
  path   = "dev"
  values = { cidr = local.cidr }
}
"#,
        ),
    ])
}

#[test]
fn a_stack_is_followed_into_the_stacks_within() {
    let tree = catalog();
    let (_, expansion) = sound(&tree, "live");
    let dev = "live/.terragrunt-stack/dev";
    assert_eq!(
        folders(&tree, &expansion),
        [dev.to_owned(), format!("{dev}/.terragrunt-stack/vpc"), format!("{dev}/.terragrunt-stack/apps/app")]
    );
    assert_eq!(expansion.stacks.len(), 2);
}

#[test]
fn a_unit_that_is_not_generated_yet_is_evaluated_as_if_it_were() {
    let tree = catalog();
    let (reader, expansion) = sound(&tree, "live");
    let unit = |name: &str| {
        let generated = expansion.units().find(|unit| unit.block.name == name).unwrap();
        generated.dir().join("terragrunt.hcl")
    };
    let vpc = reader.evaluate(&unit("vpc"), &NoOutputs).unwrap_or_else(|errors| panic!("{}", told(&errors)));
    assert_eq!(vpc.inputs["cidr"].as_str(), Some("10.0.0.0/16"));
    let (app, errors) = reader.outline(&unit("app"));
    assert!(errors.is_empty(), "{}", told(&errors));
    assert_eq!(app.dependencies[0].config_path, unit("vpc").parent().unwrap());
    assert!(!tree.path("live/.terragrunt-stack").exists());
}

#[test]
fn names_and_folders_may_not_stand_twice() {
    let tree = catalog();
    let unit = |name: &str, path: &str| {
        format!("unit \"{name}\" {{\n  source = \"../units/vpc\"\n  path = \"{path}\"\n}}\n")
    };
    tree.write("live/terragrunt.stack.hcl", &(unit("a", "a") + &unit("a", "b") + &unit("c", "./b")));
    refused(
        &tree,
        "live",
        &[
            "unit \"a\" stands here again; the first is at ROOT/live/terragrunt.stack.hcl:1:1",
            "both be generated into ROOT/live/.terragrunt-stack/b",
        ],
    );
}

#[test]
fn what_is_wrong_with_a_block_is_told_at_its_place() {
    let tree = catalog();
    let cases = [
        ("path = \"a\"", "unit \"a\" needs the attribute \"source\""),
        ("source = \"../units/vpc\"\npath = \"../../a\"", "leaves the stack's folder: ../../a"),
        ("source = \"../units/vpc\"\npath = \"/a\"", "has to be relative: /a"),
        ("source = \"../units/vpc\"\npath = \" \"", "unit \"a\" has an empty path"),
        ("source = \"../units/gone\"\npath = \"a\"", "there is no folder ROOT/units/gone"),
        ("source = \"../units//gone\"\npath = \"a\"", "there is no folder gone in ROOT/units"),
        ("source = \"../stacks/env\"\npath = \"a\"", "holds no terragrunt.hcl: ROOT/stacks/env"),
        ("source = \"..\"\npath = \"a\"", "holds the folder it is copied to"),
        ("source = \"tfr:///a/b/c?version=1\"\npath = \"a\"", "sources from tfr:// are not fetched"),
        ("source = \"../units/vpc\"\npath = \"a\"\nvalues = 1", "\"values\" has the wrong type"),
        ("source = \"../units/vpc\"\npath = \"a\"\nexpansion {\n}", "is an experiment of Terragrunt"),
        ("source = \"../units/vpc\"\npath = unit.a.path", "\"unit\" cannot be used here"),
        ("source = \"../units/vpc\"\npath = values.a", "nobody hands values over to this stack"),
    ];
    for (body, message) in cases {
        tree.write("live/terragrunt.stack.hcl", &format!("unit \"a\" {{\n{body}\n}}\n"));
        refused(&tree, "live", &[message, "ROOT/live/terragrunt.stack.hcl:", "help: "]);
    }
}

#[test]
fn a_source_without_a_unit_is_taken_where_the_block_says_so() {
    let tree = catalog();
    tree.write(
        "live/terragrunt.stack.hcl",
        "unit \"a\" {\n  source = \"../stacks/env\"\n  path = \"a\"\n  no_validation = true\n}\n",
    );
    sound(&tree, "live");
}

#[test]
fn a_stack_that_generates_itself_is_refused_with_the_way_round() {
    let tree = catalog();
    tree.write(
        "stacks/env/terragrunt.stack.hcl",
        "stack \"again\" {\n  source = \"${get_repo_root()}/stacks/env\"\n  path = \"again\"\n}\n",
    );
    refused(
        &tree,
        "live",
        &["generates a stack that it is in itself: stack \"dev\"", "generated by stack \"dev\""],
    );
}

#[test]
fn an_included_file_adds_blocks_and_sees_the_names_of_the_one_that_includes_it() {
    let tree = catalog();
    tree.write(
        "shared.hcl",
        "unit \"vpc\" {\n  source = \"../units/vpc\"\n  path = \"vpc\"\n  values = { cidr = local.cidr }\n}\n",
    );
    tree.write(
        "live/terragrunt.stack.hcl",
        "locals {\n  cidr = \"10.1.0.0/16\"\n}\ninclude \"shared\" {\n  path = \"../shared.hcl\"\n}\n",
    );
    let (_, expansion) = sound(&tree, "live");
    assert!(expansion.generated[0].written["terragrunt.values.hcl"].contains("cidr = \"10.1.0.0/16\""));
    tree.write("shared.hcl", "locals {\n}\nunit \"vpc\" {\n}\n");
    refused(
        &tree,
        "live",
        &["may not hold a block \"locals\"", "via: included here at ROOT/live/terragrunt.stack.hcl:4"],
    );
}

#[test]
fn an_attribute_that_does_nothing_is_told_with_the_near_one() {
    let tree = catalog();
    tree.write(
        "live/terragrunt.stack.hcl",
        "unit \"a\" {\n  source = \"../units/vpc\"\n  path = \"a\"\n  value = {}\n}\n",
    );
    let (_, expansion) = sound(&tree, "live");
    let warnings = told(&expansion.warnings);
    let text = "\"value\" of unit \"a\" does nothing\n  help: did you mean \"values\"?";
    assert!(warnings.contains(text), "{warnings}");
}

#[test]
fn a_generation_that_fails_half_way_takes_everything_back() {
    let tree = catalog();
    let (_, expansion) = sound(&tree, "live");
    let dir = tree.path("live");
    generate(&expansion, &dir).unwrap();
    tree.write("units/app/name.txt", "another");
    tree.write("units/vpc/a.txt", "new");
    // A folder stands where the new file goes, and files cannot be put beside those of its neighbour.
    let (_, expansion) = sound(&tree, "live");
    let app = tree.path("live/.terragrunt-stack/dev/.terragrunt-stack/apps/app");
    std::fs::remove_file(app.join("name.txt")).unwrap();
    std::fs::remove_file(app.join("terragrunt.hcl")).unwrap();
    std::fs::remove_dir_all(&app).unwrap();
    std::fs::write(&app, "a file where the folder was").unwrap();
    generate(&expansion, &dir).unwrap_err();
    assert_eq!(std::fs::read_to_string(&app).unwrap(), "a file where the folder was");
    assert!(!tree.path("live/.terragrunt-stack/dev/.terragrunt-stack/vpc/a.txt").exists());
    let left: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    std::fs::remove_file(&app).unwrap();
    let changes = generate(&expansion, &dir).unwrap();
    assert_eq!(std::fs::read_to_string(app.join("name.txt")).unwrap(), "another");
    assert!(changes.written > 0 && changes.kept > 0);
    assert_eq!(stale(&expansion, &dir), None);
}

#[test]
fn what_stood_in_a_generated_folder_beside_the_copies_stays() {
    let tree = catalog();
    let (_, expansion) = sound(&tree, "live");
    let dir = tree.path("live");
    generate(&expansion, &dir).unwrap();
    let vpc = "live/.terragrunt-stack/dev/.terragrunt-stack/vpc";
    tree.write(&format!("{vpc}/terraform.tfstate"), "{}");
    tree.write("units/vpc/terragrunt.hcl", "inputs = {}\n");
    assert_eq!(stale(&expansion, &dir), Some(tree.path(vpc).join("terragrunt.hcl")));
    generate(&expansion, &dir).unwrap();
    assert!(tree.path(vpc).join("terraform.tfstate").is_file());
    assert_eq!(std::fs::read_to_string(tree.path(vpc).join("terragrunt.hcl")).unwrap(), "inputs = {}\n");
}

#[test]
fn a_source_that_is_missing_beside_a_generated_copy_says_that_it_is_a_copy() {
    let tree = Tree::new(&[
        ("live/terragrunt.stack.hcl", "stack \"s\" {\n  source = \"../catalog/s\"\n  path = \"s\"\n}\n"),
        ("catalog/s/terragrunt.stack.hcl", "unit \"u\" {\n  source = \"../units/u\"\n  path = \"u\"\n}\n"),
    ]);
    let help = |stack: &str| {
        let errors = follow(&tree, stack).1.expect_err("the source is missing");
        errors.into_iter().find_map(|error| error.help).unwrap()
    };
    assert!(help("live").contains("a copy in .terragrunt-stack"), "{}", help("live"));
    assert!(help("catalog/s").contains("relative to the stack file"), "{}", help("catalog/s"));
}
