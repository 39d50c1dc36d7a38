//! Saved plans whose basis has moved: made anew, and applied where they mean the same.

use std::path::Path;

use super::{SECRET, commit, unit};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

/// Two objects of the built-in provider, one of them with something to hide.
fn module(input: &str, secret: &str) -> String {
    format!(
        "variable \"secret\" {{\n  default   = \"{secret}\"\n  sensitive = true\n}}\n\
         resource \"terraform_data\" \"plain\" {{\n  input = \"{input}\"\n}}\n\
         resource \"terraform_data\" \"hidden\" {{\n  input = var.secret\n}}\n\
         output \"name\" {{\n  value = terraform_data.plain.output\n}}\n"
    )
}

fn state(estate: &Estate, unit: &str) -> serde_json::Value {
    let state = std::fs::read(estate.path().join(format!("states/{unit}.tfstate"))).unwrap();
    serde_json::from_slice(&state).unwrap()
}

/// Two units that were applied with `one`, and their saved plans that make it `two`.
fn planned(tool: &Path) -> Estate {
    let estate = Estate::new();
    let slipway = || Slipway::new(estate.path(), tool);
    let both = |input: &str| {
        for name in ["a", "b"] {
            unit(&estate, name, &module(input, SECRET));
        }
    };
    both("one");
    commit(&estate);
    slipway().run(&["apply", "--yes"]).exits(0).says("applied");
    both("two");
    slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of 2 units");
    estate
}

#[test]
fn what_means_the_same_is_applied_although_content_and_state_have_moved() {
    for tool in terraforms() {
        let estate = planned(&tool);
        let slipway = || Slipway::new(estate.path(), &tool);

        // A comment in one module; a serial of the other's state that moved without a change of what is in it.
        unit(&estate, "a", &format!("# why\n{}", module("two", SECRET)));
        let mut moved = state(&estate, "b");
        let serial = moved["serial"].as_u64().unwrap();
        moved["serial"] = (serial + 5).into();
        estate.write("states/b.tfstate", &moved.to_string());
        let refused = slipway().run(&["apply", "saved", "--yes"]).exits(5);
        drop(refused.says("a: its source is not what it was planned with").says("--replan"));
        let applied =
            slipway().run(&["apply", "saved", "--replan", "--yes", "--format", "json"]).exits(0).json();
        let nodes = applied["nodes"].as_array().unwrap();
        let node = |name: &str| nodes.iter().find(|node| node["name"] == name).unwrap().clone();
        assert!(
            node("saved plans")
                .to_string()
                .contains("0 as they were saved, 2 planned anew with the same meaning"),
            "{applied}"
        );
        assert_eq!((&node("a")["result"], &node("b")["result"]), (&"applied".into(), &"applied".into()));
        assert!(state(&estate, "b")["serial"].as_u64().unwrap() > serial + 5, "nothing was forced");
        for unit in ["a", "b"] {
            assert_eq!(state(&estate, unit)["outputs"]["name"]["value"], "two");
        }

        // Once more: there is nothing left to do, and that is no failure.
        let again = slipway().run(&["apply", "saved", "--replan", "--yes"]).exits(0);
        drop(again.says("2 with nothing left to do"));
    }
}

#[test]
fn what_means_something_else_is_refused_attribute_by_attribute_and_nothing_is_touched() {
    for tool in terraforms() {
        let estate = planned(&tool);
        let slipway = || Slipway::new(estate.path(), &tool);
        let before = [state(&estate, "a"), state(&estate, "b")];

        let differs = |changed: &str, told: &[&str]| {
            unit(&estate, "a", changed);
            let refused = slipway().run(&["apply", "saved", "--replan", "--yes"]).exits(5);
            let all = format!("{}{}", refused.stdout, refused.stderr);
            assert!(all.contains("nothing was touched"), "{all}");
            assert!(!all.contains(SECRET) && !all.contains("canary-another"), "{all}");
            for told in told {
                assert!(all.contains(told), "{told}: {all}");
            }
            assert_eq!([state(&estate, "a"), state(&estate, "b")], before);
        };
        differs(&module("three", SECRET), &["terraform_data.plain: input is \"three\" and was \"two\""]);
        differs(&module("two", "canary-another"), &["terraform_data.hidden: an update was not planned"]);
        differs(
            &module("two", SECRET).replace("\"hidden\"", "\"other\""),
            &[
                "terraform_data.hidden: a destruction was not planned",
                "terraform_data.other: a creation was not planned",
            ],
        );
        differs(
            &module("one", SECRET),
            &["terraform_data.plain: an update was planned, and nothing would happen to it now"],
        );
    }
}

#[test]
fn each_is_held_to_what_was_reviewed_once_more_at_its_turn() {
    let tool = &terraforms()[0];
    let estate = Estate::new();
    estate.unit("first", &[]);
    commit(&estate);
    let slipway = || Slipway::new(estate.path(), tool);
    slipway().run(&["apply", "--yes"]).exits(0).says("applied");
    estate.unit("second", &["first"]);
    commit(&estate);
    slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of 2 units");
    // Only the order of attributes and a comment: what the second is given stays as it was.
    let path = "live/second/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(path)).unwrap();
    estate.write(path, &format!("{text}\n# reviewed by nobody, and no other meaning\n"));
    slipway().run(&["apply", "saved", "--yes"]).exits(5).says("was changed after the plans were made");
    let applied = slipway().run(&["apply", "saved", "--replan", "--yes"]).exits(0);
    drop(applied.says("live/second/terragrunt.hcl was changed"));
    assert_eq!(estate.applied("second").as_deref(), Some("second < first"));
}

#[test]
fn there_is_nothing_to_plan_anew_without_saved_plans() {
    let tool = &terraforms()[0];
    let estate = Estate::new();
    estate.unit("a", &[]);
    Slipway::new(estate.path(), tool).run(&["apply", "--replan", "--yes"]).exits(64).says("no saved plans");
}
