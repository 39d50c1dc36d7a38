//! The run report that Terragrunt writes (`--report-file`), for whatever reads that: its fields, its words, as JSON or as CSV.
//!
//! It knows units only, and four results; what we know more of is in the other reports.

use jiff::Timestamp;
use serde::Serialize;

use super::csv::csv as table;
use super::foreign::one_line;
use super::model::{Row, Summary};
use crate::run::command::{destroys, only_plans};
use crate::run::event::{NodeKind, Outcome};

/// The columns, in Terragrunt's order.
const COLUMNS: [&str; 9] = ["Name", "Started", "Ended", "Result", "Reason", "Cause", "Ref", "Cmd", "Args"];

/// One unit, with Terragrunt's names.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    started: Timestamp,
    ended: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    name: String,
    result: &'static str,
    cmd: &'static str,
}

/// As a list of objects.
pub fn json(summary: &Summary) -> String {
    let text = serde_json::to_string_pretty(&entries(summary));
    text.unwrap_or_else(|_| "[]".to_owned()) + "\n"
}

/// As a table with a head; its lines end as Terragrunt's do.
pub fn csv(summary: &Summary) -> String {
    let rows = entries(summary).into_iter().map(|entry| {
        // Tables have whole seconds.
        let time = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        vec![
            entry.name,
            time(entry.started),
            time(entry.ended),
            entry.result.to_owned(),
            entry.reason.unwrap_or_default().to_owned(),
            entry.cause.unwrap_or_default(),
            String::new(),
            entry.cmd.to_owned(),
            String::new(),
        ]
    });
    // No cell holds an end of a line.
    table(&COLUMNS, &rows.collect::<Vec<_>>()).replace("\r\n", "\n")
}

/// The units, in the order in which they began; what never began comes last, as of the moment in which that was known.
fn entries(summary: &Summary) -> Vec<Entry> {
    let Some(started) = summary.started else { return Vec::new() };
    let units = summary.nodes.iter().filter(|row| row.kind == NodeKind::Unit);
    let cmd = match summary.command.as_str() {
        name if only_plans(name) => "plan",
        name if destroys(name) => "destroy",
        _ => "apply",
    };
    let at = |seconds: f64| summary.moment(seconds).unwrap_or(started);
    let entry = |row: &Row| {
        let ended = row.ended.unwrap_or(summary.seconds);
        let (result, reason, cause) = ended_as(row);
        Entry {
            started: at(row.began.unwrap_or(ended)),
            ended: at(ended),
            reason,
            cause,
            name: one_line(&row.name),
            result,
            cmd,
        }
    };
    let mut entries: Vec<Entry> = units.map(entry).collect();
    entries.sort_by_key(|entry| entry.started);
    entries
}

/// The result, the reason and the cause in Terragrunt's words.
fn ended_as(row: &Row) -> (&'static str, Option<&'static str>, Option<String>) {
    match &row.outcome {
        Some(outcome) if outcome.is_success() => {
            let reason = (!row.retries.is_empty()).then_some("retry succeeded");
            ("succeeded", reason, None)
        }
        Some(Outcome::Failed { message, .. } | Outcome::Refused { message }) => {
            ("failed", Some("run error"), Some(one_line(message)))
        }
        Some(Outcome::Skipped { cause }) => ("early exit", Some("ancestor error"), Some(one_line(cause))),
        _ => ("early exit", None, None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json as value};

    use super::*;
    use crate::report::fixture;

    #[test]
    fn units_are_told_in_terragrunts_words() {
        let summary = fixture::mixed();
        let told: Value = serde_json::from_str(&json(&summary)).unwrap();
        let units: Vec<&Row> = summary.nodes.iter().filter(|row| row.kind == NodeKind::Unit).collect();
        assert_eq!(told.as_array().unwrap().len(), units.len());
        for row in units {
            let entry =
                told.as_array().unwrap().iter().find(|entry| entry["Name"] == *one_line(&row.name)).unwrap();
            let expected = match &row.outcome {
                Some(outcome) if outcome.is_success() => "succeeded",
                Some(outcome) if outcome.is_failure() => "failed",
                _ => "early exit",
            };
            assert_eq!(entry["Result"], expected, "{entry}");
            assert!(entry["Started"].as_str().unwrap() <= entry["Ended"].as_str().unwrap(), "{entry}");
            if let Some(Outcome::Skipped { cause }) = &row.outcome {
                assert_eq!((&entry["Reason"], &entry["Cause"]), (&value!("ancestor error"), &value!(cause)));
            }
        }
    }

    #[test]
    fn a_table_has_terragrunts_head() {
        let lines = csv(&fixture::mixed());
        assert!(lines.starts_with("Name,Started,Ended,Result,Reason,Cause,Ref,Cmd,Args\n"), "{lines}");
    }
}
