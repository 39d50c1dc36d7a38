//! Features, values, the environment, and a unit as `render` shows it.

use serde_json::json;

use super::{NoOutputs, Tree, inputs_of, told};
use crate::terragrunt::{Reader, to_json};

#[test]
fn a_feature_has_its_default_until_it_is_set_from_outside() {
    let tree = Tree::new(&[
        ("root.hcl", "feature \"size\" {\n  default = 1\n}\n"),
        (
            "app/terragrunt.hcl",
            r#"
            include "root" { path = find_in_parent_folders("root.hcl") }
            feature "canary" { default = false }
            locals { both = "${feature.canary.value}-${feature.size.value}" }
            inputs = { canary = feature.canary.value, both = local.both }
            exclude {
              if      = feature.canary.value
              actions = ["all"]
            }
            "#,
        ),
    ]);
    assert_eq!(tree.inputs("app"), json!({"canary": false, "both": "false-1"}));

    let mut options = tree.options("plan");
    options.features.insert("canary".to_owned(), "true".to_owned());
    let unit = Reader::new(options).evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs).unwrap();
    assert_eq!(inputs_of(&unit), json!({"canary": true, "both": "true-1"}));
    assert!(unit.exclude.unwrap().condition);
    assert_eq!(to_json(&unit.feature["canary"], true), json!(true));
}

#[test]
fn values_beside_a_unit_are_its_values() {
    let tree = Tree::new(&[
        ("app/terragrunt.values.hcl", "size = 3\n"),
        ("app/terragrunt.hcl", "inputs = { size = values.size }\n"),
    ]);
    assert_eq!(tree.inputs("app"), json!({"size": 3}));
}

#[test]
fn the_environment_and_the_command_are_those_of_the_options() {
    let tree = Tree::new(&[(
        "app/terragrunt.hcl",
        r#"
        inputs = {
          set     = get_env("SET")
          not_set = get_env("NOT_SET", "default")
          command = get_terraform_command()
          args    = get_terraform_cli_args()
          fits    = constraint_check("1.5.7", ">= 1.5")
          merged  = deep_merge({ a = { b = 1 } }, { a = { c = [2] } })
        }
        "#,
    )]);
    let mut options = tree.options("apply").environment([("SET", "yes")]);
    options.terraform_cli_args = vec!["-no-color".to_owned()];
    let unit = Reader::new(options)
        .evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs)
        .unwrap_or_else(|errors| panic!("{}", told(&errors)));
    assert_eq!(
        inputs_of(&unit),
        json!({
            "set": "yes", "not_set": "default", "command": "apply", "args": ["-no-color"], "fits": true,
            "merged": {"a": {"b": 1, "c": [2]}},
        })
    );
}

#[test]
fn the_working_folder_is_asked_for_with_the_source_that_may_ask_for_it() {
    let tree = Tree::new(&[(
        "app/terragrunt.hcl",
        "terraform {\n  source = \"./module\"\n}\ninputs = { dir = get_working_dir() }\n",
    )]);
    let mut options = tree.options("plan");
    options.working_dir_of = Some(std::sync::Arc::new(|dir, source| {
        dir.join(".cache").join(source.unwrap_or("none").trim_start_matches("./"))
    }));
    let unit = Reader::new(options).evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs).unwrap();
    assert_eq!(tree.plain(&inputs_of(&unit)), json!({"dir": "ROOT/app/.cache/module"}));
}

#[test]
fn a_rendered_unit_has_terragrunts_keys() {
    let tree = Tree::new(&[("app/terragrunt.hcl", "inputs = { a = 1 }\n")]);
    let unit = tree.evaluate("app").unwrap();
    assert_eq!(
        to_json(unit.rendered.as_ref().unwrap(), true),
        json!({
            "dependencies": null, "dependency": {}, "download_dir": "", "feature": {}, "generate": {},
            "iam_assume_role_duration": null, "iam_assume_role_session_name": "", "iam_role": "",
            "iam_web_identity_token": "", "inputs": {"a": 1}, "locals": null, "terraform_binary": "",
            "terraform_version_constraint": "", "terragrunt_version_constraint": "",
        })
    );
}

#[test]
fn a_reader_is_shared_by_threads() {
    let tree = Tree::new(&[
        ("env.hcl", "locals {\n  x = run_cmd(\"sh\", \"-c\", \"echo x >> count; echo 1\")\n}\n"),
        ("a/terragrunt.hcl", "inputs = { x = read_terragrunt_config(\"../env.hcl\").locals.x }\n"),
        ("b/terragrunt.hcl", "inputs = { x = read_terragrunt_config(\"../env.hcl\").locals.x }\n"),
    ]);
    let reader = tree.reader("plan");
    std::thread::scope(|scope| {
        for unit in ["a", "b", "a", "b"] {
            let (reader, file) = (&reader, tree.path(unit).join("terragrunt.hcl"));
            scope.spawn(move || {
                let unit = reader.evaluate(&file, &NoOutputs).unwrap();
                assert_eq!(inputs_of(&unit), json!({"x": "1"}));
            });
        }
    });
    assert_eq!(std::fs::read_to_string(tree.path("count")).unwrap(), "x\n", "the program ran once");
}
