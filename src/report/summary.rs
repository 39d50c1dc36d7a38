//! The table at the end: every node with its numbers, its time and its result.

use console::{measure_text_width, style};

use super::line::{detail, duration};
use super::model::{Row, Summary};
use crate::engine::PlanSummary;
use crate::run::event::Outcome;

impl Summary {
    /// The table, and below it what went wrong.
    pub fn table(&self) -> String {
        let header = ["", "add", "change", "destroy", "time", "result"].map(str::to_owned);
        let mut lines = vec![header];
        lines.extend(self.nodes.iter().map(cells));
        lines.push(self.totals());
        let mut text = aligned(&lines);
        for row in &self.nodes {
            let Some(outcome) = &row.outcome else { continue };
            if matches!(outcome, Outcome::Failed { .. } | Outcome::Refused { .. }) {
                let detail = detail(outcome).unwrap_or_default();
                text = format!("{text}\n{} {}: {detail}\n", style(outcome.word()).red().bold(), row.name);
            }
        }
        text.push_str(&self.judgements());
        text.push_str(&self.costs());
        text
    }

    fn totals(&self) -> [String; 6] {
        let plans = || self.nodes.iter().filter_map(|row| row.plan.as_ref());
        let sum = |count: fn(&PlanSummary) -> u64| plans().map(count).sum::<u64>().to_string();
        [
            "total".to_owned(),
            sum(|plan| plan.add),
            sum(|plan| plan.change),
            sum(|plan| plan.destroy),
            duration(self.seconds),
            self.verdict(),
        ]
    }
}

fn cells(row: &Row) -> [String; 6] {
    let number = |count: fn(&PlanSummary) -> u64| {
        row.plan.as_ref().map(count).map_or_else(|| "·".to_owned(), |count| count.to_string())
    };
    let mut result = row.outcome.as_ref().map_or("not finished", Outcome::word).to_owned();
    if !row.mocked.is_empty() {
        result = format!("{result}, provisional: mock outputs of {}", row.mocked.join(", "));
    }
    match &row.outcome {
        Some(Outcome::Unchanged { note: Some(note) }) => result = format!("{result}: {note}"),
        Some(Outcome::Skipped { cause }) => result = format!("{result}: {cause} did not succeed"),
        _ => {}
    }
    let time = if row.seconds > 0.0 { duration(row.seconds) } else { "·".to_owned() };
    [
        row.name.clone(),
        number(|plan| plan.add),
        number(|plan| plan.change),
        number(|plan| plan.destroy),
        time,
        result,
    ]
}

/// Columns side by side: names and results to the left, numbers to the right.
fn aligned(lines: &[[String; 6]]) -> String {
    let width =
        |column: usize| lines.iter().map(|line| measure_text_width(&line[column])).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for line in lines {
        let [name, add, change, destroy, time, result] = line;
        let [w0, w1, w2, w3, w4, _] = widths;
        let row = format!("{name:<w0$}  {add:>w1$}  {change:>w2$}  {destroy:>w3$}  {time:>w4$}  {result}");
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
    fn the_table_shows_every_node_and_what_went_wrong() {
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
        let finished = |node: &str, outcome, seconds| EventKind::NodeFinished {
            node: node.to_owned(),
            outcome,
            seconds,
        };
        let failed = Outcome::Failed { message: "boom".to_owned(), advice: None };
        let summary = Summary::of(&events(vec![
            EventKind::RunStarted(start),
            EventKind::Planned { node: "dev/networking".to_owned(), summary, mocked: Vec::new() },
            finished("dev/networking", failed, 12.0),
            finished("dev/cluster", Outcome::Skipped { cause: "dev/networking".to_owned() }, 0.0),
            EventKind::RunFinished { seconds: 12.3 },
        ]));
        console::set_colors_enabled(false);
        insta::assert_snapshot!(summary.table(), @r"
                        add  change  destroy  time  result
        dev/networking   18       0        0   12s  failed
        dev/cluster       ·       ·        ·     ·  skipped: dev/networking did not succeed
        total            18       0        0   12s  1 failed, 1 not done

        failed dev/networking: boom
        ");
    }
}
