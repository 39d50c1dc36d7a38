//! Order, outputs and what a second run finds.

use serde_json::json;

use super::{each, notes, output, state, unit};
use crate::support::estate::Estate;

/// Puts out what it was given, one of every type.
const TYPES: &str = r#"
variable "text" {
  type = string
}
variable "number" {
  type = number
}
variable "truth" {
  type = bool
}
variable "list" {
  type = list(string)
}
variable "map" {
  type = map(number)
}
variable "object" {
  type = object({ name = string, ports = list(number), deep = object({ on = bool }) })
}
variable "nothing" {
  type    = string
  default = null
}
variable "secret" {
  type      = string
  sensitive = true
}

resource "terraform_data" "this" {
  input = [var.text, var.number, var.truth, var.list, var.map, var.object]
}

output "text" {
  value = var.text
}
output "number" {
  value = var.number
}
output "truth" {
  value = var.truth
}
output "list" {
  value = var.list
}
output "map" {
  value = var.map
}
output "object" {
  value = var.object
}
output "tuple" {
  value = ["a", 1, true, null]
}
output "nothing" {
  value = var.nothing
}
output "secret" {
  value     = var.secret
  sensitive = true
}
"#;

const SECRET: &str = "canary-output-5f1c";

#[test]
fn outputs_of_every_type_reach_their_dependents_as_they_are() {
    each(|driver| {
        let estate = Estate::new();
        estate.write("infra/types/main.tf", TYPES);
        let inputs = format!(
            "inputs = {{\n  text = \"a \\\"b\\\" $${{c}}\\nd ü\"\n  number = 12345678901234567890\n  truth = false\n  \
             list = [\"x\", \"\"]\n  map = {{ one = 1, half = 0.5 }}\n  \
             object = {{ name = \"n\", ports = [80, 443], deep = {{ on = true }} }}\n  secret = \"{SECRET}\"\n}}"
        );
        unit(&estate, "a", "types", "", &inputs);
        let taken = ["text", "number", "truth", "list", "map", "object", "secret"]
            .map(|name| format!("  {name} = dependency.a.outputs.{name}\n"))
            .concat();
        let second = format!("dependency \"a\" {{\n  config_path = \"../a\"\n}}\n\ninputs = {{\n{taken}}}\n");
        unit(&estate, "b", "types", "", &second);

        let up = driver.run(&estate, &["apply", "--yes"]).exits(0);
        assert!(!format!("{}{}", up.stdout, up.stderr).contains(SECRET));
        let outputs = |name: &str| state(&estate, name)["outputs"].clone();
        assert_eq!(outputs("a"), outputs("b"));
        assert_eq!(output(&estate, "b", "text"), json!("a \"b\" ${c}\nd ü"));
        assert_eq!(output(&estate, "b", "object")["ports"], json!([80, 443]));
        assert_eq!(output(&estate, "b", "secret"), json!(SECRET));

        let again = driver.nodes(&estate, &["apply", "--yes"], 0);
        for node in &again.0 {
            assert_eq!(node["result"], "unchanged", "{node}");
            assert_eq!(node["plan"]["changes"], false, "{node}");
        }
        let plan = driver.run(&estate, &["plan", "--detailed-exitcode"]).exits(0);
        drop(plan.says("nothing to change"));
    });
}

#[test]
fn units_go_up_in_order_and_down_in_reverse() {
    each(|driver| {
        let estate = Estate::new();
        estate.unit("network", &[]).unit("cluster", &["network"]).unit("apps", &["cluster", "network"]);
        let log = estate.path().join("order");
        for name in ["network", "cluster", "apps"] {
            let file = format!("live/{name}/terragrunt.hcl");
            let text = std::fs::read_to_string(estate.path().join(&file)).unwrap();
            let hook = format!(
                "text\"\n  after_hook \"note\" {{\n    commands = [\"apply\", \"destroy\"]\n    \
                 execute = [\"sh\", \"-c\", \"echo {name} >> {}\"]\n  }}",
                log.display()
            );
            estate.write(&file, &text.replacen("text\"", &hook, 1));
        }
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(estate.applied("apps").as_deref(), Some("apps < cluster < network < network"));
        driver.run(&estate, &["destroy", "--yes"]).exits(0).says("destroyed");
        assert_eq!(notes(&estate, "order"), ["network", "cluster", "apps", "apps", "cluster", "network"]);
        for name in ["network", "cluster", "apps"] {
            assert_eq!(state(&estate, name)["resources"], json!([]), "{name}");
        }
        driver.run(&estate, &["destroy", "--yes"]).exits(0).says("nothing to change");
    });
}

#[test]
fn a_plan_says_what_it_would_do_and_does_nothing() {
    each(|driver| {
        let estate = Estate::new();
        estate.unit("a", &[]);
        let plan = driver.nodes(&estate, &["plan", "--detailed-exitcode"], 2);
        assert_eq!(plan.result("a"), "planned");
        assert_eq!(plan.get("a")["plan"]["add"], 1);
        assert_eq!(plan.get("a")["plan"]["resources"][0]["address"], "terraform_data.this");
        assert!(!estate.path().join("states/a.tfstate").exists());
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        let text = std::fs::read_to_string(estate.path().join("live/a/terragrunt.hcl")).unwrap();
        estate.write("live/a/terragrunt.hcl", &text.replace("value = \"a\"", "value = \"b\""));
        let plan = driver.nodes(&estate, &["plan"], 0);
        assert_eq!(plan.get("a")["plan"]["change"], 1, "{}", plan.get("a"));
        assert_eq!(estate.applied("a").as_deref(), Some("a"));
    });
}

#[test]
fn mocks_make_a_plan_provisional_and_nothing_is_applied_on_them() {
    each(|driver| {
        let estate = Estate::new();
        estate.unit("a", &[]).unit("b", &["a"]);
        let file = "live/b/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
        let mocks = "config_path = \"../a\"\n  mock_outputs = { value = \"mock\" }\n  \
                     mock_outputs_allowed_terraform_commands = [\"plan\"]";
        estate.write(file, &text.replace("config_path = \"../a\"", mocks));
        let plan = driver.nodes(&estate, &["plan"], 0);
        // With the native engine the plan of `a` says more than a mock.
        let rests = if driver.engine == "native" { "waits_for" } else { "mocked" };
        assert_eq!(plan.get("b")[rests], json!(["a"]));
        assert!(!plan.get("a").as_object().unwrap().contains_key("mocked"));
        // For an apply they are not allowed.
        driver.run(&estate, &["apply", "b", "--yes"]).exits(1).says("not for apply");
        assert_eq!(estate.applied("b"), None);
        // Together each is applied on what is real by then.
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(estate.applied("b").as_deref(), Some("b < a"));
    });
}

#[test]
fn a_unit_that_only_comes_after_another_needs_no_output_of_it() {
    each(|driver| {
        let estate = Estate::new();
        estate.unit("first", &[]).unit("second", &[]);
        let file = "live/second/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
        estate.write(file, &format!("dependencies {{\n  paths = [\"../first\"]\n}}\n{text}"));
        let nodes = driver.nodes(&estate, &["apply", "--yes"], 0);
        let names: Vec<_> = nodes.0.iter().map(|node| node["name"].clone()).collect();
        assert_eq!(names, ["first", "second"]);
        assert_eq!(nodes.result("second"), "applied");
    });
}
