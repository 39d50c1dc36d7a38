//! A comment for a pull request: what a reviewer has to see first stands first, and it always fits.

pub(super) mod escape;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::escape::{block, code, end_of, html_code};
use super::foreign::{one_line, shortened};
use super::line::{duration, priced};
use super::model::{Row, Summary};
use crate::engine::{Action, PlanSummary, ResourceChange};
use crate::run::event::{Cost, Judgement, Outcome, Verdict};
use crate::support::counted::listed;

/// What GitHub takes, in characters. We count bytes, of which there are never fewer.
pub const LIMIT: usize = 65_536;
/// What the destroys at the top may take.
const ALERTS: usize = 8_000;
/// What policies have to say may take.
const JUDGEMENTS: usize = 16_000;
/// What failures may take, so that there is room for the table.
const FAILURES: usize = 24_000;
/// What the table may take, so that there is room for details.
const TABLE: usize = 46_000;
/// What the last lines need.
const RESERVED: usize = 1_000;
/// The most of one message.
const MESSAGE: usize = 1_500;
/// The most of one log.
const LOG: usize = 3_000;
/// The most resources that are named of one unit.
const RESOURCES: usize = 60;

/// The comment; `log_end` knows the last lines of a node's log.
///
/// It begins with a line that is not shown, by which a pipeline finds it again to replace it.
pub fn markdown(summary: &Summary, log_end: impl Fn(&str) -> Option<String>) -> String {
    let mut page = Page { text: heading(summary), left_out: Vec::new() };
    let rows = by_importance(summary);

    let gone: Vec<&Row> = rows.iter().copied().filter(|row| !going(row).is_empty()).collect();
    if !gone.is_empty() {
        let done = gone.iter().all(|row| row.outcome.as_ref().is_some_and(Outcome::is_success));
        let title = match (summary.only_plans(), done) {
            (true, _) => "This would destroy or replace",
            (false, true) => "Destroys and replacements",
            (false, false) => "Destroys and replacements that were planned",
        };
        page.text = format!("{}> [!CAUTION]\n> **{title}**\n", page.text);
        page.blocks("destroys", ALERTS, &gone, alert);
        page.text.push('\n');
    }
    let mocked = rows.iter().filter(|row| !row.mocked.is_empty()).count();
    if mocked > 0 {
        page.text = format!(
            "{}> [!WARNING]\n> **{} provisional**: made on mock outputs of what was never applied, and not \
             what an apply would do.\n\n",
            page.text,
            plural(mocked, "plan is", "plans are"),
        );
    }
    let open = rows.iter().filter(|row| row.mocked.is_empty() && !row.waits_for.is_empty()).count();
    if open > 0 {
        page.text = format!(
            "{}> [!NOTE]\n> **{} provisional**: some inputs are known only once what they come from is applied.\n\n",
            page.text,
            plural(open, "plan is", "plans are"),
        );
    }
    let judged: Vec<&Row> = rows.iter().copied().filter(|row| objections(row).next().is_some()).collect();
    if !judged.is_empty() {
        page.text.push_str("### Policies\n\n");
        page.blocks("units that policies object to", JUDGEMENTS, &judged, judgements);
        page.text.push('\n');
    }
    let failed: Vec<&Row> = rows.iter().copied().filter(|row| row.has_failed()).collect();
    if !failed.is_empty() {
        page.text.push_str("### Failed\n\n");
        page.blocks("failures", FAILURES, &failed, |row| failure(row, log_end(&row.name)));
    }
    if !rows.is_empty() {
        page.text
            .push_str("| | Unit | Add | Change | Replace | Destroy | Time | Result |\n|:-:|:--|--:|--:|--:|--:|--:|:--|\n");
        page.blocks("rows of the table", TABLE, &rows, line);
        page.text.push('\n');
    }
    let is_drifted = |row: &Row| matches!(row.outcome, Some(Outcome::Drifted { .. }));
    let detailed = rows.iter().copied().filter(|row| touched(row).next().is_some() || is_drifted(row));
    let detailed: Vec<&Row> = detailed.collect();
    page.blocks("details", LIMIT - RESERVED, &detailed, details);
    page.end(summary)
}

/// What has been written.
struct Page {
    text: String,
    left_out: Vec<String>,
}

impl Page {
    /// Writes blocks, each as a whole, until one would go beyond the limit.
    fn blocks(&mut self, what: &str, limit: usize, rows: &[&Row], block: impl Fn(&Row) -> String) {
        let mut left_out: usize = 0;
        for row in rows {
            let block = if left_out == 0 { block(row) } else { String::new() };
            if left_out == 0 && self.text.len() + block.len() <= limit {
                self.text.push_str(&block);
            } else {
                left_out += 1;
            }
        }
        if left_out > 0 {
            self.left_out.push(format!("{left_out} {what}"));
        }
    }

    fn end(self, summary: &Summary) -> String {
        let Self { mut text, left_out } = self;
        let command = code(&format!("slipway runs show {}", summary.run));
        if !left_out.is_empty() {
            text =
                format!("{text}\n**Left out, because a comment holds no more:** {}.\n", left_out.join(", "));
        }
        format!("{text}\n<sub>The whole of it, on the machine that ran it: {command}</sub>\n")
    }
}

