//! What would happen to every unit, shown before anyone is asked: the changes under each unit's name, and the table.

use console::style;

use super::detail_text::heading;
use super::line::detail;
use super::table::{Line, table};
use crate::engine::{Action, PlanSummary, ResourceChange};
use crate::run::ahead::PlannedAhead;
use crate::run::event::Outcome;
use crate::support::counted::listed;
use crate::support::shown::name;

/// What would be done, unit by unit.
pub struct Proposal<'a> {
    /// The units, as they are planned.
    pub planned: &'a [PlannedAhead],
    /// The gates that are passed as well.
    pub gates: &'a [String],
}

impl Proposal<'_> {
    /// The changes and the table, no wider than `width` where there is one.
    pub fn text(&self, width: Option<usize>) -> String {
        let blocks: String = self.planned.iter().filter_map(block).collect();
        let lines: Vec<Line> = self.planned.iter().filter(|unit| !is_idle(unit)).map(line).collect();
        let idle = self.planned.len() - lines.len();
        let verdict = match idle {
            0 => String::new(),
            1 => "1 unit stays as it is".to_owned(),
            idle => format!("{idle} units stay as they are"),
        };
        let gates = match self.gates {
            [] => String::new(),
            gates => format!("then the gates: {}\n", gates.join(", ")),
        };
        format!("{blocks}\n{}{gates}", table(&lines, None, &verdict, width))
    }

    /// `+24 ~2 -0 to 2 units`; none where nothing would be done.
    pub fn short(&self) -> Option<String> {
        let plans = self.planned.iter().filter_map(|unit| unit.summary.as_ref());
        let sum = plans.fold(PlanSummary::default(), |sum, plan| sum.and(plan));
        let changing = self.planned.iter().filter(|unit| may_change(unit)).count();
        match changing {
            0 => None,
            1 => Some(format!("{} to 1 unit", sum.short())),
            changing => Some(format!("{} to {changing} units", sum.short())),
        }
    }
}

/// Whether something would, or may, be changed of it.
pub fn may_change(unit: &PlannedAhead) -> bool {
    match &unit.outcome {
        None => unit.summary.as_ref().is_some_and(|plan| plan.changes) || !unit.behind.is_empty(),
        // What could not be planned yet is planned in its turn.
        Some(_) => is_open(unit),
    }
}

/// Whether it could not be planned before what it depends on is there.
fn is_open(unit: &PlannedAhead) -> bool {
    !unit.behind.is_empty()
        && matches!(
            unit.outcome,
            Some(Outcome::Failed { .. } | Outcome::Refused { .. } | Outcome::Skipped { .. })
        )
}

fn is_idle(unit: &PlannedAhead) -> bool {
    matches!(unit.outcome, Some(Outcome::Unchanged { note: None }))
}

/// What is lost stands last, where it is read.
fn rank(change: &ResourceChange) -> (u8, &str) {
    let rank = match change.action {
        Action::Read => 0,
        Action::Create => 1,
        Action::Import => 2,
        Action::Move => 3,
        Action::Update | Action::Other | Action::Nothing => 4,
        Action::Forget => 5,
        Action::Replace => 6,
        Action::Delete => 7,
    };
    (rank, &change.address)
}

fn block(unit: &PlannedAhead) -> Option<String> {
    let heading_of = |rest: &str| format!("{}{rest}\n", style(name(&unit.name)).bold());
    if let Some(outcome @ (Outcome::Failed { .. } | Outcome::Refused { .. })) = &unit.outcome {
        let why = detail(outcome).unwrap_or_default();
        return Some(if is_open(unit) {
            heading_of(&format!(": is planned when {} is done; now: {why}", list(&unit.behind)))
        } else {
            heading_of(&format!(" {}: {why}", style(outcome.word()).red().bold()))
        });
    }
    let plan = unit.summary.as_ref()?;
    let mut changes: Vec<&ResourceChange> =
        plan.resources.iter().filter(|change| change.action != Action::Read).collect();
    if changes.is_empty() && plan.outputs.is_empty() {
        return None;
    }
    changes.sort_by_key(|change| rank(change));
    let line = |change: &&ResourceChange| format!("  {}\n", heading(change));
    let changes: String = changes.iter().map(line).collect();
    let outputs = match plan.outputs.as_slice() {
        [] => String::new(),
        outputs => {
            let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
            format!("  outputs: {}\n", name(&names.join(", ")))
        }
    };
    Some(format!("{}{changes}{outputs}", heading_of("")))
}

