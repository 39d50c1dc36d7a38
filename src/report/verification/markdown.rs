//! Markdown, for a comment or a summary: a table of what does not pass, for each cluster.

use super::Verified;
use crate::cluster::{Check, CheckStatus};
use crate::report::markdown::escape::{block, code};

/// The page.
pub fn markdown(clusters: &[Verified]) -> String {
    clusters.iter().map(section).collect::<Vec<_>>().join("\n")
}

fn section(cluster: &Verified) -> String {
    let sign = if cluster.passed() { "✅" } else { "❌" };
    let name = code(&cluster.label);
    let answer = match &cluster.answer {
        Ok(answer) => answer,
        Err(error) => {
            return format!("### {sign} {name} could not be verified\n\n{}", block(&error.message, ""));
        }
    };
    let facts = &answer.cluster;
    let count = |status| cluster.count(status);
    let mut text = format!(
        "### {sign} {name}: {} in {}, {}\n\n{} checks pass, {} warn, {} fail, {} not answered\n",
        code(&facts.name),
        code(&facts.region),
        code(&facts.version),
        count(CheckStatus::Pass),
        count(CheckStatus::Warn),
        count(CheckStatus::Fail),
        count(CheckStatus::NotAnswered),
    );
    let mut open: Vec<&Check> =
        answer.checks.iter().filter(|check| check.status != CheckStatus::Pass).collect();
    open.sort_by_key(|check| std::cmp::Reverse(check.status));
    if open.is_empty() {
        return text;
    }
    text.push_str("\n| | check | seen | expected | what to do | code |\n|---|---|---|---|---|---|\n");
    for check in &open {
        let cells = [
            code(&check.id),
            code(&check.detail),
            code(&check.expected),
            if check.help.is_empty() { String::new() } else { code(&check.help) },
            code(check.code.unwrap_or_default()),
        ];
        text = format!("{text}| {} | {} |\n", mark(check.status), cells.join(" | "));
    }
    let commands: Vec<&str> = open.iter().flat_map(|check| &check.commands).map(String::as_str).collect();
    if !commands.is_empty() {
        text = format!("{text}\n{}", block(&commands.join("\n"), "sh"));
    }
    text
}

fn mark(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "✅",
        CheckStatus::Warn => "⚠️",
        CheckStatus::Fail => "❌",
        CheckStatus::NotAnswered => "❔",
    }
}
