//! The table at the end: every node with its numbers, its time and its result.

use console::{Alignment, measure_text_width, pad_str, style};

use super::detail_text;
use super::line::{detail, duration};
use super::model::{Row, Summary};
use crate::engine::{Action, PlanSummary};
use crate::run::event::Outcome;
use crate::support::shown::{name, one_line};

/// A column of numbers over the plans.
struct Column {
    name: &'static str,
    count: fn(&PlanSummary) -> u64,
    /// Whether it is left out where all is zero.
    rare: bool,
    /// Whether what stands in it is lost.
    loss: bool,
}

const COLUMNS: &[Column] = &[
    Column { name: "add", count: |plan| plan.add, rare: false, loss: false },
    Column { name: "change", count: |plan| plan.change, rare: false, loss: false },
    Column { name: "replace", count: |plan| plan.replace, rare: false, loss: true },
    Column { name: "destroy", count: |plan| plan.destroy, rare: false, loss: true },
    Column { name: "import", count: |plan| plan.import, rare: true, loss: false },
    Column { name: "move", count: |plan| plan.moved, rare: true, loss: false },
    Column { name: "forget", count: |plan| plan.forget, rare: true, loss: false },
    Column { name: "outputs", count: |plan| plan.outputs.len() as u64, rare: true, loss: false },
    Column { name: "drift", count: |plan| plan.drift.len() as u64, rare: true, loss: false },
];

impl Summary {
    /// The table, and below it what would be lost, the plans in detail, and what went wrong.
    pub fn table(&self) -> String {
        let counts: Vec<Option<PlanSummary>> = self.nodes.iter().map(Row::counts).collect();
        let sum = |column: &Column| counts.iter().flatten().map(column.count).fold(0, u64::saturating_add);
        let columns: Vec<&Column> = COLUMNS.iter().filter(|column| !column.rare || sum(column) > 0).collect();

        let mut header = vec![String::new()];
        header.extend(columns.iter().map(|column| column.name.to_owned()));
        header.extend(["time", "result"].map(str::to_owned));
        let mut lines = vec![header];
        lines.extend(
            self.nodes.iter().zip(&counts).map(|(row, counts)| cells(row, counts.as_ref(), &columns)),
        );
        let mut totals = vec!["total".to_owned()];
        totals.extend(columns.iter().map(|column| number(column, sum(column))));
        totals.extend([duration(self.seconds), self.verdict()]);
        lines.push(totals);

        let mut text = aligned(&lines);
        if self.command == "plan" {
            text.push_str(&self.losses());
        }
        text.push_str(&self.details());
        for row in &self.nodes {
            let Some(outcome) = &row.outcome else { continue };
            if matches!(outcome, Outcome::Failed { .. } | Outcome::Refused { .. }) {
                let detail = detail(outcome).unwrap_or_default();
                text =
                    format!("{text}\n{} {}: {detail}\n", style(outcome.word()).red().bold(), name(&row.name));
            }
        }
        text.push_str(&self.judgements());
        text.push_str(&self.costs());
        text
    }

    /// Every resource that would be destroyed or replaced, by its address.
    fn losses(&self) -> String {
        let mut lines = String::new();
        for row in &self.nodes {
            for change in row.plan.iter().flat_map(PlanSummary::losses) {
                lines = format!("{lines}  {}: {}\n", name(&row.name), detail_text::heading(change));
            }
        }
        if lines.is_empty() {
            return lines;
        }
        let count = |wanted: Action| {
            let losses = self.nodes.iter().filter_map(|row| row.plan.as_ref()).flat_map(PlanSummary::losses);
            losses.filter(|change| change.action == wanted).count()
        };
        let (destroyed, replaced) = (count(Action::Delete), count(Action::Replace));
        let heading = format!("{destroyed} would be destroyed, {replaced} replaced:");
        format!("\n{}\n{lines}", style(heading).red().bold())
    }

