//! Plans through dependencies: a unit is planned with the outputs that what it depends on will have.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::{commit, files};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

const NETWORK: &str = r#"
variable "cidr" { type = string }
variable "zones" {
  type    = list(string)
  default = ["a", "b"]
}
resource "terraform_data" "vpc" { input = { cidr = var.cidr } }
resource "terraform_data" "subnet" {
  for_each = toset(var.zones)
  input    = "${var.cidr} ${each.key}"
}
output "vpc" {
  value = { id = terraform_data.vpc.id, cidr = var.cidr, zones = var.zones }
}
output "subnets" { value = [for zone in var.zones : terraform_data.subnet[zone].id] }
output "cidr" { value = var.cidr }
output "token" {
  value     = "not-to-be-shown-${var.cidr}"
  sensitive = true
}
"#;

const CLUSTER: &str = r#"
variable "vpc" {
  type = object({ id = string, cidr = string, zones = list(string), name = optional(string, "main") })
}
variable "subnets" {
  type = list(string)
  validation {
    condition     = length(var.subnets) > 1
    error_message = "Two subnets at least."
  }
}
variable "token" {
  type      = string
  sensitive = true
}
variable "label" { default = "none" }
locals {
  name = "${var.vpc.name}-${var.vpc.cidr}"
}
resource "terraform_data" "cluster" {
  input = { name = local.name, vpc = var.vpc.id, label = var.label }
}
resource "terraform_data" "node" {
  count = length(var.subnets)
  input = "${var.subnets[count.index]} in ${var.vpc.zones[count.index]}"
}
resource "terraform_data" "secret" { input = sha256(var.token) }
module "inner" {
  source = "./inner"
  vpc    = var.vpc.id
  cidr   = var.vpc.cidr
}
output "endpoint" { value = "https://${terraform_data.cluster.id}" }
output "name" { value = local.name }
output "inner" { value = module.inner.both }
"#;

const INNER: &str = r#"
variable "vpc" {}
variable "cidr" {}
resource "terraform_data" "inner" { input = [var.vpc, var.cidr] }
output "both" { value = [var.vpc, var.cidr] }
"#;

fn terragrunt(module: &str, dependencies: &[&str], inputs: &str) -> String {
    let blocks = dependencies.iter().map(|dependency| {
        let label = dependency.rsplit('/').next().unwrap();
        format!("dependency \"{label}\" {{\n  config_path = \"../{dependency}\"\n}}\n")
    });
    format!(
        "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\n\
         terraform {{\n  source = \"${{get_repo_root()}}/infra/{module}\"\n}}\n\n{}\ninputs = {{\n{inputs}}}\n",
        blocks.collect::<String>()
    )
}

/// A network, a cluster in it, and an application on that.
fn estate() -> Estate {
    let estate = Estate::new();
    estate.write("infra/network/main.tf", NETWORK);
    estate.write("infra/cluster/main.tf", CLUSTER);
    estate.write("infra/cluster/inner/main.tf", INNER);
    estate.write(
        "infra/app/main.tf",
        "variable \"at\" {}\nvariable \"name\" {}\nresource \"terraform_data\" \"app\" {\n  input = [var.at, var.name]\n}\n",
    );
    estate.write("live/network/terragrunt.hcl", &terragrunt("network", &[], "  cidr = \"10.0.0.0/16\"\n"));
    let inputs = "  vpc     = dependency.network.outputs.vpc\n  subnets = dependency.network.outputs.subnets\n  \
                  token   = dependency.network.outputs.token\n";
    estate.write("live/cluster/terragrunt.hcl", &terragrunt("cluster", &["network"], inputs));
    let inputs =
        "  at   = \"${dependency.cluster.outputs.endpoint}/app\"\n  name = dependency.cluster.outputs.name\n";
    estate.write("live/app/terragrunt.hcl", &terragrunt("app", &["cluster"], inputs));
    commit(&estate);
    estate
}

/// The nodes of a plan in full, by their names.
fn planned(slipway: Slipway) -> BTreeMap<String, Value> {
    let plan = slipway.run(&["plan", "--detail", "--format", "json"]).exits(0).json();
    let nodes = plan["nodes"].as_array().unwrap().iter();
    nodes.map(|node| (node["name"].as_str().unwrap().to_owned(), node.clone())).collect()
}

