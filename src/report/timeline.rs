//! A run in the order of time, as text: when each node ran, in which steps, and what was tried again.

use console::{measure_text_width, style};

use super::foreign::one_line;
use super::line::duration;
use super::model::{Row, Summary};
use crate::run::event::Outcome;
use crate::support::git::short;
use crate::support::shown::name;

/// Columns of the bars.
const BAR: usize = 40;

impl Summary {
    /// What was asked for, when, by whom, and how it ended.
    pub fn heading(&self) -> String {
        let by = self.user.as_deref().map(|user| format!(" by {}", one_line(user))).unwrap_or_default();
        let at = self.started.map(|at| format!(" at {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")));
        let commit = self.commit.as_deref().map(|commit| format!(" at commit {}", short(commit)));
        let end = match (self.finished, self.stopping) {
            (true, None) => self.verdict(),
            (true, Some(_)) => format!("it was stopped, {}", self.verdict()),
            (false, _) => format!("not finished: it was killed, or still goes on; {}", self.verdict()),
        };
        format!(
            "{}{by}{}{} with the {} engine (run {})\n{end} after {}\n",
            self.command,
            at.unwrap_or_default(),
            commit.unwrap_or_default(),
            self.engine,
            self.run,
            duration(self.seconds),
        )
    }

    /// A line a node that ran, with a bar for when: `·` while it waited for a place, `█` while it ran.
    pub fn timeline(&self) -> String {
        let mut rows: Vec<(&Row, f64)> =
            self.nodes.iter().filter_map(|row| Some((row, row.began?))).collect();
        rows.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        let width =
            rows.iter().map(|(row, _)| measure_text_width(&name(&row.name))).max().unwrap_or_default();
        let mut text = String::new();
        for (row, began) in rows {
            let pad = width - measure_text_width(&name(&row.name));
            let ended = row.ended.unwrap_or(self.seconds);
            let bar = bar(self.ready(row), began, ended, self.seconds);
            let bar = match &row.outcome {
                Some(outcome) if outcome.is_success() => style(bar).green(),
                Some(Outcome::Failed { .. } | Outcome::Refused { .. }) => style(bar).red(),
                _ => style(bar).yellow(),
            };
            let steps = steps(row, ended).join(", ");
            let line = format!(
                "{}{:pad$}  {bar}  {:>7} {:>7}  {steps}",
                name(&row.name),
                "",
                duration(began),
                duration(ended - began)
            );
            text = format!("{text}{}\n", line.trim_end());
            for retry in &row.retries {
                let (attempt, at) = (retry.attempt, duration(retry.at));
                text = format!(
                    "{text}{:width$}  attempt {attempt} failed at {at}: {}\n",
                    "",
                    one_line(&retry.cause)
                );
            }
        }
        text
    }

    /// When a node could have begun: at the end of the last that it waits for.
    fn ready(&self, row: &Row) -> f64 {
        let ends = row.after.iter().filter_map(|name| self.node(name)?.ended);
        ends.fold(0.0, f64::max)
    }
}

/// The steps of a node, each with its time.
fn steps(row: &Row, ended: f64) -> Vec<String> {
    let ends = row.steps.iter().skip(1).map(|step| step.at).chain([ended]);
    let steps = row.steps.iter().zip(ends);
    steps.map(|(step, end)| format!("{} {}", one_line(&step.name), duration(end - step.at))).collect()
}

fn bar(ready: f64, began: f64, ended: f64, whole: f64) -> String {
    let whole = whole.max(0.1);
    let column = |second: f64| (0..BAR).take_while(|column| place(*column + 1, whole) <= second).count();
    let (ready, began) = (column(ready), column(began).min(BAR - 1));
    // However short it was, it is seen.
    let ended = column(ended).clamp(began + 1, BAR);
    let sign = |column: usize| match column {
        _ if (began..ended).contains(&column) => '█',
        _ if (ready..began).contains(&column) => '·',
        _ => ' ',
    };
    (0..BAR).map(sign).collect()
}

/// The second at which a column ends.
fn place(column: usize, whole: f64) -> f64 {
    let parts = u32::try_from(column).unwrap_or(u32::MAX);
    whole * f64::from(parts) / f64::from(u32::try_from(BAR).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use crate::report::fixture::{Run, mixed};

    #[test]
    fn it_tells_when_each_node_ran_in_which_steps_and_what_was_tried_again() {
        console::set_colors_enabled(false);
        let text = mixed().timeline();
        let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line("dev/vpc").ends_with("0.0s     12s  init 2.0s, plan 10s"), "{text}");
        assert_eq!(line("dev/vpc").matches('█').count(), 15, "{text}");
        assert!(line("dev/db").contains("12s     18s  init 8.0s, apply 10s"), "{text}");
        assert!(text.contains("  attempt 1 failed at 15s: ThrottlingException: rate exceeded"), "{text}");
        assert!(!text.contains("dev/app"), "it never began");
        let heading = mixed().heading();
        assert!(
            heading.starts_with("apply by ada at 2026-11-30 00:53:20 UTC at commit 0123456789ab"),
            "{heading}"
        );
        assert!(heading.ends_with("2 failed, 1 not done after 31s\n"), "{heading}");
    }

    #[test]
    fn a_journal_without_an_end_is_told_as_not_finished() {
        let heading = Run::of("up", &[("vpc", &[])]).starts(1, "vpc").killed().heading();
        assert!(heading.contains("not finished: it was killed, or still goes on; 1 not done"), "{heading}");
    }
}
