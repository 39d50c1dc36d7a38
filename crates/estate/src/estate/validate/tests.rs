//! What `validate` finds in small estates.

use crate::estate::{Estate, ValidateOptions, Validation, validate};
use crate::terragrunt::Reader;
use crate::terragrunt::tests::{Tree, told};
use slipway_hcl::diagnostic::Diagnostic;

const OPTIONS: ValidateOptions = ValidateOptions { modules: true, strict: false };

fn checked_by(tree: &Tree, reader: &Reader, options: ValidateOptions) -> Validation {
    let estate = Estate::discover(tree.root(), reader);
    let units = estate.iter().map(|(index, _)| index).collect();
    validate(&estate, reader, &units, options)
}

fn checked(files: &[(&str, &str)]) -> (Vec<Diagnostic>, String) {
    let tree = Tree::new(files);
    let found = checked_by(&tree, &tree.reader("plan"), OPTIONS).diagnostics;
    let text = told(&found).replace(&tree.root().display().to_string(), "ROOT");
    (found, text)
}

#[track_caller]
fn assert_codes(found: &(Vec<Diagnostic>, String), codes: &[&str]) {
    let mut given: Vec<&str> = found.0.iter().map(|diagnostic| diagnostic.code).collect();
    let mut codes = codes.to_vec();
    given.sort_unstable();
    codes.sort_unstable();
    assert_eq!(given, codes, "{}", found.1);
}

#[track_caller]
fn assert_told(found: &(Vec<Diagnostic>, String), parts: &[&str]) {
    for part in parts {
        assert!(found.1.contains(part), "not told: {part}\nin: {}", found.1);
    }
}

const MODULE: &str = "variable \"name\" {\n  type = string\n}\nvariable \"size\" {\n  type    = number\n  \
                      default = 1\n}\noutput \"vpc_id\" {\n  value = 1\n}\n";

#[test]
fn a_misspelt_input_is_told_with_the_variable_that_is_meant() {
    let unit = "terraform {\n  source = \"../modules//app\"\n}\ninputs = {\n  name = \"x\"\n  sise = 1\n}\n";
    let found = checked(&[("modules/app/main.tf", MODULE), ("app/terragrunt.hcl", unit)]);
    assert_codes(&found, &["terragrunt::unknown_input"]);
    assert_told(
        &found,
        &["terragrunt.hcl:6:3: the module has no variable \"sise\"", "did you mean \"size\"?"],
    );
    assert!(!found.0[0].is_error());
    let suggestion = found.0[0].suggestion.as_ref().unwrap();
    assert_eq!((&*suggestion.wrong, &*suggestion.text), ("sise", "size"));
}

#[test]
fn strictly_an_unknown_input_is_an_error() {
    let unit =
        "terraform {\n  source = \"../modules/app\"\n}\ninputs = merge({ name = \"x\" }, { more = 1 })\n";
    let tree = Tree::new(&[("modules/app/main.tf", MODULE), ("app/terragrunt.hcl", unit)]);
    let options = ValidateOptions { strict: true, ..OPTIONS };
    let found = checked_by(&tree, &tree.reader("plan"), options).diagnostics;
    assert_eq!(found.len(), 1);
    assert!(found[0].is_error());
    let off = ValidateOptions { modules: false, ..OPTIONS };
    assert!(checked_by(&tree, &tree.reader("plan"), off).diagnostics.is_empty());
}

#[test]
fn a_variable_without_default_or_value_is_missed() {
    let unit = "terraform {\n  source = \"../modules/app\"\n}\n";
    let found = checked(&[("modules/app/main.tf", MODULE), ("app/terragrunt.hcl", unit)]);
    assert_codes(&found, &["terragrunt::missing_input"]);
    assert_told(&found, &["the input \"name\" is missing", "default at ROOT/modules/app/main.tf:1:1"]);
}

#[test]
fn variables_get_values_from_everywhere_that_terraform_looks() {
    let variables: String =
        ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| format!("variable \"{name}\" {{}}\n")).concat();
    let unit = r#"
        terraform {
          source = "../modules/app"
          extra_arguments "vars" {
            commands           = ["plan"]
            env_vars           = { TF_VAR_a = "1" }
            arguments          = ["-var", "b=1", "-var-file=more.tfvars"]
            required_var_files = ["${get_terragrunt_dir()}/needed.tfvars"]
            optional_var_files = ["gone.tfvars", "there.tfvars.json"]
          }
        }
        inputs = { h = null }
    "#;
    let tree = Tree::new(&[
        ("modules/app/main.tf", &variables),
        ("modules/app/x.auto.tfvars", "f = 1\n"),
        ("app/more.tfvars", "c = 1\n"),
        ("app/needed.tfvars", "d = 1\n"),
        ("app/there.tfvars.json", "{\"e\": 1}"),
        ("app/terragrunt.hcl", unit),
    ]);
    let options = tree.options("plan").environment([("TF_VAR_g", "1")]);
    let found = checked_by(&tree, &Reader::new(options), OPTIONS).diagnostics;
    assert!(found.is_empty(), "{}", told(&found));
    let found = checked_by(&tree, &tree.reader("plan"), OPTIONS).diagnostics;
    assert!(told(&found).contains("the input \"g\" is missing"));
    assert_eq!(found.len(), 1);
}