fn heading(summary: &Summary) -> String {
    let failed = summary.nodes.iter().any(Row::has_failed);
    let sign = match (failed, summary.is_all_done()) {
        (true, _) => "❌",
        (false, true) if !summary.has_drifted() => "✅",
        (false, _) => "⚠️",
    };
    let words = summary.in_words().map(|words| format!("{words}\n\n")).unwrap_or_default();
    let counts: Vec<PlanSummary> = summary.nodes.iter().filter_map(Row::counts).collect();
    let sum = |count: fn(&PlanSummary) -> u64| counts.iter().map(count).fold(0, u64::saturating_add);
    let unfinished = if summary.finished { "" } else { ", not finished" };
    let commit = summary
        .commit
        .as_deref()
        .map(|commit| format!(" · commit {}", code(crate::support::git::short(commit))));
    let user = summary.user.as_deref().map(|user| format!(" · by {}", code(user)));
    format!(
        "<!-- slipway {command} -->\n## {sign} slipway {command}: {verdict}{unfinished}\n\n{words}\
         **+{add} ~{change} -{destroy} ±{replace}**{costs} · {nodes} · {time} · {engine} engine{commit}{user}\n\n",
        command = summary.command,
        verdict = summary.verdict(),
        add = sum(|plan| plan.add),
        change = sum(|plan| plan.change),
        destroy = sum(|plan| plan.destroy),
        replace = sum(|plan| plan.replace),
        costs = costs(summary),
        nodes = plural(summary.nodes.len(), "unit", "units"),
        time = duration(summary.seconds),
        engine = summary.engine,
        commit = commit.unwrap_or_default(),
        user = user.unwrap_or_default(),
    )
}

/// What all units together cost more or less a month, by currency.
fn costs(summary: &Summary) -> String {
    let mut totals: BTreeMap<&str, Cost> = BTreeMap::new();
    for cost in summary.nodes.iter().filter_map(|row| row.cost.as_ref()) {
        let total =
            totals.entry(&cost.currency).or_insert_with(|| Cost { before: 0.0, after: 0.0, ..cost.clone() });
        total.before += cost.before;
        total.after += cost.after;
    }
    let told: Vec<String> = totals.values().map(|total| format!(" · {}", code(&priced(total)))).collect();
    told.concat()
}

/// What policies say against a unit's plan.
fn objections(row: &Row) -> impl Iterator<Item = &Judgement> {
    row.judgements.iter().filter(|judgement| judgement.verdict != Verdict::Passed)
}

fn judgements(row: &Row) -> String {
    let line = |judgement: &Judgement| {
        let (sign, word) = match judgement.verdict {
            Verdict::Denied => ("❌", "denies"),
            Verdict::Passed | Verdict::Warned => ("⚠️", "warns"),
        };
        let why = judgement.messages.iter().map(|message| code(message));
        let why = why.collect::<Vec<_>>().join("; ");
        format!("- {sign} {}: {} **{word}**: {why}\n", code(&row.name), code(&judgement.policy))
    };
    objections(row).map(line).collect()
}

/// What a reviewer has to see first comes first: failures, what goes, what changes, what was not done, the rest.
fn by_importance(summary: &Summary) -> Vec<&Row> {
    let rank = |row: &&Row| match &row.outcome {
        _ if row.has_failed() => 0,
        _ if !going(row).is_empty() => 1,
        _ if row.plan.as_ref().is_some_and(|plan| plan.changes) => 2,
        Some(outcome) if outcome.is_success() => 4,
        _ => 3,
    };
    let mut rows: Vec<&Row> = summary.nodes.iter().collect();
    rows.sort_by_key(rank);
    rows
}

/// The resources that go, for good or to come again.
fn going(row: &Row) -> Vec<&ResourceChange> {
    row.plan.iter().flat_map(PlanSummary::losses).collect()
}

fn alert(row: &Row) -> String {
    let going = going(row);
    let named = going.iter().map(|change| {
        let replaced = if change.action == Action::Replace { " (replaced)" } else { "" };
        format!("{}{replaced}", code(&change.address))
    });
    format!("> - {}: {}\n", code(&row.name), listed(named, 5))
}

fn failure(row: &Row, log: Option<String>) -> String {
    let (word, message, advice) = match &row.outcome {
        Some(Outcome::Failed { message, advice }) => ("failed", message.as_str(), advice.as_deref()),
        Some(Outcome::Refused { message }) => ("was refused", message.as_str(), None),
        _ => ("failed", "", None),
    };
    let mut text = format!("{} **{word}**\n{}", code(&row.name), block(&end_of(message, MESSAGE), ""));
    for retry in row.retries.iter().rev().take(3).rev() {
        text = format!("{text}\nAttempt {} failed before: {}\n", retry.attempt, code(&retry.cause));
    }
    if let Some(advice) = advice {
        text = format!("{text}\nThe way out:\n{}", block(&end_of(advice, MESSAGE), ""));
    }
    for lock in &row.locks {
        text = format!(
            "{text}\nIts state is still locked. This releases it:\n{}",
            block(&end_of(&lock.release, MESSAGE), "sh")
        );
    }
    if let Some(log) = log {
        text = format!(
            "{text}\n<details><summary>The end of its log</summary>\n\n{}\n</details>\n",
            block(&end_of(&log, LOG), "")
        );
    }
    text.push('\n');
    text
}

