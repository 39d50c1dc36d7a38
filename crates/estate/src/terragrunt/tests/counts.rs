//! Nothing is read or evaluated twice.

use super::{Tree, told};
use crate::terragrunt::Counts;
use crate::terragrunt::outputs::NoOutputs;

/// `units` in two folders that include one root, which reads a file of each folder.
fn estate(units: usize) -> (Tree, Vec<String>) {
    let tree = Tree::new(&[
        (
            "live/root.hcl",
            r#"
            locals {
              owners = { for team in ["a", "b"] : team => "${team}@example.com" }
              region = read_terragrunt_config(find_in_parent_folders("region.hcl")).locals
              prefix = "acme-${local.region.name}"
              key    = "${local.prefix}/${path_relative_to_include()}"
            }
            inputs = { key = local.key, owner = local.owners["a"] }
            "#,
        ),
        ("live/eu/region.hcl", "locals {\n  name = \"eu\"\n  zones = [\"a\", \"b\"]\n}\n"),
        ("live/us/region.hcl", "locals {\n  name = \"us\"\n  zones = [\"a\", \"b\"]\n}\n"),
    ]);
    let unit = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n\
                locals {\n  own = get_terragrunt_dir()\n}\ninputs = { own = local.own }\n";
    let folders: Vec<String> = (0..units)
        .map(|number| format!("live/{}/unit-{number}", if number % 2 == 0 { "eu" } else { "us" }))
        .collect();
    for folder in &folders {
        tree.write(&format!("{folder}/terragrunt.hcl"), unit);
    }
    (tree, folders)
}

#[test]
fn a_hundred_outlines_read_each_file_once_and_share_what_does_not_depend_on_the_unit() {
    let (tree, folders) = estate(100);
    let reader = tree.reader("plan");
    for folder in &folders {
        let (outline, errors) = reader.outline(&tree.path(folder).join("terragrunt.hcl"));
        assert!(errors.is_empty(), "{}", told(&errors));
        // Also the units that share the answers of another are told which files these took.
        assert_eq!(outline.files_read.len(), 3, "{:?}", outline.files_read);
    }
    let counts = reader.counts();
    // A hundred units, the root, and a file for each of the two folders.
    assert_eq!((counts.files_read, counts.files_parsed), (103, 103));
    // One of the unit itself and the root's `key` for each; `owners` once; `region` and `prefix` once a
    // folder; the two locals of each region once.
    assert_eq!(counts.locals, 100 * 2 + 1 + 2 * 2 + 2 * 2);
    // The path of the include, for each.
    assert_eq!(counts.attributes, 100);
    assert_eq!(counts.commands, 0);
}

#[test]
fn evaluating_after_the_outlines_reads_nothing_again() {
    let (tree, folders) = estate(10);
    let reader = tree.reader("plan");
    let files: Vec<_> = folders.iter().map(|folder| tree.path(folder).join("terragrunt.hcl")).collect();
    for file in &files {
        reader.outline(file);
    }
    let before = reader.counts();
    for file in &files {
        reader.evaluate(file, &NoOutputs).unwrap_or_else(|errors| panic!("{}", told(&errors)));
    }
    let after = reader.counts();
    assert_eq!(
        (before.files_read, before.files_parsed, before.bytes_parsed),
        (after.files_read, after.files_parsed, after.bytes_parsed)
    );
    // Only what depends on the unit is evaluated again: one local of its own and one of the root's.
    assert_eq!(after.locals - before.locals, 10 * 2);
}

#[test]
fn what_units_share_is_the_same_as_what_each_finds_alone() {
    let (tree, folders) = estate(6);
    let reader = tree.reader("plan");
    for folder in &folders {
        let file = tree.path(folder).join("terragrunt.hcl");
        let together = reader.evaluate(&file, &NoOutputs).unwrap();
        let alone = tree.reader("plan").evaluate(&file, &NoOutputs).unwrap();
        assert_eq!(together.rendered, alone.rendered);
        assert_eq!(together.files_read, alone.files_read);
    }
}

#[test]
fn a_file_that_includes_another_is_read_for_all_although_the_other_answers_for_it() {
    let tree = Tree::new(&[
        ("root.hcl", "locals {\n  here = get_terragrunt_dir()\n}\ninputs = { here = local.here }\n"),
        ("shared/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
        ("a/terragrunt.hcl", "inputs = read_terragrunt_config(\"../shared/terragrunt.hcl\").inputs\n"),
        ("b/terragrunt.hcl", "inputs = read_terragrunt_config(\"../shared/terragrunt.hcl\").inputs\n"),
    ]);
    let reader = tree.reader("plan");
    for unit in ["a", "b"] {
        let config = reader.evaluate(&tree.path(unit).join("terragrunt.hcl"), &NoOutputs).unwrap();
        let here = tree.plain(&super::inputs_of(&config));
        assert_eq!(here, serde_json::json!({ "here": "ROOT/shared" }));
    }
    let Counts { locals, files_parsed, .. } = reader.counts();
    assert_eq!((locals, files_parsed), (1, 4));
}

#[test]
fn functions_that_answer_differently_each_time_are_not_shared() {
    let tree = Tree::new(&[
        ("root.hcl", "locals {\n  id = uuid()\n}\ninputs = { id = local.id }\n"),
        ("a/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
        ("b/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
    ]);
    let reader = tree.reader("plan");
    let id = |unit: &str| {
        let config = reader.evaluate(&tree.path(unit).join("terragrunt.hcl"), &NoOutputs).unwrap();
        super::inputs_of(&config)["id"].clone()
    };
    assert_ne!(id("a"), id("b"));
}

#[test]
fn a_program_that_an_included_file_runs_in_the_units_folder_runs_for_each_unit() {
    let tree = Tree::new(&[
        ("root.hcl", "locals {\n  here = run_cmd(\"pwd\")\n}\ninputs = { here = local.here }\n"),
        ("a/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
        ("b/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
    ]);
    let reader = tree.reader("plan");
    for unit in ["a", "b", "a"] {
        let config = reader.evaluate(&tree.path(unit).join("terragrunt.hcl"), &NoOutputs).unwrap();
        let expected = serde_json::json!({ "here": format!("ROOT/{unit}") });
        assert_eq!(tree.plain(&super::inputs_of(&config)), expected);
    }
    assert_eq!(reader.counts().commands, 2);
}

#[test]
fn the_syntax_of_a_unit_is_let_go_where_it_is_not_evaluated_later() {
    let (tree, folders) = estate(2);
    let options = crate::terragrunt::ReaderOptions { keep_units: false, ..tree.options("plan") };
    let reader = crate::terragrunt::Reader::new(options);
    let file = tree.path(&folders[0]).join("terragrunt.hcl");
    let (first, _) = reader.outline(&file);
    tree.write(&format!("{}/terragrunt.hcl", folders[0]), "prevent_destroy = true\n");
    let (second, _) = reader.outline(&file);
    assert!(!first.prevent_destroy && second.prevent_destroy, "the file was kept");
}
