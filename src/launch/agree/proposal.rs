//! Before anything is applied: every unit is planned, what would happen is shown, and a person agrees to it once.
//!
//! A plan that cannot be final yet, since what it depends on will change, is shown as it looks now. Its unit is planned
//! anew in its turn, and where that goes beyond what was shown the person is asked for it again.

use std::collections::{BTreeMap, BTreeSet};

use super::selected::selected;
use super::typed::typed;
use super::{Answer, Undecided};
use crate::engine::{Session, Unwatched};
use crate::report::detail_text;
use crate::report::proposal::{Proposal, may_change};
use crate::report::terminal::Display;
use crate::run::agreement::Ahead;
use crate::run::ahead::{NamedUnit, PlannedAhead};
use crate::run::event::Outcome;
use crate::run::unit_loader::UnitLoader;
use crate::support::interrupt::Stop;

/// Changes that nobody has agreed to yet.
pub struct Proposing<'a> {
    /// The run.
    pub run: Undecided<'a>,
    /// Where it is shown and asked.
    pub display: Display,
    /// What evaluates units as `slipway plan` does.
    pub preview: &'a UnitLoader,
}

impl Proposing<'_> {
    /// Plans, shows, asks.
    pub async fn agree(self) -> Answer {
        let planned = self.run.plan(Some(self.preview)).await;
        if self.run.interrupts.step() > Stop::None {
            return self.run.end(planned, &Outcome::Interrupted);
        }
        let mut chosen = planned.clone();
        let mut is_shown = false;
        loop {
            let proposal = Proposal { planned: &chosen, gates: &self.run.gates };
            let Some(short) = proposal.short() else {
                if is_shown {
                    return self.run.end(planned, &Outcome::Declined);
                }
                return Answer::Nothing;
            };
            let listing = if is_shown { String::new() } else { proposal.text(Some(self.display.width())) };
            is_shown = true;
            let question = format!("Apply {short}? [y]es, [n]o, [d]etail, [s]elect units: ");
            let Some(answer) = self.ask(&listing, &question) else {
                let stopped = self.run.interrupts.step() > Stop::None;
                let outcome = if stopped { Outcome::Interrupted } else { Outcome::Declined };
                return self.run.end(planned, &outcome);
            };
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => {
                    self.leave_out(&chosen);
                    return Answer::Yes(Some("yes".to_owned()));
                }
                "" | "n" | "no" | "q" | "quit" => return self.run.end(planned, &Outcome::Declined),
                "d" | "detail" => self.tell_details(&chosen).await,
                "s" | "select" => {
                    if let Some(selection) = self.select(&planned) {
                        chosen = selection;
                        is_shown = false;
                    }
                }
                other => self.display.print(&format!("\"{other}\" is none of y, n, d and s")),
            }
        }
    }

    fn ask(&self, listing: &str, question: &str) -> Option<String> {
        tokio::task::block_in_place(|| self.display.ask(listing, question, || typed(self.run.interrupts)))
    }

    /// The plans attribute by attribute.
    async fn tell_details(&self, chosen: &[PlannedAhead]) {
        let wanted = chosen.iter().filter(|unit| unit.summary.is_some());
        let wanted: BTreeSet<&str> = wanted.map(|unit| unit.name.as_str()).collect();
        for NamedUnit { name, work, .. } in
            self.run.units.iter().filter(|unit| wanted.contains(unit.name.as_str()))
        {
            let Some((job, plan)) = work.ahead.plan().filter(|(_, plan)| !plan.summary.is_empty()) else {
                continue;
            };
            let loader = self.preview;
            let session = Session { watcher: &Unwatched, interrupts: self.run.interrupts, place: None };
            let text = match loader
                .engine()
                .detail(&job, &plan.file, &loader.open_inputs(&job.config), session)
                .await
            {
                Ok(detail) => detail_text::text(&detail),
                Err(error) => format!("  its detail could not be read: {error}\n"),
            };
            self.display.print(&format!("{name}\n{}", text.trim_end()));
        }
    }

    /// Those of the units that a person names; none where nothing was changed.
    fn select(&self, planned: &[PlannedAhead]) -> Option<Vec<PlannedAhead>> {
        let changing: Vec<&str> =
            planned.iter().filter(|unit| may_change(unit)).map(|unit| unit.name.as_str()).collect();
        let line = |(name, number): (&&str, usize)| format!("{number:>4}  {name}\n");
        let listing: String = changing.iter().zip(1..).map(line).collect();
        let question = "Which, such as 1 3-5 or parts of names (nothing: all): ";
        loop {
            let answer = self.ask(&listing, question)?;
            match selected(&answer, &changing) {
                Ok(wanted) => return Some(self.narrowed(planned, &wanted)),
                Err(message) => self.display.print(&message),
            }
        }
    }

    /// The plans without what is not wanted, and without what depends on that.
    fn narrowed(&self, planned: &[PlannedAhead], wanted: &BTreeSet<&str>) -> Vec<PlannedAhead> {
        let mut left_out: BTreeMap<&str, Outcome> = BTreeMap::new();
        let before: BTreeMap<&str, &[String]> =
            self.run.units.iter().map(|unit| (unit.name.as_str(), unit.after.as_slice())).collect();
        // Each stands behind what it depends on.
        for unit in planned {
            let name = unit.name.as_str();
            let cause = before.get(name).into_iter().copied().flatten();
            let cause = cause.into_iter().find(|before| left_out.contains_key(before.as_str()));
            if let Some(cause) = cause {
                left_out.insert(name, Outcome::Skipped { cause: cause.clone() });
            } else if may_change(unit) && !wanted.contains(name) {
                left_out.insert(name, Outcome::Declined);
            }
        }
        let narrowed = planned.iter().map(|unit| match left_out.get(unit.name.as_str()) {
            Some(outcome) => PlannedAhead {
                name: unit.name.clone(),
                summary: None,
                outcome: Some(outcome.clone()),
                behind: Vec::new(),
            },
            None => unit.clone(),
        });
        narrowed.collect()
    }

    /// What was left out is declined in its turn; what waits for it is skipped then.
    fn leave_out(&self, chosen: &[PlannedAhead]) {
        let declined = chosen.iter().filter(|unit| unit.outcome == Some(Outcome::Declined));
        let declined: BTreeSet<&str> = declined.map(|unit| unit.name.as_str()).collect();
        for unit in self.run.units.iter().filter(|unit| declined.contains(unit.name.as_str())) {
            unit.work.ahead.keep(Ahead::Ended(Outcome::Declined));
        }
    }
}
