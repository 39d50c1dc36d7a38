//! Units that share the processes of providers: what they plan is what they plan alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::providers::{children_of, providers_of, shown, started};
use crate::support::slipway::Slipway;
use crate::support::stopping::{is_over, until};
use crate::support::terraforms;

/// Two providers, one of which is there twice.
const MODULE: &str = r#"
terraform {
  required_providers {
    aws  = { source = "hashicorp/aws", version = "~> 3.39" }
    time = { source = "hashicorp/time", version = "~> 0.14" }
  }
}

variable "region" {
  type = string
}

provider "aws" {
  region                      = var.region
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
}

provider "aws" {
  alias                       = "other"
  region                      = "us-west-2"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
}

data "aws_region" "here" {}

data "aws_region" "other" {
  provider = aws.other
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  tags = { Name = var.region }
}

resource "aws_subnet" "other" {
  provider   = aws.other
  vpc_id     = "vpc-0"
  cidr_block = "10.0.0.0/24"
  count      = 0
}

resource "time_offset" "later" {
  base_rfc3339 = "2026-03-14T09:15:02Z"
  offset_days  = 7
}

output "regions" {
  value = [data.aws_region.here.name, data.aws_region.other.name]
}

output "later" {
  value = time_offset.later.rfc3339
}
"#;