#[test]
fn overrides_json_and_what_the_unit_generates_belong_to_the_module() {
    let unit = r#"
        terraform {
          source = "../modules/app"
        }
        generate "more" {
          path      = "more.tf"
          if_exists = "overwrite"
          contents  = "variable \"made\" {}"
        }
        inputs = { made = 1, json = "x", own = 1 }
    "#;
    let found = checked(&[
        ("modules/app/main.tf", MODULE),
        ("modules/app/main_override.tf", "variable \"name\" {\n  default = \"x\"\n}\n"),
        ("modules/app/more.tf.json", "{\"variable\": {\"json\": {\"type\": \"number\"}}}"),
        ("app/own.tf", "variable \"own\" {}\n"),
        ("app/terragrunt.hcl", unit),
    ]);
    assert_codes(&found, &["terragrunt::input_type"]);
    assert_told(&found, &["the input \"json\" does not fit", "a number is needed, this is a string"]);
}

#[test]
fn what_rests_on_outputs_is_no_error() {
    let unit = r#"
        terraform {
          source = "../modules/app"
        }
        dependency "other" {
          config_path = "../other"
        }
        inputs = merge({ name = dependency.other.outputs.vpc_id }, dependency.other.outputs.all)
    "#;
    let other = "terraform {\n  source = \"git::https://example.com/x.git\"\n}\n";
    let module = format!("{MODULE}variable \"further\" {{}}\n");
    let found = checked(&[
        ("modules/app/main.tf", &module),
        ("other/terragrunt.hcl", other),
        ("app/terragrunt.hcl", unit),
    ]);
    assert_codes(&found, &[]);
}

#[test]
fn outputs_of_an_expanded_dependency_are_checked_by_their_keys() {
    let unit = "dependency \"x\" {\n  expansion {\n    for_each = toset([\"vpc\"])\n  }\n  config_path = \"../${each.key}\"\n}\n\
                inputs = {\n  a = dependency.x[\"vpc\"].outputs.vpc_idd\n  b = dependency.x.vpc.outputs.vpc_id\n}\n";
    let vpc = "terraform {\n  source = \"../modules/app\"\n}\ninputs = { name = \"x\" }\n";
    let tree = Tree::new(&[
        ("modules/app/main.tf", MODULE),
        ("vpc/terragrunt.hcl", vpc),
        ("app/terragrunt.hcl", unit),
    ]);
    let mut options = tree.options("plan");
    options.experiments.insert("block-iteration".to_owned());
    let found = checked_by(&tree, &Reader::new(options), OPTIONS).diagnostics;
    let text = told(&found);
    assert_codes(&(found, text.clone()), &["terragrunt::unknown_output"]);
    assert!(text.contains("terragrunt.hcl:8:35: dependency \"x[vpc]\" has no output \"vpc_idd\""), "{text}");
}

#[test]
fn an_output_that_the_dependency_does_not_declare_is_told_with_the_one_that_is_meant() {
    let unit = |mocks: &str| {
        format!(
            "dependency \"vpc\" {{\n  config_path = \"../vpc\"\n{mocks}}}\n\
             inputs = {{\n  a = dependency.vpc.outputs.vpc_idd\n  \
             b = dependency.vpc.outputs[\"vpc_id\"]\n  c = try(dependency.vpc.outputs.maybe, null)\n}}\n"
        )
    };
    let vpc = "terraform {\n  source = \"../modules/app\"\n}\ninputs = { name = \"x\" }\n";
    let files = |unit: &str| {
        checked(&[("modules/app/main.tf", MODULE), ("vpc/terragrunt.hcl", vpc), ("app/terragrunt.hcl", unit)])
    };
    let found = files(&unit(""));
    assert_codes(&found, &["terragrunt::unknown_output"]);
    assert_told(
        &found,
        &["terragrunt.hcl:5:30: dependency \"vpc\" has no output \"vpc_idd\"", "\"vpc_id\"?"],
    );
    let found = files(&unit("  mock_outputs = { vpc_idd = 1 }\n"));
    assert!(found.0[0].is_error(), "mocks do not last: {}", found.1);
    let lasting =
        "  mock_outputs = { vpc_idd = 1 }\n  mock_outputs_merge_strategy_with_state = \"shallow\"\n";
    assert!(!files(&unit(lasting)).0[0].is_error());
    assert_codes(&files(&unit("  enabled = false\n  mock_outputs = { vpc_idd = 1, vpc_id = 1 }\n")), &[]);
}

