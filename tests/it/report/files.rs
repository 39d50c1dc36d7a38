use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::broken;
use crate::support::skipped::skipped;
use crate::support::slipway::Slipway;
use crate::support::{terragrunt, tool};

#[test]
fn a_run_that_fails_writes_its_reports_and_keeps_its_exit_code() {
    let estate = broken();
    let reports = ["--report-junit", "out/junit.xml", "--report-markdown", "out/comment.md"];
    let apply = [&["apply", "--yes"], reports.as_slice()].concat();
    Slipway::new(estate.path(), &tool("tofu")).run(&apply).exits(1);
    let read = |name: &str| std::fs::read_to_string(estate.path().join("out").join(name)).unwrap();

    let junit = quick_junit::Report::deserialize_from_str(&read("junit.xml")).unwrap();
    assert_eq!((junit.tests, junit.failures, junit.errors, junit.skipped), (4, 1, 0, 1));
    let failed = junit.test_suites[0].test_cases.iter().find(|case| case.name.as_str() == "cluster").unwrap();
    let quick_junit::TestCaseStatus::NonSuccess { description: Some(description), .. } = &failed.status
    else {
        panic!("{failed:?}");
    };
    assert!(description.as_str().contains("the end of its log:"), "{}", description.as_str());
    assert!(description.as_str().contains("it broke"), "{}", description.as_str());

    let comment = read("comment.md");
    for told in
        ["## ❌ slipway apply: 1 failed, 1 not done", "### Failed\n\n`cluster` **failed**", "it broke"]
    {
        assert!(comment.contains(told), "{told:?} is not in\n{comment}");
    }
    assert!(comment.contains("| ⏭️ | `identity` |"), "{comment}");
}

#[test]
fn a_run_is_told_as_terragrunt_tells_it() {
    let estate = broken();
    let at = |file: &str| {
        drop(
            Slipway::new(estate.path(), &tool("tofu"))
                .run(&["apply", "--yes", "--report-file", file])
                .exits(1),
        );
        std::fs::read_to_string(estate.path().join(file)).unwrap()
    };
    let told: Value = serde_json::from_str(&at("out/report.json")).unwrap();
    let entry = |name: &str| told.as_array().unwrap().iter().find(|entry| entry["Name"] == *name).unwrap();
    for name in ["networking", "bucket"] {
        assert_eq!((&entry(name)["Result"], &entry(name)["Cmd"]), (&json!("succeeded"), &json!("apply")));
        assert!(entry(name).get("Reason").is_none());
    }
    let failed = entry("cluster");
    assert_eq!((&failed["Result"], &failed["Reason"]), (&json!("failed"), &json!("run error")));
    assert!(failed["Cause"].as_str().unwrap().contains("apply failed"), "{told:#}");
    let left_out = entry("identity");
    assert_eq!((&left_out["Result"], &left_out["Reason"]), (&json!("early exit"), &json!("ancestor error")));
    assert_eq!(left_out["Cause"], "cluster");

    let table = at("out/report.csv");
    assert_eq!(table.lines().next(), Some("Name,Started,Ended,Result,Reason,Cause,Ref,Cmd,Args"));
    let row = table.lines().find(|line| line.starts_with("identity,")).unwrap();
    assert!(row.ends_with(",early exit,ancestor error,cluster,,apply,"), "{row}");
    // Where no run began there is none to tell of.
    let nothing = ["plan", "--filter", "nothing*", "--report-file", "none.json"];
    drop(Slipway::new(estate.path(), &tool("tofu")).run(&nothing));
    assert_eq!(std::fs::read_to_string(estate.path().join("none.json")).unwrap(), "[]\n");
}

/// The same estate run by both: the names, the results, the reasons and the command are the same.
#[test]
fn terragrunts_own_run_report_says_the_same() {
    let Some(terragrunt) = terragrunt() else { return skipped("there is no terragrunt on PATH") };
    let (theirs, ours) = (broken(), broken());
    let report = theirs.path().join("report.json");
    let mut command = Command::new(terragrunt);
    command.env_remove("TF_CLI_CONFIG_FILE").env("HOME", theirs.path());
    command.current_dir(theirs.path().join("live")).args(["run", "--all", "--non-interactive"]);
    command.args(["--report-format", "json", "--report-file"]).arg(&report);
    command.arg("--tf-path").arg(tool("tofu")).args(["--", "apply"]);
    let ended = command.output().unwrap();
    assert!(!ended.status.success());
    let run = Slipway::new(ours.path(), &tool("tofu"));
    drop(run.run(&["apply", "--yes", "--report-file", "report.json"]).exits(1));
    let told = |file: &Path| -> BTreeMap<String, [Value; 3]> {
        let text =
            std::fs::read(file).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ended.stderr)));
        let entries: Value = serde_json::from_slice(&text).unwrap();
        let fields = |entry: &Value| ["Result", "Reason", "Cmd"].map(|field| entry[field].clone());
        let entries = entries.as_array().unwrap().iter();
        entries.map(|entry| (entry["Name"].as_str().unwrap().to_owned(), fields(entry))).collect()
    };
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(told(&ours.path().join("report.json")), told(&report), "{said}");
}

#[test]
fn reports_are_asked_for_by_variables_as_well() {
    let estate = broken();
    let plan = Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_REPORT_MARKDOWN", "plan.md");
    plan.run(&["plan", "bucket"]).exits(0);
    let comment = std::fs::read_to_string(estate.path().join("plan.md")).unwrap();
    assert!(comment.contains("## ✅ slipway plan: changes\n\n**+1 ~0 -0 ±0**"), "{comment}");
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_anything_is_applied() {
    let estate = broken();
    estate.write("taken/file", "");
    for place in ["taken", "taken/file/junit.xml"] {
        let apply = ["apply", "bucket", "--yes", "--report-junit", place];
        let ended = Slipway::new(estate.path(), &tool("tofu")).run(&apply).exits(64);
        assert!(ended.stderr.contains("a report cannot be written to"), "{}", ended.stderr);
        assert_eq!(estate.applied("bucket"), None);
    }
}