/// What each resource of a state has, by their addresses.
fn resources(estate: &Estate, unit: &str) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(estate.path().join(format!("states/{unit}.tfstate"))).unwrap();
    let state: Value = serde_json::from_str(&text).unwrap();
    let mut found = BTreeMap::new();
    for resource in state["resources"].as_array().unwrap() {
        let part = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
        let module = if part("module").is_empty() { String::new() } else { format!("{}.", part("module")) };
        for instance in resource["instances"].as_array().unwrap() {
            let key = match &instance["index_key"] {
                Value::Null => String::new(),
                key => format!("[{key}]"),
            };
            let address = format!("{module}{}.{}{key}", part("type"), part("name"));
            found.insert(address, instance["attributes"].clone());
        }
    }
    found
}

/// What stands at a path of a report's, such as `input.value["a"]` or `input[0]`.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    let mut found = value;
    for part in path.replace("[\"", ".").replace("\"]", "").replace('[', ".").replace(']', "").split('.') {
        found = part.parse::<usize>().map_or(&found[part], |index| &found[index]);
    }
    found
}

/// Asserts that what a plan has shown as known is what is there after the apply, and that nothing else is there. `terraform_data` keeps
/// a value with its type.
fn assert_came_true(estate: &Estate, planned: &BTreeMap<String, Value>) -> usize {
    let mut compared = 0;
    for (unit, node) in planned {
        let mut there = resources(estate, unit);
        for resource in node["detail"]["resources"].as_array().unwrap() {
            let address = resource["address"].as_str().unwrap();
            let attributes =
                there.remove(address).unwrap_or_else(|| panic!("{unit}: {address} is not there"));
            for attribute in resource["attributes"].as_array().unwrap() {
                let Some(expected) = attribute["after"].get("value") else { continue };
                let path = attribute["path"].as_str().unwrap();
                let path = if let Some(rest) = path.strip_prefix("input") {
                    format!("input.value{rest}")
                } else {
                    path.to_owned()
                };
                assert_eq!(at(&attributes, &path), expected, "{unit}: {address}: {path}");
                compared += 1;
            }
        }
        assert!(there.is_empty(), "{unit}: never shown: {:?}", there.keys());
    }
    compared
}

#[test]
fn a_new_environment_is_planned_in_one_go_and_what_is_known_of_it_comes_true() {
    for tool in terraforms() {
        let estate = estate();
        let slipway = || Slipway::new(estate.path(), &tool);
        let before = files(estate.path());
        let plan = slipway().run(&["plan", "--detail"]).exits(0);
        let plan = plan.says("provisional: waits for network");
        let plan = plan.says("provisional: waits for cluster");
        let plan = plan.says("input[0] = (known after apply of cluster)").says("\"main-10.0.0.0/16\"");
        assert!(!plan.stdout.contains("not-to-be-shown") && !plan.stderr.contains("not-to-be-shown"));
        let planned = planned(slipway());
        assert_eq!(planned["cluster"]["waits_for"], json!(["network"]));
        assert_eq!(planned["network"].get("waits_for"), None);
        // The two subnets are there, although nobody knows what they are called.
        assert_eq!(planned["cluster"]["plan"]["add"], 5);
        let attributes = |unit: &str, address: &str| -> BTreeMap<String, Value> {
            let resources = planned[unit]["detail"]["resources"].as_array().unwrap();
            let resource = resources.iter().find(|resource| resource["address"] == address).unwrap();
            let attributes = resource["attributes"].as_array().unwrap().iter();
            attributes.map(|one| (one["path"].as_str().unwrap().to_owned(), one.clone())).collect()
        };
        let inner = attributes("cluster", "module.inner.terraform_data.inner");
        assert_eq!(inner["input[0]"]["waits_for"], json!(["network"]), "{inner:?}");
        assert_eq!(inner["input[1]"]["after"]["value"], "10.0.0.0/16");
        assert_eq!(inner["id"].get("waits_for"), None, "its own apply is enough");
        // Nothing of it stays where the module is.
        let left = files(estate.path());
        let left =
            left.iter().filter(|file| !before.contains(file) && file.to_string_lossy().contains("open"));
        assert_eq!(left.collect::<Vec<_>>(), Vec::<&std::path::PathBuf>::new());

        slipway().run(&["apply", "--yes"]).exits(0).says("applied");
        let compared = assert_came_true(&estate, &planned);
        assert!(compared >= 7, "{compared}");
        slipway().run(&["plan", "--detailed-exitcode"]).exits(0).says("no changes");
    }
}

