//! Units that act as somebody else and share a run's providers: each remains who it is.

use std::path::Path;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::providers::{shown, started};
use crate::support::slipway::Slipway;
use crate::support::terraforms;

/// A provider that asks AWS who it is.
const MODULE: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 3.39" }
  }
}

variable "role" {
  type    = string
  default = null
}

provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
  endpoints {
    ec2 = "ENDPOINT"
    iam = "ENDPOINT"
    sts = "ENDPOINT"
  }
  dynamic "assume_role" {
    for_each = var.role == null ? [] : [var.role]
    content {
      role_arn     = assume_role.value
      session_name = "session"
    }
  }
}

data "aws_caller_identity" "me" {}

resource "terraform_data" "me" {
  input = data.aws_caller_identity.me.arn
}

output "me" {
  value = [data.aws_caller_identity.me.arn, data.aws_caller_identity.me.user_id]
}
"#;

/// Units, and the roles that they act in.
const UNITS: [(&str, &str); 3] = [("a", "deployer"), ("b", "auditor"), ("c", "deployer")];

/// An estate whose units have a role each, which `of` a name and an ARN says.
fn estate(bed: &Bed, prefix: &str, of: impl Fn(&str) -> String) -> Estate {
    let estate = Estate::new();
    estate.write("infra/me/main.tf", &MODULE.replace("ENDPOINT", bed.text("/aws/endpoint")));
    for (unit, role) in UNITS {
        let arn = format!("arn:aws:iam::123456789012:role/{prefix}-{role}");
        let text = format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\n\
             terraform {{\n  source = \"../../infra/me\"\n}}\n\n{}\n",
            of(&arn)
        );
        estate.write(&format!("live/{unit}/terragrunt.hcl"), &text);
    }
    // One that is there has the same number whenever it is asked for, and any other a new one each time.
    for role in ["deployer", "auditor"] {
        let action = "/?Action=CreateRole&Version=2010-05-08&AssumeRolePolicyDocument=%7B%7D&RoleName=";
        bed.aws("iam", &format!("{action}{prefix}-{role}"));
    }
    estate
}

/// The units plan and apply beside each other what they do alone, and each is who it should be.
fn are_who_they_are_alone(bed: &Bed, tool: &Path, prefix: &str, of: impl Fn(&str) -> String) {
    let estate = estate(bed, prefix, of);
    let run = |arguments: &[&str], sharing: &str| {
        let slipway = Slipway::new(estate.path(), tool).bed(bed).env("SLIPWAY_LOG", "debug");
        slipway.env("SLIPWAY_SHARE_PROVIDERS", sharing).run(arguments).exits(0)
    };
    let states = || {
        UNITS.map(|(unit, _)| {
            let state = std::fs::read(estate.path().join(format!("states/{unit}.tfstate"))).unwrap();
            let mut state: serde_json::Value = serde_json::from_slice(&state).unwrap();
            // These two are invented for each apply.
            state["lineage"].take();
            state["resources"].as_array_mut().unwrap().iter_mut().for_each(|resource| {
                if resource["type"] == "terraform_data" {
                    resource["instances"][0]["attributes"]["id"].take();
                }
            });
            state
        })
    };
    drop(run(&["plan", "--out", "alone"], "false"));
    drop(run(&["apply", "alone", "--yes"], "false"));
    let alone = states();
    std::fs::remove_dir_all(estate.path().join("states")).unwrap();

    let planned = run(&["plan", "--out", "shared"], "true");
    let count = started(&planned, "hashicorp/aws");
    // One for each role at least, which both of its units use; and those that nobody has configured.
    assert!((2..=4).contains(&count), "{count}\n{}", planned.stderr);
    for (unit, role) in UNITS {
        let plan = shown(bed, &estate, tool, "shared", unit);
        assert_eq!(plan, shown(bed, &estate, tool, "alone", unit), "{unit}");
        let me = &plan["planned_values"]["outputs"]["me"]["value"][0];
        let expected = format!("arn:aws:sts::123456789012:assumed-role/{prefix}-{role}/session");
        assert_eq!(*me, expected, "{unit}");
    }
    drop(run(&["apply", "shared", "--yes"], "true"));
    assert_eq!(states(), alone);
}

#[test]
fn units_with_an_iam_role_each_are_the_same_beside_each_other_as_alone() {
    let bed = Bed::shared();
    for (number, tool) in terraforms().iter().enumerate() {
        are_who_they_are_alone(&bed, tool, &format!("shared-{number}"), |arn| {
            format!("iam_role = \"{arn}\"\niam_assume_role_session_name = \"session\"")
        });
    }
}

#[test]
fn units_whose_providers_assume_a_role_each_are_the_same_beside_each_other_as_alone() {
    let bed = Bed::shared();
    for (number, tool) in terraforms().iter().enumerate() {
        are_who_they_are_alone(&bed, tool, &format!("assumed-{number}"), |arn| {
            format!("inputs = {{\n  role = \"{arn}\"\n}}")
        });
    }
}
