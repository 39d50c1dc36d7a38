//! What somebody changes by hand, on the emulated AWS.

use super::unit;
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::{root, terraforms};

pub const MODULE: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 3.39" }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
  endpoints {
    ec2 = "ENDPOINT"
  }
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "ours" }
  lifecycle {
    ignore_changes = [IGNORED]
  }
}
"#;

#[test]
fn what_was_changed_by_hand_is_told_apart_from_what_the_plan_would_do() {
    let bed = Bed::shared();
    for tool in terraforms() {
        let estate = Estate::new();
        let module = MODULE.replace("ENDPOINT", bed.text("/aws/endpoint"));
        unit(&estate, "net", &module.replace("IGNORED", ""));
        let slipway = || {
            let slipway = Slipway::new(estate.path(), &tool).bed(&bed);
            slipway.env("TF_CLI_CONFIG_FILE", root().join(".tools/terraform.rc"))
        };
        slipway().run(&["apply", "--yes"]).exits(0).says("applied");
        let state = std::fs::read_to_string(estate.path().join("states/net.tfstate")).unwrap();
        let state: serde_json::Value = serde_json::from_str(&state).unwrap();
        let vpc = state["resources"][0]["instances"][0]["attributes"]["id"].as_str().unwrap();
        let tag = "Tag.1.Key=Owner&Tag.1.Value=somebody";
        bed.aws("ec2", &format!("/?Action=CreateTags&Version=2016-11-15&ResourceId.1={vpc}&{tag}"));

        let plan = slipway().run(&["plan", "--detailed-exitcode", "--detail"]).exits(2);
        let header = plan.stdout.lines().next().unwrap().split_whitespace().take(5).collect::<Vec<_>>();
        assert_eq!(header, ["add", "change", "replace", "destroy", "drift"], "{}", plan.stdout);
        let row = plan.stdout.lines().find(|line| line.starts_with("net")).unwrap();
        assert_eq!(row.split_whitespace().skip(1).take(5).collect::<Vec<_>>(), ["0", "1", "0", "0", "1"]);
        drop(plan.says("changed outside of the tool").says("+ tags.Owner").says("- tags.Owner"));

        // What the module itself says to leave alone counts for nothing, and is shown to whoever wants to see all.
        unit(&estate, "net", &module.replace("IGNORED", "tags, tags_all"));
        let plan = slipway().run(&["plan", "--detailed-exitcode", "--detail"]).exits(0);
        let header = plan.stdout.lines().next().unwrap().split_whitespace().take(5).collect::<Vec<_>>();
        assert_eq!(header, ["add", "change", "replace", "destroy", "time"], "{}", plan.stdout);
        drop(plan.says("changed outside of the tool").says("+ tags.Owner"));
        slipway().run(&["destroy", "--yes"]).exits(0).says("destroyed");
    }
}