fn estate(bed: &Bed, units: &[(&str, &str)], module: &str) -> Estate {
    let estate = Estate::new();
    // This provider is older than the variable by which newer ones are told.
    let endpoint = bed.text("/aws/endpoint");
    let endpoints = format!("  endpoints {{\n    ec2 = \"{endpoint}\"\n    s3  = \"{endpoint}\"\n  }}\n}}\n");
    let module = module.replace(
        "  skip_get_ec2_platforms      = true\n}\n",
        &format!("  skip_get_ec2_platforms = true\n{endpoints}"),
    );
    for (unit, region) in units {
        let text = format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\n\
             terraform {{\n  source = \"../../infra/aws\"\n}}\n\ninputs = {{\n  region = \"{region}\"\n}}\n"
        );
        estate.write(&format!("live/{unit}/terragrunt.hcl"), &text);
    }
    estate.write("infra/aws/main.tf", &module);
    estate
}

const UNITS: [(&str, &str); 4] =
    [("a", "eu-west-1"), ("b", "us-east-1"), ("c", "eu-west-1"), ("d", "us-east-1")];

#[test]
fn what_is_planned_together_is_what_each_unit_plans_alone_and_is_applied() {
    let bed = Bed::shared();
    for tool in terraforms() {
        let estate = estate(&bed, &UNITS, MODULE);
        let slipway = || Slipway::new(estate.path(), &tool).bed(&bed).env("SLIPWAY_LOG", "debug");
        let alone = slipway().run(&["plan", "--out", "alone"]).exits(0);
        assert_eq!((started(&alone, "hashicorp/aws"), started(&alone, "hashicorp/time")), (0, 0));
        let lock = |unit: &str| {
            std::fs::read_to_string(estate.path().join(format!("live/{unit}/.terraform.lock.hcl"))).unwrap()
        };
        let locked = UNITS.map(|(unit, _)| lock(unit));

        let shared = slipway().run(&["plan", "--share-providers", "--out", "shared"]).exits(0);
        // Of AWS there are three configurations, and perhaps one that has none.
        let (aws, time) = (started(&shared, "hashicorp/aws"), started(&shared, "hashicorp/time"));
        assert!((3..=4).contains(&aws) && (1..=2).contains(&time), "{aws} {time}: {}", shared.stderr);
        for (unit, region) in UNITS {
            let plan = shown(&bed, &estate, &tool, "shared", unit);
            assert_eq!(plan, shown(&bed, &estate, &tool, "alone", unit), "{unit}");
            let value = &plan["planned_values"]["outputs"]["regions"]["value"];
            assert_eq!(value[0], region, "each has its own region");
            assert_eq!(value[1], "us-west-2", "and so has the alias");
        }
        assert_eq!(UNITS.map(|(unit, _)| lock(unit)), locked);

        let applied = slipway().run(&["apply", "shared", "--yes", "--share-providers"]).exits(0);
        assert!((3..=4).contains(&started(&applied, "hashicorp/aws")), "{}", applied.stderr);
        for (unit, region) in UNITS {
            let state =
                std::fs::read_to_string(estate.path().join(format!("states/{unit}.tfstate"))).unwrap();
            let state: Value = serde_json::from_str(&state).unwrap();
            assert_eq!(state["outputs"]["regions"]["value"], json!([region, "us-west-2"]), "{unit}");
            assert_eq!(state["outputs"]["later"]["value"], "2026-03-21T09:15:02Z");
        }
        let after = slipway().run(&["plan", "--share-providers", "--detailed-exitcode"]).exits(0);
        assert!((3..=4).contains(&started(&after, "hashicorp/aws")));
        drop(slipway().run(&["destroy", "--yes", "--share-providers"]).exits(0));
    }
}

/// A hundred times where the variable is set, and otherwise once; each time by as many at once as chance has it.
#[test]
fn eight_units_plan_the_same_beside_each_other_as_alone_however_often() {
    let bed = Bed::shared();
    let regions = ["eu-west-1", "us-east-1", "eu-central-1"];
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let units: Vec<_> =
        names.iter().zip(regions.iter().cycle()).map(|(name, region)| (*name, *region)).collect();
    let (tool, estate) = (&terraforms()[0], estate(&bed, &units, MODULE));
    let planned = |arguments: &[&str], folder: &str| {
        let arguments = [&["plan", "--out", folder], arguments].concat();
        drop(Slipway::new(estate.path(), tool).bed(&bed).run(&arguments).exits(0));
        let plans = names.map(|unit| shown(&bed, &estate, tool, folder, unit));
        std::fs::remove_dir_all(estate.path().join(folder)).unwrap();
        plans
    };
    let alone = planned(&[], "alone");
    let times = if std::env::var_os("SLIPWAY_EVERY_KILL").is_some() { 100 } else { 1 };
    for time in 0..times {
        let at_once = if times == 1 {
            8
        } else {
            1 + SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos() % 8
        };
        let together = planned(&["--share-providers", "-j", &at_once.to_string()], "together");
        assert_eq!(together, alone, "the {time}th time, {at_once} at once");
    }
}

/// A type that no module mentions once it is gone from there, and one that always is.
const LEFT: &str = r#"
terraform {
  required_providers {
    time = { source = "hashicorp/time", version = "~> 0.14" }
  }
}

variable "region" {
  type = string
}

resource "time_static" "then" {
  rfc3339 = "2026-03-14T09:15:02Z"
}
"#;

/// A tool before whose first plan somebody else writes the state.
const OVERTAKEN: &str = r#"#!/bin/sh
if [ "$1" = plan ] && mkdir HERE/overtaken 2>/dev/null; then
  cp HERE/newer HERE/states/a.tfstate
fi
exec TOOL "$@"
"#;

#[test]
fn types_that_are_in_the_state_alone_are_told_also_where_they_come_while_it_is_planned() {
    let bed = Bed::shared();
    for tool in terraforms() {
        let estate = estate(&bed, &[("a", "")], LEFT);
        let slipway = |tool: &Path| Slipway::new(estate.path(), tool).bed(&bed).env("SLIPWAY_LOG", "debug");
        let planned = |tool: &Path, arguments: &[&str]| {
            let ended = slipway(tool).run(&[&["plan", "--share-providers"], arguments].concat()).exits(0);
            assert!(ended.stdout.contains("a: - time_sleep.left"), "{}", ended.stdout);
            ended
        };
        let state = estate.path().join("states/a.tfstate");
        drop(slipway(&tool).run(&["apply", "--yes"]).exits(0));
        let before = std::fs::read(&state).unwrap();
        let more = "resource \"time_sleep\" \"left\" {\n  create_duration = \"1s\"\n}\n";
        estate.write("infra/aws/main.tf", &format!("{LEFT}{more}"));
        drop(slipway(&tool).run(&["apply", "--yes"]).exits(0));
        estate.write("infra/aws/main.tf", LEFT);
        let once = planned(&tool, &["--out", "shared"]);
        assert!(!once.stderr.contains("told of all types"), "{}", once.stderr);
        drop(slipway(&tool).run(&["plan", "--out", "alone"]).exits(0));
        assert_eq!(shown(&bed, &estate, &tool, "shared", "a"), shown(&bed, &estate, &tool, "alone", "a"));

        std::fs::rename(&state, estate.path().join("newer")).unwrap();
        std::fs::write(&state, before).unwrap();
        let script = OVERTAKEN.replace("TOOL", tool.to_str().unwrap());
        let script = script.replace("HERE", estate.path().to_str().unwrap());
        let overtaken =
            estate.write(&format!("bin/{}", tool.file_name().unwrap().to_str().unwrap()), &script);
        std::fs::set_permissions(&overtaken, std::fs::Permissions::from_mode(0o755)).unwrap();
        let twice = planned(&overtaken, &[]);
        assert!(twice.stderr.contains("told of all types"), "{}", twice.stderr);
        drop(slipway(&tool).run(&["apply", "--yes", "--share-providers"]).exits(0));
        assert!(!std::fs::read_to_string(&state).unwrap().contains("time_sleep"));
    }
}

#[test]
fn a_unit_that_names_files_of_its_own_gets_them() {
    let bed = Bed::shared();
    let module = MODULE.replace(
        "resource \"time_offset\" \"later\" {",
        "resource \"aws_s3_bucket_object\" \"own\" {\n  bucket = \"own\"\n  key    = \"own\"\n  source = \"${path.module}/own.txt\"\n  \
         etag   = filemd5(\"${path.module}/own.txt\")\n}\n\nresource \"time_offset\" \"later\" {",
    );
    let estate = estate(&bed, &UNITS, &module);
    for (unit, _) in UNITS {
        estate.write(&format!("live/{unit}/own.txt"), unit);
    }
    let tool = &terraforms()[0];
    let slipway = || Slipway::new(estate.path(), tool).bed(&bed).env("SLIPWAY_LOG", "debug");
    let shared = slipway().run(&["plan", "--share-providers", "--out", "shared"]).exits(0);
    assert!(shared.stderr.contains("name files of"), "{}", shared.stderr);
    drop(slipway().run(&["plan", "--out", "alone"]).exits(0));
    for (unit, _) in UNITS {
        let plan = shown(&bed, &estate, tool, "shared", unit);
        assert_eq!(plan, shown(&bed, &estate, tool, "alone", unit), "{unit}");
    }
}

/// A unit that waits for AWS for as long as a fault says.
const WAITING: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 3.39" }
  }
}