fn line(unit: &PlannedAhead) -> Line {
    let result = match &unit.outcome {
        _ if is_open(unit) => format!("planned when {} is done", list(&unit.behind)),
        None if !unit.behind.is_empty() => format!("provisional: planned anew after {}", list(&unit.behind)),
        None => "planned".to_owned(),
        Some(Outcome::Skipped { cause }) => format!("skipped: {} did not succeed", name(cause)),
        Some(Outcome::Unchanged { note: Some(note) }) => format!("unchanged: {}", name(note)),
        Some(outcome) => outcome.word().to_owned(),
    };
    Line { name: unit.name.clone(), counts: unit.summary.clone(), seconds: None, result }
}

/// Two names, and how many more.
fn list(units: &[String]) -> String {
    listed(units.iter().map(|unit| name(unit)), 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(
        name: &str,
        plan: Option<PlanSummary>,
        outcome: Option<Outcome>,
        behind: &[&str],
    ) -> PlannedAhead {
        let behind = behind.iter().map(|unit| (*unit).to_owned()).collect();
        PlannedAhead { name: name.to_owned(), summary: plan, outcome, behind }
    }

    #[test]
    fn the_changes_stand_under_each_unit_and_what_cannot_be_known_yet_says_so() {
        console::set_colors_enabled(false);
        let vpc = PlanSummary {
            add: 1,
            destroy: 1,
            resources: vec![
                ResourceChange::new("aws_eip.old", Action::Delete),
                ResourceChange::new("data.aws_ami.this", Action::Read),
                ResourceChange::new("aws_vpc.this", Action::Create),
            ],
            changes: true,
            ..PlanSummary::default()
        };
        let cluster = PlanSummary {
            add: 2,
            resources: vec![ResourceChange::new("aws_eks_cluster.this", Action::Create)],
            changes: true,
            ..PlanSummary::default()
        };
        let failed = Outcome::Failed { message: "it has no outputs yet".to_owned(), advice: None };
        let planned = [
            unit("dns", None, Some(Outcome::Unchanged { note: None }), &[]),
            unit("vpc", Some(vpc), None, &[]),
            unit("cluster", Some(cluster), None, &["vpc"]),
            unit("app", None, Some(failed.clone()), &["cluster"]),
            unit("mail", None, Some(failed), &[]),
        ];
        let gates = ["verify dev".to_owned()];
        let proposal = Proposal { planned: &planned, gates: &gates };
        insta::assert_snapshot!(proposal.text(None), @r"
        vpc
          + aws_vpc.this
          - aws_eip.old
        cluster
          + aws_eks_cluster.this
        app: is planned when cluster is done; now: it has no outputs yet
        mail failed: it has no outputs yet

                 add  change  replace  destroy  result
        vpc        1       0        0        1  planned
        cluster    2       0        0        0  provisional: planned anew after vpc
        app        ·       ·        ·        ·  planned when cluster is done
        mail       ·       ·        ·        ·  failed
        total      3       0        0        1  1 unit stays as it is
        then the gates: verify dev
        ");
        assert_eq!(proposal.short().as_deref(), Some("+3 ~0 -1 to 3 units"));
        assert_eq!(Proposal { planned: &planned[..1], gates: &[] }.short(), None);
    }
}
