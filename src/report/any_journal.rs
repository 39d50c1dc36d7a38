//! Journals of chance, as reports show them: whatever is in one, it is read or refused, and can be shown.

use proptest::prelude::*;

use super::html::html;
use super::junit::junit;
use super::markdown::markdown;
use super::model::Summary;
use crate::run::journal;
use crate::run::past::Past;

/// Events as they are written, with room for numbers and texts.
const EVENTS: &[&str] = &[
    r#"{"run_started":{"run":"TEXT","command":"TEXT","engine":"native","nodes":[{"name":"a","kind":"unit","after":["b","TEXT"]},{"name":"b","kind":"gate","after":[]},{"name":"TEXT","kind":"unit","after":["TEXT"]}],"parallelism":1,"commit":"TEXT","user":null}}"#,
    r#"{"resumed":{"user":"TEXT","commit":null}}"#,
    r#"{"node_started":{"node":"a"}}"#,
    r#"{"node_started":{"node":"TEXT"}}"#,
    r#"{"step":{"node":"a","step":"plan"}}"#,
    r#"{"applying":{"node":"b"}}"#,
    r#"{"planned":{"node":"a","summary":{"add":NUMBER,"change":1,"destroy":NUMBER,"move":NUMBER,"changes":true,"resources":[{"address":"TEXT","action":"delete"}],"drift":[{"address":"TEXT","action":"TEXT"}]}}}"#,
    r#"{"planned":{"node":"b","summary":{"add":NUMBER,"change":NUMBER,"destroy":1,"import":NUMBER,"changes":false,"resources":[]}}}"#,
    r#"{"node_finished":{"node":"a","outcome":{"result":"failed","message":"TEXT","advice":"TEXT"},"seconds":NUMBER}}"#,
    r#"{"node_finished":{"node":"b","outcome":{"result":"applied"},"seconds":NUMBER}}"#,
    r#"{"node_finished":{"node":"TEXT","outcome":{"result":"skipped","cause":"TEXT"},"seconds":0.5}}"#,
    r#"{"run_finished":{"seconds":NUMBER}}"#,
    r#"{"nobody_knows":{"a":1}}"#,
];
const NUMBERS: &[&str] = &["0", "1", "-1", "18446744073709551615", "1e308", "-1e308", "1e999", "0.1", "null"];
const TEXTS: &[&str] = &[
    "a",
    "b",
    "",
    "\\u001b[31m",
    "\\u202e",
    "../../x",
    "|",
    "</script>",
    "\\ud800",
    "\u{65e5}\u{672c}",
    "\\n::error::x",
];
const TIMES: &[&str] = &[
    "2026-01-01T00:00:00Z",
    "9999-12-30T22:00:00Z",
    "-009999-01-02T01:59:59Z",
    "0000-00-00",
    "1970-01-01T00:00:00.000000001Z",
];

fn line() -> impl Strategy<Value = String> {
    use proptest::sample::select;
    (select(EVENTS), select(NUMBERS), select(TEXTS), select(TIMES)).prop_map(|(event, number, text, time)| {
        let event = event.replace("NUMBER", number).replace("TEXT", text);
        format!("{{\"time\":\"{time}\",\"event\":{event}}}\n")
    })
}

fn read_and_show(text: &[u8]) {
    let Ok(events) = journal::events(text) else { return };
    let summary = Summary::of(&events);
    assert!(!summary.table(None, false).is_empty());
    let _shown = [summary.heading(), summary.timeline(), summary.verdict()];
    let no_log = |_: &str| None;
    let _reports = [html(&summary, no_log), junit(&summary, no_log), markdown(&summary, no_log)];
    if let Some(past) = Past::of(events) {
        let _left = (past.is_done(), past.done(), past.to_replay());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn events_in_any_order_with_any_numbers_are_shown(lines in proptest::collection::vec(line(), 0..12)) {
        read_and_show(lines.concat().as_bytes());
    }

    #[test]
    fn a_run_of_any_events_is_shown(lines in proptest::collection::vec(line(), 0..12)) {
        let start = EVENTS[0].replace("TEXT", "c");
        let start = format!("{{\"time\":\"2026-01-01T00:00:00Z\",\"event\":{start}}}\n");
        read_and_show((start + &lines.concat()).as_bytes());
    }

    #[test]
    fn a_journal_with_any_bytes_changed_is_read_or_refused(
        lines in proptest::collection::vec(line(), 1..6),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = lines.concat().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read_and_show(&bytes);
    }
}
