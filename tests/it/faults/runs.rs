//! Whole runs with the real provider: they end well, or fail with the cause, and nothing is lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::proxy::{Proxy, Weather};
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::terraforms;

const PROVIDER: &str = r#"
generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-EOT
    provider "aws" {
      region                      = "eu-west-1"
      max_retries                 = 3
      skip_credentials_validation = true
      skip_metadata_api_check     = true
      skip_requesting_account_id  = true
      skip_get_ec2_platforms      = true
      s3_force_path_style         = true
      endpoints {
        ec2 = "${get_env("AWS_ENDPOINT_URL")}"
        iam = "${get_env("AWS_ENDPOINT_URL")}"
        s3  = "${get_env("AWS_ENDPOINT_URL")}"
        sts = "${get_env("AWS_ENDPOINT_URL")}"
      }
    }
  EOT
}
"#;

/// Things with names that are theirs alone, so that one that nobody knows of any more can be found.
const STORE: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 3.39" }
  }
}
variable "name" {
  type = string
}
variable "after" {
  type    = string
  default = ""
}
resource "aws_s3_bucket" "this" {
  bucket        = var.name
  force_destroy = true
  # An empty tag comes back as none.
  tags = var.after == "" ? {} : { after = var.after }
}
resource "aws_iam_role" "this" {
  name = var.name
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}
output "value" {
  value = aws_iam_role.this.arn
}
"#;