#[test]
fn twenty_units_in_five_layers_come_true() {
    let tool = terraforms().into_iter().next().unwrap();
    let estate = Estate::new();
    estate.write("infra/layer/main.tf", LAYER);
    let mut names: Vec<Vec<String>> = Vec::new();
    for layer in 0..5 {
        names.push((0..4).map(|place| format!("l{layer}p{place}")).collect());
        for (place, name) in names[layer].iter().enumerate() {
            let below: Vec<&str> = match layer.checked_sub(1) {
                // Each rests on two below it, of another kind each.
                Some(below) => vec![&names[below][place], &names[below][(place + layer) % 4]],
                None => Vec::new(),
            };
            let below: Vec<&str> =
                below.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
            let list = |output: &str| {
                let each = below.iter().map(|name| format!("dependency.{name}.outputs.{output}"));
                format!("[{}]", each.collect::<Vec<_>>().join(", "))
            };
            let inputs = format!(
                "  name  = \"{name}\"\n  ids   = {}\n  names = {}\n  all   = {}\n  text  = jsonencode({})\n  size  = {}\n",
                list("id"),
                list("name"),
                list("both"),
                list("both"),
                if layer == 0 {
                    "2".to_owned()
                } else {
                    format!("dependency.{}.outputs.size + {}", below[0], place % 2)
                },
            );
            estate.write(&format!("live/{name}/terragrunt.hcl"), &terragrunt("layer", &below, &inputs));
        }
    }
    let slipway = || Slipway::new(estate.path(), &tool);
    let planned = planned(slipway());
    assert_eq!(planned.len(), 20);
    assert_eq!(planned.values().filter(|node| node.get("waits_for").is_some()).count(), 16);
    slipway().run(&["apply", "--yes"]).exits(0).says("applied");
    let compared = assert_came_true(&estate, &planned);
    assert!(compared >= 120, "{compared}");
}

const LAYER: &str = r#"
variable "name" { type = string }
variable "ids" { type = list(string) }
variable "names" { type = set(string) }
variable "all" { type = list(object({ id = string, name = string, size = optional(number, 1) })) }
variable "text" { type = string }
variable "size" { type = number }
resource "terraform_data" "one" { input = var.name }
resource "terraform_data" "sized" {
  count = var.size
  input = { name = "${var.name} ${count.index}", names = join(" ", var.names) }
}
resource "terraform_data" "ids" { input = var.ids }
resource "terraform_data" "all" { input = [for one in var.all : "${one.name} ${one.size}"] }
resource "terraform_data" "text" { input = var.text }
output "id" { value = terraform_data.one.id }
output "name" { value = var.name }
output "size" { value = var.size }
output "both" { value = { id = terraform_data.one.id, name = var.name } }
"#;

#[test]
fn what_cannot_be_planned_yet_is_named_with_what_it_waits_for_and_mocks_serve_where_there_are_any() {
    for tool in terraforms() {
        let estate = estate();
        let slipway = || Slipway::new(estate.path(), &tool);
        let number = "output \"number\" { value = length(terraform_data.vpc.id) }\n";
        estate.write("infra/network/main.tf", &format!("{NETWORK}{number}"));
        estate.write(
            "infra/app/main.tf",
            "variable \"at\" {}\nvariable \"name\" {}\nvariable \"number\" { type = number }\n\
             resource \"terraform_data\" \"app\" {\n  count = var.number\n  input = var.at\n}\n",
        );
        let inputs = "  at     = dependency.cluster.outputs.endpoint\n  name   = dependency.cluster.outputs.name\n  \
                      number = dependency.network.outputs.number\n";
        let text = terragrunt("app", &["cluster", "network"], inputs);
        estate.write("live/app/terragrunt.hcl", &text);
        let plan = slipway().run(&["plan"]).exits(1);
        let plan = plan.says("it cannot be planned before cluster, network is applied");
        let plan = plan.says("Invalid count argument");
        drop(plan.says("give its dependency block mock_outputs"));

        let of_network = "\"../network\"\n  mock_outputs = { number = 2 }\n";
        let of_cluster = "\"../cluster\"\n  mock_outputs = { endpoint = \"mock\", name = \"mock\" }\n";
        let text = text.replace("\"../network\"\n", of_network).replace("\"../cluster\"\n", of_cluster);
        estate.write("live/app/terragrunt.hcl", &text);
        let plan = slipway().run(&["plan"]).exits(0);
        drop(plan.says("provisional: mock outputs of cluster, network"));
    }
}

#[test]
fn what_is_generated_of_an_output_waits_for_it() {
    for tool in terraforms() {
        let estate = estate();
        let text = std::fs::read_to_string(estate.path().join("live/app/terragrunt.hcl")).unwrap();
        let generated = "generate \"extra\" {\n  path      = \"extra.tf\"\n  if_exists = \"overwrite\"\n  \
                         contents  = \"# ${dependency.cluster.outputs.endpoint}\"\n}\n";
        estate.write("live/app/terragrunt.hcl", &format!("{text}{generated}"));
        let plan = Slipway::new(estate.path(), &tool).run(&["plan"]).exits(1);
        let plan = plan.says("its generate rests on an output that is known only after the apply of cluster");
        drop(plan.says("apply cluster first, or give its dependency block mock_outputs"));
    }
}

