use serde_json::json;

use super::*;
use crate::hcl::value::Value;
use crate::project::Project;
use crate::project::fixture::Tree;

fn project(text: &str) -> (Tree, Project) {
    let tree = Tree::new(&[("slipway.hcl", text)]);
    let project = Project::read(&tree.path("slipway.hcl"), tree.options("plan"));
    let project = project.unwrap_or_else(|errors| panic!("{}", errors[0]));
    (tree, project)
}

fn wrong(text: &str) -> String {
    let tree = Tree::new(&[("slipway.hcl", text)]);
    let errors = Project::read(&tree.path("slipway.hcl"), tree.options("plan")).unwrap_err();
    errors[0].to_string()
}

fn facts() -> Facts {
    let plan = json!({
        "resource_changes": [
            {"address": "a.open", "change": {"actions": ["create"], "after": {"acl": "public-read"},
             "after_unknown": {"arn": true}, "after_sensitive": {}}},
            {"address": "a.closed", "change": {"actions": ["create"], "after": {"acl": "private", "key": "hunter2"},
             "after_unknown": {"id": true}, "after_sensitive": {"key": true}}},
        ],
    });
    Facts { plan: plan_value(&plan).unwrap(), path: "dev/app".to_owned(), command: "apply".to_owned() }
}

/// The messages of `deny`, or why it could not be decided.
fn denied(rule: &str) -> Result<Vec<Option<String>>, String> {
    let (_tree, project) = project(&format!("policy \"p\" {{\n{rule}\n}}\n"));
    let findings = project.policies[0].evaluate(&facts()).map_err(|error| error.to_string())?;
    Ok(findings.deny.into_iter().map(|finding| finding.text).collect())
}