fn line(row: &Row) -> String {
    let counts = row.counts();
    let number = |count: fn(&PlanSummary) -> u64| match counts.as_ref().map(count) {
        None | Some(0) => String::new(),
        Some(count) => count.to_string(),
    };
    let loud = |number: String| if number.is_empty() { number } else { format!("**{number}**") };
    let (replaced, destroyed) = (loud(number(|plan| plan.replace)), loud(number(|plan| plan.destroy)));
    let sign = match &row.outcome {
        Some(Outcome::Failed { .. } | Outcome::Refused { .. }) => "❌",
        Some(Outcome::Unchanged { .. } | Outcome::Passed { .. }) => "",
        Some(Outcome::Planned) if row.plan.as_ref().is_some_and(|plan| !plan.changes) => "",
        Some(Outcome::Planned) if going(row).is_empty() => "📝",
        Some(Outcome::Planned) => "💥",
        Some(Outcome::Drifted { .. }) => "⚠️",
        Some(outcome) if outcome.is_success() => "✅",
        _ => "⏭️",
    };
    let mut result = match &row.outcome {
        None => "not finished".to_owned(),
        Some(Outcome::Planned) if row.plan.as_ref().is_some_and(|plan| !plan.changes) => {
            "no changes".to_owned()
        }
        Some(Outcome::Skipped { cause }) => format!("skipped: {} did not succeed", code(cause)),
        Some(Outcome::Drifted { note }) => format!("**drifted**: {}", code(note)),
        Some(outcome) => outcome.word().to_owned(),
    };
    let named = |names: &[String]| {
        let named: Vec<String> = names.iter().take(3).map(|name| code(name)).collect();
        let more = if names.len() > 3 { ", …" } else { "" };
        format!("{}{more}", named.join(", "))
    };
    if !row.mocked.is_empty() {
        result = format!("{result}, *provisional*: mocks of {}", named(&row.mocked));
    }
    if !row.waits_for.is_empty() && matches!(row.outcome, None | Some(Outcome::Planned)) {
        result = format!("{result}, *provisional*: waits for {}", named(&row.waits_for));
    }
    if let Some(last) = row.last_look() {
        result = format!("{result}, {last}");
    }
    if !row.retries.is_empty() {
        result = format!("{result}, {}", plural(row.retries.len(), "attempt before", "attempts before"));
    }
    if let Some(cost) = &row.cost {
        result = format!("{result}, {}", code(&priced(cost)));
    }
    let time = if row.seconds > 0.0 { duration(row.seconds) } else { String::new() };
    format!(
        "| {sign} | {} | {} | {} | {replaced} | {destroyed} | {time} | {result} |\n",
        code(&row.name),
        number(|plan| plan.add),
        number(|plan| plan.change),
    )
}

/// The resources that a plan changes.
fn touched(row: &Row) -> impl Iterator<Item = &ResourceChange> {
    row.plan.iter().flat_map(PlanSummary::acted_on)
}

/// Every resource of a unit that changes.
fn details(row: &Row) -> String {
    let mut changes: Vec<&ResourceChange> = touched(row).collect();
    changes.sort_by_key(|change| !change.action.is_loss());
    let mut lines: Vec<String> = changes.iter().take(RESOURCES).map(|change| resource(change)).collect();
    if changes.len() > RESOURCES {
        lines.push(format!("# and {} more", changes.len() - RESOURCES));
    }
    let drift = row.plan.iter().flat_map(PlanSummary::drifted);
    lines.extend(
        drift.take(RESOURCES).map(|change| format!("# changed outside: {}", address(&change.address))),
    );
    format!(
        "<details><summary>{} {}</summary>\n\n{}\n</details>\n",
        html_code(&row.name),
        row.plan.as_ref().map(PlanSummary::short).unwrap_or_default(),
        block(&lines.join("\n"), "diff")
    )
}

/// A line of a diff, whose first character colours it.
fn resource(change: &ResourceChange) -> String {
    let sign = match change.action {
        Action::Create => "+",
        Action::Delete => "-",
        Action::Replace => "- replace",
        Action::Import => "+ import",
        Action::Move => "! move",
        Action::Forget => "- forget",
        Action::Update | Action::Read | Action::Nothing | Action::Other => "!",
    };
    let from = change.previous_address.as_deref().map(|before| format!(" (was {})", address(before)));
    format!("{sign} {}{}", address(&change.address), from.unwrap_or_default())
}

fn address(address: &str) -> String {
    shortened(&one_line(address), 160).into_owned()
}

fn plural(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
