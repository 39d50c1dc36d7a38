//! JUnit XML, which every CI system shows: a suite a run, a case a node.

use std::time::Duration;

use console::strip_ansi_codes;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::foreign::{one_line, visible};
use super::line::{judged, priced};
use super::model::{Row, Summary};
use crate::engine::PlanSummary;
use crate::run::event::Outcome;

/// The report; `log_end` knows the last lines of a node's log.
pub fn junit(summary: &Summary, log_end: impl Fn(&str) -> Option<String>) -> String {
    let name = format!("slipway {}", summary.command);
    let mut suite = TestSuite::new(name.as_str());
    suite.set_time(seconds(summary.seconds));
    if let Some(started) = summary.started {
        suite.timestamp = started.to_string().parse().ok();
    }
    suite.add_property(("run", visible(&summary.run).as_str()));
    suite.add_property(("engine", visible(&summary.engine).as_str()));
    for (name, value) in [("commit", &summary.commit), ("user", &summary.user)] {
        if let Some(value) = value {
            suite.add_property((name, visible(value).as_str()));
        }
    }
    if let Some(words) = summary.in_words() {
        suite.set_system_out(words);
    }
    suite.add_test_cases(summary.nodes.iter().map(|row| case(summary, row, &log_end)));
    let mut report = Report::new(name.as_str());
    report.set_time(seconds(summary.seconds));
    report.add_test_suite(suite);
    // Writing into a string fails only where an element cannot be written; these all can.
    report.to_string().unwrap_or_else(|error| error.to_string())
}

fn case(summary: &Summary, row: &Row, log_end: &impl Fn(&str) -> Option<String>) -> TestCase {
    let mut status = status(summary, row);
    if let TestCaseStatus::NonSuccess { message, .. } = &status {
        let mut text = message.as_ref().map(|message| message.as_str().to_owned()).unwrap_or_default();
        if let Some(Outcome::Failed { message, advice }) = &row.outcome {
            text = visible(message);
            if let Some(advice) = advice {
                text = format!("{text}\nhelp: {}", visible(advice));
            }
        }
        for lock in &row.locks {
            text = format!("{text}\n{}", visible(&super::line::lock_left(lock)));
        }
        if let Some(log) = log_end(&row.name) {
            text = format!("{text}\n\nthe end of its log:\n{}", visible(&log));
        }
        status.set_description(text);
    }
    for retry in &row.retries {
        let mut rerun = TestRerun::new(NonSuccessKind::Failure);
        rerun.set_message(format!("attempt {}: {}", retry.attempt, one_line(&retry.cause)));
        rerun.set_type("retried");
        status.add_rerun(rerun);
    }
    let mut case = TestCase::new(visible(&row.name), status);
    case.set_classname(format!("slipway.{}", summary.command));
    case.set_time(seconds(row.seconds));
    let told = plan_lines(row);
    if !told.is_empty() {
        case.set_system_out(visible(&told.join("\n")));
    }
    case
}

/// What its plan would do and cost, and what policies say of it.
fn plan_lines(row: &Row) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(plan) = &row.plan {
        let sums = if plan.refreshed { "refreshed".to_owned() } else { format!("plan: {}", plan.short()) };
        let mut line = sums;
        if let Some(rests_on) = row.provisional(&|names| names.join(", ")) {
            line = format!("{line}, provisional: {rests_on}");
        }
        line.extend(row.last_look().map(|last| format!(", {last}")));
        told.push(line);
    }
    let drifted = row.plan.iter().flat_map(PlanSummary::drifted);
    told.extend(drifted.map(|change| format!("changed outside: {}", change.address)));
    told.extend(row.done.iter().map(|done| format!("done before it ended: {}", done.short())));
    told.extend(row.cost.iter().map(|cost| format!("cost: {}", priced(cost))));
    told.extend(row.judgements.iter().filter_map(judged).map(|text| strip_ansi_codes(&text).into_owned()));
    told
}

