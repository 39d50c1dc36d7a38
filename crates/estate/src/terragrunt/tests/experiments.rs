//! What stands behind an experiment of Terragrunt's.

use serde_json::json;

use super::{NoOutputs, Tree, inputs_of, told};
use crate::terragrunt::Reader;

const DEEP_MERGE: &str = "inputs = { merged = deep_merge({ a = { b = 1 } }, { a = { c = [2] } }, null) }\n";
const MUTABLE: &str =
    "generate \"x\" {\n  path = \"x\"\n  contents = \"\"\n  if_exists = \"skip\"\n  mutable = true\n}\n";
const EXPANDED: &str = "dependency \"x\" {\n  config_path = \"../app\"\n  enabled = false\n  expansion {\n    count = 1\n  }\n}\n";
const VERSION: &str = "terraform {\n  source = \"tfr:///a/b/c\"\n  version = \"~> 1.0\"\n}\n";

fn with(tree: &Tree, experiment: &str) -> Reader {
    let mut options = tree.options("plan");
    options.experiments.insert(experiment.to_owned());
    Reader::new(options)
}

#[test]
fn an_experiment_that_is_off_is_refused_with_the_flag_that_turns_it_on() {
    for (text, experiment) in [
        (DEEP_MERGE, "deep-merge"),
        (MUTABLE, "mutable-generate"),
        (VERSION, "version-attribute"),
        (EXPANDED, "block-iteration"),
    ] {
        let tree = Tree::new(&[("app/terragrunt.hcl", text)]);
        let errors = tree.errors("app");
        assert!(errors.contains(&format!("--experiment {experiment}")), "{errors}");
        let unit = with(&tree, experiment).evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs);
        assert!(unit.is_ok(), "{experiment}: {}", told(&unit.unwrap_err()));
    }
}

#[test]
fn deep_merge_joins_objects_and_appends_lists() {
    let tree = Tree::new(&[("app/terragrunt.hcl", DEEP_MERGE)]);
    let unit = with(&tree, "deep-merge").evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs).unwrap();
    assert_eq!(inputs_of(&unit), json!({"merged": {"a": {"b": 1, "c": [2]}}}));
}

#[test]
fn a_version_belongs_to_a_module_of_a_registry_and_is_said_once() {
    let refused = |source: &str| {
        let text = format!("terraform {{\n  source = \"{source}\"\n  version = \"1.0\"\n}}\n");
        let tree = Tree::new(&[("app/terragrunt.hcl", &text)]);
        told(
            &with(&tree, "version-attribute")
                .evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs)
                .unwrap_err(),
        )
    };
    assert!(refused("../module").contains("a source of a registry"));
    assert!(refused("tfr:///a/b/c?version=1.0").contains("leave one of the two out"));
}

#[test]
fn a_function_of_terraform_that_terragrunt_lacks_is_refused_by_that_fact() {
    for (name, instead) in crate::terragrunt::FUNCTIONS_NOT_IN_TERRAGRUNT {
        let tree = Tree::new(&[("app/terragrunt.hcl", &format!("inputs = {{ x = {name}(\"a\") }}\n"))]);
        let errors = tree.errors("app");
        assert!(errors.contains("Terragrunt 1.1 has not") && errors.contains(instead), "{errors}");
    }
}

#[test]
fn every_function_that_terragrunt_lacks_is_listed_in_the_documentation() {
    let page = include_str!("../../../../../docs/compatibility.md");
    for (name, _) in crate::terragrunt::FUNCTIONS_NOT_IN_TERRAGRUNT {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is missing in docs/compatibility.md");
    }
}
