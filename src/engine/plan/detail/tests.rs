use serde_json::json;

use super::*;

fn detail(plan: &Value) -> PlanDetail {
    PlanDetail::of(&PlanJson::new(&format!("Warning: something\n{plan}"))).unwrap()
}

fn change(change: &Value) -> Value {
    json!({"resource_changes": [{"address": "a.b", "change": change}]})
}

fn lines(attributes: &[AttributeChange]) -> Vec<String> {
    let shown = |shown: &Option<Shown>| shown.as_ref().map_or_else(|| "-".to_owned(), Shown::to_string);
    let line = |one: &AttributeChange| {
        let forces = if one.forces_replacement { " !" } else { "" };
        format!("{}: {} -> {}{forces}", one.path, shown(&one.before), shown(&one.after))
    };
    attributes.iter().map(line).collect()
}

#[test]
fn every_value_that_differs_is_named_and_what_forces_a_replacement_is_marked() {
    let detail = detail(&change(&json!({
        "actions": ["delete", "create"],
        "before": {"id": "i-1", "tags": {"Name": "a", "a b": "x"}, "zones": ["a", "b", "c"], "same": 1},
        "after": {"tags": {"Name": "b", "a b": "x"}, "zones": ["a", "c"], "same": 1},
        "after_unknown": {"id": true, "tags": {}, "zones": [false, false]},
        "before_sensitive": {}, "after_sensitive": {},
        "replace_paths": [["tags", "Name"]]
    })));
    assert_eq!(detail.resources[0].change.action, Action::Replace);
    assert_eq!(
        lines(&detail.resources[0].attributes),
        ["id: \"i-1\" -> (known after apply)", "tags.Name: \"a\" -> \"b\" !", "zones[1]: \"b\" -> -"]
    );
}

#[test]
fn sensitive_values_are_masked_in_every_place_they_stand() {
    let plan = json!({
        "resource_changes": [{"address": "a.b", "change": {
            "actions": ["update"],
            "before": {"input": {"pw": "hunter2hunter2", "n": "a"}, "output": {"pw": "hunter2hunter2"}},
            "after": {"input": {"pw": "hunter3hunter3", "n": "b"}, "url": "db://hunter3hunter3@host"},
            "after_unknown": {"output": true},
            "before_sensitive": {"input": {"pw": true}}, "after_sensitive": {"input": {"pw": true}}
        }}],
        "variables": {"token": {"value": "from-a-variable"}},
        "configuration": {"root_module": {"variables": {"token": {"sensitive": true}}}},
        "output_changes": {
            "open": {"actions": ["create"], "before": null, "after": "from-a-variable", "after_unknown": false},
            "key": {"actions": ["update"], "before": "old-key", "after": "new-key", "before_sensitive": true, "after_sensitive": true},
            "same": {"actions": ["no-op"], "before": 1, "after": 1}
        }
    });
    let detail = detail(&plan);
    assert_eq!(
        lines(&detail.resources[0].attributes),
        [
            "input.pw: (sensitive) -> (sensitive)",
            "input.n: \"a\" -> \"b\"",
            "output: (sensitive) -> (known after apply)",
            "url: - -> (sensitive)",
        ]
    );
    let outputs: Vec<_> = detail.outputs.iter().map(|output| output.change.name.as_str()).collect();
    assert_eq!(outputs, ["open", "key"]);
    let text = serde_json::to_string(&detail).unwrap();
    for secret in ["hunter2", "hunter3", "from-a-variable", "old-key", "new-key"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn what_is_only_moved_or_imported_is_told_and_what_stays_is_not() {
    let same = json!({"actions": ["no-op"], "before": {"a": 1}, "after": {"a": 1}});
    let mut imported = same.clone();
    imported["importing"] = json!({"id": "vpc-1"});
    let plan = json!({"resource_changes": [
        {"address": "a.stays", "change": same},
        {"address": "a.new", "previous_address": "a.old", "change": same},
        {"address": "a.imported", "change": imported},
    ]});
    let detail = detail(&plan);
    let told: Vec<_> =
        detail.resources.iter().map(|one| (one.change.address.as_str(), one.change.action)).collect();
    assert_eq!(told, [("a.new", Action::Move), ("a.imported", Action::Import)]);
    assert_eq!(detail.resources[1].change.import_id.as_deref(), Some("vpc-1"));
}

#[test]
fn a_new_resource_shows_what_is_set_and_a_text_of_several_lines_by_its_lines() {
    let detail = detail(&change(&json!({
        "actions": ["create"], "before": null,
        "after": {"name": "a", "nothing": null, "empty": {}, "script": "one\ntwo"},
        "after_unknown": {"id": true}, "before_sensitive": false, "after_sensitive": {}
    })));
    let attributes = &detail.resources[0].attributes;
    let paths: Vec<_> = attributes.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["name", "empty", "script", "id"]);
    assert_eq!(attributes[2].lines, [DiffLine::Added("one".into()), DiffLine::Added("two".into())]);
    let kept = serde_json::to_string(&detail).unwrap();
    assert_eq!(serde_json::from_str::<PlanDetail>(&kept).unwrap(), detail);
}
