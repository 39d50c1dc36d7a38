//! What reaches the tool besides inputs: files of variables, arguments, the environment, features.

use serde_json::json;

use super::{Driver, each, output, unit};
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

/// A unit of a module with one variable, which it puts out as JSON.
fn shown(declaration: &str, input: &str) -> Estate {
    let estate = Estate::new();
    let module = format!(
        "variable \"v\" {{\n{declaration}\n}}\nresource \"terraform_data\" \"this\" {{}}\n\
         output \"value\" {{\n  value = jsonencode(var.v)\n}}\n"
    );
    estate.write("infra/one/main.tf", &module);
    unit(&estate, "a", "one", "", &format!("inputs = {{\n  v = {input}\n}}"));
    estate
}

/// Applies it, and holds the variable's value, as JSON, against the one that is expected.
#[track_caller]
fn assert_applied(driver: &Driver, estate: &Estate, expected: &str, what: &str) {
    driver.run(estate, &["apply", "--yes"]).exits(0).says("applied");
    assert_eq!(output(estate, "a", "value"), json!(expected), "{what}");
}

#[test]
fn null_comes_before_a_modules_default() {
    each(|driver| {
        for (declaration, input, expected) in [
            ("type = string\ndefault = \"x\"", "null", "null"),
            ("default = \"x\"", "true ? null : \"y\"", "null"),
            ("type = list(string)\ndefault = [\"x\"]", "null", "null"),
            ("type = string\ndefault = \"x\"\nnullable = false", "null", "\"x\""),
        ] {
            let estate = shown(declaration, input);
            assert_applied(driver, &estate, expected, declaration);
            // Once there is a value, no null is left behind.
            let text = std::fs::read_to_string(estate.path().join("live/a/terragrunt.hcl")).unwrap();
            let typed = if declaration.contains("list") { "[\"z\"]" } else { "\"z\"" };
            estate.write(
                "live/a/terragrunt.hcl",
                &text.replace(&format!("v = {input}"), &format!("v = {typed}")),
            );
            assert_applied(driver, &estate, typed, declaration);
        }
    });
}

#[test]
fn templates_inside_of_inputs_arrive_as_text() {
    each(|driver| {
        for (declaration, input, expected) in [
            ("type = list(string)", "[\"$${one}\", \"a\"]", "[\"${one}\",\"a\"]"),
            ("type = map(string)", "{ k = \"x $${y} z\" }", "{\"k\":\"x ${y} z\"}"),
            ("type = object({ p = any })", "{ p = { q = [\"$${y}\"] } }", "{\"p\":{\"q\":[\"${y}\"]}}"),
            ("type = any", "{ k = \"$${y}\" }", "{\"k\":\"${y}\"}"),
            ("type = string", "\"a $${b} %%{c}\"", "\"a ${b} %{c}\""),
        ] {
            assert_applied(driver, &shown(declaration, input), expected, declaration);
        }
        // Here Terragrunt's own way ends in an error.
        if driver.engine == "native" {
            for (declaration, input, expected) in [
                ("type = map(string)", "{ \"$${k}\" = \"%%{if}\" }", "{\"${k}\":\"%{if}\"}"),
                ("type = any", "\"plain $${text}\"", "\"plain ${text}\""),
            ] {
                assert_applied(driver, &shown(declaration, input), expected, declaration);
            }
        }
    });
}

#[test]
fn a_variable_of_the_callers_environment_comes_before_an_input() {
    each(|driver| {
        let estate = shown("type = string", "\"input\"");
        let apply = || driver.slipway(&estate).env("TF_VAR_v", "outer");
        apply().run(&["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(output(&estate, "a", "value"), json!("\"outer\""));
        estate.write("live/a/terraform.tfvars", "v = \"file\"\n");
        apply().run(&["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(output(&estate, "a", "value"), json!("\"file\""));
    });
}

#[test]
fn an_input_longer_than_the_system_lets_a_variable_be_reaches_the_module() {
    for tool in crate::support::terraforms() {
        let estate = shown(
            "type = list(string)",
            "[for n in range(900) : \"${n} ${join(\"\", [for m in range(90) : \"xx\"])}\"]",
        );
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["plan", "--out", "saved", "--no-sign"]).exits(0).says("saved");
        slipway().run(&["apply", "saved", "--yes"]).exits(0).says("applied");
        let value = output(&estate, "a", "value");
        assert!(value.as_str().unwrap().len() > 128 * 1024);
        slipway().run(&["apply", "--yes"]).exits(0).says("nothing to change");
        // A secret rests in no file of ours.
        let secret = "type = list(string)\nsensitive = true";
        let text = std::fs::read_to_string(estate.path().join("infra/one/main.tf")).unwrap();
        estate.write("infra/one/main.tf", &text.replace("type = list(string)", secret));
        let refused = slipway().run(&["plan"]).exits(1);
        drop(refused.says("the input \"v\" is a secret of").says("by a data source"));
    }
}