fn texts(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

const CHANGES: &str = "for c in plan.resource_changes : c.address";

#[test]
fn a_rule_lists_what_it_denies() {
    assert_eq!(
        denied(&format!("deny = [{CHANGES} if c.change.after.acl == \"public-read\"]")),
        Ok(texts(&["a.open"]))
    );
    assert_eq!(
        denied("deny = [\"${unit.name} of ${unit.path} by ${command}\", null]"),
        Ok(texts(&["app of dev/app by apply"]))
    );
    assert_eq!(denied("deny = false"), Ok(texts(&[])));
}

#[test]
fn a_rule_that_is_true_says_its_message() {
    let rule = "deny = length(plan.resource_changes) > 1\nmessage = \"too many\"";
    assert_eq!(denied(rule), Ok(texts(&["too many"])));
}

#[test]
fn what_is_known_only_after_the_apply_cannot_be_decided() {
    let undecided =
        denied(&format!("deny = [{CHANGES} if try(c.change.after.arn, \"x\") == \"arn:1\"]")).unwrap_err();
    assert!(undecided.contains("known only after the apply"), "{undecided}");
    assert!(undecided.contains("slipway.hcl:2:8"), "the rule's place: {undecided}");
    let guarded = format!(
        "deny = [{CHANGES} if !try(c.change.after_unknown.arn, false) && try(c.change.after.arn, \"\") == \"arn:1\"]"
    );
    assert_eq!(denied(&guarded), Ok(texts(&[])));
}

#[test]
fn a_rule_that_fails_says_where() {
    let error = denied(&format!("deny = [{CHANGES} if c.change.after.nothing == 1]")).unwrap_err();
    assert!(error.contains("slipway.hcl:2:"), "{error}");
    assert!(denied("deny = 4").unwrap_err().contains("has to be a list of messages"));
}

#[test]
fn a_message_of_sensitive_values_is_not_told() {
    let rule =
        "deny = [for c in plan.resource_changes : \"key ${c.change.after.key}\" if can(c.change.after.key)]";
    assert_eq!(denied(rule), Ok(vec![None]));
    // That one is decided by a sensitive value hides no message.
    let rule = format!("deny = [{CHANGES} if try(c.change.after.key, \"\") == \"hunter2\"]");
    assert_eq!(denied(&rule), Ok(texts(&["a.closed"])));
}

#[test]
fn variables_and_states_carry_their_marks() {
    let plan = plan_value(&json!({
        "variables": {"token": {"value": "s3cret"}, "size": {"value": 3}},
        "configuration": {"root_module": {"variables": {"token": {"sensitive": true}, "size": {}}}},
        "prior_state": {"values": {"outputs": {"key": {"sensitive": true, "value": "k"}},
            "root_module": {"resources": [{"values": {"a": "x", "b": "y"}, "sensitive_values": {"a": true}}]}}},
        "output_changes": {"id": {"actions": ["create"], "after_unknown": true, "after_sensitive": true}},
    }))
    .unwrap();
    let get =
        |path: &[&str]| path.iter().try_fold(plan.clone(), |value, name| value.get(name).cloned()).unwrap();
    assert!(get(&["variables", "token", "value"]).is_marked());
    assert!(!get(&["variables", "size", "value"]).is_marked());
    assert!(get(&["prior_state", "values", "outputs", "key", "value"]).is_marked());
    let resources = get(&["prior_state", "values", "root_module", "resources"]);
    let values = resources.as_elements().unwrap()[0].get("values").unwrap().clone();
    assert!(values.get("a").unwrap().is_marked() && !values.get("b").unwrap().is_marked());
    assert_eq!(get(&["output_changes", "id"]).get("after"), None, "the tools leave it out, and so it stays");
    let nested = plan_value(
        &json!({"after": {"list": [1]}, "after_unknown": {"list": [false, true], "map": {"k": true}}}),
    )
    .unwrap();
    assert_eq!(nested.get("after").unwrap().get("list").unwrap().as_elements().unwrap()[1], Value::Unknown);
    assert_eq!(nested.get("after").unwrap().get("map").unwrap().get("k"), Some(&Value::Unknown));
}

#[test]
fn a_plan_with_a_number_that_nobody_can_hold_is_not_taken_for_one_with_null() {
    let plan = |number: &str| {
        let text = format!(
            r#"{{"resource_changes": [{{"change": {{"after": {{"n": [{number}]}}, "after_unknown": {{}}}}}}]}}"#
        );
        plan_value(&serde_json::from_str(&text).unwrap())
    };
    assert!(plan("1e999999999").is_err());
    assert!(plan("123456789012345678901234567890").is_ok());
}

#[test]
fn what_is_wrong_with_a_block_is_told_with_its_place() {
    assert!(wrong("policy \"p\" {\n}\n").contains("nothing in it decides"));
    assert!(wrong("policy \"p\" {\n  deny = []\n  opa {}\n}\n").contains("more than one thing"));
    assert!(
        wrong("policy \"p\" {\n  deny = []\n  enforcement = \"soft\"\n}\n").contains("enforcement cannot be")
    );
    let query = wrong("policy \"p\" {\n  units = \"name=\"\n  deny = []\n}\n");
    assert!(query.contains("slipway.hcl:2:1"), "{query}");
    assert!(
        wrong("policy \"p\" {\n  units = \"[main]\"\n  deny = []\n}\n")
            .contains("what changed between commits")
    );
    assert!(wrong("policy \"p\" {\n  denny = []\n}\n").contains("denny"));
    assert!(wrong("cost {\n  max_monthly_increase = -1\n}\n").contains("max_monthly_increase cannot be -1"));
}

#[test]
fn a_policy_is_about_the_units_of_its_query() {
    let tree = Tree::new(&[
        (
            "slipway.hcl",
            "policy \"p\" {\n  units = \"prod/**\"\n  deny = []\n}\npolicy \"all\" {\n  deny = []\n}\n",
        ),
        ("prod/vpc/terragrunt.hcl", ""),
        ("dev/vpc/terragrunt.hcl", ""),
    ]);
    let project = Project::read(&tree.path("slipway.hcl"), tree.options("plan")).unwrap();
    let reader = crate::terragrunt::Reader::new(tree.options("plan"));
    let estate = Estate::discover(tree.root(), &reader);
    let names = |policy: &Policy| {
        let units = policy.units(&estate, tree.root());
        units
            .iter()
            .map(|dir| dir.strip_prefix(tree.root()).unwrap().display().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&project.policies[0]), ["prod/vpc"]);
    assert_eq!(names(&project.policies[1]), ["dev/vpc", "prod/vpc"]);
}

#[test]
fn the_examples_of_the_documentation_are_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policies.md");
    let document = std::fs::read_to_string(file).unwrap();
    let examples: Vec<&str> =
        document.split("```hcl slipway.hcl\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 2);
    let empty = Facts { plan: plan_value(&json!({"resource_changes": []})).unwrap(), ..facts() };
    for example in examples {
        let (_tree, project) = project(example);
        assert!(!project.policies.is_empty());
        for policy in &project.policies {
            policy.evaluate(&empty).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}
