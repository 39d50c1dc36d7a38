//! What reports say of a command that ended before its run began: a pipeline that always posts has something to post.

use quick_junit::{Report, TestCaseStatus};

use super::broken;
use crate::support::browser::Browser;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

const REPORTS: [&str; 6] =
    ["--report-junit", "out/r.xml", "--report-markdown", "out/r.md", "--report-html", "out/r.html"];

/// Runs a command with all reports.
fn run(estate: &Estate, command: &[&str]) -> Ended {
    Slipway::new(estate.path(), &tool("tofu")).run(&[command, &REPORTS].concat())
}

fn read(estate: &Estate, name: &str) -> String {
    let file = estate.path().join("out").join(name);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// An estate one of whose units is no HCL.
fn misconfigured() -> Estate {
    let estate = Estate::chain();
    estate.write("live/bucket/terragrunt.hcl", "inputs = {\n  value = \n}\n");
    estate
}

#[test]
fn a_configuration_that_is_wrong_is_told_in_every_report_with_its_place() {
    let estate = misconfigured();
    run(&estate, &["plan"]).exits(3);
    let place = "live/bucket/terragrunt.hcl:2:";
    let comment = read(&estate, "r.md");
    assert!(
        comment.starts_with("<!-- slipway plan -->\n## ❌ slipway plan: 1 error in the configuration\n"),
        "{comment}"
    );
    for told in ["nothing was planned: the run did not begin", place, "error[hcl::"] {
        assert!(comment.contains(told), "{told:?} is not in\n{comment}");
    }
    let junit = Report::deserialize_from_str(&read(&estate, "r.xml")).unwrap();
    assert_eq!((junit.tests, junit.errors), (1, 1));
    let case = &junit.test_suites[0].test_cases[0];
    assert!(case.name.as_str().starts_with(place), "{case:?}");
    let TestCaseStatus::NonSuccess { description: Some(text), .. } = &case.status else { panic!("{case:?}") };
    assert!(text.as_str().contains("2 │   value ="), "{text:?}");
    let page = read(&estate, "r.html");
    assert!(page.contains(place) && page.contains("1 error in the configuration"), "{page}");
    assert!(!estate.path().join(".slipway/runs").exists(), "no run began");
}

#[test]
fn every_command_that_makes_reports_tells_of_a_start_that_failed() {
    let estate = misconfigured();
    let commands: [(&str, &[&str], i32, &str); 7] = [
        ("plan", &["plan"], 3, "nothing was planned"),
        ("apply", &["apply", "--yes"], 3, "nothing was changed"),
        ("up", &["up", "--yes"], 3, "nothing was changed"),
        ("destroy", &["destroy", "--yes"], 3, "nothing was destroyed"),
        ("down", &["down", "--yes"], 3, "nothing was destroyed"),
        ("resume", &["resume", "--yes"], 64, "nothing was changed"),
        ("runs show", &["runs", "show"], 64, "no run is shown"),
    ];
    for (name, command, code, words) in commands {
        run(&estate, command).exits(code);
        let comment = read(&estate, "r.md");
        assert!(comment.starts_with(&format!("<!-- slipway {name} -->\n")), "{comment}");
        assert!(comment.contains(words), "{words:?} is not in\n{comment}");
        assert!(read(&estate, "r.html").contains(words), "{name}");
        let junit = Report::deserialize_from_str(&read(&estate, "r.xml")).unwrap();
        assert_eq!((junit.test_suites[0].name.as_str(), junit.errors), (&*format!("slipway {name}"), 1));
    }
}

#[test]
fn what_is_refused_or_asked_for_wrongly_is_told_with_the_way_out() {
    let estate = Estate::chain();
    for (command, code, title, way_out) in [
        (&["apply"] as &[&str], 5, "slipway apply: refused", "look at `slipway plan` and pass --yes"),
        (
            &["plan", "--filter", "netwroking"],
            64,
            "slipway plan: wrong usage",
            "did you mean \"networking\"?",
        ),
        (&["plan", "--untrusted"], 5, "slipway plan: refused", "find, graph, render and validate go with it"),
        (&["plan", "--format", "svg"], 64, "slipway plan: wrong usage", "it knows text, json"),
    ] {
        run(&estate, command).exits(code);
        let comment = read(&estate, "r.md");
        assert!(comment.contains(&format!("## ❌ {title}\n")) && comment.contains(way_out), "{comment}");
    }
}

#[test]
fn a_project_that_cannot_be_read_has_its_reports_nevertheless() {
    let estate = Estate::chain();
    estate.write("slipway.hcl", "estate {\n  root = nothing.here\n}\n");
    run(&estate, &["plan"]).exits(3);
    assert!(read(&estate, "r.md").contains("slipway.hcl:2:"), "{}", read(&estate, "r.md"));
}

#[test]
fn what_a_run_did_is_never_taken_back_and_what_is_old_is_replaced() {
    let estate = broken();
    run(&estate, &["apply", "--yes"]).exits(1);
    assert!(read(&estate, "r.md").contains("applied: 2 added (2 units) · 1 failed, 1 not done"));
    // The next command of the pipeline is told of in its place.
    run(&estate, &["plan", "no-such-folder"]).exits(64);
    let comment = read(&estate, "r.md");
    assert!(comment.contains("no-such-folder") && !comment.contains("applied"), "{comment}");
}

#[test]
fn a_run_that_is_done_is_told_by_who_would_go_on_with_it() {
    let estate = Estate::chain();
    Slipway::new(estate.path(), &tool("tofu")).run(&["apply", "bucket", "--yes"]).exits(0);
    run(&estate, &["resume"]).exits(0).says("there is nothing to go on with");
    assert!(read(&estate, "r.md").starts_with("<!-- slipway apply -->\n## ✅ slipway apply: done\n"));
}

#[test]
fn a_place_that_cannot_be_written_is_told_once_and_the_others_are_written() {
    let estate = misconfigured();
    estate.write("taken/file", "");
    let plan = ["plan", "--report-junit", "taken", "--report-markdown", "r.md"];
    let ended = Slipway::new(estate.path(), &tool("tofu")).run(&plan).exits(3);
    assert_eq!(ended.stderr.matches("a report cannot be written to taken").count(), 1, "{}", ended.stderr);
    assert!(estate.path().join("r.md").exists());
    // Where it is why no run began it is not said twice.
    estate.unit("bucket", &[]);
    let ended = Slipway::new(estate.path(), &tool("tofu")).run(&plan).exits(64);
    assert_eq!(ended.stderr.matches("a report cannot be written to taken").count(), 1, "{}", ended.stderr);
    let comment = std::fs::read_to_string(estate.path().join("r.md")).unwrap();
    assert!(comment.contains("a report cannot be written to taken"), "{comment}");
}

#[test]
fn a_link_in_the_way_of_a_report_is_not_written_through_where_nothing_can_be_read() {
    let estate = misconfigured();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("mine");
    std::fs::write(&target, "mine").unwrap();
    std::fs::create_dir_all(estate.path().join("out")).unwrap();
    std::os::unix::fs::symlink(outside.path(), estate.path().join("linked")).unwrap();
    let plan = ["plan", "--report-markdown", "linked/mine"];
    for broken in [false, true] {
        if broken {
            estate.write("slipway.hcl", "estate {\n");
        }
        let ended = Slipway::new(estate.path(), &tool("tofu")).run(&plan).exits(3);
        assert!(ended.stderr.contains("linked"), "{}", ended.stderr);
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
    }
}

#[test]
fn nothing_that_a_repository_says_is_obeyed_by_whoever_reads_the_reports() {
    let estate = Estate::chain();
    let name = "a\u{1b}[31m\n::error::b\u{202e}##vso[task.complete]<script>alert(1)</script>";
    estate
        .write(&format!("live/{}/terragrunt.hcl", name.replace('/', "-")), "inputs = {\n::error::x\n##[x]\n");
    run(&estate, &["plan"]).exits(3);
    for file in ["r.md", "r.xml", "r.html"] {
        let text = read(&estate, file);
        for obeyed in ["\u{1b}", "\u{202e}", "##vso[", "##["] {
            assert!(!text.contains(obeyed), "{obeyed:?} is in {file}:\n{text}");
        }
        // In Markdown it stands in a block of code.
        assert!(file == "r.md" || !text.contains("<script>alert"), "{file}:\n{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{file}:\n{text}");
    }
}

#[test]
fn secrets_are_masked_in_what_is_told_of_a_start_that_failed() {
    let estate = Estate::chain();
    let line = "terraform {\n  source = \"git::https://u:kept-back@h/r?ref=${local.x}\"\n}\n";
    estate.write("live/bucket/terragrunt.hcl", line);
    run(&estate, &["plan"]).exits(3);
    for file in ["r.md", "r.xml", "r.html"] {
        let text = read(&estate, file);
        assert!(text.contains("git::https://…:…@h/r") && !text.contains("kept-back"), "{file}:\n{text}");
    }
}

#[test]
fn the_page_of_a_start_that_failed_is_readable_in_light_and_dark_and_on_a_phone() {
    let estate = misconfigured();
    run(&estate, &["plan"]).exits(3);
    for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 400)] {
        let Some(mut browser) = Browser::start(width, 900) else { return };
        browser.prefer(scheme);
        browser.open(&estate.path().join("out/r.html"), "");
        assert_eq!(browser.complaints(), [""; 0]);
        assert_eq!(browser.requests(), [""; 0]);
        assert_eq!(browser.evaluate("document.documentElement.dataset.theme"), scheme);
        let sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.evaluate(sideways), 0);
        let title = browser.evaluate("document.querySelector('h1').innerText");
        assert_eq!(title, "slipway plan: 1 error in the configuration");
        assert_eq!(browser.evaluate("document.querySelectorAll('.card').length"), 1);
    }
}
