//! Units that are shown although something in them is wrong.

use serde_json::{Value as Json, json};

use super::{NoOutputs, Tree, inputs_of, told};

fn shown(tree: &Tree, unit: &str) -> (Option<Json>, String) {
    let file = tree.path(unit).join("terragrunt.hcl");
    let (config, errors) = tree.reader("render").render(&file, &NoOutputs);
    (config.map(|config| inputs_of(&config)), told(&errors))
}

#[test]
fn every_value_that_names_what_is_not_there_is_told_and_the_others_are_shown() {
    let text = "locals {\n  a = 1\n}\ninputs = {\n  good = local.a\n  deep = { bad = local.b, good = 2 }\n  \
                bad  = local.c\n}\n";
    let tree = Tree::new(&[("app/terragrunt.hcl", text)]);
    let (inputs, errors) = shown(&tree, "app");
    assert_eq!(inputs, Some(json!({"good": 1, "deep": {"bad": "", "good": 2}, "bad": ""})));
    assert!(errors.contains("there is no local.b") && errors.contains("there is no local.c"), "{errors}");
    assert!(tree.errors("app").contains("there is no local.c"), "evaluating it is refused all the same");
}

#[test]
fn a_unit_whose_locals_fail_is_not_shown() {
    let text = "locals {\n  a = local.b\n}\ninputs = { a = local.a }\n";
    let tree = Tree::new(&[("app/terragrunt.hcl", text)]);
    let (inputs, errors) = shown(&tree, "app");
    assert_eq!(inputs, None);
    assert!(errors.contains("there is no local.b"), "{errors}");
}

#[test]
fn inputs_that_are_nothing_but_missing_outputs_are_refused() {
    let unit = "dependency \"x\" {\n  config_path = \"../x\"\n}\ninputs = dependency.x.outputs\n";
    let tree = Tree::new(&[("x/terragrunt.hcl", ""), ("app/terragrunt.hcl", unit)]);
    let (inputs, errors) = shown(&tree, "app");
    assert_eq!(inputs, None);
    assert!(errors.contains("inputs rest on outputs that are not there"), "{errors}");
}

#[test]
fn mocks_and_open_outputs_are_told_as_warnings() {
    let unit = "dependency \"x\" {\n  config_path = \"../x\"\n  mock_outputs = { id = 1 }\n}\n\
                dependency \"y\" {\n  config_path = \"../x\"\n}\n\
                inputs = { x = dependency.x.outputs.id, y = dependency.y.outputs.id }\n";
    let tree = Tree::new(&[("x/terragrunt.hcl", ""), ("app/terragrunt.hcl", unit)]);
    let config = tree.reader("render").evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs).unwrap();
    assert_eq!(inputs_of(&config), json!({"x": 1, "y": ""}));
    let warnings = told(&config.warnings);
    assert!(warnings.contains("mock_outputs of dependency \"x\" stand in"), "{warnings}");
    assert!(warnings.contains("dependency \"y\" has no outputs and no mocks"), "{warnings}");
}
