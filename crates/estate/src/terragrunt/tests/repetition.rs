//! Blocks whose label repeats: what Terragrunt 1.1 makes of them, and that it is said.

use serde_json::json;

use super::{Applied, Tree, inputs_of, told};
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::{paths, to_json};

fn unit(tree: &Tree, unit: &str) -> UnitConfig {
    tree.evaluate(unit).unwrap_or_else(|errors| panic!("{}", told(&errors)))
}

/// The lines of what is said about labels.
fn warnings(unit: &UnitConfig) -> Vec<String> {
    let all = unit.warnings.iter();
    all.filter(|warning| warning.code == "terragrunt::repeated_label")
        .map(|warning| warning.message.clone())
        .collect()
}

#[test]
fn of_two_dependencies_of_one_label_the_last_counts_and_both_are_waited_for() {
    let tree = Tree::new(&[
        ("one/terragrunt.hcl", ""),
        ("two/terragrunt.hcl", ""),
        (
            "app/terragrunt.hcl",
            "dependency \"net\" {\n  config_path = \"../one\"\n}\n\
             dependency \"net\" {\n  config_path = \"../two\"\n}\n\
             inputs = { id = dependency.net.outputs.id }\n",
        ),
    ]);
    let file = paths::unit_file(&tree.path("app"));
    // The first has no outputs, which nobody needs.
    let applied = Applied::new(&tree, &[("two", json!({"id": "two"}))]);
    let app =
        tree.reader("apply").evaluate(&file, &applied).unwrap_or_else(|errors| panic!("{}", told(&errors)));
    assert_eq!(inputs_of(&app), json!({"id": "two"}));
    assert_eq!(app.dependency.len(), 1);
    let said = "dependency \"net\" stands here again, the first is on line 1: this one counts, and the unit waits for both";
    assert_eq!(warnings(&app), [said]);

    let (outline, found) = tree.reader("plan").outline(&file);
    let edges: Vec<_> = outline.dependencies.iter().map(|edge| edge.config_path.clone()).collect();
    assert_eq!(edges, [tree.path("two"), tree.path("one")]);
    assert!(found.len() == 1 && !found[0].is_error(), "{}", told(&found));
}

#[test]
fn of_two_includes_of_one_label_both_are_merged_and_the_name_means_the_last() {
    let tree = Tree::new(&[
        ("first/root.hcl", "locals {\n  who = \"first\"\n}\ninputs = { a = \"first\", both = \"first\" }\n"),
        ("last/root.hcl", "locals {\n  who = \"last\"\n}\ninputs = { b = \"last\", both = \"last\" }\n"),
        (
            "app/terragrunt.hcl",
            r#"
            include "root" { path = "../first/root.hcl" }
            include "root" {
              path   = "../last/root.hcl"
              expose = true
            }
            inputs = {
              who  = include.root.locals.who
              all  = keys(include)
              from = get_parent_terragrunt_dir("root")
            }
            "#,
        ),
    ]);
    let app = unit(&tree, "app");
    let expected = json!({
        "a": "first", "b": "last", "both": "last", "who": "last", "all": ["root"], "from": "ROOT/last",
    });
    assert_eq!(tree.plain(&inputs_of(&app)), expected);
    assert_eq!(app.includes, [("root".to_owned(), tree.path("last/root.hcl"))]);
    assert_eq!(warnings(&app).len(), 1);
    let (outline, _) = tree.reader("plan").outline(&paths::unit_file(&tree.path("app")));
    assert_eq!(outline.includes, app.includes);
    assert!(
        outline.files_read.iter().any(|file| file.ends_with("first/root.hcl")),
        "a change of it concerns the unit"
    );
}

#[test]
fn what_the_last_include_of_a_label_hides_is_not_shown_by_the_first() {
    let tree = Tree::new(&[
        ("root.hcl", "locals {\n  who = 1\n}\n"),
        (
            "app/terragrunt.hcl",
            "include \"root\" {\n  path = \"../root.hcl\"\n  expose = true\n}\n\
             include \"root\" {\n  path = \"../root.hcl\"\n}\ninputs = { who = include.root.locals.who }\n",
        ),
    ]);
    let errors = tree.errors("app");
    assert!(errors.contains("include \"root\" does not show what it holds"), "{errors}");
}

#[test]
fn two_includes_without_a_label_are_refused_and_one_beside_an_empty_label_is_not() {
    let bare = "include {\n  path = \"../a.hcl\"\n}\n";
    let empty =
        "include \"\" {\n  path = \"../b.hcl\"\n  expose = true\n}\ninputs = { who = include.locals.who }\n";
    let tree = Tree::new(&[
        ("a.hcl", "inputs = { a = 1 }\n"),
        ("b.hcl", "locals {\n  who = \"b\"\n}\n"),
        ("twice/terragrunt.hcl", &format!("{bare}{bare}")),
        ("mixed/terragrunt.hcl", &format!("{bare}{empty}")),
    ]);
    assert!(tree.errors("twice").contains("the block include stands here again; the first is on line 1"));
    assert_eq!(tree.inputs("mixed"), json!({"a": 1, "who": "b"}));
}

