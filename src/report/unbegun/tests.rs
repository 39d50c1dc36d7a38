use quick_junit::{Report, TestCaseStatus};

use super::*;
use crate::report::fixture::HOSTILE;
use crate::report::markdown::LIMIT;

fn problem(place: &str, text: &str) -> Problem {
    let problem = Problem {
        is_error: true,
        code: Some("hcl::syntax"),
        place: Some(place.to_owned()),
        message: text.lines().next().unwrap_or_default().to_owned(),
        text: text.to_owned(),
    };
    problem.harmless()
}

fn misconfigured(problems: Vec<Problem>) -> Unbegun {
    let end = End::Misconfigured(problems.len());
    Unbegun { command: "plan".to_owned(), end, problems, rest: Vec::new() }
}

#[test]
fn each_report_says_that_nothing_began_and_every_reason_with_its_place() {
    let one =
        problem("live/a/terragrunt.hcl:3:5", "error[hcl::syntax]: one\n  │\n3 │ x = \n  = help: end it\n");
    let other = problem("live/b/terragrunt.hcl:7:1", "error[hcl::syntax]: other");
    let told = misconfigured(vec![one, other]);
    insta::assert_snapshot!(markdown(&told), @r"
    <!-- slipway plan -->
    ## ❌ slipway plan: 2 errors in the configuration

    nothing was planned: the run did not begin

    ```
    error[hcl::syntax]: one
      │
    3 │ x = 
      = help: end it
    ```

    ```
    error[hcl::syntax]: other
    ```
    ");
    let report = Report::deserialize_from_str(&junit(&told)).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (2, 0, 2));
    let suite = &report.test_suites[0];
    assert_eq!(suite.system_out.as_ref().unwrap().as_str(), "nothing was planned: the run did not begin");
    let case = &suite.test_cases[0];
    assert_eq!(case.name.as_str(), "live/a/terragrunt.hcl:3:5 hcl::syntax");
    let TestCaseStatus::NonSuccess { ty: Some(ty), description: Some(description), .. } = &case.status else {
        panic!("{case:?}");
    };
    assert_eq!(ty.as_str(), "hcl::syntax");
    assert!(description.as_str().contains("help: end it"), "{description:?}");
    let page = html(&told);
    for told in [
        "<h1>slipway plan: 2 errors in the configuration</h1>",
        "nothing was planned: the run did not begin",
        "<bdi>live/a/terragrunt.hcl:3:5</bdi>",
        "<span class=\"pill failed\">hcl::syntax</span>",
        "= help: end it",
    ] {
        assert!(page.contains(told), "{told:?} is not in\n{page}");
    }
}

#[test]
fn a_warning_is_no_error_and_where_there_was_nothing_to_do_all_is_well() {
    let warning = Problem { is_error: false, ..problem("a:1:1", "warning[x]: odd") };
    let mut told = misconfigured(vec![problem("a:2:1", "error[x]: wrong"), warning]);
    told.end = End::Misconfigured(1);
    let report = Report::deserialize_from_str(&junit(&told)).unwrap();
    assert_eq!((report.tests, report.errors), (1, 1));
    assert!(report.test_suites[0].system_out.as_ref().unwrap().as_str().ends_with("warning[x]: odd"));
    assert!(html(&told).contains("class=\"card held\""));

    let command = "destroy".to_owned();
    let nothing = Unbegun { command, end: End::Nothing, problems: Vec::new(), rest: Vec::new() };
    insta::assert_snapshot!(markdown(&nothing), @r"
    <!-- slipway destroy -->
    ## ✅ slipway destroy: nothing to do

    there was nothing to do, so no run began
    ");
    let report = Report::deserialize_from_str(&junit(&nothing)).unwrap();
    assert_eq!((report.tests, report.errors, report.failures), (1, 0, 0));
    assert!(html(&nothing).contains("id=\"sign\" class=\"ok\""));
}

#[test]
fn nothing_in_a_problem_is_obeyed_or_becomes_markup() {
    let hostile = format!("error: {HOSTILE}\n::error::x\n##vso[task.complete]\n```\n</pre><script>");
    let told = misconfigured(vec![problem(&format!("{HOSTILE}\n::stop"), &hostile)]);
    for text in [markdown(&told), junit(&told), html(&told)] {
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::"), "{line}");
        }
        for obeyed in ["##vso[", "\u{1b}", "\u{202e}"] {
            assert!(!text.contains(obeyed), "{obeyed:?} is in\n{text}");
        }
    }
    let comment = markdown(&told);
    let (_, block) = comment.split_once("````\n").unwrap();
    assert!(block.ends_with("\n````\n") && block.contains("\n```\n"), "{comment}");
    let page = html(&told);
    assert_eq!(page.matches("<script").count(), 1, "only our own");
    assert!(!page.contains("</pre><script>"), "{page}");
}

#[test]
fn a_comment_fits_whatever_is_wrong_and_says_how_much_it_left_out() {
    let problems = (0..500).map(|at| problem(&format!("f:{at}:1"), &"`ä long line\n".repeat(200))).collect();
    let text = markdown(&misconfigured(problems));
    assert!(text.len() <= LIMIT && text.len() > LIMIT / 2, "{} bytes", text.len());
    let left_out = text.lines().find(|line| line.starts_with("**Left out")).unwrap();
    let told = text.matches("\n```\n`ä long line\n").count();
    assert!(left_out.ends_with(&format!(" {} of them.", 500 - told)), "{left_out} beside {told}");
}
