//! Plans that do not look again at what is as it was, on the emulated AWS.

use super::drift::MODULE;
use super::unit;
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::{root, terraforms};

const AGAIN: &str = "last looked at";

#[test]
fn what_is_as_it_was_is_not_looked_at_again_until_it_changes_or_somebody_has_been_at_it() {
    let bed = Bed::shared();
    let tool = terraforms().remove(0);
    let estate = Estate::new();
    let module = MODULE.replace("ENDPOINT", bed.text("/aws/endpoint")).replace("IGNORED", "");
    unit(&estate, "net", &module);
    let slipway = || {
        let slipway = Slipway::new(estate.path(), &tool).bed(&bed);
        slipway.env("TF_CLI_CONFIG_FILE", root().join(".tools/terraform.rc"))
    };
    slipway().run(&["apply", "--yes"]).exits(0).says("applied");
    silent(&slipway().run(&["plan", "--changed-only"]).exits(0));

    // The tool asks nobody, so that it cannot know.
    let vpc = vpc(&estate);
    let tag = "Tag.1.Key=Name&Tag.1.Value=theirs";
    bed.aws("ec2", &format!("/?Action=CreateTags&Version=2016-11-15&ResourceId.1={vpc}&{tag}"));
    let told = slipway().run(&["plan", "--changed-only", "--format", "json"]).exits(0).json();
    assert_eq!(told["nodes"][0]["plan"]["changes"], false, "{told:#}");
    assert!(told["nodes"][0]["looked_at"].is_string(), "{told:#}");

    // Another unit than then: it is looked at, and as long as something is changed outside each time.
    unit(&estate, "net", &format!("{module}\n# the same\n"));
    for _ in 0..2 {
        let told = slipway().run(&["plan", "--changed-only"]).exits(0);
        silent(&told);
        drop(told.says("  drift  "));
    }
    slipway().run(&["destroy", "--yes"]).exits(0).says("destroyed");
}

#[test]
fn every_change_of_a_unit_or_its_state_is_followed_by_a_look() {
    for tool in terraforms() {
        let estate = Estate::new();
        let module = |text: &str| {
            format!(
                "resource \"terraform_data\" \"this\" {{\n  input = \"{text}\"\n}}\n\n\
                 output \"value\" {{\n  value = terraform_data.this.output\n}}\n"
            )
        };
        unit(&estate, "net", &module("one"));
        unit(
            &estate,
            "app",
            "variable \"value\" {}\n\nresource \"terraform_data\" \"this\" {\n  input = var.value\n}\n",
        );
        let app = estate.path().join("live/app/terragrunt.hcl");
        let alone = std::fs::read_to_string(&app).unwrap();
        let depends = "dependency \"net\" {\n  config_path = \"../net\"\n}\n\ninputs = {\n  value = dependency.net.outputs.value\n}\n";
        std::fs::write(&app, alone + depends).unwrap();
        let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool).run(arguments).exits(0);
        let plan = || run(&["plan", "--changed-only"]);
        run(&["apply", "--yes"]);
        silent(&plan());
        assert_eq!(again(&plan()), ["app", "net"]);

        // Its module, and then its state and the outputs that the other one takes.
        unit(&estate, "net", &module("two"));
        assert_eq!(again(&plan()), Vec::<String>::new(), "the other one waits for it");
        run(&["apply", "net", "--yes"]);
        silent(&plan());
        run(&["apply", "--yes"]);
        assert_eq!(again(&plan()), ["net"]);
        assert_eq!(again(&plan()), ["app", "net"]);

        // Its state, by somebody else.
        run(&["run", "app", "--yes", "--", "taint", "terraform_data.this"]);
        assert_eq!(again(&plan()), ["net"]);
        plan().says("-/+ terraform_data.this");
        assert_eq!(again(&plan()), ["app", "net"]);
    }
}

#[test]
fn a_plan_of_a_part_is_no_look_and_a_note_that_is_none_is_passed_over() {
    let tool = terraforms().remove(0);
    let estate = Estate::new();
    unit(&estate, "net", "resource \"terraform_data\" \"this\" {\n  input = 1\n}\n");
    let slipway = || Slipway::new(estate.path(), &tool);
    let plan = || slipway().run(&["plan", "--changed-only"]).exits(0);
    slipway().run(&["apply", "--yes"]).exits(0);
    for part in ["-target=terraform_data.this", "-refresh=false"] {
        silent(&slipway().env("TF_CLI_ARGS_plan", part).run(&["plan", "--changed-only"]).exits(0));
        assert!(!estate.path().join(".slipway/looks").exists(), "{part}");
    }
    silent(&plan());
    let note = estate.path().join(".slipway/looks/net");
    let written = std::fs::read_to_string(&note).unwrap();
    plan().says(AGAIN);
    let year = &written[written.find("\"at\":\"").unwrap() + 6..][..4];
    let wrong = [
        String::new(),
        written.replace(&format!("\"at\":\"{year}"), "\"at\":\"2999"),
        written.replace("\"unit\":\"net\"", "\"unit\":\"other\""),
        written[..written.len() / 2].to_owned(),
    ];
    for wrong in wrong {
        std::fs::write(&note, &wrong).unwrap();
        silent(&plan());
        plan().says(AGAIN);
    }
    // Nothing is written to where a link leads, and nothing is read from there.
    let elsewhere = estate.path().join("elsewhere");
    std::fs::rename(&note, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &note).unwrap();
    let before = std::fs::read(&elsewhere).unwrap();
    drop(plan());
    assert_eq!(std::fs::read(&elsewhere).unwrap(), before);
    // Without the flag everything is looked at.
    silent(&slipway().run(&["plan"]).exits(0));
}

/// Asserts that all was looked at.
#[track_caller]
fn silent(told: &Ended) {
    assert!(!told.stdout.contains(AGAIN), "{}", told.stdout);
}

/// The units that were not looked at, by their names.
fn again(told: &Ended) -> Vec<String> {
    let lines = told.stdout.lines().filter(|line| line.contains(AGAIN));
    let mut names: Vec<String> =
        lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    names.sort();
    names
}

fn vpc(estate: &Estate) -> String {
    let state = std::fs::read_to_string(estate.path().join("states/net.tfstate")).unwrap();
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    state["resources"][0]["instances"][0]["attributes"]["id"].as_str().unwrap().to_owned()
}
