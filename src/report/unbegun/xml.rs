//! JUnit XML: a case for each problem.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{End, Problem, Unbegun};
use crate::report::foreign::visible;

/// The report: a suite with an error for each problem, or with one case that is well where there was nothing to do.
pub fn junit(unbegun: &Unbegun) -> String {
    let name = format!("slipway {}", visible(&unbegun.command));
    let mut suite = TestSuite::new(name.as_str());
    let mut told = vec![unbegun.words().to_owned()];
    for problem in &unbegun.problems {
        if problem.is_error {
            suite.add_test_case(case(unbegun, problem));
        } else {
            told.push(problem.text.clone());
        }
    }
    if unbegun.end == End::Nothing {
        suite.add_test_case(named(unbegun, "nothing to do", TestCaseStatus::success()));
    }
    told.extend(unbegun.rest.iter().map(|rest| visible(rest)));
    suite.set_system_out(told.join("\n"));
    let mut report = Report::new(name.as_str());
    report.add_test_suite(suite);
    // Writing into a string fails only where an element cannot be written; these all can.
    report.to_string().unwrap_or_else(|error| error.to_string())
}

fn case(unbegun: &Unbegun, problem: &Problem) -> TestCase {
    let kind = match unbegun.end {
        End::Misconfigured(_) => "configuration",
        End::Failed => "failed",
        End::Refused => "refused",
        End::Misused => "usage",
        End::Nothing => "nothing",
    };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type(problem.code.unwrap_or(kind)).set_message(problem.message.as_str());
    status.set_description(problem.text.as_str());
    let parts: Vec<&str> = problem.place.as_deref().into_iter().chain(problem.code).collect();
    let name = if parts.is_empty() { "the run begins".to_owned() } else { parts.join(" ") };
    named(unbegun, &name, status)
}

fn named(unbegun: &Unbegun, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("slipway.{}", visible(&unbegun.command)));
    case.set_time(std::time::Duration::ZERO);
    case
}