variable "region" {
  type = string
}

provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
}

data "aws_vpcs" "all" {
  count = var.region == "vpcs" ? 1 : 0
}

data "aws_availability_zones" "all" {
  count = var.region == "zones" ? 1 : 0
}

output "seen" {
  value = length(data.aws_availability_zones.all) + length(data.aws_vpcs.all)
}
"#;

/// A unit whose apply says `begun` in a file, and is at its second provider for a while after that.
const SLOW: &str = r#"
terraform {
  required_providers {
    time = { source = "hashicorp/time", version = "~> 0.14" }
  }
}

variable "region" {
  type = string
}

resource "terraform_data" "begun" {
  provisioner "local-exec" {
    command = "touch BEGUN"
  }
}

resource "time_sleep" "a_while" {
  depends_on      = [terraform_data.begun]
  create_duration = "5s"
}

output "slept" {
  value = time_sleep.a_while.id
}
"#;

#[test]
fn a_killed_run_leaves_its_tool_and_the_providers_at_work_until_it_is_done() {
    let bed = Bed::shared();
    for tool in terraforms() {
        let estate = estate(&bed, &[("a", "")], SLOW);
        let begun = estate.path().join("begun");
        estate.write("infra/aws/main.tf", &SLOW.replace("BEGUN", begun.to_str().unwrap()));
        let slipway = || Slipway::new(estate.path(), &tool).bed(&bed).env("SLIPWAY_SHARE_PROVIDERS", "true");
        let mut command = slipway().into_command(&["apply", "--yes"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("it does not begin", || begun.exists());
        let keepers = children_of(&[child.id()], "exe");
        // One that is configured, and perhaps one that is not.
        let providers = providers_of(child.id());
        assert!(keepers.len() == 1 && (1..=2).contains(&providers.len()), "{keepers:?} {providers:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_over(i32::try_from(providers[0]).unwrap()), "it was killed in the middle");

        let next = slipway().run(&["apply", "--yes"]).exits(0).says("a tool still works on it");
        assert!(next.stdout.contains("unchanged"), "{}\n{}", next.stdout, next.stderr);
        for process in keepers.into_iter().chain(providers) {
            let process = i32::try_from(process).unwrap();
            until("it goes on though nobody needs it", || is_over(process));
        }
    }
}

#[test]
fn a_provider_that_is_killed_is_told_with_its_end_and_leaves_none_behind() {
    let bed = Bed::start(&["aws"]);
    let estate = estate(&bed, &[("a", "vpcs")], WAITING);
    let slipway = || Slipway::new(estate.path(), &terraforms()[0]).bed(&bed);
    drop(slipway().run(&["plan", "--share-providers"]).exits(0));
    bed.fault(&json!({ "kind": "delay", "service": "ec2", "operation": "DescribeVpcs", "seconds": 60 }));
    bed.forget_requests();
    let mut command = slipway().into_command(&["plan", "--share-providers"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("AWS is not asked", || bed.requests().to_string().contains("DescribeVpcs"));
    let providers = providers_of(child.id());
    assert_eq!(providers.len(), 1, "one provider serves all of a plan");
    let killed = Command::new("kill").args(["-9", &providers[0].to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("hashicorp/aws does not answer: it has ended, signal: 9"), "{said}");
    bed.mend();
}

#[test]
fn a_unit_that_is_interrupted_does_not_stop_the_others_that_share_its_provider() {
    let bed = Bed::start(&["aws"]);
    let tool = &terraforms()[0];
    let estate = estate(&bed, &[("a", "vpcs"), ("b", "zones")], WAITING);
    let slipway = || Slipway::new(estate.path(), tool).bed(&bed).env("SLIPWAY_LOG", "debug");
    drop(slipway().run(&["plan", "--share-providers"]).exits(0));
    for (operation, seconds) in [("DescribeVpcs", 600), ("DescribeAvailabilityZones", 20)] {
        let fault = json!({ "kind": "delay", "service": "ec2", "operation": operation, "seconds": seconds });
        bed.fault(&fault);
    }
    bed.forget_requests();
    let begun = Instant::now();
    let mut command = slipway().into_command(&["plan", "--share-providers", "--format", "json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("AWS is not asked by both", || {
        let asked = bed.requests().to_string();
        asked.contains("DescribeVpcs") && asked.contains("DescribeAvailabilityZones")
    });
    let name = tool.file_name().unwrap().to_str().unwrap();
    let of_a = |process: &u32| {
        let dir = std::fs::read_link(format!("/proc/{process}/cwd"));
        dir.is_ok_and(|dir| dir.ends_with(".slipway/work/a/module"))
    };
    let tools = children_of(&[child.id()], name).into_iter().filter(of_a).collect::<Vec<_>>();
    assert_eq!(tools.len(), 1);
    let interrupted = Command::new("kill").args(["-INT", &tools[0].to_string()]).status().unwrap();
    assert!(interrupted.success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(begun.elapsed() < Duration::from_mins(5), "what was interrupted is not waited for");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let result = |name: &str| {
        let nodes = answer["nodes"].as_array().unwrap();
        nodes.iter().find(|node| node["name"] == name).unwrap()["result"].clone()
    };
    assert_eq!((result("a"), result("b")), (json!("failed"), json!("planned")), "{answer}\n{said}");
    assert!(said.matches("a provider was started").count() <= 2, "{said}");
    bed.mend();
}
