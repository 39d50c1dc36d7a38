//! What reaches the tool besides inputs: files of variables, arguments, the environment, features.

use serde_json::json;

use super::{each, output, unit};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;

const MODULE: &str = r#"
variable "size" {
  type    = string
  default = "default"
}
variable "colour" {
  type    = string
  default = "default"
}
variable "shape" {
  type    = string
  default = "default"
}
resource "terraform_data" "this" {
  input = "${var.size} ${var.colour} ${var.shape}"
}
output "value" {
  value = terraform_data.this.output
}
"#;

fn estate(terraform: &str, rest: &str) -> Estate {
    let estate = Estate::new();
    estate.write("infra/three/main.tf", MODULE);
    unit(&estate, "a", "three", terraform, rest);
    estate
}

#[test]
fn files_arguments_and_variables_of_extra_arguments_reach_their_commands() {
    each(|driver| {
        let estate = estate(
            r#"
  extra_arguments "files" {
    commands           = ["plan", "apply", "destroy"]
    required_var_files = ["${get_terragrunt_dir()}/required.tfvars"]
    optional_var_files = ["${get_terragrunt_dir()}/optional.tfvars", "${get_terragrunt_dir()}/nowhere.tfvars"]
  }
  extra_arguments "more" {
    commands  = ["plan", "apply"]
    arguments = ["-var", "shape=round", "-lock-timeout=1m"]
    env_vars  = { TF_VAR_size = "unheard: inputs and files say more" }
  }
"#,
            "inputs = {\n  size = \"input\"\n}",
        );
        estate.write("live/a/required.tfvars", "size = \"required\"\ncolour = \"required\"\n");
        estate.write("live/a/optional.tfvars", "colour = \"optional\"\n");
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(output(&estate, "a", "value"), json!("required optional round"));
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("nothing to change");
        // Beside a saved plan Terragrunt leaves what `-var` sets as an argument that Terraform does not know.
        if driver.engine == "native" {
            driver.run(&estate, &["destroy", "--yes"]).exits(0).says("destroyed");
        }
    });
}

#[test]
fn a_file_of_variables_that_has_to_be_there_and_is_not_is_named() {
    each(|driver| {
        let extra = "  extra_arguments \"files\" {\n    commands = [\"plan\"]\n    \
                     required_var_files = [\"${get_terragrunt_dir()}/missing.tfvars\"]\n  }";
        let estate = estate(extra, "");
        driver.run(&estate, &["plan"]).exits(1).says("missing.tfvars");
    });
}

#[test]
fn variables_of_the_environment_reach_hooks_and_tool() {
    each(|driver| {
        let estate = estate(
            r#"
  extra_arguments "environment" {
    commands = ["plan", "apply"]
    env_vars = { TF_VAR_shape = "from the environment" }
  }
"#,
            "",
        );
        driver
            .slipway(&estate)
            .env("TF_VAR_colour", "outer")
            .run(&["apply", "--yes"])
            .exits(0)
            .says("applied");
        assert_eq!(output(&estate, "a", "value"), json!("default outer from the environment"));
    });
}

#[test]
fn features_have_a_default_and_are_set_from_outside() {
    each(|driver| {
        let rest =
            "feature \"size\" {\n  default = \"small\"\n}\n\ninputs = {\n  size = feature.size.value\n}";
        let estate = estate("", rest);
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(output(&estate, "a", "value"), json!("small default default"));
        driver.run(&estate, &["apply", "--yes", "--feature", "size=large"]).exits(0).says("applied");
        assert_eq!(output(&estate, "a", "value"), json!("large default default"));
    });
}

#[test]
fn the_tool_that_a_unit_names_runs_it() {
    each(|driver| {
        let script = format!("#!/bin/sh\ntouch \"$HOME/named\"\nexec {} \"$@\"\n", driver.tool.display());
        let estate = estate("", "terraform_binary = \"${get_repo_root()}/bin/our-own\"");
        let file = estate.write("bin/our-own", &script);
        std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let run = |slipway: Slipway| drop(slipway.run(&["apply", "--yes"]).exits(0).says("a"));
        // What the command line names goes before.
        run(driver.slipway(&estate));
        assert!(!estate.path().join("named").exists());
        run(driver.slipway(&estate).env_remove("SLIPWAY_TF_PATH"));
        assert!(estate.path().join("named").exists());
    });
}
