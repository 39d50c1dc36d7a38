//! What people type who come from other tools, and one output for a script.

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

fn slipway(estate: &Estate, folder: &str, arguments: &[&str]) -> Ended {
    Slipway::new(&estate.path().join(folder), &tool("tofu")).run(arguments)
}

#[test]
fn the_words_of_terragrunt_do_what_they_do_there() {
    let estate = Estate::chain();
    let applied =
        slipway(&estate, ".", &["run", "--all", "apply", "--non-interactive", "--parallelism", "2"]);
    applied.exits(0).says("that is `slipway apply --parallelism 2 --yes` here").says("✓ identity applied");
    slipway(&estate, "live", &["run-all", "plan"]).exits(0).says("nothing to change");
    let found = slipway(&estate, ".", &["list", "--queue-exclude-dir", "live/bucket"]).exits(0);
    assert_eq!(found.stdout, "cluster\nidentity\nnetworking\n");
    let as_there = slipway(&estate, "live", &["hcl", "validate"]).exits(0);
    as_there.says("4 units, 0 errors");
    slipway(&estate, ".", &["run-all", "destroy", "--terragrunt-non-interactive"]).exits(0).says("destroyed");
}

#[test]
fn nobody_is_taken_to_have_agreed_who_has_not() {
    let estate = Estate::chain();
    // Over one unit, Terragrunt leaves the question to the tool, which then refuses as well.
    slipway(&estate, ".", &["apply", "--non-interactive"]).exits(5).says("pass --yes");
    slipway(&estate, ".", &["destroy", "-target=null_resource.a"]).exits(64).says("units are planned whole");
    assert!(!estate.path().join("states").exists());
}

#[test]
fn what_has_no_equal_says_what_to_type() {
    let estate = Estate::chain();
    let init = slipway(&estate, ".", &["init", "-upgrade"]).exits(64);
    assert_eq!(init.stderr.lines().count(), 2, "{}", init.stderr);
    slipway(&estate, ".", &["force-unlock", "123"]).exits(64).says("  help: type `slipway unlock UNIT`");
    // A slip of the fingers is still one.
    slipway(&estate, ".", &["plna"]).exits(64).says("plan");
    let json = slipway(&estate, ".", &["--log-format", "json", "state", "list"]).exits(64);
    let told: serde_json::Value = serde_json::from_str(json.stderr.trim()).unwrap();
    assert!(told["help"].as_str().unwrap().contains("slipway run UNIT -- state list"), "{told}");
}

#[test]
fn one_output_is_printed_for_a_script() {
    let estate = Estate::new();
    estate.write(
        "live/app/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n",
    );
    estate.write(
        "live/app/main.tf",
        "output \"text\" {\n  value = \"a \\\"b\\\"\\nc\"\n}\noutput \"number\" {\n  value = 1.5\n}\n\
         output \"list\" {\n  value = [\"x\"]\n}\noutput \"secret\" {\n  value     = \"canary-output\"\n  sensitive = true\n}\n",
    );
    slipway(&estate, ".", &["apply", "--yes"]).exits(0);
    let output =
        |folder: &str, arguments: &[&str]| slipway(&estate, folder, &[&["output"], arguments].concat());
    assert_eq!(output(".", &["app", "text", "--raw"]).exits(0).stdout, "a \"b\"\nc");
    assert_eq!(output(".", &["app", "text"]).exits(0).stdout, "\"a \\\"b\\\"\\nc\"\n");
    assert_eq!(output("live/app", &["number", "--raw"]).exits(0).stdout, "1.5");
    assert_eq!(output("live/app", &["-raw", "number"]).exits(0).stdout, "1.5");
    assert_eq!(output("live/app", &["list"]).exits(0).json(), serde_json::json!(["x"]));
    output(".", &["app", "list", "--raw"]).exits(64).says("leave --raw out");
    output(".", &["app", "texd"]).exits(1).says("app has no output \"texd\"").says("did you mean \"text\"?");
    let hidden = output(".", &["app", "secret", "--raw"]).exits(5).says("pass --reveal");
    assert!(!hidden.stdout.contains("canary"), "{}", hidden.stdout);
    assert_eq!(output(".", &["app", "secret", "--raw", "--reveal"]).exits(0).stdout, "canary-output");
    output(".", &["--raw"]).exits(64).says("slipway output UNIT NAME --raw");
    // Of several units none is meant.
    estate.unit("other", &[]);
    output(".", &[".", "text"]).exits(64).says("name the unit before it");
    output(".", &["nowhere", "text"]).exits(64).says("there is no folder nowhere");
}

#[test]
fn a_variable_says_yes_as_people_say_it() {
    let estate = Estate::chain();
    let applies = |said: &str| {
        Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_YES", said).run(&["apply", "bucket"])
    };
    for no in ["0", "false", "no", "Off", ""] {
        applies(no).exits(5).says("pass --yes");
    }
    applies("perhaps").exits(64).says("write true or false");
    assert!(!estate.path().join("states").exists());
    applies("1").exits(0).says("bucket");
    for yes in ["true", "YES", "on"] {
        applies(yes).exits(0);
    }
    // Of a flag of all commands.
    let untrusted = Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_UNTRUSTED", "1").run(&["plan"]);
    untrusted.exits(5).says("--untrusted does not go with this command");
}
