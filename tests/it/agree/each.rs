use super::asked;
use crate::support::estate::Estate;

#[test]
fn each_unit_is_asked_for_in_its_turn_and_nothing_stands_between_its_list_and_the_question() {
    let estate = Estate::new();
    estate.unit("first", &[]).unit("second", &[]);
    // The other unit's plan is ready long before the first answer comes.
    let answers = ["Apply +1 ~0 -0 to", "3|y\n", "Apply +1 ~0 -0 to", "n\n"];
    let shown = asked(&estate, &["apply", "--ask-each", "-j", "2"], &answers).exits(5);
    let text = shown.text();
    assert!(text.contains("[q]uit: y") && text.contains("[q]uit: n"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let questions = lines.iter().enumerate().filter(|(_, line)| line.contains("[q]uit: "));
    let above: Vec<&str> = questions.map(|(place, _)| lines[place - 1].trim()).collect();
    assert_eq!(above, ["+ terraform_data.this"; 2], "{text}");
    assert!(text.contains("applied") && text.contains("declined"), "{text}");
}

#[test]
fn the_time_of_a_question_is_not_the_units() {
    let estate = Estate::new();
    estate.unit("only", &[]);
    asked(&estate, &["apply", "--ask-each"], &["Apply +1 ~0 -0 to", "20|y\n"]).exits(0);
    let journal = std::fs::read_to_string(estate.newest_run().join("journal.jsonl")).unwrap();
    let events = journal.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let finished = events.filter_map(|event| event["event"]["node_finished"]["seconds"].as_f64());
    let seconds: Vec<f64> = finished.collect();
    assert!(seconds.len() == 1 && seconds[0] < 20.0, "{seconds:?}");
}

#[test]
fn who_quits_may_go_on_with_what_is_left() {
    let estate = Estate::chain();
    let answers = ["Apply +1 ~0 -0 to", "y\n", "Apply +1 ~0 -0 to", "q\n"];
    let shown = asked(&estate, &["apply", "--ask-each", "-j", "1"], &answers).exits(130);
    shown.says("go on with it: slipway resume ");
    let left = asked(&estate, &["resume", "--ask-each"], &["[a]ll that follow", "a\n"]).exits(0);
    left.says("done");
    assert!(estate.applied("identity").is_some() && estate.applied("bucket").is_some());
}
