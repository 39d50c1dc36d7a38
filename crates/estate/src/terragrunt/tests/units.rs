//! Features, values, the environment, and a unit as `render` shows it.

use std::path::Path;

use serde_json::json;

use super::{NoOutputs, Tree, inputs_of, told};
use crate::terragrunt::{AwsIdentity, Reader, to_json};

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

/// An account that never was.
struct Account;

impl AwsIdentity for Account {
    fn account_id(&self, _unit: &Path) -> Result<String, String> {
        Ok("111111111111".to_owned())
    }

    fn account_alias(&self, _unit: &Path) -> Result<String, String> {
        Ok("acme".to_owned())
    }

    fn caller_arn(&self, _unit: &Path) -> Result<String, String> {
        Ok("arn:aws:iam::111111111111:user/me".to_owned())
    }

    fn caller_user_id(&self, _unit: &Path) -> Result<String, String> {
        Err("AWS is asleep".to_owned())
    }
}

#[test]
fn what_is_asked_of_aws_comes_from_the_account_at_hand() {
    let tree = Tree::new(&[
        (
            "app/terragrunt.hcl",
            "inputs = { id = get_aws_account_id(), alias = get_aws_account_alias(), arn = get_aws_caller_identity_arn() }\n",
        ),
        ("fails/terragrunt.hcl", "inputs = { id = get_aws_caller_identity_user_id() }\n"),
        ("alone/terragrunt.hcl", "inputs = { id = get_aws_account_id() }\n"),
    ]);
    let mut options = tree.options("plan");
    options.aws = Some(std::sync::Arc::new(Account));
    let reader = Reader::new(options);
    let unit = reader.evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs).unwrap();
    assert_eq!(
        inputs_of(&unit),
        json!({"id": "111111111111", "alias": "acme", "arn": "arn:aws:iam::111111111111:user/me"})
    );
    let failed = reader.evaluate(&tree.path("fails/terragrunt.hcl"), &NoOutputs).unwrap_err();
    assert!(told(&failed).contains("AWS is asleep"));
    assert!(tree.errors("alone").contains("needs AWS credentials"));
}

#[test]
fn the_attributes_that_few_units_have_are_read_as_what_they_are() {
    let tree = Tree::new(&[(
        "app/terragrunt.hcl",
        r#"
        iam_role                      = "arn:aws:iam::111111111111:role/deploy"
        iam_assume_role_duration      = 900
        iam_assume_role_session_name  = "deploy"
        iam_web_identity_token        = "token"
        terraform_binary              = "tofu"
        terraform_version_constraint  = ">= 1.6"
        terragrunt_version_constraint = ">= 1.0"
        terraform {
          source                 = "./module"
          exclude_from_copy      = ["*.md"]
          update_source_with_cas = false
          mutable                = true
          extra_arguments "files" {
            commands           = ["plan"]
            required_var_files = ["common.tfvars"]
          }
          after_hook "tell" {
            commands        = ["apply"]
            execute         = ["echo", 1]
            suppress_stdout = true
          }
        }
        remote_state {
          backend                         = "local"
          disable_dependency_optimization = true
          encryption                      = { key_provider = "pbkdf2", passphrase = "a long enough passphrase" }
          config                          = { path = "state" }
        }
        exclude {
          if      = true
          actions = ["apply"]
          no_run  = true
        }
        engine {
          source = "./engine"
          type   = "rpc"
        }
        catalog {
          urls = ["../modules"]
        }
        "#,
    )]);
    let unit = tree.evaluate("app").unwrap_or_else(|errors| panic!("{}", told(&errors)));
    assert_eq!(unit.iam_assume_role_duration, Some(900));
    assert_eq!(unit.iam_assume_role_session_name.as_deref(), Some("deploy"));
    assert_eq!(unit.iam_web_identity_token.as_deref(), Some("token"));
    assert_eq!(unit.terraform_binary.as_deref(), Some("tofu"));
    assert_eq!(unit.terraform_version_constraint.as_deref(), Some(">= 1.6"));
    assert_eq!(unit.terragrunt_version_constraint.as_deref(), Some(">= 1.0"));
    let terraform = unit.terraform.unwrap();
    assert_eq!(terraform.exclude_from_copy, ["*.md"]);
    assert_eq!(terraform.extra_arguments[0].required_var_files, ["common.tfvars"]);
    let hook = &terraform.after_hooks[0];
    assert_eq!(
        (hook.execute.as_slice(), hook.suppress_stdout),
        (["echo".to_owned(), "1".to_owned()].as_slice(), true)
    );
    let state = unit.remote_state.unwrap();
    assert!(state.disable_dependency_optimization && state.encryption.is_some());
    assert_eq!(unit.exclude.unwrap().no_run, Some(true));
    let rendered = to_json(unit.rendered.as_ref().unwrap(), true);
    assert_eq!(rendered["engine"]["type"], json!("rpc"));
    assert_eq!(rendered["terraform"]["mutable"], json!(true));
    assert_eq!(rendered["terraform"]["update_source_with_cas"], json!(false));
}

#[test]
fn the_old_way_to_merge_mocks_is_a_shallow_merge() {
    let tree = Tree::new(&[
        ("vpc/terragrunt.hcl", ""),
        (
            "app/terragrunt.hcl",
            "dependency \"vpc\" {\n  config_path = \"../vpc\"\n  mock_outputs = { id = \"mock\", zone = \"a\" }\n  \
             mock_outputs_merge_with_state = true\n}\ninputs = { vpc = dependency.vpc.outputs }\n",
        ),
    ]);
    let outputs = super::Applied::new(&tree, &[("vpc", json!({"id": "real"}))]);
    let unit = tree.reader("plan").evaluate(&tree.path("app/terragrunt.hcl"), &outputs).unwrap();
    assert_eq!(inputs_of(&unit), json!({"vpc": {"id": "real", "zone": "a"}}));
}

