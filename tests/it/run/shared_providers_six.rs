//! A provider of protocol 6 that units share: what it answers each is what it answers it alone.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::providers::{providers_of, shown, started};
use crate::support::slipway::Slipway;
use crate::support::stopping::until;
use crate::support::terraforms;

const PARROT: &str = "slipway/parrot";

/// A provider that says with each answer how it was configured, twice, and all kinds of what a provider has.
const MODULE: &str = r#"
terraform {
  required_providers {
    parrot = { source = "slipway/parrot", version = "~> 1.0" }
  }
}

variable "region" {
  type = string
}

variable "kind" {
  type = string
}

provider "parrot" {
  region = var.region
  voice  = { pitch = "high", words = ["please", var.region] }
}

provider "parrot" {
  alias  = "other"
  region = "us-west-2"
}

data "parrot_echo" "here" {
  text = provider::parrot::shout(var.kind, 1, 2)
}

data "parrot_echo" "other" {
  provider = parrot.other
  text     = var.region
}

ephemeral "parrot_secret" "here" {
  text = var.kind
}

ephemeral "parrot_secret" "other" {
  provider = parrot.other
  text     = var.kind
}

resource "parrot_phrase" "here" {
  kind   = var.kind
  text   = data.parrot_echo.here.said
  tone   = { times = 2, loud = true }
  verses = [{ line = "one" }, { line = var.region }]
  notes  = { any = [1, "two", null], thing = var.kind }
  secret = ephemeral.parrot_secret.here.value
}

resource "parrot_phrase" "other" {
  provider = parrot.other
  kind     = "answer"
  text     = parrot_phrase.here.said
  secret   = ephemeral.parrot_secret.other.value
}

output "said" {
  value = {
    here    = parrot_phrase.here.said
    heard   = [parrot_phrase.here.heard, parrot_phrase.other.heard]
    first   = [parrot_phrase.here.first, parrot_phrase.other.first]
    other   = data.parrot_echo.other.said
    speaker = [parrot_phrase.here.speaker, parrot_phrase.other.speaker]
  }
}
"#;

/// Something that is there already.
const FOUND: &str = r#"
import {
  to = parrot_phrase.found
  id = "found:somewhere"
}

resource "parrot_phrase" "found" {
  kind = "found"
  text = "somewhere"
}
"#;

const UNITS: [(&str, &str); 3] = [("a", "eu-west-1"), ("b", "us-east-1"), ("c", "eu-west-1")];

