//! Configurations in HCL's JSON syntax.

use serde_json::json;

use super::Tree;

#[test]
fn a_unit_can_be_written_in_json() {
    let tree = Tree::new(&[
        ("root.hcl", "inputs = { region = \"eu-west-1\", name = \"root\" }\n"),
        (
            "app/terragrunt.hcl.json",
            r#"{
              "//": "what runs where",
              "include": {"root": {"path": "${find_in_parent_folders(\"root.hcl\")}", "expose": true}},
              "locals": [{"count": 2, "name": "app-${local.count}"}],
              "terraform": {
                "source": "../modules/app",
                "extra_arguments": {"retry": {"commands": ["plan"], "arguments": ["-lock-timeout=1m"]}}
              },
              "inputs": {
                "name": "${local.name}", "count": "${local.count + 1}", "size": 1.50, "//": "a value here",
                "region_key": {"${include.root.inputs.region}": [true, null]}
              }
            }"#,
        ),
    ]);
    assert_eq!(
        tree.inputs("app"),
        json!({
            "name": "app-2", "count": 3, "size": 1.5, "//": "a value here",
            "region_key": {"eu-west-1": [true, null]}, "region": "eu-west-1",
        })
    );
    let unit = tree.evaluate("app").unwrap();
    let terraform = unit.terraform.unwrap();
    assert_eq!(terraform.extra_arguments[0].name, "retry");
}

#[test]
fn an_included_file_and_one_that_is_read_can_be_json() {
    let tree = Tree::new(&[
        (
            "root.hcl.json",
            r#"{"remote_state": {"backend": "s3", "config": {"key": "${path_relative_to_include()}/state"}},
                "generate": {"provider": {"path": "p.tf", "if_exists": "overwrite", "contents": "x"}}}"#,
        ),
        ("common.hcl.json", r#"{"locals": {"team": "blue"}, "inputs": {"a": ["${local.team}"]}}"#),
        ("other/terragrunt.hcl.json", r#"{"inputs": {"b": 1}}"#),
        (
            "app/terragrunt.hcl",
            "include { path = find_in_parent_folders(\"root.hcl.json\") }\n\
             inputs = merge(read_terragrunt_config(\"../common.hcl.json\").inputs, \
             read_terragrunt_config(\"../other\").inputs)\n",
        ),
    ]);
    assert_eq!(tree.inputs("app"), json!({"a": ["blue"], "b": 1}));
    let unit = tree.evaluate("app").unwrap();
    assert_eq!(unit.remote_state.unwrap().config.get("key").unwrap().as_str(), Some("app/state"));
    assert_eq!(unit.generate.len(), 1);
}

#[test]
fn json_comes_before_the_native_syntax_where_a_folder_has_both() {
    let tree = Tree::new(&[
        ("app/terragrunt.hcl", "inputs = { from = \"hcl\" }\n"),
        ("app/terragrunt.hcl.json", r#"{"inputs": {"from": "json"}}"#),
        ("app/deep/terragrunt.hcl", "inputs = { above = find_in_parent_folders() }\n"),
    ]);
    assert_eq!(tree.inputs("app"), json!({"from": "json"}));
    assert_eq!(tree.inputs("app/deep"), json!({"above": "ROOT/app/terragrunt.hcl.json"}));
}

#[test]
fn mistakes_in_json_are_told_at_their_places() {
    let tree = Tree::new(&[(
        "app/terragrunt.hcl.json",
        "{\n  \"include\": {},\n  \"inputs\": {\"a\": \"\\u00e9 ${local.nope}\"},\n  \"nope\": 1\n}\n",
    )]);
    let told = tree.errors("app");
    assert!(told.contains("terragrunt.hcl.json:2:14: `include` needs a label"), "{told}");
    let tree = Tree::new(&[(
        "app/terragrunt.hcl.json",
        "{\n  \"inputs\": {\"a\": \"\\u00e9 ${local.nope}\"},\n  \"nope\": 1\n}\n",
    )]);
    let told = tree.errors("app");
    assert!(told.contains("terragrunt.hcl.json:2:29: there is no local.nope"), "{told}");
    assert!(told.contains("terragrunt.hcl.json:3:3: there is no attribute \"nope\""), "{told}");
}
