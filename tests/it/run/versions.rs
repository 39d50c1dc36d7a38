//! A unit says which versions it bears.

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

#[test]
fn a_tool_or_a_terragrunt_that_a_unit_does_not_bear_is_refused_before_anything_is_done() {
    for tool in terraforms() {
        let name = tool.file_name().unwrap().to_str().unwrap().to_owned();
        let estate = Estate::new();
        for unit in ["a", "b", "c", "d"] {
            estate.unit(unit, &[]);
        }
        let constrain = |unit: &str, line: &str| {
            let file = format!("live/{unit}/terragrunt.hcl");
            let text = std::fs::read_to_string(estate.path().join(&file)).unwrap();
            estate.write(&file, &format!("{line}\n{text}"));
        };
        constrain(
            "a",
            "terraform_version_constraint = \"~> 1.5, != 1.6.0\"\nterragrunt_version_constraint = \">= 0.88\"",
        );
        constrain("b", "terraform_version_constraint = \"< 1.5\"");
        constrain("c", "terragrunt_version_constraint = \"~> 0.77.0\"");
        constrain("d", "terraform_version_constraint = \"latest\"");
        let apply = Slipway::new(estate.path(), &tool).run(&["apply", "--yes", "--format", "json"]).exits(1);
        let node = |unit: &str| {
            let nodes = apply.json()["nodes"].as_array().unwrap().clone();
            nodes.into_iter().find(|node| node["name"] == unit).unwrap()
        };
        assert_eq!(node("a")["result"], "applied");
        let message = |unit: &str| node(unit)["message"].as_str().unwrap().to_owned();
        assert!(message("b").starts_with(&format!("{name} 1.")), "{}", message("b"));
        assert!(message("b").ends_with("does not satisfy < 1.5"), "{}", message("b"));
        assert!(message("c").contains("which does not satisfy ~> 0.77.0"), "{}", message("c"));
        assert!(
            message("d").contains("terraform_version_constraint is no version constraint"),
            "{}",
            message("d")
        );
        assert!(["b", "c", "d"].iter().all(|unit| estate.applied(unit).is_none()));
    }
}