fn configure(estate: &Estate, kind: &str) {
    for (unit, region) in UNITS {
        let text = format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\n\
             terraform {{\n  source = \"../../infra/parrot\"\n}}\n\n\
             inputs = {{\n  region = \"{region}\"\n  kind   = \"{kind}\"\n}}\n"
        );
        estate.write(&format!("live/{unit}/terragrunt.hcl"), &text);
    }
}

/// The state of each unit as it is written, but for what it is called by chance.
fn states(estate: &Estate) -> Vec<String> {
    let state = |(unit, _): (&str, &str)| {
        let text = std::fs::read_to_string(estate.path().join(format!("states/{unit}.tfstate"))).unwrap();
        let parsed: Value = serde_json::from_str(&text).unwrap();
        text.replace(parsed["lineage"].as_str().unwrap(), "lineage")
    };
    UNITS.map(state).into()
}

/// All that comes of making three units, changing them and taking them away.
#[derive(Debug, PartialEq)]
struct Story {
    plans: Vec<Value>,
    states: Vec<Vec<String>>,
}

fn told(bed: &Bed, tool: &Path, sharing: bool) -> Story {
    let estate = Estate::new();
    let run = |arguments: &[&str]| {
        let slipway = Slipway::new(estate.path(), tool).bed(bed).env("SLIPWAY_LOG", "debug");
        let ended = slipway.env("SLIPWAY_SHARE_PROVIDERS", sharing.to_string()).run(arguments).exits(0);
        // There are three configurations, and perhaps one process that has none. A destroy is planned and carried out in one run, and
        // Terraform configures providers otherwise for each: what may be put off is another matter.
        let most = if arguments[0] == "destroy" { 7 } else { 4 };
        let bounds = if sharing { 3..=most } else { 0..=0 };
        let started = started(&ended, PARROT);
        assert!(bounds.contains(&started), "{arguments:?}: {started}\n{}", ended.stderr);
    };
    let mut story = Story { plans: Vec::new(), states: Vec::new() };
    let steps = [("made", "greeting", true), ("changed", "greeting", false), ("replaced", "insult", false)];
    for (step, kind, is_found) in steps {
        configure(&estate, kind);
        let found = if is_found { FOUND } else { "" };
        let module =
            if step == "changed" { MODULE.replace("times = 2", "times = 3") } else { MODULE.to_owned() };
        estate.write("infra/parrot/main.tf", &format!("{module}{found}"));
        run(&["plan", "--out", step]);
        story.plans.extend(UNITS.map(|(unit, _)| shown(bed, &estate, tool, step, unit)));
        run(&["apply", step, "--yes"]);
        story.states.push(states(&estate));
    }
    run(&["destroy", "--yes"]);
    story.states.push(states(&estate));
    story
}

#[test]
fn what_a_provider_of_protocol_6_tells_units_together_it_tells_each_alone() {
    let bed = Bed::shared();
    for tool in terraforms() {
        let alone = told(&bed, &tool, false);
        for (index, (unit, region)) in UNITS.into_iter().enumerate() {
            let state: Value = serde_json::from_str(&alone.states[2][index]).unwrap();
            let said = &state["outputs"]["said"]["value"];
            let speaker = json!([format!("{region}, high: it is me please {region}"), "us-west-2: it is me"]);
            assert_eq!(said["speaker"], speaker, "{unit}");
            assert_eq!(said["other"], format!("us-west-2: {region}"), "{unit}");
            assert_ne!(said["heard"][0], said["heard"][1], "each was told a secret: {said}");
        }
        let actions = |step: usize| alone.plans[step * UNITS.len()]["resource_changes"].to_string();
        let expected = [r#"["create"]"#, r#"["update"]"#, r#"["delete","create"]"#];
        for (step, expected) in expected.into_iter().enumerate() {
            assert!(actions(step).contains(expected), "{}", actions(step));
        }
        assert!(actions(0).contains("importing") && actions(1).contains(r#"["delete"]"#));

        let together = told(&bed, &tool, true);
        for (together, alone) in together.plans.iter().zip(&alone.plans) {
            assert_eq!(together, alone);
        }
        assert_eq!(together, alone);
    }
}

/// A unit whose provider is at work for a while once it says `begun` in a file; it is configured by then.
const SLOW: &str = r#"
terraform {
  required_providers {
    parrot = { source = "slipway/parrot", version = "~> 1.0" }
  }
}

provider "parrot" {
  region = "eu-west-1"
}

resource "parrot_phrase" "first" {
  kind = "greeting"
  text = "hello"
}

resource "terraform_data" "begun" {
  depends_on = [parrot_phrase.first]
  provisioner "local-exec" {
    command = "touch BEGUN"
  }
}

data "parrot_echo" "slowly" {
  depends_on = [terraform_data.begun]
  text       = "slowly"
  seconds    = 600
}
"#;

#[test]
fn a_provider_of_protocol_6_that_is_killed_is_named_with_its_end() {
    let bed = Bed::shared();
    for tool in terraforms() {
        let estate = Estate::new();
        configure(&estate, "greeting");
        for (unit, _) in &UNITS[1..] {
            std::fs::remove_dir_all(estate.path().join(format!("live/{unit}"))).unwrap();
        }
        let begun = estate.path().join("begun");
        let module = SLOW.replace("BEGUN", begun.to_str().unwrap());
        let variables =
            "variable \"region\" {\n  type = string\n}\n\nvariable \"kind\" {\n  type = string\n}\n";
        estate.write("infra/parrot/main.tf", &format!("{module}{variables}"));
        let mut command = Slipway::new(estate.path(), &tool).bed(&bed).into_command(&[
            "apply",
            "--yes",
            "--share-providers",
        ]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        until("it does not begin", || begun.exists());
        let providers = providers_of(child.id());
        assert!((1..=2).contains(&providers.len()), "{providers:?}");
        for provider in providers {
            assert!(Command::new("kill").args(["-9", &provider.to_string()]).status().unwrap().success());
        }
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("slipway/parrot does not answer: it has ended, signal: 9"), "{said}");
    }
}
