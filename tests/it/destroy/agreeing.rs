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
fn what_agreed_to_is_in_the_journal_and_a_run_that_was_declined_is_done_by_nobody() {
    let tool = &terraforms()[0];
    let estate = applied(tool);
    slipway(&estate, tool, &["destroy", "shared", "--yes"]).exits(0).says("destroying what was shown");
    let newest = slipway(&estate, tool, &["runs", "--format", "json"]).exits(0);
    assert!(newest.stdout.contains("destroy"));
    slipway(&estate, tool, &["destroy", "shared", "--yes"]).exits(0).says("nothing to change");
}