fn status(summary: &Summary, row: &Row) -> TestCaseStatus {
    let failed = |kind: NonSuccessKind, ty: &str, message: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(ty).set_message(one_line(message));
        status
    };
    let skipped = |message: &str| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(one_line(message));
        status
    };
    match &row.outcome {
        Some(Outcome::Failed { message, .. }) => failed(NonSuccessKind::Failure, "failed", message),
        Some(Outcome::Drifted { note }) => failed(NonSuccessKind::Failure, "drifted", note),
        Some(Outcome::Refused { message }) => failed(NonSuccessKind::Failure, "refused", message),
        Some(Outcome::Skipped { cause }) => skipped(&format!("{cause} did not succeed")),
        Some(Outcome::Declined) => skipped("a person declined it"),
        Some(Outcome::Interrupted) if row.began.is_some() => {
            failed(NonSuccessKind::Error, "interrupted", "it was interrupted")
        }
        Some(Outcome::Interrupted) => skipped("the run was interrupted before it began"),
        None if row.began.is_some() && !summary.finished => {
            failed(NonSuccessKind::Error, "not-finished", "the run ended before it did")
        }
        None => skipped("the run ended before it began"),
        Some(_) => TestCaseStatus::success(),
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{HOSTILE, Run, mixed};

    fn case<'a>(report: &'a Report, name: &str) -> &'a TestCase {
        let mut cases = report.test_suites[0].test_cases.iter();
        cases.find(|case| case.name.as_str() == name).unwrap()
    }

    #[test]
    fn read_back_it_has_a_suite_a_case_a_node_and_every_failure_with_its_log() {
        let log =
            |node: &str| (node == "dev/db").then(|| "\u{1b}[1mthe log\u{1b}[0m ]]> \u{1}\u{ffff}".to_owned());
        let text = junit(&mixed(), log);
        let report = Report::deserialize_from_str(&text).unwrap();
        assert_eq!((report.tests, report.failures, report.errors, report.skipped), (5, 2, 0, 1));
        let suite = &report.test_suites[0];
        assert_eq!(suite.name.as_str(), "slipway apply");
        assert_eq!(suite.time, Some(Duration::from_secs(31)));

        let TestCaseStatus::NonSuccess { message, ty, description, reruns, .. } =
            &case(&report, "dev/db").status
        else {
            panic!("it did not fail");
        };
        assert_eq!(message.as_ref().unwrap().as_str(), "no bucket second line");
        assert_eq!(ty.as_ref().unwrap().as_str(), "failed");
        let description = description.as_ref().unwrap().as_str();
        for told in [
            "no bucket\nsecond line",
            "help: look at `the | bucket`",
            "tofu force-unlock 7",
            "the log ]]> \\u{1}\\u{ffff}",
        ] {
            assert!(description.contains(told), "{told:?} is not in {description:?}");
        }
        let retried = reruns.runs[0].message.as_ref().unwrap().as_str();
        assert_eq!(retried, "attempt 1: ThrottlingException: rate exceeded");

        let TestCaseStatus::Skipped { message, .. } = &case(&report, "dev/app").status else {
            panic!("it was not skipped");
        };
        assert_eq!(message.as_ref().unwrap().as_str(), "dev/db did not succeed");
        assert_eq!(case(&report, "dev/vpc").time, Some(Duration::from_secs(12)));
        let told = |name: &str| case(&report, name).system_out.as_ref().unwrap().as_str().to_owned();
        assert_eq!(told("dev/vpc"), "plan: +1 ~0 -0 ±1\ncost: 32.50 USD more a month");
        assert!(told(&visible(HOSTILE)).contains("tags warns: no owner"), "{}", told(&visible(HOSTILE)));
        assert!(matches!(&case(&report, "dev/vpc").status, TestCaseStatus::Success { .. }));
        assert!(matches!(
            &case(&report, &visible(HOSTILE)).status,
            TestCaseStatus::NonSuccess { ty: Some(ty), .. } if ty.as_str() == "refused"
        ));
    }

    #[test]
    fn there_is_nothing_in_it_that_xml_does_not_allow() {
        let text =
            junit(&mixed(), |_| Some((0..=31_u8).map(char::from).chain(['\u{fffe}', '\u{ffff}']).collect()));
        let allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        let found: Vec<char> = text.chars().filter(|character| !allowed(*character)).collect();
        assert_eq!(found, [' '; 0]);
    }

    /// What Jenkins, GitLab and their like read: the counts add up, every case has a name, a class and a time, and
    /// the run has its time.
    #[test]
    fn it_keeps_to_what_ci_systems_read() {
        let text = junit(&mixed(), |_| None);
        let count = |element: &str| text.matches(&format!("<{element} ")).count();
        assert_eq!((count("testsuites"), count("testsuite"), count("testcase")), (1, 1, 5));
        assert_eq!(count("failure") + count("error") + count("skipped"), 3);
        for line in text.lines().filter(|line| line.trim_start().starts_with("<testcase ")) {
            let attributes = ["name=\"", "classname=\"slipway.apply\"", "time=\""];
            assert!(attributes.iter().all(|attribute| line.contains(attribute)), "{line}");
        }
        let suite = text.lines().find(|line| line.contains("<testsuite ")).unwrap();
        for attribute in ["tests=\"5\"", "failures=\"2\"", "errors=\"0\"", "skipped=\"1\"", "time=\"31.000\""]
        {
            assert!(suite.contains(attribute), "{suite}");
        }
        let time = regex::Regex::new(r#"timestamp="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+00:00""#).unwrap();
        assert!(time.is_match(suite), "{suite}");
    }

    #[test]
    fn what_a_kill_cut_off_is_an_error_and_what_never_began_is_skipped() {
        let text = junit(&Run::of("up", &[("a", &[]), ("b", &["a"])]).starts(1, "a").killed(), |_| None);
        let report = Report::deserialize_from_str(&text).unwrap();
        assert_eq!((report.errors, report.skipped), (1, 1));
    }
}
