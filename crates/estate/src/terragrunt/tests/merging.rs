//! What becomes of an included file under the file that includes it.

use serde_json::{Value as Json, json};

use super::{Tree, told};
use crate::terragrunt::config::{IfExists, UnitConfig};
use crate::terragrunt::to_json;

fn unit(root: &str, strategy: &str, child: &str) -> UnitConfig {
    let child = format!(
        "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n  merge_strategy = \"{strategy}\"\n}}\n{child}"
    );
    let tree = Tree::new(&[("root.hcl", root), ("app/terragrunt.hcl", &child)]);
    tree.evaluate("app").unwrap_or_else(|errors| panic!("{}", told(&errors)))
}

fn inputs(unit: &UnitConfig) -> Json {
    super::inputs_of(unit)
}

const ROOT_INPUTS: &str =
    r#"inputs = { tags = { a = "root", b = "root" }, zones = ["x"], size = 1, on = true }"#;
const CHILD_INPUTS: &str = r#"inputs = { tags = { b = "child" }, zones = ["y"], on = false }"#;

#[test]
fn inputs_are_merged_by_name_or_deeply_or_not_at_all() {
    assert_eq!(
        inputs(&unit(ROOT_INPUTS, "shallow", CHILD_INPUTS)),
        json!({"tags": {"b": "child"}, "zones": ["y"], "size": 1, "on": false})
    );
    assert_eq!(
        inputs(&unit(ROOT_INPUTS, "deep", CHILD_INPUTS)),
        json!({"tags": {"a": "root", "b": "child"}, "zones": ["x", "y"], "size": 1, "on": false})
    );
    assert_eq!(
        inputs(&unit(ROOT_INPUTS, "no_merge", CHILD_INPUTS)),
        json!({"tags": {"b": "child"}, "zones": ["y"], "on": false})
    );
}

