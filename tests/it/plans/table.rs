use super::{SECRET, files, unit};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

const BEFORE: &str = r#"
variable "name" { default = "a" }
resource "terraform_data" "changed" { input = var.name }
resource "terraform_data" "replaced" { triggers_replace = [var.name] }
resource "terraform_data" "old" {}
resource "terraform_data" "gone" {}
resource "terraform_data" "forgotten" {}
output "name" { value = var.name }
"#;

const AFTER: &str = r#"
variable "name" { default = "b" }
resource "terraform_data" "changed" { input = var.name }
resource "terraform_data" "replaced" { triggers_replace = [var.name] }
resource "terraform_data" "new" {}
resource "terraform_data" "added" { input = "one\ntwo" }
resource "terraform_data" "imported" {}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
removed {
  from = terraform_data.forgotten
  lifecycle { destroy = false }
}
import {
  to = terraform_data.imported
  id = "id-of-it"
}
output "name" { value = var.name }
"#;

fn secret_module(secret: &str) -> String {
    format!(
        "variable \"password\" {{\n  default = \"{secret}\"\n  sensitive = true\n}}\n\
         resource \"terraform_data\" \"login\" {{\n  input = {{ password = var.password, user = \"ada\" }}\n}}\n\
         output \"password\" {{\n  value = var.password\n  sensitive = true\n}}\n"
    )
}

#[test]
fn one_table_counts_every_kind_of_change_and_lists_what_would_be_lost() {
    for tool in terraforms() {
        let estate = Estate::new();
        unit(&estate, "many", BEFORE);
        estate.unit("quiet", &[]);
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["apply", "--yes"]).exits(0);
        let first = slipway().run(&["plan"]).exits(0);
        let header = first.stdout.lines().next().unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(
            header,
            ["add", "change", "replace", "destroy", "time", "result"],
            "nothing rare, no column"
        );

        unit(&estate, "many", AFTER);
        let plan = slipway().run(&["plan"]).exits(0);
        let row = |name: &str| {
            let line = plan.stdout.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().skip(1).take(8).map(str::to_owned).collect::<Vec<_>>()
        };
        let header = plan.stdout.lines().next().unwrap().split_whitespace().take(8).collect::<Vec<_>>();
        assert_eq!(header, ["add", "change", "replace", "destroy", "import", "move", "forget", "outputs"]);
        assert_eq!(row("many"), ["1", "1", "1", "1", "1", "1", "1", "1"], "{}", plan.stdout);
        assert_eq!(row("quiet"), ["0"; 8]);
        assert_eq!(row("total"), ["1"; 8]);
        let plan = plan
            .says("1 would be destroyed, 1 replaced:")
            .says("many: - terraform_data.gone (delete because no resource config)")
            .says("many: -/+ terraform_data.replaced (cannot update)");
        assert!(!plan.stdout.contains("terraform_data.added"), "addresses of what stays are detail");

        let json = slipway().run(&["plan", "--format", "json", "--detail"]).exits(0).json();
        let nodes = json["nodes"].as_array().unwrap();
        let many = nodes.iter().find(|node| node["name"] == "many").unwrap();
        let change = |address: &str| {
            let resources = many["plan"]["resources"].as_array().unwrap();
            resources.iter().find(|change| change["address"] == address).unwrap().clone()
        };
        assert_eq!(change("terraform_data.new")["previous_address"], "terraform_data.old");
        assert_eq!(change("terraform_data.imported")["import_id"], "id-of-it");
        assert_eq!(change("terraform_data.forgotten")["action"], "forget");
        assert_eq!(many["plan"]["outputs"][0]["name"], "name");
        let details = many["detail"]["resources"].as_array().unwrap();
        let replaced = details.iter().find(|one| one["address"] == "terraform_data.replaced").unwrap();
        let forcing =
            replaced["attributes"].as_array().unwrap().iter().find(|one| one["forces_replacement"] == true);
        assert_eq!(forcing.unwrap()["path"], "triggers_replace[0]", "{replaced}");
    }
}

#[test]
fn the_detail_shows_each_value_before_and_after_also_of_a_run_that_is_over() {
    for tool in terraforms() {
        let estate = Estate::new();
        unit(&estate, "many", BEFORE);
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["apply", "--yes"]).exits(0);
        unit(&estate, "many", AFTER);
        let lines = [
            "~ terraform_data.changed",
            "input  = \"a\" -> \"b\"",
            "-> terraform_data.new (was terraform_data.old)",
            "# forces replacement",
            "+ two",
            "name = \"a\" -> \"b\"",
        ];
        let mut plan = slipway().run(&["plan", "--detail"]).exits(0);
        for line in lines {
            plan = plan.says(line);
        }
        slipway().run(&["runs", "show", "--detail"]).exits(0).says("input  = \"a\" -> \"b\"");
        // Of a plan that was made without it, the detail is read from the plan that was kept.
        let plan = slipway().run(&["plan"]).exits(0);
        assert!(!plan.stdout.contains("\"a\" -> \"b\""));
        slipway().run(&["runs", "show", "--detail"]).exits(0).says("input  = \"a\" -> \"b\"");
    }
}

#[test]
fn the_exit_code_is_the_tools_own_also_where_only_outputs_change() {
    for tool in terraforms() {
        let estate = Estate::new();
        unit(&estate, "one", "output \"name\" {\n  value = \"a\"\n}\n");
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["plan", "--detailed-exitcode"]).exits(2).says("outputs");
        slipway().run(&["apply", "--yes"]).exits(0);
        slipway().run(&["plan", "--detailed-exitcode"]).exits(0).says("nothing to change");
        unit(&estate, "one", "output \"name\" {\n  value = \"b\"\n}\n");
        slipway().run(&["plan"]).exits(0);
        slipway().run(&["plan", "--detailed-exitcode"]).exits(2);
        unit(&estate, "one", "output \"name\" {\n  value = nowhere.at.all\n}\n");
        slipway().run(&["plan", "--detailed-exitcode"]).exits(1);
    }
}

#[test]
fn a_sensitive_value_is_nowhere_but_in_the_tools_own_plan() {
    for tool in terraforms() {
        let estate = Estate::new();
        unit(&estate, "login", &secret_module("an-older-secret-of-ours"));
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["apply", "--yes"]).exits(0);
        unit(&estate, "login", &secret_module(SECRET));
        let mut said = String::new();
        for arguments in [
            ["plan", "--detail", "--format", "text"].as_slice(),
            &["plan", "--detail", "--format", "json"],
            &["plan", "--detail", "--log-format", "json"],
            &["plan", "--out", "saved", "--detail"],
            &["runs", "show", "--detail"],
            &["apply", "saved", "--yes"],
        ] {
            let ended = slipway().run(arguments).exits(0);
            said = format!("{said}{}{}", ended.stdout, ended.stderr);
        }
        assert!(said.contains("input.password = (sensitive) -> (sensitive)"), "{said}");
        let mut kept = vec![("standard output and error".to_owned(), said)];
        for folder in [".slipway/runs", "saved"] {
            let own = |file: &&std::path::PathBuf| file.extension().is_none_or(|end| end != "tfplan");
            for file in files(&estate.path().join(folder)).iter().filter(own) {
                let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
                kept.push((file.display().to_string(), text));
            }
        }
        for (place, text) in kept {
            for secret in [SECRET, "an-older-secret-of-ours"] {
                assert!(!text.contains(secret), "{secret} is in {place}:\n{text}");
            }
        }
    }
}
