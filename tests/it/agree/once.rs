use super::{asked, with_mocks};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// The end of the question.
const QUESTION: &str = "[s]elect units: ";

#[test]
fn all_is_planned_shown_and_asked_once() {
    let estate = with_mocks();
    let shown = asked(&estate, &["apply"], &[QUESTION, "y\n"]).exits(0);
    let text = shown.text();
    assert_eq!(text.matches(" to 4 units? ").count(), 1, "{text}");
    assert_eq!(text.matches('?').count(), 1, "nothing else is asked: {text}");
    // The changes under each unit's name, then the table, then the question, and nothing in between.
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what:?} is not in\n{text}"));
    assert!(place("bucket\n  + terraform_data.this") < place("add  change"), "{text}");
    let before: Vec<&str> = text.lines().take_while(|line| !line.contains("Apply +4 ~0 -0")).collect();
    assert!(before.last().unwrap().starts_with("total"), "{text}");
    assert!(text.contains("provisional: planned anew after networking"), "{text}");
    assert_eq!(estate.applied("identity").as_deref(), Some("identity < cluster < networking"));
    // What was shown is what the journal has before anything is applied.
    let journal = std::fs::read_to_string(estate.newest_run().join("journal.jsonl")).unwrap();
    let line = |what: &str| journal.lines().position(|line| line.contains(what)).unwrap();
    assert!(line("\"agreed\":{\"word\":\"yes\"}") < line("\"applying\""), "{journal}");
}

#[test]
fn where_nothing_would_change_nobody_is_asked() {
    let estate = with_mocks();
    Slipway::new(estate.path(), &tool("tofu")).run(&["apply", "--yes"]).exits(0);
    asked(&estate, &["apply"], &[]).exits(0).says("nothing to change").says_not("?");
}

#[test]
fn a_no_leaves_everything_and_is_not_offered_again() {
    for answer in ["n\n", "\n", "\u{4}", "q\n"] {
        let estate = with_mocks();
        let shown = asked(&estate, &["apply"], &[QUESTION, answer]).exits(5);
        let shown = shown.says("nothing was changed; 4 resources were planned to change · 4 not done");
        shown.says("declined").says_not("slipway resume");
        assert_eq!(estate.applied("bucket"), None);
        let again = Slipway::new(estate.path(), &tool("tofu")).run(&["resume", "--yes"]).exits(5);
        again.says("was declined");
    }
}

#[test]
fn who_stops_at_the_question_may_go_on_and_is_asked_anew() {
    let estate = with_mocks();
    let shown = asked(&estate, &["apply"], &[QUESTION, "\u{3}"]).exits(130);
    shown.says("go on with it: slipway resume ");
    assert_eq!(estate.applied("bucket"), None);
    asked(&estate, &["resume"], &[QUESTION, "y\n"]).exits(0).says("Apply +4 ~0 -0 to 4 units? ");
    assert_eq!(estate.applied("cluster").as_deref(), Some("cluster < networking"));
}

#[test]
fn the_detail_is_shown_and_the_question_stays() {
    let estate = with_mocks();
    let answers = [QUESTION, "d\n", QUESTION, "what\n", QUESTION, "y\n"];
    let shown = asked(&estate, &["apply"], &answers).exits(0);
    let text = shown.says("\"what\" is none of y, n, d and s").text();
    assert!(text.contains("+ input  = \"bucket\"") || text.contains("+ input = \"bucket\""), "{text}");
    assert_eq!(text.matches("Apply +4 ~0 -0 to 4 units? ").count(), 3, "{text}");
    assert!(estate.applied("identity").is_some());
}

#[test]
fn what_goes_beyond_what_was_shown_is_asked_for_again() {
    let estate = with_mocks();
    // As many resources as there are words: one with the mock, three with the real outputs.
    let module = "variable \"value\" {\n  type = string\n}\nresource \"terraform_data\" \"word\" {\n  \
                  for_each = toset(split(\" \", var.value))\n}\noutput \"value\" {\n  value = var.value\n}\n";
    estate.write("infra/words/main.tf", module);
    let unit = std::fs::read_to_string(estate.path().join("live/cluster/terragrunt.hcl")).unwrap();
    let unit = unit.replace("//text", "//words").replace("cluster < ", "");
    estate.write("live/cluster/terragrunt.hcl", &unit);
    let root = std::fs::read_to_string(estate.path().join("live/networking/terragrunt.hcl")).unwrap();
    estate.write("live/networking/terragrunt.hcl", &root.replace("\"networking\"", "\"mock and more\""));
    let again = "would do more than was shown";
    let shown = asked(&estate, &["apply"], &[QUESTION, "y\n", "[q]uit: ", "n\n"]).exits(5);
    let text = shown.says(again).says("  + terraform_data.word[\"more\"]").text();
    let listed = &text[text.find(again).unwrap()..];
    // Each on a line of its own, and the question below them.
    let lines: Vec<&str> = listed.lines().skip(1).take(3).collect();
    assert_eq!(
        lines[..2],
        ["  + terraform_data.word[\"and\"]", "  + terraform_data.word[\"more\"]"],
        "{text}"
    );
    assert!(lines[2].starts_with("Apply +3 ~0 -0 to cluster?"), "{text}");
    assert!(!listed.contains("terraform_data.word[\"mock\"]"), "that was shown: {text}");
    assert!(estate.applied("networking").is_some() && estate.applied("bucket").is_some());
    assert_eq!(estate.applied("cluster"), None);
}

#[test]
fn what_cannot_be_planned_yet_is_asked_for_in_its_turn() {
    // What is generated of an output cannot be known before it.
    let estate = Estate::chain();
    for (unit, dependency) in [("cluster", "networking"), ("identity", "cluster")] {
        let generated = format!(
            "generate \"note\" {{\n  path = \"note.tf\"\n  if_exists = \"overwrite\"\n  \
             contents = \"# ${{dependency.{dependency}.outputs.value}}\"\n}}\n\ninputs = {{"
        );
        estate.change(unit, "inputs = {", &generated);
    }
    let answers = [QUESTION, "y\n", "[q]uit: ", "y\n", "[q]uit: ", "y\n"];
    let shown = asked(&estate, &["apply"], &answers).exits(0);
    let text = shown.says("planned when networking is done").says("planned when cluster is done").text();
    assert_eq!(text.matches("[q]uit: ").count(), 2, "{text}");
    assert!(estate.applied("identity").is_some());
}

#[test]
fn a_unit_that_cannot_be_planned_is_told_before_the_question_and_keeps_nothing_else() {
    let estate = with_mocks();
    estate.write("live/bucket/terragrunt.hcl", "terraform {\n  source = \"../../infra/missing\"\n}\n");
    let shown = asked(&estate, &["apply"], &[QUESTION, "y\n"]).exits(1);
    let text = shown.text();
    let failed = text.find("bucket failed: ").unwrap_or_else(|| panic!("{text}"));
    assert!(failed < text.find("Apply +3 ~0 -0 to 3 units? ").unwrap(), "{text}");
    assert!(estate.applied("identity").is_some());
}