#[test]
fn of_several_includes_the_last_one_wins_and_the_child_over_all() {
    let tree = Tree::new(&[
        ("a.hcl", r#"inputs = { one = "a", two = "a", three = "a" }"#),
        ("b.hcl", r#"inputs = { two = "b", three = "b" }"#),
        (
            "app/terragrunt.hcl",
            r#"
            include "a" { path = find_in_parent_folders("a.hcl") }
            include "b" { path = find_in_parent_folders("b.hcl") }
            inputs = { three = "child" }
            "#,
        ),
    ]);
    assert_eq!(tree.inputs("app"), json!({"one": "a", "two": "b", "three": "child"}));
}

#[test]
fn locals_are_never_merged() {
    let unit = unit("locals {\n  secret = 1\n}\n", "deep", "locals {\n  own = 2\n}\n");
    assert_eq!(unit.locals.keys().map(|name| &**name).collect::<Vec<_>>(), ["own"]);
}

#[test]
fn hooks_and_arguments_are_merged_by_label() {
    let root = r#"
      terraform {
        source = "root"
        copy_terraform_lock_file = false
        extra_arguments "vars" {
          commands  = ["plan"]
          arguments = ["-root"]
        }
        extra_arguments "retry" {
          commands = get_terraform_commands_that_need_locking()
          env_vars = { TF_LOG = "info", N = 1 }
        }
        before_hook "check" {
          commands = ["plan"]
          execute  = ["true"]
        }
      }
    "#;
    let child = r#"
      terraform {
        source = "child"
        extra_arguments "vars" {
          commands  = ["apply"]
          arguments = ["-child"]
        }
        before_hook "more" {
          commands     = ["apply"]
          execute      = ["echo", "x"]
          run_on_error = true
          if           = false
        }
        error_hook "tell" {
          commands  = ["apply"]
          execute   = ["tell"]
          on_errors = [".*"]
        }
      }
    "#;
    let terraform = unit(root, "shallow", child).terraform.unwrap();
    assert_eq!(terraform.source.as_ref().unwrap().expose(), "child");
    assert_eq!(terraform.copy_terraform_lock_file, Some(false));
    let arguments: Vec<(&str, &[String])> =
        terraform.extra_arguments.iter().map(|extra| (&*extra.name, &*extra.arguments)).collect();
    assert_eq!(arguments, [("vars", &["-child".to_owned()][..]), ("retry", &[])]);
    assert_eq!(terraform.extra_arguments[1].env_vars["N"], "1");
    let hooks: Vec<(&str, bool, bool)> =
        terraform.before_hooks.iter().map(|hook| (&*hook.name, hook.condition, hook.run_on_error)).collect();
    assert_eq!(hooks, [("check", true, false), ("more", false, true)]);
    assert_eq!(terraform.error_hooks[0].on_errors, [".*"]);
}

#[test]
fn the_childs_remote_state_takes_the_place_of_the_roots() {
    let root = r#"
      remote_state {
        backend  = "s3"
        config   = { bucket = "root", key = "root" }
        generate = { path = "backend.tf", if_exists = "overwrite" }
      }
    "#;
    let kept = unit(root, "deep", "").remote_state.unwrap();
    assert_eq!(to_json(&kept.config, true), json!({"bucket": "root", "key": "root"}));
    assert_eq!(kept.generate.unwrap().if_exists, IfExists::Overwrite);

    let child = r#"remote_state = { backend = "local", config = { path = "x" }, disable_init = true }"#;
    let replaced = unit(root, "deep", child).remote_state.unwrap();
    assert_eq!(replaced.backend, "local");
    assert!(replaced.disable_init && replaced.generate.is_none());
}

#[test]
fn files_to_generate_come_from_both_as_blocks_and_as_attributes() {
    let root = r#"
      generate "provider" {
        path           = "provider.tf"
        if_exists      = "overwrite_terragrunt"
        contents       = "root"
        comment_prefix = "// "
      }
    "#;
    let child = r#"
      generate = {
        extra = { path = "extra.tf", if_exists = "skip", contents = "child", disable_signature = true }
      }
    "#;
    let unit = unit(root, "shallow", child);
    let generated: Vec<(&str, &str, IfExists, bool)> = unit
        .generate
        .iter()
        .map(|file| (&*file.name, &*file.comment_prefix, file.if_exists, file.disable_signature))
        .collect();
    assert_eq!(
        generated,
        [("extra", "# ", IfExists::Skip, true), ("provider", "// ", IfExists::OverwriteTerragrunt, false)]
    );
}

#[test]
fn the_same_file_generated_twice_is_refused_in_a_shallow_merge_and_replaced_in_a_deep_one() {
    let generate = |contents: &str| {
        format!(
            "generate \"x\" {{\n  path = \"x.tf\"\n  if_exists = \"skip\"\n  contents = \"{contents}\"\n}}\n"
        )
    };
    let child = format!(
        "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n{}",
        generate("child")
    );
    let tree = Tree::new(&[("root.hcl", &generate("root")), ("app/terragrunt.hcl", &child)]);
    let errors = tree.errors("app");
    assert!(errors.contains("generate \"x\" stands in this file and in one that it includes"), "{errors}");
    assert!(
        errors.contains("ROOT/app/terragrunt.hcl:4:1") && errors.contains("ROOT/root.hcl:1:1"),
        "{errors}"
    );

    assert_eq!(unit(&generate("root"), "deep", &generate("child")).generate[0].contents, "child");
}

#[test]
fn simple_attributes_come_from_the_root_until_the_child_says_otherwise() {
    let root = "prevent_destroy = true\niam_role = \"root\"\ndownload_dir = \"cache\"\nterraform_binary = \"tofu\"\n";
    let unit = unit(root, "shallow", "prevent_destroy = false\niam_role = \"\"\n");
    assert!(!unit.prevent_destroy);
    assert_eq!(unit.iam_role.as_deref(), Some("root"), "an empty string is as good as none");
    assert_eq!(unit.download_dir, Some(unit.dir.join("cache")));
    assert_eq!(unit.terraform_binary.as_deref(), Some("tofu"));
}

#[test]
fn error_rules_are_joined_in_a_deep_merge() {
    let root = r#"
      errors {
        retry "passing" {
          retryable_errors   = ["timeout"]
          max_attempts       = 3
          sleep_interval_sec = 5
        }
      }
    "#;
    let child = r#"
      errors {
        retry "passing" {
          retryable_errors   = ["reset"]
          max_attempts       = 5
          sleep_interval_sec = 0
        }
        ignore "known" {
          ignorable_errors = ["gone"]
          message          = "was gone"
          signals          = { alert = false }
        }
      }
    "#;
    let errors = unit(root, "deep", child).errors.unwrap();
    assert_eq!(errors.retry[0].retryable_errors, ["timeout", "reset"]);
    assert_eq!((errors.retry[0].max_attempts, errors.retry[0].sleep_interval_sec), (5, 5));
    assert_eq!(errors.ignore[0].message.as_deref(), Some("was gone"));
    assert_eq!(to_json(&errors.ignore[0].signals["alert"], true), json!(false));
}

#[test]
fn a_unit_waits_for_a_dependency_that_it_overrides_in_a_shallow_merge_and_for_none_that_leads_nowhere() {
    let block =
        |path: &str, rest: &str| format!("dependency \"d\" {{\n  config_path = \"{path}\"\n{rest}\n}}\n");
    let include = |root: &str, strategy: &str| {
        format!("include \"root\" {{\n  path = \"../{root}.hcl\"\n  merge_strategy = \"{strategy}\"\n}}\n")
    };
    let new = block("../new", "");
    let tree = Tree::new(&[
        ("old/terragrunt.hcl", ""),
        ("new/terragrunt.hcl", ""),
        ("root.hcl", &block("../old", "")),
        ("nowhere.hcl", &block("../nowhere", "")),
        ("itself.hcl", &block("../itself", "")),
        ("off.hcl", &block("../old", "enabled = false")),
        ("shallow/terragrunt.hcl", &(include("root", "shallow") + &new)),
        ("deep/terragrunt.hcl", &(include("root", "deep") + &new)),
        ("none/terragrunt.hcl", &(include("root", "no_merge") + &new)),
        ("missing/terragrunt.hcl", &(include("nowhere", "shallow") + &new)),
        ("itself/terragrunt.hcl", &(include("itself", "shallow") + &new)),
        ("off/terragrunt.hcl", &(include("off", "shallow") + &new)),
        ("offdeep/terragrunt.hcl", &(include("off", "deep") + &new)),
    ]);
    let waits = |unit: &str| {
        let (outline, found) = tree.reader("plan").outline(&tree.path(&format!("{unit}/terragrunt.hcl")));
        assert!(found.is_empty(), "{}", told(&found));
        let edges = outline.dependencies.iter().filter(|edge| edge.enabled);
        let mut names: Vec<_> =
            edges.map(|edge| edge.config_path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(waits("shallow"), ["new", "old"]);
    for unit in ["deep", "none", "missing", "itself", "off", "offdeep"] {
        assert_eq!(waits(unit), ["new"], "{unit}");
    }
}