/// A bucket for states.
pub fn make_bucket(bed: &Bed) -> String {
    let name = format!("states-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
    bed.put_bucket(&name);
    name
}

/// Three stores, each after the one before.
struct World {
    bed: std::sync::Arc<Bed>,
    proxy: Proxy,
    estate: Estate,
    tool: PathBuf,
    states: String,
    prefix: String,
}

const UNITS: [&str; 3] = ["a", "b", "c"];

impl World {
    fn new(tool: PathBuf) -> Self {
        let bed = Bed::shared();
        let proxy = Proxy::before(bed.text("/aws/endpoint"));
        let estate = Estate::new();
        let states = make_bucket(&bed);
        let prefix = format!("w{}", &uuid::Uuid::new_v4().simple().to_string()[..10]);
        estate.keep_states_in_s3(&states);
        let root = std::fs::read_to_string(estate.path().join("live/root.hcl")).unwrap();
        estate.write("live/root.hcl", &format!("{root}{PROVIDER}"));
        estate.write("infra/store/main.tf", STORE);
        for (index, unit) in UNITS.iter().enumerate() {
            let (block, after) = match index.checked_sub(1).map(|before| UNITS[before]) {
                Some(before) => (
                    format!("dependency \"before\" {{\n  config_path = \"../{before}\"\n}}\n"),
                    "\n  after = dependency.before.outputs.value",
                ),
                None => (String::new(), ""),
            };
            estate.write(
                &format!("live/{unit}/terragrunt.hcl"),
                &format!(
                    "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\
                     terraform {{\n  source = \"${{get_repo_root()}}/infra//store\"\n}}\n{block}\
                     inputs = {{\n  name = \"{prefix}-{unit}\"{after}\n}}\n"
                ),
            );
        }
        Self { bed, proxy, estate, tool, states, prefix }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let slipway = Slipway::new(self.estate.path(), &self.tool).bed(&self.bed);
        slipway.env("AWS_ENDPOINT_URL", self.proxy.endpoint()).run(arguments)
    }

    /// A run in bad weather: whatever has failed says what it was.
    fn run_in(&self, weather: Weather, command: &str) {
        const CAUSES: &[&str] = &[
            "InternalError",
            "InternalFailure",
            "SlowDown",
            "Throttling",
            "RequestLimitExceeded",
            "by the weather",
            "reset by peer",
            "EOF",
            "StatusCode: 5",
            "status code: 5",
            "does not answer",
            "timed out",
        ];
        self.proxy.set(Some(weather));
        let ended = self.run(&[command, "--yes", "--format", "json"]);
        self.proxy.set(None);
        assert!([0, 1].contains(&ended.code), "{}: {}{}", ended.code, ended.stdout, ended.stderr);
        for node in ended.json()["nodes"].as_array().unwrap() {
            let message = node["message"].as_str().unwrap_or_default();
            if node["result"] == "failed" {
                assert!(
                    CAUSES.iter().any(|cause| message.contains(cause)),
                    "{message}\n{:?}",
                    self.proxy.struck()
                );
            }
        }
    }

    /// What AWS has of this world.
    fn there(&self) -> BTreeSet<String> {
        let buckets = self.bed.aws("s3", "/");
        let roles = self.bed.aws("iam", "/?Action=ListRoles&Version=2010-05-08&MaxItems=1000");
        let names = |text: &str, tag: &str, kind: &str| {
            let tag = format!("<{tag}>");
            let all = text.split(&tag).skip(1).filter_map(|rest| rest.split('<').next());
            let ours = all.filter(|name| name.starts_with(&self.prefix));
            ours.map(|name| format!("{kind} {name}")).collect::<Vec<_>>()
        };
        [names(&buckets, "Name", "bucket"), names(&roles, "RoleName", "role")].concat().into_iter().collect()
    }

    /// What the states have of this world.
    fn known(&self) -> BTreeSet<String> {
        let mut known = BTreeSet::new();
        for unit in UNITS {
            let Some(text) = self.bed.object(&self.states, &format!("{unit}/terraform.tfstate")) else {
                continue;
            };
            let state: Value = serde_json::from_str(&text).unwrap();
            for resource in state["resources"].as_array().unwrap() {
                let kind = resource["type"]
                    .as_str()
                    .unwrap()
                    .trim_start_matches("aws_")
                    .replace("iam_", "")
                    .replace("s3_", "");
                for instance in resource["instances"].as_array().unwrap() {
                    known.insert(format!("{kind} {}", instance["attributes"]["id"].as_str().unwrap()));
                }
            }
        }
        known
    }

    fn assert_nothing_is_lost(&self, when: &str) {
        assert_eq!(self.there(), self.known(), "{when}: {:?}", self.proxy.struck());
        let objects = self.bed.aws("s3", &format!("/{}?list-type=2", self.states));
        assert!(!objects.contains(".tflock"), "{when}: a lock is left: {objects}");
    }
}

/// Up and down in bad weather, each time followed by a run in fair weather that has to reach the goal.
fn through(tool: &Path, seeds: &[u64]) {
    let mut struck = 0;
    for seed in seeds {
        let world = World::new(tool.to_owned());
        world.run_in(Weather::rough(*seed), "apply");
        world.assert_nothing_is_lost(&format!("seed {seed}, after the apply"));
        world.run(&["apply", "--yes"]).exits(0).says("c");
        let expected: BTreeSet<String> = UNITS
            .iter()
            .flat_map(|unit| ["bucket", "role"].map(|kind| format!("{kind} {}-{unit}", world.prefix)))
            .collect();
        assert_eq!(world.there(), expected, "seed {seed}");
        world.run(&["plan", "--detailed-exitcode"]).exits(0).says("nothing to change");
        world.run_in(Weather::rough(*seed + 1000), "destroy");
        world.assert_nothing_is_lost(&format!("seed {seed}, after the destroy"));
        world.run(&["destroy", "--yes"]).exits(0).says("c");
        assert_eq!(world.there(), BTreeSet::new(), "seed {seed}");
        println!("seed {seed}: {} of {} calls broke", world.proxy.struck().len(), world.proxy.calls());
        struck += world.proxy.struck().len();
    }
    assert!(struck > seeds.len(), "the weather was fair");
}

#[test]
fn a_run_in_bad_weather_loses_nothing_and_the_next_one_reaches_the_goal() {
    let tools = terraforms();
    through(tools.last().unwrap(), &[1, 2]);
}

#[test]
fn nor_does_the_other_tool_lose_anything() {
    through(terraforms().first().unwrap(), &[3]);
}
