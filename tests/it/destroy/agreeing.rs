use super::{applied, at_a_terminal, slipway};
use crate::support::terraforms;

const PROMPT: &str = "anything else to leave it: ";

#[test]
fn the_environment_s_name_has_to_be_typed() {
    for tool in terraforms() {
        let estate = applied(&tool);
        let (code, seen) = at_a_terminal(&estate, &tool, &["destroy", "shared"], PROMPT, "yes\n");
        assert_eq!(code, 5, "{seen}");
        assert!(seen.contains("Type shared to destroy it"), "{seen}");
        assert!(seen.contains("\"yes\" is not \"shared\": nothing was destroyed"), "{seen}");
        assert!(estate.applied("shared/monitoring").is_some());

        let (code, seen) = at_a_terminal(&estate, &tool, &["destroy", "shared"], PROMPT, "shared\n");
        assert_eq!(code, 0, "{seen}");
        assert_eq!(estate.applied("shared/monitoring"), None);
        assert!(estate.applied("dev/cluster").is_some());
        // One question for everything.
        let (code, seen) = at_a_terminal(&estate, &tool, &["destroy"], PROMPT, "live\n");
        assert_eq!(code, 0, "{seen}");
        assert_eq!(seen.matches("Type live to destroy it").count(), 1, "{seen}");
        assert_eq!(estate.applied("dev/networking"), None);
    }
}

#[test]
fn what_was_declined_is_not_offered_again() {
    let tool = &terraforms()[0];
    let estate = applied(tool);
    let (code, seen) = at_a_terminal(&estate, tool, &["destroy", "shared"], PROMPT, "no\n");
    assert_eq!(code, 5, "{seen}");
    assert!(seen.contains("declined") && !seen.contains("slipway resume"), "{seen}");
    let resumed = slipway(&estate, tool, &["resume", "--yes"]).exits(5);
    resumed.says("was declined").says("begin it again: `slipway destroy`");
    assert!(estate.applied("shared/monitoring").is_some());
    // Who only stopped it may go on, and is asked anew.
    let (code, seen) = at_a_terminal(&estate, tool, &["destroy", "shared"], PROMPT, "\u{3}");
    assert_eq!(code, 130, "{seen}");
    assert!(seen.contains("go on with it: slipway resume "), "{seen}");
    slipway(&estate, tool, &["resume"]).exits(5).says("--yes` goes on DESTROYING");
    let (code, seen) = at_a_terminal(&estate, tool, &["resume"], PROMPT, "shared\n");
    assert_eq!(code, 0, "{seen}");
    assert_eq!(estate.applied("shared/monitoring"), None);
}

#[test]
fn ctrl_c_at_the_question_leaves_everything() {
    let tool = &terraforms()[0];
    let estate = applied(tool);
    let (code, seen) = at_a_terminal(&estate, tool, &["destroy", "shared"], PROMPT, "\u{3}");
    assert_eq!(code, 130, "{seen}");
    assert!(estate.applied("shared/monitoring").is_some());
    // And so does a terminal that closes its input.
    let (code, seen) = at_a_terminal(&estate, tool, &["destroy", "shared"], PROMPT, "\u{4}");
    assert_eq!(code, 5, "{seen}");
    assert!(estate.applied("shared/monitoring").is_some());
}

#[test]
fn without_a_terminal_nobody_is_taken_to_agree() {
    let tool = &terraforms()[0];
    let estate = applied(tool);
    slipway(&estate, tool, &["destroy"]).exits(5).says("pass --yes");
    assert!(estate.applied("dev/networking").is_some());
}

#[test]
fn what_was_agreed_to_is_in_the_journal_before_anything_goes() {
    let tool = &terraforms()[0];
    let estate = applied(tool);
    let (code, seen) = at_a_terminal(&estate, tool, &["destroy", "shared"], PROMPT, "shared\n");
    assert_eq!(code, 0, "{seen}");
    let runs = std::fs::read_dir(estate.path().join(".slipway/runs")).unwrap();
    let mut journals =
        runs.map(|run| std::fs::read_to_string(run.unwrap().path().join("journal.jsonl")).unwrap());
    let journal = journals.find(|journal| journal.contains("\"command\":\"destroy\"")).unwrap();
    let line = |what: &str| {
        journal.lines().position(|line| line.contains(what)).unwrap_or_else(|| panic!("{journal}"))
    };
    assert!(line("\"planned\"") < line("\"agreed\":{\"word\":\"shared\"}"));
    assert!(line("\"agreed\"") < line("\"applying\""));
    slipway(&estate, tool, &["destroy", "shared", "--yes"]).exits(0).says("nothing to change");
}
