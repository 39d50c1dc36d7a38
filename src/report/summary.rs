//! The table at the end: every node with its numbers, its time and its result.

use console::style;
use indexmap::IndexMap;

use super::detail_text;
use super::line::detail;
use super::model::{Row, Summary};
use super::table::{Line, table};
use crate::engine::{Action, PlanSummary};
use crate::run::command::only_plans;
use crate::run::event::Outcome;
use crate::support::counted::listed;
use crate::support::shown::{name, one_line};

impl Summary {
    /// The table, and below it what would be lost, the plans in detail, and what went wrong; no wider than `width` where
    /// there is one. Very many units that stay as they are become one line, unless all are wanted.
    pub fn table(&self, width: Option<usize>, all: bool) -> String {
        let mut text = table(&self.lines(all), Some(self.seconds), &self.verdict(), width);
        if let Some(words) = self.in_words() {
            text = format!("{text}\n{words}\n");
        }
        if only_plans(&self.command) {
            text.push_str(&self.losses());
        }
        text.push_str(&self.drifts());
        text.push_str(&self.details());
        text.push_str(&self.failures());
        text.push_str(&self.judgements());
        text.push_str(&self.costs());
        text
    }

    fn lines(&self, all: bool) -> Vec<Line> {
        let idle = if all { 0 } else { self.nodes.iter().filter(|row| row.is_idle()).count() };
        let told = |row: &&Row| idle <= MOST_IDLE || !row.is_idle();
        let mut lines: Vec<Line> = self.nodes.iter().filter(told).map(line).collect();
        if idle > MOST_IDLE {
            let counts = Some(PlanSummary::default());
            let name = if lines.is_empty() { format!("{idle} units") } else { format!("{idle} more") };
            lines.push(Line { name, counts, seconds: None, result: "no changes".to_owned() });
        }
        lines
    }

    /// What went wrong; what went wrong alike is told once, with the nodes that it hit.
    fn failures(&self) -> String {
        let mut alike: IndexMap<(&str, String), Vec<(&Row, String)>> = IndexMap::new();
        for row in self.nodes.iter().filter(|row| row.has_failed()) {
            let Some(outcome) = &row.outcome else { continue };
            let detail = detail(outcome).unwrap_or_default();
            // A message may name the node.
            let key = (outcome.word(), detail.replace(&row.name, "\0"));
            alike.entry(key).or_default().push((row, detail));
        }
        let block = |((word, _), rows): (&(&str, String), &Vec<(&Row, String)>)| {
            let word = style(word).red().bold();
            match rows.as_slice() {
                [] => String::new(),
                [(row, detail)] => format!("\n{word} {}: {detail}\n", name(&row.name)),
                [(_, detail), ..] => {
                    let names = listed(rows.iter().map(|(row, _)| name(&row.name)), MOST_NAMED);
                    format!("\n{word} {} alike: {detail}\n    {names}\n", rows.len())
                }
            }
        };
        alike.iter().map(block).collect()
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

    /// Every resource that has drifted, by its address.
    fn drifts(&self) -> String {
        let drifted = |row: &&Row| matches!(row.outcome, Some(Outcome::Drifted { .. }));
        let mut lines = String::new();
        for row in self.nodes.iter().filter(drifted) {
            for change in row.plan.iter().flat_map(PlanSummary::drifted) {
                lines = format!("{lines}  {}: {}\n", name(&row.name), detail_text::heading(change));
            }
        }
        if lines.is_empty() {
            lines
        } else {
            format!("\n{}\n{lines}", style("changed outside:").yellow().bold())
        }
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

/// More nodes than this that failed alike are told by their number.
const MOST_NAMED: usize = 10;
/// More units than this that stay as they are are told by their number.
const MOST_IDLE: usize = 10;

fn line(row: &Row) -> Line {
    let mut result = match &row.outcome {
        Some(Outcome::Planned) if row.is_idle() => "no changes",
        Some(outcome) => outcome.word(),
        None => "not finished",
    }
    .to_owned();
    if let Some(rests_on) = row.provisional(&|names| name(&names.join(", ")).into_owned()) {
        result = format!("{result}, provisional: {rests_on}");
    }
    if let Some(last) = row.last_look() {
        result = format!("{result}, {last}");
    }
    match &row.outcome {
        Some(Outcome::Unchanged { note: Some(note) }) => {
            result = format!("{result}: {}", one_line(note));
        }
        Some(Outcome::Drifted { note }) => result = format!("{result}: {}", one_line(note)),
        Some(Outcome::Skipped { cause }) => {
            result = format!("{result}: {} did not succeed", name(cause));
        }
        _ => {}
    }
    let seconds = (row.seconds > 0.0).then_some(row.seconds);
    Line { name: row.name.clone(), counts: row.counts(), seconds, result }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::run::event::{Event, EventKind, NodeInfo, NodeKind, Planned, RunStart};

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
            EventKind::Planned(Planned::new("dev/networking", summary)),
            EventKind::Applying { node: "dev/networking".to_owned() },
            EventKind::Changed { node: "dev/networking".to_owned(), summary: done },
            finished("dev/networking", failed, 12.0),
            finished("dev/cluster", Outcome::Skipped { cause: "dev/networking".to_owned() }, 0.0),
            EventKind::RunFinished { seconds: 12.3 },
        ]));
        console::set_colors_enabled(false);
        insta::assert_snapshot!(summary.table(None, false), @r"
                        add  change  replace  destroy  time  result
        dev/networking    1       0        0        0   12s  failed
        dev/cluster       ·       ·        ·        ·     ·  skipped: dev/networking did not succeed
        total             1       0        0        0   12s  1 failed, 1 not done

        applied: 1 added (1 unit) · 1 failed, 1 not done

        failed dev/networking: boom
        ");
    }

    #[test]
    fn what_failed_alike_is_told_once_with_all_that_it_hit() {
        let names: Vec<String> = (0..12).map(|unit| format!("dev/u{unit:02}")).collect();
        let info = |name: &String| NodeInfo { name: name.clone(), kind: NodeKind::Unit, after: Vec::new() };
        let start = RunStart {
            run: "r".to_owned(),
            command: "apply".to_owned(),
            engine: "native".to_owned(),
            nodes: names.iter().map(info).collect(),
            parallelism: 2,
            commit: None,
            user: None,
            request: None,
        };
        let failed = |name: &String| EventKind::NodeFinished {
            node: name.clone(),
            outcome: Outcome::Failed {
                message: if name == "dev/u07" {
                    "it broke".to_owned()
                } else {
                    format!("{name} cannot fetch ssh://git.example.com/m")
                },
                advice: Some("network or key?".to_owned()),
            },
            seconds: 1.0,
        };
        let mut kinds = vec![EventKind::RunStarted(start)];
        kinds.extend(names.iter().map(failed));
        console::set_colors_enabled(false);
        let table = Summary::of(&events(kinds)).table(None, false);
        let (_, failures) = table.split_once("\n\n").unwrap();
        insta::assert_snapshot!(failures, @r"
        nothing was changed · 12 failed

        failed 11 alike: dev/u00 cannot fetch ssh://git.example.com/m
            help: network or key?
            dev/u00, dev/u01, dev/u02, dev/u03, dev/u04, dev/u05, dev/u06, dev/u08, dev/u09, dev/u10 and 1 more

        failed dev/u07: it broke
            help: network or key?
        ");
    }
}