#[test]
fn plans_on_what_is_known_of_others_are_saved_and_applied_and_the_rest_comes_later() {
    for tool in terraforms() {
        let estate = estate();
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["apply", "--yes"]).exits(0);
        // A label that is known before the apply, which the network's own outputs hand on.
        let network = format!("{NETWORK}\noutput \"label\" {{ value = \"for ${{var.cidr}}\" }}\n");
        estate.write("infra/network/main.tf", &network);
        estate.change("cluster", "inputs = {", "inputs = {\n  label = dependency.network.outputs.label");
        commit(&estate);
        let plan = slipway().run(&["plan", "--out", "saved"]).exits(0);
        // The cluster's own endpoint stays, and so does what rests on it.
        let plan = plan.says("saved the plans of 3 units");
        assert!(!plan.stdout.contains("provisional"), "{}", plan.stdout);
        let apply = slipway().run(&["apply", "saved", "--yes"]).exits(0);
        drop(apply.says("3 as they were saved"));
        let label =
            resources(&estate, "cluster")["terraform_data.cluster"]["input"]["value"]["label"].clone();
        assert_eq!(label, "for 10.0.0.0/16");

        // One that nobody can know yet is left for later.
        let network = network.replace("\"for ${var.cidr}\"", "\"at ${terraform_data.new.id}\"");
        estate.write(
            "infra/network/main.tf",
            &format!("{network}\nresource \"terraform_data\" \"new\" {{}}\n"),
        );
        commit(&estate);
        let plan = slipway().run(&["plan", "--out", "saved2"]).exits(0);
        let plan = plan.says("provisional: waits for network");
        drop(plan.says("cluster is not among them: plan it when network is applied"));
        slipway().run(&["apply", "saved2", "--yes"]).exits(0).says("applied");
        slipway().run(&["apply", "--yes"]).exits(0).says("applied");
        let label =
            resources(&estate, "cluster")["terraform_data.cluster"]["input"]["value"]["label"].clone();
        assert!(label.as_str().unwrap().starts_with("at "), "{label}");
    }
}

#[test]
fn a_saved_plan_whose_promised_input_did_not_come_is_refused_at_its_turn() {
    let tool = terraforms().into_iter().next().unwrap();
    let estate = Estate::new();
    let slipway = || Slipway::new(estate.path(), &tool);
    estate.unit("a", &[]).unit("b", &["a"]);
    let known = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    estate.write(
        "infra/text/main.tf",
        &known.replace("value = terraform_data.this.output", "value = var.value"),
    );
    commit(&estate);
    slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of 2 units");
    // Somebody applies another value in between, and the plan of `a` is stale.
    estate.change("a", "value = \"a\"", "value = \"other\"");
    slipway().run(&["apply", "a", "--yes"]).exits(0);
    estate.change("a", "value = \"other\"", "value = \"a\"");
    let refused = slipway().run(&["apply", "saved", "--yes"]).exits(5);
    drop(refused.says("nothing was touched"));
    assert_eq!(estate.applied("b"), None);
}

#[test]
fn a_run_that_is_killed_while_a_module_is_open_leaves_nothing_to_the_next() {
    let tool = terraforms().into_iter().next().unwrap();
    let estate = estate();
    let slow = estate.write(
        "slow",
        &format!("#!/bin/sh\nif [ \"$1\" = plan ] && [ -e slipway_open.tf ]; then echo $$ > {}/there; exec sleep 600; fi\nexec {} \"$@\"\n",
            estate.path().display(), tool.display()),
    );
    std::fs::set_permissions(&slow, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut child = Slipway::new(estate.path(), &slow).into_command(&["plan"]).spawn().unwrap();
    let there = estate.path().join("there");
    while !std::fs::read_to_string(&there).is_ok_and(|text| text.ends_with('\n')) {
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(child.try_wait().unwrap().is_none(), "it ended before");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = || files(&estate.path().join(".slipway/work")).iter().any(|file| is_ours(file));
    assert!(left());
    let pid: i32 = std::fs::read_to_string(&there).unwrap().trim().parse().unwrap();
    let _gone = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
    Slipway::new(estate.path(), &tool).run(&["apply", "--yes"]).exits(0).says("applied");
    assert!(!left());
}

fn is_ours(file: &Path) -> bool {
    file.to_string_lossy().contains("slipway_open") || file.to_string_lossy().contains(".slipway-open")
}
