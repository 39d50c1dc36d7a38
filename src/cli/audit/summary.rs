//! The numbers of each application.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::sources::Sources;
use crate::cli::global::FormatFlag;
use crate::gitops::{AppSummary, ImageRecord, summarize};
use crate::launch::CommandError;
use crate::report::csv::csv;
use crate::support::shown;
use crate::ui::Ui;

const HEAD: [&str; 8] = [
    "app",
    "deployments",
    "per_week",
    "lead_time",
    "lead_times",
    "rollbacks",
    "change_failure_rate",
    "time_to_restore",
];
const UNKNOWN: &str = "not known";

/// Shows them.
pub(super) fn show(
    ui: Ui,
    format: FormatFlag,
    (chosen, all, root): (&[ImageRecord], &[ImageRecord], &str),
    times: (Option<Timestamp>, Option<Timestamp>),
    sources: &Sources,
) -> Result<(), CommandError> {
    let apps = summarize(chosen, all, root, times, |record| sources.built(record, root));
    let objects: Vec<Value> = apps.iter().map(object).collect();
    match format {
        FormatFlag::Json => ui.json(&json!({ "summary": objects }))?,
        FormatFlag::Csv => {
            let cell = |value: &Value| match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            let row = |object: &Value| HEAD.iter().map(|name| cell(&object[*name])).collect();
            ui.raw(&csv(&HEAD, &objects.iter().map(row).collect::<Vec<Vec<String>>>()))?;
        }
        _ => {
            let lines = apps.iter().map(|app| format!("{}\n", shown::name(&line(app))));
            ui.answer(&lines.collect::<String>())?;
        }
    }
    Ok(())
}

/// Times are in seconds, rates parts of one.
fn object(app: &AppSummary) -> Value {
    let rounded = |number: Option<f64>| number.map(|number| (number * 1000.0).round() / 1000.0);
    json!({
        "app": app.app, "deployments": app.deployments, "per_week": rounded(app.per_week),
        "lead_time": app.lead_time, "lead_times": app.lead_times, "rollbacks": app.rollbacks,
        "change_failure_rate": rounded(app.change_failure_rate), "time_to_restore": app.time_to_restore,
    })
}

fn line(app: &AppSummary) -> String {
    let time = |seconds: Option<i64>| seconds.map_or_else(|| UNKNOWN.to_owned(), spoken);
    let per_week = app.per_week.map_or_else(String::new, |rate| format!(" ({rate:.1} a week)"));
    let lead = match app.lead_time {
        Some(_) => format!("{} (of {})", time(app.lead_time), app.lead_times),
        None => UNKNOWN.to_owned(),
    };
    let failures =
        app.change_failure_rate.map_or_else(String::new, |rate| format!(" ({:.0} %)", rate * 100.0));
    format!(
        "{}: deployments {}{per_week}, lead time {lead}, rollbacks {}{failures}, time to restore {}",
        app.app,
        app.deployments,
        app.rollbacks,
        time(app.time_to_restore)
    )
}

/// `40s`, `12m`, `3h 05m`, `2d 4h`.
fn spoken(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, ..) => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}
