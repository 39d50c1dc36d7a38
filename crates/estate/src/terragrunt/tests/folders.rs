//! Which folder each function answers for.

use serde_json::json;

use super::Tree;

const FOLDERS: &str = r#"
  locals {
    folders = {
      dir      = get_terragrunt_dir()
      original = get_original_terragrunt_dir()
      parent   = get_parent_terragrunt_dir()
      to       = path_relative_to_include()
      from     = path_relative_from_include()
      repo     = get_repo_root()
      from_repo = get_path_from_repo_root()
      to_repo   = get_path_to_repo_root()
      marker   = find_in_parent_folders("marker")
      read     = file("here.txt")
    }
  }
"#;

#[test]
fn an_included_file_answers_for_the_child_and_reads_beside_itself() {
    let tree = Tree::new(&[
        ("live/root.hcl", FOLDERS),
        ("live/here.txt", "beside the root"),
        ("live/marker", ""),
        ("live/dev/app/here.txt", "beside the child"),
        (
            "live/dev/app/terragrunt.hcl",
            r#"
            include "root" {
              path   = find_in_parent_folders("root.hcl")
              expose = true
            }
            inputs = { it = include.root.locals.folders }
            "#,
        ),
    ]);
    assert_eq!(
        tree.inputs("live/dev/app")["it"],
        json!({
            "dir": "ROOT/live/dev/app",
            "original": "ROOT/live/dev/app",
            "parent": "ROOT/live",
            "to": "dev/app",
            "from": "../..",
            "repo": "ROOT",
            "from_repo": "live/dev/app",
            "to_repo": "../../..",
            "marker": "ROOT/live/marker",
            "read": "beside the root",
        })
    );
}

#[test]
fn a_file_that_is_read_answers_for_itself_but_knows_who_asked_first() {
    let tree = Tree::new(&[
        ("live/common/common.hcl", FOLDERS),
        ("live/common/here.txt", "beside common"),
        ("live/marker", ""),
        (
            "live/dev/app/terragrunt.hcl",
            r#"inputs = { it = read_terragrunt_config("../../common/common.hcl").locals.folders }"#,
        ),
    ]);
    assert_eq!(
        tree.inputs("live/dev/app")["it"],
        json!({
            "dir": "ROOT/live/common",
            "original": "ROOT/live/dev/app",
            "parent": "ROOT/live/common",
            "to": ".",
            "from": ".",
            "repo": "ROOT",
            "from_repo": "live/common",
            "to_repo": "../..",
            "marker": "ROOT/live/marker",
            "read": "beside common",
        })
    );
}

