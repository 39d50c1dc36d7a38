//! Units side by side with their numbers, as wide as there is room for.

use console::{Alignment, measure_text_width, pad_str, style, truncate_str};

use super::line::duration;
use crate::engine::PlanSummary;
use crate::support::shown::name;

/// Names are not shortened to less than so many characters, nor results.
const LEAST: usize = 20;
/// What stands between two columns.
const GAP: &str = "  ";

/// A column of numbers over the plans.
struct Column {
    name: &'static str,
    count: fn(&PlanSummary) -> u64,
    /// Whether it is left out where all is zero.
    rare: bool,
    /// Whether what stands in it is lost.
    loss: bool,
}

const DRIFT: &str = "drift";

const COLUMNS: &[Column] = &[
    Column { name: "add", count: |plan| plan.add, rare: false, loss: false },
    Column { name: "change", count: |plan| plan.change, rare: false, loss: false },
    Column { name: "replace", count: |plan| plan.replace, rare: false, loss: true },
    Column { name: "destroy", count: |plan| plan.destroy, rare: false, loss: true },
    Column { name: "import", count: |plan| plan.import, rare: true, loss: false },
    Column { name: "move", count: |plan| plan.moved, rare: true, loss: false },
    Column { name: "forget", count: |plan| plan.forget, rare: true, loss: false },
    Column { name: "outputs", count: |plan| plan.outputs.len() as u64, rare: true, loss: false },
    Column { name: DRIFT, count: |plan| plan.drifted().count() as u64, rare: true, loss: false },
];

/// One line.
pub struct Line {
    /// The unit or gate.
    pub name: String,
    /// Its numbers; none where nobody knows them.
    pub counts: Option<PlanSummary>,
    /// Seconds; none where it never ran.
    pub seconds: Option<f64>,
    /// How it ended, or what is to be said of it.
    pub result: String,
}

/// The lines and their sums. What is too wide for a terminal loses first the columns that are all zero, then the middle
/// of names, then the end of results.
pub fn table(lines: &[Line], seconds: Option<f64>, verdict: &str, width: Option<usize>) -> String {
    let counts = || lines.iter().filter_map(|line| line.counts.as_ref());
    let sum = |column: &Column| counts().map(column.count).fold(0, u64::saturating_add);
    let of = |keeps: &dyn Fn(&Column) -> bool| -> Vec<&Column> {
        COLUMNS.iter().filter(|column| keeps(column)).collect()
    };
    // Of what only looked, nothing but that says anything.
    let looked = counts().any(|plan| plan.refreshed);
    let usual = of(&|column| if looked { column.name == DRIFT } else { !column.rare || sum(column) > 0 });
    let rows = |columns: &[&Column]| {
        let mut header = vec![String::new()];
        header.extend(columns.iter().map(|column| column.name.to_owned()));
        header.extend(seconds.map(|_| "time".to_owned()));
        header.push("result".to_owned());
        let mut rows = vec![header];
        rows.extend(lines.iter().map(|line| cells(line, columns, seconds.is_some())));
        let mut totals = vec!["total".to_owned()];
        totals.extend(columns.iter().map(|column| number(column, sum(column))));
        totals.extend(seconds.map(duration));
        totals.push(verdict.to_owned());
        rows.push(totals);
        rows
    };
    let all = rows(&usual);
    let Some(width) = width.filter(|width| width_of(&all) > *width) else { return aligned(&all) };
    let narrow = rows(&of(&|column| sum(column) > 0));
    aligned(&shortened(narrow, width))
}

fn cells(line: &Line, columns: &[&Column], timed: bool) -> Vec<String> {
    let unknown = || "·".to_owned();
    let numbers = columns.iter().map(|column| {
        line.counts.as_ref().map_or_else(unknown, |counts| number(column, (column.count)(counts)))
    });
    let time = timed.then(|| line.seconds.map_or_else(unknown, duration));
    std::iter::once(name(&line.name).into_owned())
        .chain(numbers)
        .chain(time)
        .chain([line.result.clone()])
        .collect()
}

fn number(column: &Column, count: u64) -> String {
    let text = count.to_string();
    if column.loss && count > 0 { style(text).red().bold().to_string() } else { text }
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| measure_text_width(cell)).max().unwrap_or_default()
    };
    (0..columns).map(width).collect()
}

