//! With `--log-format json` every line on standard error is a JSON object, whatever happens: the runs here are looked at
//! by `support/slipway.rs`.

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

fn run(estate: &Estate, arguments: &[&str]) -> Ended {
    let slipway = Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_LOG_FORMAT", "json");
    let ended = slipway.run(arguments);
    assert!(ended.code != 101, "{}", ended.stderr);
    ended
}

#[test]
fn commands_that_go_well_speak_in_lines_of_json() {
    let estate = Estate::chain();
    for (arguments, said) in [
        (&["apply", "--yes", "--parallelism", "2"][..], "run_finished"),
        (&["plan", "--out", "saved"], "saved"),
        (&["find", "--stats"], "severity"),
        (&["runs", "show"], "logs: "),
        (&["runs"], ""),
        (&["output"], "networking"),
        (&["render", "networking", "--stats"], "severity"),
        (&["unlock", "networking"], "is not locked"),
        (&["graph"], "networking"),
        (&["validate", "--stats"], "severity"),
        (&["stack", "generate"], "there is no terragrunt.stack.hcl"),
        (&["doctor"], "git"),
        (&["destroy", "--yes"], "this would be destroyed"),
    ] {
        run(&estate, arguments).exits(0).says(said);
    }
}

#[test]
fn commands_that_go_wrong_speak_in_lines_of_json_too() {
    let estate = Estate::chain();
    for (arguments, code, said) in [
        (&["plan", "--nonsense"][..], 64, "--nonsense"),
        (&["nonsense"], 64, "nonsense"),
        (&[], 64, "Usage"),
        (&["graph", "nowhere"], 64, "nowhere"),
        (&["find", "--format", "svg"], 64, "does not write svg"),
        (&["apply"], 5, "pass --yes"),
        (&["destroy"], 5, "pass --yes"),
        (&["runs", "show", "nothing"], 64, "there is no run nothing"),
        (&["runs", "show"], 64, "there are no runs yet"),
        (&["resume"], 64, ""),
        (&["plan", "--tf-path", "/nowhere/tofu"], 1, "/nowhere/tofu"),
        (&["image", "list"], 64, "no manifests repository is named"),
        (&["image", "set", "x"], 64, "not an assignment"),
        (&["image", "list", "--repo", "/nowhere/at/all"], 1, "not found"),
        (&["plan", "--report-junit", "/proc/x/y"], 64, "a report cannot be written"),
        (&["-C", "/nowhere", "find"], 64, "is not a folder"),
        (&["verify"], 64, ""),
    ] {
        let ended = run(&estate, arguments);
        assert_eq!(ended.code, code, "{arguments:?}: {}", ended.stderr);
        ended.says(said);
    }
}

#[test]
fn what_is_wrong_with_the_configuration_is_a_line_of_json_each() {
    let estate = Estate::chain();
    estate.write("live/broken/terragrunt.hcl", "inputs = {\n  a = nonsense\n");
    estate.write("live/odd/terragrunt.hcl", "dependency \"x\" {\n  config_path = \"../nowhere\"\n}\n");
    for arguments in [&["find"][..], &["plan"], &["graph"], &["render", "--all"], &["validate"], &["output"]]
    {
        let ended = run(&estate, arguments).exits(3);
        let first: serde_json::Value = serde_json::from_str(ended.stderr.lines().next().unwrap()).unwrap();
        assert!(first["code"].is_string() || first["message"].is_string(), "{first}");
    }
    estate.write("slipway.hcl", "estat {\n}\n");
    run(&estate, &["plan"]).exits(3).says("estat");
}

#[test]
fn a_failing_unit_and_its_advice_are_lines_of_json() {
    let estate = Estate::chain();
    let file = "live/networking/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    estate.write(file, &text.replace("inputs = {", "inputs = {\n  fail = true"));
    let ended = run(&estate, &["apply", "--yes"]).exits(1);
    let last: serde_json::Value = serde_json::from_str(ended.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(last["severity"], "info");
    assert!(last["message"].as_str().unwrap().starts_with("go on with it: slipway resume"), "{last}");
    assert!(last["time"].is_string());
}