const HOOKS: &str = r#"
  before_hook "h" {
    commands = ["plan"]
    execute  = ["one"]
  }
  before_hook "h" {
    commands = ["plan"]
    execute  = ["two"]
  }
  error_hook "e" {
    commands  = ["plan"]
    execute   = ["one"]
    on_errors = [".*"]
  }
  error_hook "e" {
    commands  = ["plan"]
    execute   = ["two"]
    on_errors = [".*"]
  }
  extra_arguments "x" {
    commands  = ["plan"]
    arguments = ["-one"]
  }
  extra_arguments "x" {
    commands  = ["plan"]
    arguments = ["-two"]
  }
"#;

#[test]
fn two_hooks_or_arguments_of_one_label_both_count_until_they_are_merged_over_a_root() {
    let hooks = format!("terraform {{\n{HOOKS}\n}}\n");
    let with_root = format!("include \"root\" {{\n  path = \"../root.hcl\"\n}}\n{hooks}");
    let above =
        "terraform {\n  before_hook \"h\" {\n    commands = [\"plan\"]\n    execute = [\"root\"]\n  }\n}\n";
    let twice =
        "terraform {\n  before_hook \"h\" {\n    commands = [\"plan\"]\n    execute = [\"child\"]\n  }\n}\n";
    let tree = Tree::new(&[
        ("root.hcl", above),
        ("alone/terragrunt.hcl", &hooks),
        ("merged/terragrunt.hcl", &with_root),
        ("twice.hcl", &hooks),
        ("under/terragrunt.hcl", &format!("include \"root\" {{\n  path = \"../twice.hcl\"\n}}\n{twice}")),
    ]);
    let programs = |name: &str| {
        let terraform = unit(&tree, name).terraform.unwrap();
        let before = terraform.before_hooks.iter().map(|hook| hook.execute.concat());
        let errors = terraform.error_hooks.iter().map(|hook| hook.execute.concat());
        let arguments = terraform.extra_arguments.iter().map(|extra| extra.arguments.concat());
        (before.collect::<Vec<_>>(), errors.collect::<Vec<_>>(), arguments.collect::<Vec<_>>())
    };
    let both = ["one", "two"];
    let (before, errors, arguments) = programs("alone");
    assert_eq!((before, errors), (both.map(String::from).to_vec(), both.map(String::from).to_vec()));
    assert_eq!(arguments, ["-one", "-two"]);
    let (before, errors, arguments) = programs("merged");
    assert_eq!((before, errors, arguments), (vec!["two".into()], vec!["two".into()], vec!["-two".into()]));
    assert_eq!(programs("under").0, ["child", "two"], "the first of the label gives way");
    assert_eq!(warnings(&unit(&tree, "alone")).len(), 3);
    let shown = to_json(unit(&tree, "alone").rendered.as_ref().unwrap(), true);
    assert_eq!(shown["terraform"]["before_hook"]["h"]["execute"], json!(["two"]));
}

#[test]
fn of_two_features_the_first_is_in_force_and_the_last_where_they_are_merged() {
    let features = "feature \"f\" {\n  default = 1\n}\nfeature \"f\" {\n  default = 2\n}\ninputs = { f = feature.f.value }\n";
    let tree = Tree::new(&[
        ("root.hcl", ""),
        ("alone/terragrunt.hcl", features),
        ("merged/terragrunt.hcl", &format!("include \"root\" {{\n  path = \"../root.hcl\"\n}}\n{features}")),
    ]);
    assert_eq!(tree.inputs("alone"), json!({"f": 1}));
    assert_eq!(tree.inputs("merged"), json!({"f": 2}));
}

#[test]
fn of_two_rules_of_one_label_the_last_counts_and_both_are_shown() {
    let rule = |pattern: &str| {
        format!(
            "  retry \"r\" {{\n    retryable_errors = [\"{pattern}\"]\n    max_attempts = 2\n    sleep_interval_sec = 0\n  }}\n"
        )
    };
    let text = format!("errors {{\n{}{}}}\n", rule("a"), rule("b"));
    let tree = Tree::new(&[("app/terragrunt.hcl", &text)]);
    let app = unit(&tree, "app");
    let patterns: Vec<_> =
        app.errors.as_ref().unwrap().retry.iter().map(|rule| rule.retryable_errors.concat()).collect();
    assert_eq!(patterns, ["b"]);
    let shown = to_json(app.rendered.as_ref().unwrap(), true);
    assert_eq!(shown["errors"]["retry"].as_array().unwrap().len(), 2);
    assert_eq!(warnings(&app).len(), 1);
}
