//! Every format tells every finding, and nothing in one is obeyed.

use std::path::PathBuf;
use std::time::Duration;

use quick_junit::{Report, TestCaseStatus};

use super::*;
use crate::cluster::{Check, ClusterFacts};

fn check(id: &str, status: CheckStatus) -> Check {
    let code = (status != CheckStatus::Pass).then_some("cluster::addon_missing");
    Check {
        id: id.to_owned(),
        title: format!("{id} is well"),
        status,
        detail: format!("{id} was seen <b>|\u{1b}[31m`"),
        help: format!("mend {id}"),
        code,
        expected: format!("{id} as wanted"),
        why: "because",
        commands: vec![format!("aws mend {id}")],
        may_pass_later: false,
    }
}

fn clusters() -> Vec<Verified> {
    let facts = ClusterFacts {
        name: "acme-dev".to_owned(),
        arn: "arn:aws:eks:eu-west-1:111122223333:cluster/acme-dev".to_owned(),
        region: "eu-west-1".to_owned(),
        status: "ACTIVE".to_owned(),
        version: "1.33".to_owned(),
        endpoint: "https://example".to_owned(),
        certificate_authority: String::new(),
        oidc_issuer: None,
    };
    let checks = vec![
        check("a", CheckStatus::Pass),
        check("b", CheckStatus::Warn),
        check("c", CheckStatus::Fail),
        check("d", CheckStatus::NotAnswered),
    ];
    let verification = Verification {
        cluster: facts,
        target: None,
        checks,
        managed_argocd: None,
        waited: Duration::from_secs(3),
    };
    let place = Some((PathBuf::from("slipway.hcl"), 7));
    let error = Unverified { region: Some("eu-west-3".to_owned()), message: "no such cluster".to_owned() };
    vec![
        Verified { label: "dev".to_owned(), place, answer: Ok(verification) },
        Verified { label: "gone".to_owned(), place: None, answer: Err(error) },
    ]
}

#[test]
fn junit_has_a_suite_a_cluster_and_what_fails_with_its_code() {
    let report = Report::deserialize_from_str(&junit(&clusters())).unwrap();
    assert_eq!((report.tests, report.failures, report.errors, report.skipped), (5, 1, 1, 1));
    let failed = &report.test_suites[0].test_cases[2];
    let TestCaseStatus::NonSuccess { ty, description, .. } = &failed.status else { panic!("it passed") };
    assert_eq!(ty.as_ref().unwrap().as_str(), "cluster::addon_missing");
    let description = description.as_ref().unwrap().as_str();
    assert!(
        description.contains("expected: c as wanted\nwhy: because\nhelp: mend c\n$ aws mend c"),
        "{description}"
    );
}

#[test]
fn sarif_points_at_the_block_and_knows_its_rules() {
    let log = sarif(&clusters());
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let levels: Vec<&str> = results.iter().map(|result| result["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["warning", "error", "note", "error"]);
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "slipway.hcl");
    assert_eq!(place["region"]["startLine"], 7);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["cluster::addon_missing", "cluster::not_verified"]);
}

#[test]
fn markdown_has_failures_first_and_no_markup_of_others() {
    let page = markdown(&clusters());
    let failed = page.find("`c as wanted`").unwrap();
    assert!(failed < page.find("`b as wanted`").unwrap(), "{page}");
    assert!(!page.contains("<b>") && !page.contains('\u{1b}'), "{page}");
    assert!(page.contains("```sh\naws mend c\n"), "{page}");
    assert!(page.contains("`gone` could not be verified"), "{page}");
}

#[test]
fn a_table_has_a_line_a_cluster_and_what_fails_below() {
    let table = console::strip_ansi_codes(&many_as_text(&clusters())).into_owned();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "  CLUSTER  REGION     STATUS  VERSION  PASS  WARN  FAIL");
    assert_eq!(lines[1], "✗ dev      eu-west-1  ACTIVE  1.33     1     1     1");
    assert!(lines[2].contains("c: c was seen") && lines[2].ends_with("[cluster::addon_missing]"), "{table}");
    assert_eq!(lines[3], "✗ gone     eu-west-3  –       –        –     –     –");
    assert_eq!(lines[4], "    no such cluster");
    let json = many_as_json(&clusters());
    assert_eq!((&json["passed"], &json["clusters"][1]["error"]), (&false.into(), &"no such cluster".into()));
}
