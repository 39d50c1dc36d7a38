//! One provider cache for all units: filled once, read by many at a time.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::bed::Bed;
use crate::support::estate::{AWS_MODULE, Estate};
use crate::support::slipway::Slipway;
use crate::support::{root, terraforms};

const UNITS: [&str; 4] = ["a", "b", "c", "d"];

fn estate() -> Estate {
    let estate = Estate::new();
    for unit in UNITS {
        let text = format!(
            "terraform {{\n  source = \"../../infra/aws\"\n}}\n\ninputs = {{\n  name = \"{unit}\"\n}}\n"
        );
        estate.write(&format!("live/{unit}/terragrunt.hcl"), &text);
    }
    estate.write("infra/aws/main.tf", AWS_MODULE);
    estate
}

/// Gives every unit something of its own, so that none can do with another's `init`.
fn make_different(estate: &Estate, units: &[&str]) {
    for unit in units {
        estate.write(&format!("live/{unit}/own.tf"), &format!("locals {{\n  own = \"{unit}\"\n}}\n"));
    }
}

/// The tool behind a script that writes down when each `init` begins and ends.
fn noting(estate: &Estate, tool: &Path) -> PathBuf {
    let notes = estate.path().join("notes").display().to_string();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" != init ]; then exec {tool} \"$@\"; fi\n\
         echo begin >> {notes}\n{tool} \"$@\"\ncode=$?\nsleep 0.3\necho end >> {notes}\nexit $code\n",
        tool = tool.display()
    );
    let file = estate.write("noting", &script);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    file
}

fn notes(estate: &Estate) -> Vec<String> {
    let text = std::fs::read_to_string(estate.path().join("notes")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn slipway(estate: &Estate, tool: &Path) -> Slipway {
    Slipway::new(estate.path(), tool).env("TF_CLI_CONFIG_FILE", root().join(".tools/terraform.rc"))
}

#[test]
fn the_first_unit_fills_the_cache_alone_and_the_others_read_it_at_the_same_time() {
    for tool in terraforms() {
        let estate = estate();
        make_different(&estate, &UNITS);
        let noting = noting(&estate, &tool);
        slipway(&estate, &noting).run(&["plan"]).exits(0).says("+1");
        let notes = notes(&estate);
        assert_eq!(notes[..2], ["begin", "end"], "nobody writes beside the first: {notes:?}");
        assert_eq!(notes[2..4], ["begin", "begin"], "the others need not wait for each other: {notes:?}");
        assert_eq!(notes.len(), 2 * UNITS.len());
        let lock = |unit: &str| {
            std::fs::read_to_string(estate.path().join(format!("live/{unit}/.terraform.lock.hcl"))).unwrap()
        };
        assert!(lock("a").contains("h1:"), "{}", lock("a"));
        assert!(UNITS.iter().all(|unit| lock(unit) == lock("a")), "all have selected the same");
    }
}

#[test]
fn units_without_a_provider_wait_for_nobody() {
    let estate = Estate::new();
    estate.unit("a", &[]).unit("b", &[]).unit("c", &[]);
    make_different(&estate, &["a", "b", "c"]);
    let noting = noting(&estate, &terraforms()[0]);
    slipway(&estate, &noting).run(&["plan"]).exits(0).says("+1");
    let notes = notes(&estate);
    assert_eq!(notes[..2], ["begin", "begin"], "{notes:?}");
}

#[test]
fn one_init_serves_all_units_that_would_get_the_same_from_it() {
    for tool in terraforms() {
        let estate = estate();
        let noting = noting(&estate, &tool);
        slipway(&estate, &noting).run(&["plan"]).exits(0).says("+1");
        assert_eq!(notes(&estate), ["begin", "end"]);
        let lock = |unit: &str| {
            std::fs::read_to_string(estate.path().join(format!("live/{unit}/.terraform.lock.hcl"))).unwrap()
        };
        assert!(UNITS.iter().all(|unit| lock(unit) == lock("a")), "each has its lock file");
        // A cache that somebody has emptied is filled again, whoever had run `init` for whom.
        std::fs::remove_dir_all(estate.path().join(".slipway/providers")).unwrap();
        slipway(&estate, &noting).run(&["plan"]).exits(0).says("+1");
    }
}

#[test]
fn units_that_share_an_init_keep_their_states_apart() {
    for tool in terraforms() {
        let estate = Estate::chain();
        let module = estate.path().join("infra/text/main.tf");
        let text = std::fs::read_to_string(&module).unwrap();
        estate.write(
            "infra/text/main.tf",
            &format!("{text}\nmodule \"near\" {{\n  source = \"../near\"\n}}\n"),
        );
        estate.write("infra/near/main.tf", "output \"near\" {\n  value = 1\n}\n");
        let noting = noting(&estate, &tool);
        slipway(&estate, &noting).run(&["apply", "--yes"]).exits(0);
        assert_eq!(notes(&estate), ["begin", "end"]);
        assert_eq!(estate.applied("bucket").as_deref(), Some("bucket"));
        assert_eq!(estate.applied("identity").as_deref(), Some("identity < cluster < networking"));
        // A unit with something of its own, and one whose state already lies in the folder, have to ask the tool.
        make_different(&estate, &["bucket"]);
        slipway(&estate, &noting).run(&["plan", "--detailed-exitcode"]).exits(0);
        assert_eq!(notes(&estate).len(), 4, "one more init, for the one that changed");
    }
}

#[test]
fn units_that_share_an_init_keep_their_states_apart_in_a_bucket_too() {
    let bed = Bed::shared();
    for tool in terraforms() {
        let estate = Estate::chain();
        let bucket = format!("states-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        estate.keep_states_in_s3(&bucket);
        let noting = noting(&estate, &tool);
        let run = |arguments: &[&str]| slipway(&estate, &noting).bed(&bed).run(arguments);
        run(&["apply", "--yes", "--backend-bootstrap"]).exits(0);
        assert_eq!(notes(&estate), ["begin", "end"]);
        for (unit, value) in [("bucket", "bucket"), ("cluster", "cluster < networking")] {
            let state = bed.aws("s3", &format!("/{bucket}/{unit}/terraform.tfstate"));
            let state: serde_json::Value = serde_json::from_str(&state).unwrap();
            assert_eq!(state["outputs"]["value"]["value"], value);
        }
        run(&["plan", "--detailed-exitcode"]).exits(0);
        assert_eq!(notes(&estate).len(), 2, "what was given serves the next run as well");
    }
}

#[test]
fn what_a_team_has_locked_is_honoured() {
    let tool = &terraforms()[0];
    let estate = estate();
    let wrong = "provider \"registry.opentofu.org/hashicorp/aws\" {\n  version     = \"3.39.0\"\n  constraints = \"~> 3.39\"\n  \
                 hashes = [\n    \"h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\n  ]\n}\n";
    estate.write("live/b/.terraform.lock.hcl", wrong);
    let plan = slipway(&estate, tool).run(&["plan", "--format", "json"]).exits(1);
    for node in plan.json()["nodes"].as_array().unwrap() {
        let expected = if node["name"] == "b" { "failed" } else { "planned" };
        assert_eq!(node["result"], expected, "{node}");
    }
    assert_eq!(std::fs::read_to_string(estate.path().join("live/b/.terraform.lock.hcl")).unwrap(), wrong);
}
