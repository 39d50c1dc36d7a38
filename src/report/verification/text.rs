//! For people.

use console::style;

use super::Verified;
use crate::cluster::{Check, CheckStatus, Verification};
use crate::support::shown;

/// A line a check, and below it what is to be known of one that does not pass.
pub fn one(verification: &Verification) -> String {
    let width = verification.checks.iter().map(|check| check.title.len()).max().unwrap_or_default();
    verification.checks.iter().map(|check| lines(check, width)).collect()
}

fn lines(check: &Check, width: usize) -> String {
    let line = format!("{:<width$}  {}", check.title, check.detail);
    let mut text = format!("{} {}\n", sign(check.status), shown::name(&line));
    let Some(code) = check.code else { return text };
    // Below, since it is longer than what is left of a line.
    let why = format!("expected {}: {}", check.expected, check.why);
    text = format!("{text}    {}\n", style(shown::name(&why)).dim());
    if !check.help.is_empty() {
        text = format!("{text}    {}\n", shown::name(&check.help));
    }
    for command in &check.commands {
        text = format!("{text}    $ {}\n", shown::name(command));
    }
    format!("{text}    {}\n", style(code).dim())
}

fn sign(status: CheckStatus) -> console::StyledObject<&'static str> {
    match status {
        CheckStatus::Pass => style("✓").green(),
        CheckStatus::Warn => style("!").yellow(),
        CheckStatus::Fail => style("✗").red(),
        CheckStatus::NotAnswered => style("?").dim(),
    }
}

/// A line a cluster, with what fails on it below.
pub fn many(clusters: &[Verified]) -> String {
    let rows: Vec<[String; 7]> = clusters.iter().map(row).collect();
    let heads = ["CLUSTER", "REGION", "STATUS", "VERSION", "PASS", "WARN", "FAIL"].map(str::to_owned);
    let mut widths = [0; 7];
    for row in rows.iter().chain([&heads]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String; 7]| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = format!("  {}\n", style(line(&heads)).dim());
    for (cluster, cells) in clusters.iter().zip(&rows) {
        let sign = if cluster.passed() { style("✓").green() } else { style("✗").red() };
        text = format!("{text}{sign} {}\n", shown::name(&line(cells)));
        if let Err(error) = &cluster.answer {
            text = format!("{text}    {}\n", shown::name(&error.message));
        }
        for check in cluster.checks().iter().filter(|check| check.status == CheckStatus::Fail) {
            let code = check.code.unwrap_or_default();
            let seen = format!("{}: {}", check.id, check.detail);
            text = format!("{text}    {} {}\n", shown::name(&seen), style(format!("[{code}]")).dim());
        }
    }
    text
}

fn row(cluster: &Verified) -> [String; 7] {
    let Ok(answer) = &cluster.answer else {
        let region = cluster.answer.as_ref().err().and_then(|error| error.region.clone());
        let none = || "–".to_owned();
        return [cluster.label.clone(), region.unwrap_or_else(none), none(), none(), none(), none(), none()];
    };
    let facts = &answer.cluster;
    let count = |status| cluster.count(status).to_string();
    [
        cluster.label.clone(),
        facts.region.clone(),
        facts.status.clone(),
        facts.version.clone(),
        count(CheckStatus::Pass),
        count(CheckStatus::Warn),
        count(CheckStatus::Fail),
    ]
}