fn width_of(rows: &[Vec<String>]) -> usize {
    let widths = widths(rows);
    widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

/// The rows no wider than `width` together, where that can be.
fn shortened(mut rows: Vec<Vec<String>>, width: usize) -> Vec<Vec<String>> {
    let room = |rows: &[Vec<String>], column: usize| {
        let own = widths(rows).get(column).copied().unwrap_or_default();
        let over = width_of(rows).saturating_sub(width);
        (over > 0).then(|| own.saturating_sub(over).max(LEAST))
    };
    if let Some(most) = room(&rows, 0) {
        for name in rows.iter_mut().filter_map(|row| row.first_mut()) {
            *name = without_middle(name, most);
        }
    }
    let last = rows.first().map_or(0, |row| row.len().saturating_sub(1));
    if let Some(most) = room(&rows, last) {
        for result in rows.iter_mut().filter_map(|row| row.get_mut(last)) {
            *result = truncate_str(result, most, "…").into_owned();
        }
    }
    rows
}

/// A path whose beginning and end are kept: `prod/eu-west-…/cluster`.
fn without_middle(text: &str, most: usize) -> String {
    if measure_text_width(text) <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let head: String = text.chars().take(kept / 3).collect();
    let mut tail: Vec<char> = Vec::new();
    let mut room = kept.saturating_sub(measure_text_width(&head));
    for character in text.chars().rev() {
        let wide = measure_text_width(&character.to_string());
        if wide > room {
            break;
        }
        room -= wide;
        tail.push(character);
    }
    format!("{head}…{}", tail.iter().rev().collect::<String>())
}

/// Columns side by side: names and results to the left, numbers to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    let widths = widths(lines);
    let columns = widths.len();
    let mut text = String::new();
    for line in lines {
        let cell = |(column, (cell, width)): (usize, (&String, &usize))| {
            let left = column == 0 || column + 1 == columns;
            let side = if left { Alignment::Left } else { Alignment::Right };
            pad_str(cell, *width, side, None).into_owned()
        };
        let row = line.iter().zip(&widths).enumerate().map(cell).collect::<Vec<_>>().join(GAP);
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, add: u64, result: &str) -> Line {
        let counts = PlanSummary { add, changes: add > 0, ..PlanSummary::default() };
        Line { name: name.to_owned(), counts: Some(counts), seconds: Some(3.0), result: result.to_owned() }
    }

    #[test]
    fn what_is_too_wide_loses_empty_columns_then_the_middle_of_names_then_the_end_of_results() {
        console::set_colors_enabled(false);
        let long = "accounts/production/eu-west-1/payments/database";
        let lines =
            [line(long, 12, "applied"), line("vpc", 0, "skipped: accounts/production/x did not succeed")];
        let drawn = |width| table(&lines, Some(4.0), "1 not done", width);
        assert_eq!(drawn(None), drawn(Some(200)));
        insta::assert_snapshot!(drawn(Some(120)), @r"
                                                         add  time  result
        accounts/production/eu-west-1/payments/database   12  3.0s  applied
        vpc                                                0  3.0s  skipped: accounts/production/x did not succeed
        total                                             12  4.0s  1 not done
        ");
        insta::assert_snapshot!(drawn(Some(80)), @r"
                               add  time  result
        accoun…ments/database   12  3.0s  applied
        vpc                      0  3.0s  skipped: accounts/production/x did not succeed
        total                   12  4.0s  1 not done
        ");
        insta::assert_snapshot!(drawn(Some(40)), @r"
                              add  time  result
        accoun…ents/database   12  3.0s  applied
        vpc                     0  3.0s  skipped: accounts/p…
        total                  12  4.0s  1 not done
        ");
        for width in [60, 80, 100] {
            let widest = drawn(Some(width)).lines().map(measure_text_width).max().unwrap();
            assert!(widest <= width, "{widest} of {width}");
        }
    }

    #[test]
    fn a_name_of_wide_characters_is_shortened_by_what_it_takes_on_the_screen() {
        let short = without_middle("環境環境環境環境環境環境環境/eu-west-1/cluster", 20);
        assert!(measure_text_width(&short) <= 21 && short.ends_with("cluster"), "{short}");
    }
}
