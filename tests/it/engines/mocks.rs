//! Mock outputs: what rests on them, and what does not.

use serde_json::json;

use super::{each, output, unit};
use crate::support::estate::Estate;

const MODULE: &str = "variable \"id\" {\n  default = \"none\"\n}\nresource \"terraform_data\" \"this\" {\n  \
                      input = var.id\n}\noutput \"id\" {\n  value = \"real ${var.id}\"\n}\n\
                      output \"map\" {\n  value = { a = \"real\" }\n}\n";

/// `base`, and `user`, which depends on it.
fn estate(mocks: &str, inputs: &str) -> Estate {
    let estate = Estate::new();
    estate.write("infra/m/main.tf", MODULE);
    unit(&estate, "base", "m", "", "");
    let rest = format!(
        "dependency \"base\" {{\n  config_path = \"../base\"\n{mocks}\n}}\ninputs = {{\n  id = {inputs}\n}}"
    );
    unit(&estate, "user", "m", "", &rest);
    estate
}

const SHALLOW: &str = "  mock_outputs = {\n    id  = \"mock\"\n    nat = \"mock\"\n  }\n  \
                       mock_outputs_merge_strategy_with_state = \"shallow\"";

#[test]
fn a_mock_that_is_merged_and_not_used_makes_nothing_provisional() {
    each(|driver| {
        for inputs in ["dependency.base.outputs.id", "\"x ${dependency.base.outputs.id}\"", "\"fixed\""] {
            let estate = estate(SHALLOW, inputs);
            driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
            driver.run(&estate, &["apply", "--yes"]).exits(0).says("nothing to change");
            assert!(output(&estate, "user", "id").to_string().starts_with("\"real "), "{inputs}");
        }
    });
}

#[test]
fn a_mock_that_is_used_is_never_applied_however_it_is_reached() {
    each(|driver| {
        let deep = "  mock_outputs = {\n    map = { b = \"mock\" }\n  }\n  \
                    mock_outputs_merge_strategy_with_state = \"deep_map_only\"";
        for (mocks, inputs) in [
            (SHALLOW, "dependency.base.outputs.nat"),
            (SHALLOW, "dependency.base.outputs[\"nat\"]"),
            (SHALLOW, "jsonencode(dependency.base.outputs)"),
            (SHALLOW, "jsonencode(dependency.base)"),
            (SHALLOW, "jsonencode([for name, value in dependency.base.outputs : value])"),
            (deep, "dependency.base.outputs.map.b"),
        ] {
            let estate = estate(mocks, inputs);
            let refused = driver.run(&estate, &["apply", "--yes"]);
            let refused = refused.says("its plan rests on mock outputs of base");
            assert!([1, 5].contains(&refused.code), "{inputs}: {}", refused.code);
            assert!(!estate.path().join("states/user.tfstate").exists(), "{inputs}");
        }
    });
}

#[test]
fn an_apply_has_the_mocks_that_are_allowed_for_it() {
    each(|driver| {
        let mocks =
            "  mock_outputs = { id = \"mock\" }\n  mock_outputs_allowed_terraform_commands = [\"plan\"]";
        let estate = estate(mocks, "\"${dependency.base.outputs.id} ${get_terraform_command()}\"");
        let plan = driver.run(&estate, &["plan"]).exits(0);
        // With the native engine the plan of `base` has the output already.
        let rests_on_mocks = plan.stdout.contains("provisional: mock outputs of base");
        assert_eq!(rests_on_mocks, driver.engine == "terragrunt", "{}", plan.stdout);
        let alone = driver.run(&estate, &["apply", "user", "--yes"]).exits(1);
        drop(alone.says("has no outputs").says("only for plan, not for apply"));
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(output(&estate, "user", "id"), json!("real real none apply"));
        // Terragrunt itself plans a destruction as `plan` and applies it as `apply`, with other inputs then.
        if driver.engine == "native" {
            driver.run(&estate, &["destroy", "--yes"]).exits(0).says("destroyed");
            assert_eq!(output(&estate, "user", "id"), json!(null));
        }
    });
}

#[test]
fn the_outputs_that_a_file_depends_on_which_is_read_are_the_real_ones() {
    each(|driver| {
        let estate = estate("", "\"x\"");
        estate.write(
            "live/shared/common.hcl",
            "dependency \"base\" {\n  config_path = \"../base\"\n  mock_outputs = { id = \"mock\" }\n}\n\
             inputs = {\n  id = \"common ${dependency.base.outputs.id}\"\n}\n",
        );
        for (name, used) in [
            ("user", "local.common.inputs.id"),
            ("other", "\"o ${local.common.dependency.base.outputs.id}\""),
        ] {
            let rest = format!(
                "locals {{\n  common = read_terragrunt_config(\"../shared/common.hcl\")\n}}\n\
                 dependencies {{\n  paths = [\"../base\"]\n}}\ninputs = {{\n  id = {used}\n}}"
            );
            unit(&estate, name, "m", "", &rest);
        }
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(output(&estate, "user", "id"), json!("real common real none"));
        assert_eq!(output(&estate, "other", "id"), json!("real o real none"));
        driver.run(&estate, &["plan"]).exits(0).says("nothing to change");
    });
}
