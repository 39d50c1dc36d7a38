//! JUnit XML: a suite a cluster, a case a check. What warns passes, with what was seen as its output.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Verified;
use crate::cluster::{Check, CheckStatus};
use crate::report::foreign::{one_line, visible};

/// The report.
pub fn junit(clusters: &[Verified]) -> String {
    let mut report = Report::new("slipway verify");
    for cluster in clusters {
        let mut suite = TestSuite::new(visible(&cluster.label));
        match &cluster.answer {
            Ok(answer) => {
                suite.set_time(answer.waited);
                let facts = &answer.cluster;
                for (name, value) in
                    [("cluster", &facts.name), ("region", &facts.region), ("version", &facts.version)]
                {
                    suite.add_property((name, visible(value).as_str()));
                }
                suite.add_test_cases(answer.checks.iter().map(case));
            }
            Err(error) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_type("not-verified").set_message(one_line(&error.message));
                status.set_description(visible(&error.message));
                suite.add_test_case(TestCase::new("cluster", status));
            }
        }
        report.add_test_suite(suite);
    }
    // Writing into a string fails only where an element cannot be written; these all can.
    report.to_string().unwrap_or_else(|error| error.to_string())
}

fn case(check: &Check) -> TestCase {
    let status = match check.status {
        CheckStatus::Pass | CheckStatus::Warn => TestCaseStatus::success(),
        CheckStatus::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(check.code.unwrap_or_default()).set_message(one_line(&check.detail));
            status.set_description(visible(&described(check)));
            status
        }
        CheckStatus::NotAnswered => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(check.code.unwrap_or_default()).set_message(one_line(&check.detail));
            status
        }
    };
    let mut case = TestCase::new(visible(&check.id), status);
    case.set_classname("slipway.verify");
    if check.status == CheckStatus::Warn {
        case.set_system_out(visible(&described(check)));
    }
    case
}

fn described(check: &Check) -> String {
    let mut text = format!(
        "{}\n{}\nexpected: {}\nwhy: {}\nhelp: {}",
        check.code.unwrap_or_default(),
        check.detail,
        check.expected,
        check.why,
        check.help
    );
    for command in &check.commands {
        text = format!("{text}\n$ {command}");
    }
    text
}
