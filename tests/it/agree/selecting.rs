use super::{asked, with_mocks};

const QUESTION: &str = "[s]elect units: ";
const WHICH: &str = "(nothing: all): ";

#[test]
fn only_what_is_selected_is_applied_and_what_waits_for_the_rest_is_left_out() {
    let estate = with_mocks();
    let answers = [QUESTION, "s\n", WHICH, "bucket identity\n", QUESTION, "y\n"];
    let shown = asked(&estate, &["apply"], &answers).exits(5);
    // `identity` waits for `cluster`, which nobody wants.
    let shown = shown.says("Apply +1 ~0 -0 to 1 unit? ").says("skipped: cluster did not succeed");
    shown.says("applied: 1 added (1 unit) · 3 not done");
    assert_eq!(estate.applied("bucket").as_deref(), Some("bucket"));
    assert_eq!(estate.applied("networking"), None);
    assert_eq!(estate.applied("identity"), None);
}

#[test]
fn numbers_mean_units_too_and_a_slip_is_asked_again() {
    let estate = with_mocks();
    let answers =
        [QUESTION, "s\n", WHICH, "nope\n", WHICH, "1-4\n", QUESTION, "s\n", WHICH, "\n", QUESTION, "y\n"];
    let shown = asked(&estate, &["apply"], &answers).exits(0);
    shown.says("\"nope\" is none of them").says("Apply +4 ~0 -0 to 4 units? ");
    assert!(estate.applied("identity").is_some());
}
