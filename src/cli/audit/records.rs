//! What was done to images, one line each.

use serde_json::{Value, json};

use crate::cli::global::FormatFlag;
use crate::cli::image::change;
use crate::gitops::ImageRecord;
use crate::launch::CommandError;
use crate::report::csv::csv;
use crate::support::git::short;
use crate::support::shown;
use crate::ui::Ui;

const HEAD: [&str; 18] = [
    "landed",
    "made",
    "app",
    "container",
    "kind",
    "previous",
    "image",
    "author",
    "source",
    "source_time",
    "request",
    "merge",
    "merged_by",
    "approved_by",
    "co_authors",
    "commit",
    "despite",
    "untrue",
];

/// Shows them, newest first.
pub(super) fn show(
    ui: Ui,
    format: FormatFlag,
    records: &[ImageRecord],
    root: &str,
) -> Result<(), CommandError> {
    match format {
        FormatFlag::Json => {
            let records: Vec<Value> = records.iter().map(|record| as_json(record, root)).collect();
            ui.json(&json!({ "records": records }))?;
        }
        FormatFlag::Csv => {
            let rows: Vec<Vec<String>> = records.iter().map(|record| row(record, root)).collect();
            ui.raw(&csv(&HEAD, &rows))?;
        }
        _ => {
            if records.is_empty() {
                ui.say("nothing of that was done");
            }
            let lines = records.iter().map(|record| format!("{}\n", shown::name(&line(record, root))));
            ui.answer(&lines.collect::<String>())?;
        }
    }
    Ok(())
}

/// A record for programs.
pub(super) fn as_json(record: &ImageRecord, root: &str) -> Value {
    let review = &record.review;
    json!({
        "landed": record.landed(), "made": record.when, "app": record.app(root), "container": record.container,
        "kind": record.kind.word(), "previous": record.previous, "image": record.image, "author": record.author,
        "source": record.source, "source_time": record.source_time, "request": review.request,
        "merge": review.merge, "merged_by": review.merged_by, "approved_by": review.approved_by,
        "co_authors": review.co_authors, "commit": record.commit, "despite": record.despite,
        "untrue": record.untrue,
    })
}

fn row(record: &ImageRecord, root: &str) -> Vec<String> {
    let cell = |value: &Value| match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        value => value.as_str().unwrap_or_default().to_owned(),
    };
    let object = as_json(record, root);
    HEAD.iter().map(|name| object.get(*name).map(cell).unwrap_or_default()).collect()
}

fn line(record: &ImageRecord, root: &str) -> String {
    let review = &record.review;
    let mut line = format!(
        "{}  {}  {}/{}  {:<9} {}  {}",
        short(&record.commit),
        record.landed(),
        record.app(root),
        record.container,
        record.kind.word(),
        change(record),
        record.author
    );
    let mut add = |text: String| line.push_str(&text);
    if let Some(source) = &record.source {
        add(format!(", by {source}"));
    }
    if let Some(request) = &review.request {
        add(format!(", through {request}"));
    }
    if let Some(merged_by) = review.merged_by.as_ref().filter(|by| **by != record.author) {
        add(format!(", merged by {merged_by}"));
    }
    if !review.approved_by.is_empty() {
        add(format!(", approved by {}", review.approved_by.join(" and ")));
    }
    if !review.co_authors.is_empty() {
        add(format!(", with {}", review.co_authors.join(" and ")));
    }
    if let Some(despite) = &record.despite {
        add(format!(", in spite of {despite}"));
    }
    if let Some(untrue) = &record.untrue {
        add(format!("  (not true: {untrue})"));
    }
    line
}