    /// Each plan attribute by attribute, where that was asked for.
    fn details(&self) -> String {
        let block = |row: &Row| {
            let text = row.detail.as_ref().map(detail_text::text).filter(|text| !text.is_empty())?;
            Some(format!("\n{}\n{text}", style(name(&row.name)).bold()))
        };
        self.nodes.iter().filter_map(block).collect()
    }
}

fn number(column: &Column, count: u64) -> String {
    let text = count.to_string();
    if column.loss && count > 0 { style(text).red().bold().to_string() } else { text }
}

fn cells(row: &Row, counts: Option<&PlanSummary>, columns: &[&Column]) -> Vec<String> {
    let mut result = row.outcome.as_ref().map_or("not finished", Outcome::word).to_owned();
    if !row.mocked.is_empty() {
        result = format!("{result}, provisional: mock outputs of {}", name(&row.mocked.join(", ")));
    }
    match &row.outcome {
        Some(Outcome::Unchanged { note: Some(note) }) => {
            result = format!("{result}: {}", one_line(note));
        }
        Some(Outcome::Skipped { cause }) => {
            result = format!("{result}: {} did not succeed", name(cause));
        }
        _ => {}
    }
    let time = if row.seconds > 0.0 { duration(row.seconds) } else { "·".to_owned() };
    let numbers = columns
        .iter()
        .map(|column| counts.map_or_else(|| "·".to_owned(), |counts| number(column, (column.count)(counts))));
    std::iter::once(name(&row.name).into_owned()).chain(numbers).chain([time, result]).collect()
}

/// Columns side by side: names and results to the left, numbers to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| measure_text_width(cell)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cell = |(column, (cell, width)): (usize, (&String, &usize))| {
            let left = column == 0 || column + 1 == columns;
            let side = if left { Alignment::Left } else { Alignment::Right };
            pad_str(cell, *width, side, None).into_owned()
        };
        let row = line.iter().zip(&widths).enumerate().map(cell).collect::<Vec<_>>().join("  ");
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::run::event::{Event, EventKind, NodeInfo, NodeKind, RunStart};

    fn events(kinds: Vec<EventKind>) -> Vec<Event> {
        kinds.into_iter().map(|kind| Event { time: Timestamp::UNIX_EPOCH, kind }).collect()
    }

    #[test]
    fn the_table_shows_every_node_with_what_was_done_and_what_went_wrong() {
        let node = |name: &str| NodeInfo { name: name.to_owned(), kind: NodeKind::Unit, after: Vec::new() };
        let start = RunStart {
            run: "r".to_owned(),
            command: "up".to_owned(),
            engine: "native".to_owned(),
            nodes: vec![node("dev/networking"), node("dev/cluster")],
            parallelism: 2,
            commit: None,
            user: None,
            request: None,
        };
        let summary = PlanSummary { add: 18, changes: true, ..PlanSummary::default() };
        let done = PlanSummary { add: 1, changes: true, ..PlanSummary::default() };
        let finished = |node: &str, outcome, seconds| EventKind::NodeFinished {
            node: node.to_owned(),
            outcome,
            seconds,
        };
        let failed = Outcome::Failed { message: "boom".to_owned(), advice: None };
        let summary = Summary::of(&events(vec![
            EventKind::RunStarted(start),
            EventKind::Planned { node: "dev/networking".to_owned(), summary, mocked: Vec::new() },
            EventKind::Applying { node: "dev/networking".to_owned() },
            EventKind::Changed { node: "dev/networking".to_owned(), summary: done },
            finished("dev/networking", failed, 12.0),
            finished("dev/cluster", Outcome::Skipped { cause: "dev/networking".to_owned() }, 0.0),
            EventKind::RunFinished { seconds: 12.3 },
        ]));
        console::set_colors_enabled(false);
        insta::assert_snapshot!(summary.table(), @r"
                        add  change  replace  destroy  time  result
        dev/networking    1       0        0        0   12s  failed
        dev/cluster       ·       ·        ·        ·     ·  skipped: dev/networking did not succeed
        total             1       0        0        0   12s  1 failed, 1 not done

        failed dev/networking: boom
        ");
    }
}