#[test]
fn an_answer_about_who_asked_is_not_given_to_the_next_one() {
    let tree = Tree::new(&[
        ("common.hcl", "locals {\n  asked = get_original_terragrunt_dir()\n}\n"),
        ("a/terragrunt.hcl", r#"inputs = { it = read_terragrunt_config("../common.hcl").locals.asked }"#),
        ("b/terragrunt.hcl", r#"inputs = { it = read_terragrunt_config("../common.hcl").locals.asked }"#),
    ]);
    let reader = tree.reader("plan");
    for unit in ["a", "b"] {
        let file = tree.path(unit).join("terragrunt.hcl");
        let config = reader.evaluate(&file, &super::NoOutputs).unwrap();
        assert_eq!(config.inputs["it"].as_str(), Some(&*tree.path(unit).display().to_string()));
    }
}

#[test]
fn a_relative_path_in_an_included_file_starts_at_the_child_for_configurations() {
    let tree = Tree::new(&[
        ("live/root.hcl", r#"locals { near = read_terragrunt_config("near.hcl").locals.it }"#),
        ("live/dev/app/near.hcl", r#"locals { it = "the child's" }"#),
        (
            "live/dev/app/terragrunt.hcl",
            r#"
            include "root" {
              path   = find_in_parent_folders("root.hcl")
              expose = true
            }
            inputs = { it = include.root.locals.near }
            "#,
        ),
    ]);
    assert_eq!(tree.inputs("live/dev/app"), json!({"it": "the child's"}));
}

#[test]
fn of_several_includes_the_label_says_which() {
    let tree = Tree::new(&[
        ("root.hcl", ""),
        ("live/env.hcl", ""),
        (
            "live/app/terragrunt.hcl",
            r#"
            include "root" { path = find_in_parent_folders("root.hcl") }
            include "env" { path = find_in_parent_folders("env.hcl") }
            inputs = {
              root = path_relative_to_include("root")
              env  = path_relative_to_include("env")
              up   = get_parent_terragrunt_dir("root")
            }
            "#,
        ),
    ]);
    assert_eq!(tree.inputs("live/app"), json!({"root": "live/app", "env": "app", "up": "ROOT"}));
}

#[test]
fn a_bare_include_is_shown_without_a_label() {
    let tree = Tree::new(&[
        ("root.hcl", r#"locals { team = "blue" }"#),
        (
            "app/terragrunt.hcl",
            r#"
            include {
              path   = find_in_parent_folders("root.hcl")
              expose = true
            }
            inputs = { team = include.locals.team }
            "#,
        ),
    ]);
    assert_eq!(tree.inputs("app"), json!({"team": "blue"}));
}

#[test]
fn a_program_runs_once_for_each_folder_and_its_words() {
    let tree = Tree::new(&[(
        "app/terragrunt.hcl",
        r#"
        locals {
          once  = run_cmd("--terragrunt-quiet", "sh", "-c", "echo x >> count; echo $PWD")
          again = run_cmd("sh", "-c", "echo x >> count; echo $PWD")
          fresh = run_cmd("--terragrunt-no-cache", "sh", "-c", "echo x >> count; printf 'two\n\n'")
        }
        inputs = { once = local.once, again = local.again, fresh = local.fresh }
        "#,
    )]);
    let inputs = tree.inputs("app");
    assert_eq!(inputs, json!({"once": "ROOT/app", "again": "ROOT/app", "fresh": "two\n"}));
    assert_eq!(std::fs::read_to_string(tree.path("app/count")).unwrap(), "x\nx\n");
}

#[test]
fn variables_of_a_tfvars_file_come_as_json() {
    let tree = Tree::new(&[
        ("app/common.tfvars", "size = 3\nnames = [\"a\", \"b\"]\n"),
        (
            "app/terragrunt.hcl",
            r#"inputs = { common = jsondecode(read_tfvars_file("common.tfvars")).names }"#,
        ),
    ]);
    assert_eq!(tree.inputs("app"), json!({"common": ["a", "b"]}));
}

#[test]
fn every_file_that_was_read_is_known() {
    let tree = Tree::new(&[
        ("root.hcl", r#"locals { env = read_terragrunt_config(find_in_parent_folders("env.hcl")) }"#),
        ("live/env.hcl", r#"locals { more = read_terragrunt_config("more.hcl") }"#),
        ("live/more.hcl", ""),
        ("live/extra.txt", ""),
        (
            "live/app/terragrunt.hcl",
            r#"
            include "root" { path = find_in_parent_folders("root.hcl") }
            locals {
              marked = mark_as_read("../extra.txt")
              files  = mark_glob_as_read("../*.txt")
            }
            "#,
        ),
        (
            "live/other/terragrunt.hcl",
            "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n",
        ),
    ]);
    let reader = tree.reader("plan");
    let relative = |files: &[std::sync::Arc<std::path::Path>]| -> Vec<String> {
        files.iter().map(|file| file.strip_prefix(tree.root()).unwrap().display().to_string()).collect()
    };
    let (outline, errors) = reader.outline(&tree.path("live/app/terragrunt.hcl"));
    assert!(errors.is_empty(), "{}", super::told(&errors));
    let mut read = relative(&outline.files_read);
    assert_eq!(read.remove(0), "live/app/terragrunt.hcl");
    read.sort();
    assert_eq!(read, ["live/env.hcl", "live/extra.txt", "live/more.hcl", "root.hcl"]);
    // The second unit is told of the files although another one made the reader read them.
    let (outline, _) = reader.outline(&tree.path("live/other/terragrunt.hcl"));
    let mut read = relative(&outline.files_read);
    read.sort();
    assert_eq!(read, ["live/env.hcl", "live/more.hcl", "live/other/terragrunt.hcl", "root.hcl"]);
}

#[test]
fn a_footprint_holds_every_file_that_makes_a_difference() {
    let tree = Tree::new(&[
        ("root.hcl", "locals { text = file(\"shared.txt\") }"),
        ("shared.txt", ""),
        ("live/c.txt", "${name}"),
        ("live/vars.tfvars", ""),
        ("modules/one/main.tf", "module \"two\" {\n  source = \"../two\"\n}\n"),
        (
            "modules/two/main.tf.json",
            r#"{"module": {"three": {"source": "./three"}, "far": {"source": "a/b/c"}}}"#,
        ),
        (
            "live/app/terragrunt.hcl",
            r#"
            include "root" {
              path   = find_in_parent_folders("root.hcl")
              expose = true
            }
            terraform {
              source = "../../modules//one"
              extra_arguments "vars" {
                commands           = ["plan"]
                optional_var_files = ["../vars.tfvars"]
              }
            }
            inputs = {
              shared = include.root.locals.text
              text   = templatefile("../c.txt", { name = "x" })
              there  = fileexists("../not-there.txt")
              all    = fileset("..", "*.tfvars")
            }
            "#,
        ),
        (
            "live/other/terragrunt.hcl",
            "dependency \"app\" { config_path = \"../app\" }\n\
             inputs = { text = file(dependency.app.outputs.name) }\n",
        ),
        ("live/broken/terragrunt.hcl", "inputs = { a = local.nothing }"),
    ]);
    let reader = tree.reader("plan");
    let footprint = reader.footprint(&tree.path("live/app/terragrunt.hcl"));
    let relative = |files: &std::collections::BTreeSet<std::path::PathBuf>| -> Vec<String> {
        files.iter().map(|file| file.strip_prefix(tree.root()).unwrap().display().to_string()).collect()
    };
    assert_eq!(
        relative(&footprint.files),
        [
            "live/app/terragrunt.hcl",
            "live/c.txt",
            "live/not-there.txt",
            "live/vars.tfvars",
            "root.hcl",
            "shared.txt"
        ]
    );
    assert_eq!(relative(&footprint.modules.folders), ["modules/one", "modules/two", "modules/two/three"]);
    assert!(!footprint.unknown && !footprint.broken);
    // Terragrunt counts only what its own functions read.
    let (outline, _) = reader.outline(&tree.path("live/app/terragrunt.hcl"));
    let read: Vec<_> =
        outline.files_read.iter().map(|file| file.strip_prefix(tree.root()).unwrap()).collect();
    assert_eq!(read, [std::path::Path::new("live/app/terragrunt.hcl"), std::path::Path::new("root.hcl")]);

    assert!(reader.footprint(&tree.path("live/other/terragrunt.hcl")).unknown);
    assert!(reader.footprint(&tree.path("live/broken/terragrunt.hcl")).broken);
}
