//! The table of what a destruction would take with it, before it begins.

use console::style;

use crate::run::blast::{BlastRadius, Loss};
use crate::support::shown::name;

impl BlastRadius {
    /// The table, what holds data by its address, and who loses what it depends on.
    pub fn table(&self) -> String {
        let width = self.losses.iter().map(|loss| name(&loss.unit).chars().count()).max().unwrap_or(4).max(5);
        let mut text = format!("{:<width$}  {:>9}  {}\n", "unit", "resources", "holds data");
        for loss in &self.losses {
            let line = format!("{:<width$}  {:>9}  {}", name(&loss.unit), loss.resources, words(loss));
            text = format!("{text}{}\n", line.trim_end());
        }
        text = format!("{text}{:<width$}  {:>9}\n", "total", self.resources());
        for (loss, (word, address)) in
            self.losses.iter().flat_map(|loss| loss.precious.iter().map(move |precious| (loss, precious)))
        {
            let sign = style(format!("- {word}")).red().bold().for_stderr();
            text = format!("{text}{sign}  {}: {}\n", name(&loss.unit), name(address));
        }
        for stranded in &self.stranded {
            let on = stranded.on.join(", ");
            let on = name(&on);
            let state = match stranded.has_resources {
                Some(true) => "and still has resources",
                Some(false) => "and has no resources",
                None => "and may have resources",
            };
            let sign = style("!").yellow().bold().for_stderr();
            text = format!("{text}{sign} {} stays, {state}: it depends on {on}\n", name(&stranded.unit));
        }
        text
    }
}

/// `1 database, 2 buckets`, or the note.
fn words(loss: &Loss) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (word, _) in &loss.precious {
        match counts.iter_mut().find(|(other, _)| other == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let counts = counts.into_iter().map(|(word, count)| match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {}s", word.trim_end_matches('s')),
    });
    counts.chain(loss.note.clone()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Action, PlanSummary, ResourceChange};
    use crate::run::blast::Stranded;

    #[test]
    fn the_loud_ones_are_named_by_their_address() {
        let plan = PlanSummary {
            resources: ["aws_db_instance.main", "aws_s3_bucket.a", "aws_s3_bucket.b", "aws_subnet.x"]
                .map(|address| ResourceChange::new(address, Action::Delete))
                .into(),
            ..PlanSummary::default()
        };
        let nothing =
            Loss { note: Some("nothing is left of it".to_owned()), ..Loss::of("dev/cluster", None) };
        let stranded = Stranded {
            unit: "dev/app".to_owned(),
            on: vec!["dev/data".to_owned()],
            has_resources: Some(true),
        };
        let radius = BlastRadius {
            losses: vec![nothing, Loss::of("dev/data", Some(&plan))],
            stranded: vec![stranded],
        };
        console::set_colors_enabled_stderr(false);
        insta::assert_snapshot!(radius.table(), @r"
        unit         resources  holds data
        dev/cluster          0  nothing is left of it
        dev/data             4  1 database, 2 buckets
        total                4
        - database  dev/data: aws_db_instance.main
        - bucket  dev/data: aws_s3_bucket.a
        - bucket  dev/data: aws_s3_bucket.b
        ! dev/app stays, and still has resources: it depends on dev/data
        ");
    }
}