#[test]
fn a_module_that_is_not_there_is_told_with_the_one_beside_it() {
    let unit = "terraform {\n  source = \"../modules/ap\"\n}\n";
    let found = checked(&[("modules/app/main.tf", MODULE), ("app/terragrunt.hcl", unit)]);
    assert_codes(&found, &["terragrunt::missing_module"]);
    assert_told(&found, &["terragrunt.hcl:2:12: the module \"../modules/ap\"", "did you mean \"app\"?"]);
}

#[test]
fn a_module_that_does_not_parse_is_told_and_nothing_is_missed_in_it() {
    let unit = "terraform {\n  source = \"../modules/app\"\n}\ninputs = { more = 1 }\n";
    let found =
        checked(&[("modules/app/main.tf", "variable \"a\" {\n  type = \n}\n"), ("app/terragrunt.hcl", unit)]);
    assert_told(
        &found,
        &["ROOT/modules/app/main.tf:2:", "via: this is the module at ROOT/app/terragrunt.hcl:2:12"],
    );
    assert!(!found.1.contains("no variable"));
}

#[test]
fn a_mistake_in_a_shared_file_is_told_once_with_the_units_it_breaks() {
    let unit = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
    let found = checked(&[
        ("root.hcl", "locals {\n  a = local.gone\n  b = lenght([])\n}\n"),
        ("a/terragrunt.hcl", unit),
        ("b/terragrunt.hcl", unit),
        ("c/terragrunt.hcl", "inputs = { x = 1 }\n"),
    ]);
    assert_codes(&found, &["terragrunt::unknown_name", "hcl::unknown_function"]);
    assert!(found.0.iter().all(|diagnostic| diagnostic.affects.len() == 2), "{}", found.1);
}

#[test]
fn every_mistake_of_an_expression_is_told() {
    let unit = r#"
        dependency "vpc" {
          config_path = "../vpc"
        }
        inputs = {
          a = local.gone
          b = [lenght([]), "${nothing} and ${nobody}"]
          c = dependency.vcp.outputs.id
        }
    "#;
    let found = checked(&[("vpc/terragrunt.hcl", ""), ("app/terragrunt.hcl", unit)]);
    assert_told(
        &found,
        &["local.gone", "did you mean `length`?", "`nothing`", "`nobody`", "did you mean dependency.vpc?"],
    );
    assert_eq!(found.0.len(), 5, "{}", found.1);
}

#[test]
fn the_way_to_a_mistake_in_a_template_is_told_over_locals_and_calls() {
    let unit = "locals {\n  text = templatefile(\"t.tpl\", { a = 1 })\n  more = local.text\n}\n\
                inputs = { x = local.more }\n";
    let found = checked(&[("app/t.tpl", "${a}\n${bb}\n"), ("app/terragrunt.hcl", unit)]);
    assert_codes(&found, &["hcl::unknown_variable"]);
    assert_told(
        &found,
        &[
            "ROOT/app/t.tpl:2:3: there is no `bb` here",
            "via: in the call of `templatefile` at ROOT/app/terragrunt.hcl:2:10",
            "via: `local.text` is used here at ROOT/app/terragrunt.hcl:3:10",
        ],
    );
}

#[test]
fn a_missing_dependency_is_told_once() {
    let unit =
        "dependency \"vpc\" {\n  config_path = \"../vcp\"\n}\ninputs = { x = dependency.vpc.outputs.id }\n";
    let found = checked(&[("vpc/terragrunt.hcl", ""), ("app/terragrunt.hcl", unit)]);
    assert_codes(&found, &["estate::missing_dependency"]);
}

#[test]
fn programs_and_aws_stay_out_where_they_are_not_wanted() {
    let unit = "locals {\n  x = run_cmd(\"sh\", \"-c\", \"touch made\")\n  y = get_aws_account_id()\n}\n\
                inputs = { x = \"${local.x}-${local.y}\" }\n";
    let tree = Tree::new(&[("app/terragrunt.hcl", unit)]);
    let mut options = tree.options("plan");
    options.exec = false;
    let found = checked_by(&tree, &Reader::new(options), OPTIONS).diagnostics;
    assert!(found.is_empty(), "{}", told(&found));
    assert!(!tree.path("app/made").exists());
}
