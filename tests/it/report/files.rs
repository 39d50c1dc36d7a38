use super::broken;
use crate::support::slipway::Slipway;
use crate::support::tool;

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