#[test]
fn what_no_block_may_hold_is_refused_in_it() {
    let block =
        "generate \"x\" {\n  path = \"x\"\n  contents = \"\"\n  if_exists = \"skip\"\n  nested {}\n}\n";
    let tree = Tree::new(&[
        ("block/terragrunt.hcl", block),
        ("duration/terragrunt.hcl", "iam_assume_role_duration = 1.5\n"),
        ("path/terragrunt.hcl", "dependency \"x\" {\n  config_path = 123\n}\n"),
    ]);
    assert!(tree.errors("block").contains("there is no block \"nested\" in generate \"x\""));
    assert!(tree.errors("duration").contains("a whole number is needed"));
    assert!(tree.errors("path").contains("has to be a string, this is number"), "{}", tree.errors("path"));
}

#[test]
fn a_remote_state_attribute_takes_the_place_of_the_block() {
    let text = "remote_state = { backend = \"s3\", config = {} }\nremote_state {\n  backend = \"local\"\n  config = {}\n}\n";
    let tree = Tree::new(&[("app/terragrunt.hcl", text)]);
    assert_eq!(tree.evaluate("app").unwrap().remote_state.unwrap().backend, "s3");
}

#[test]
fn what_fails_in_a_unit_and_comes_from_the_file_beside_it_is_no_error() {
    let unit = r#"
      iam_role = local.nowhere
      terraform {
        source = "../${values.module}"
      }
      remote_state {
        backend = "local"
        config  = { path = values.path }
      }
      inputs = {
        queue = values.queue
        file  = file("nowhere")
        size  = values.size
      }
    "#;
    let over = |inputs: &str| {
        format!(
            "iam_role = \"\"\nterraform {{\n  source = \"../other\"\n}}\nremote_state {{\n  backend = \"local\"\n  \
             config = {{ path = \"/x\" }}\n}}\ninputs = {{ {inputs} }}\n"
        )
    };
    let tree = Tree::new(&[
        ("all/terragrunt.hcl", unit),
        ("all/terragrunt.values.hcl", "size = \"small\"\n"),
        ("all/terragrunt.autoinclude.hcl", &over("queue = \"q\", file = \"f\"")),
        ("some/terragrunt.hcl", unit),
        ("some/terragrunt.values.hcl", "size = \"small\"\n"),
        ("some/terragrunt.autoinclude.hcl", &over("\"queue\" = \"q\"")),
        ("none/terragrunt.hcl", "inputs = { queue = values.queue }\n"),
        ("none/terragrunt.values.hcl", "size = \"small\"\n"),
        ("none/terragrunt.autoinclude.hcl", "inputs = { size = 1 }\n"),
    ]);
    assert_eq!(tree.inputs("all"), json!({"queue": "q", "file": "f", "size": "small"}));
    assert_eq!(tree.evaluate("all").unwrap().source(), Some("../other"));
    let (outline, found) = tree.reader("plan").outline(&tree.path("all/terragrunt.hcl"));
    assert!(found.is_empty() && outline.source.is_some(), "{}", told(&found));
    assert!(tree.reader("plan").validate(&tree.path("all/terragrunt.hcl")).is_empty());
    // Nobody has what stands here in its place.
    let errors = tree.errors("some");
    assert!(errors.contains("nowhere") && !errors.contains("queue") && !errors.contains("local"), "{errors}");
    assert!(tree.errors("none").contains("`values` has no attribute `queue`"));
}

#[test]
fn what_asks_for_a_name_that_is_not_there_in_a_block_that_the_file_beside_it_has_too_is_no_error() {
    let blocks = |value: &str, path: &str| {
        format!(
            "terraform {{\n  extra_arguments \"e\" {{\n    commands  = [\"plan\"]\n    arguments = [{value}]\n  }}\n}}\n\
             exclude {{\n  if      = {value} == \"y\"\n  actions = [\"plan\"]\n}}\n\
             errors {{\n  retry \"r\" {{\n    retryable_errors   = [{value}]\n    max_attempts       = 1\n    \
             sleep_interval_sec = 1\n  }}\n}}\nengine {{\n  source = {value}\n}}\ndependencies {{\n  paths = [{path}]\n}}\n"
        )
    };
    let unit = blocks("values.nowhere", "values.nowhere");
    let tree = Tree::new(&[
        ("all/terragrunt.hcl", &unit),
        ("all/terragrunt.values.hcl", "size = 1\n"),
        ("all/terragrunt.autoinclude.hcl", &blocks("\"x\"", "\"../other\"")),
        ("other/terragrunt.hcl", ""),
        ("none/terragrunt.hcl", &unit),
        ("none/terragrunt.values.hcl", "size = 1\n"),
        (
            "none/terragrunt.autoinclude.hcl",
            "terraform {\n  extra_arguments \"f\" {\n    commands = []\n  }\n}\n",
        ),
    ]);
    let config = tree.evaluate("all").unwrap();
    assert_eq!(config.terraform.unwrap().extra_arguments[0].arguments, ["x"]);
    assert_eq!(config.errors.unwrap().retry[0].retryable_errors, ["x"]);
    assert!(!config.exclude.unwrap().condition);
    let (outline, found) = tree.reader("plan").outline(&tree.path("all/terragrunt.hcl"));
    assert!(found.is_empty() && outline.order_only.len() == 1, "{}", told(&found));
    assert_eq!(tree.errors("none").matches("`values` has no attribute `nowhere`").count(), 5);
}
