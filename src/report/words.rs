//! What a run did that did not come to its end, in words: the same in the table, the comment, JUnit and the page.

use super::model::{Row, Summary};
use crate::engine::PlanSummary;
use crate::run::command::destroys;
use crate::run::event::Outcome;

impl Summary {
    /// `applied: 24 added, 2 changed (2 units) · 5 not done`; none where the run came to its end, or only planned.
    pub fn in_words(&self) -> Option<String> {
        if self.only_plans() || self.is_all_done() {
            return None;
        }
        let done: Vec<PlanSummary> = self.nodes.iter().filter_map(Row::counts).collect();
        let changed = done.iter().filter(|counts| !counts.is_empty()).count();
        let sum = |count: fn(&PlanSummary) -> u64| done.iter().map(count).fold(0, u64::saturating_add);
        let parts = [
            (sum(|counts| counts.add), "added"),
            (sum(|counts| counts.change), "changed"),
            (sum(|counts| counts.replace), "replaced"),
            (sum(|counts| counts.destroy), "destroyed"),
            (sum(|counts| counts.import), "imported"),
            (sum(|counts| counts.moved), "moved"),
            (sum(|counts| counts.forget), "forgotten"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, word)| format!("{count} {word}")).collect();
        let unknown = self.nodes.iter().filter(|row| row.is_of_unknown_effect()).count();
        let mut words = match (parts.is_empty(), changed) {
            (true, _) if unknown > 0 => "what was changed is not known".to_owned(),
            (true, _) => self.nothing_done(),
            (false, 1) => format!("{}{} (1 unit)", self.done_word(), parts.join(", ")),
            (false, changed) => format!("{}{} ({changed} units)", self.done_word(), parts.join(", ")),
        };
        if unknown > 0 && !parts.is_empty() {
            words = format!("{words}, and what {unknown} of them did beside is not known");
        }
        Some(format!("{words} · {}", self.verdict()))
    }

    /// Whether every node came to its end, and to a good one.
    pub fn is_all_done(&self) -> bool {
        self.nodes.iter().all(|row| row.outcome.as_ref().is_some_and(Outcome::is_success))
    }

    fn done_word(&self) -> &'static str {
        if destroys(&self.command) { "" } else { "applied: " }
    }

    /// `nothing was destroyed; 31 resources were planned to go`.
    fn nothing_done(&self) -> String {
        let plans = || self.nodes.iter().filter_map(|row| row.plan.as_ref());
        let touched = plans().map(PlanSummary::touched).fold(0, u64::saturating_add);
        let destroys = destroys(&self.command);
        let nothing = if destroys { "nothing was destroyed" } else { "nothing was changed" };
        let end = if destroys { "planned to go" } else { "planned to change" };
        match touched {
            0 => nothing.to_owned(),
            1 => format!("{nothing}; 1 resource was {end}"),
            touched => format!("{nothing}; {touched} resources were {end}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use quick_junit::Report;

    use super::super::fixture::{Run, failed};
    use super::super::html::html;
    use super::super::junit::junit;
    use super::super::markdown::markdown;
    use super::*;
    use crate::engine::Action;
    use crate::run::event::EventKind;

    const ONE_OF: &[(Action, &str)] =
        &[(Action::Create, "aws_vpc.a"), (Action::Create, "aws_vpc.b"), (Action::Update, "aws_vpc.c")];
    const GOES: &[(Action, &str)] = &[(Action::Delete, "aws_vpc.a"), (Action::Delete, "aws_vpc.b")];

    /// Two units, both planned, of which the first ends in one way and the second in another.
    fn run(command: &str, changes: &[(Action, &str)], first: Outcome, second: Outcome) -> Summary {
        Run::of(command, &[("vpc", &[]), ("db", &["vpc"])])
            .starts(0, "vpc")
            .planned(1, "vpc", changes)
            .ends(3, "vpc", first, 3.0)
            .planned(4, "db", changes)
            .ends(6, "db", second, 3.0)
            .finished(7)
    }

    /// What each report says of how far the run came, having checked that all of them say the same.
    #[track_caller]
    fn told(summary: &Summary) -> Option<String> {
        console::set_colors_enabled(false);
        let words = summary.in_words();
        let table = summary.table(None, false);
        let comment = markdown(summary, |_| None);
        let suite = Report::deserialize_from_str(&junit(summary, |_| None)).unwrap().test_suites.remove(0);
        let page = html(summary, |_| None);
        let Some(words) = &words else {
            assert!(!table.contains(" · "), "{table}");
            assert!(comment.lines().nth(3).is_some_and(|line| line.starts_with("**+")), "{comment}");
            assert_eq!(suite.system_out, None);
            assert!(page.contains("\"words\":null"), "{page}");
            return None;
        };
        assert!(table.contains(&format!("\n\n{words}\n")), "{table}");
        assert_eq!(comment.lines().nth(3), Some(words.as_str()), "{comment}");
        assert_eq!(suite.system_out.unwrap().as_str(), words);
        assert!(page.contains(&format!("\"words\":\"{words}\"")), "{page}");
        Some(words.clone())
    }

    #[test]
    fn a_run_that_fails_says_what_it_did_in_every_report() {
        let failed = run("apply", ONE_OF, Outcome::Applied, failed("boom"));
        assert_eq!(told(&failed).unwrap(), "applied: 2 added, 1 changed (1 unit) · 1 failed");
    }

    #[test]
    fn a_run_that_is_interrupted_says_what_it_did_and_what_nobody_knows() {
        let stopped = run("up", ONE_OF, Outcome::Applied, Outcome::Interrupted);
        assert_eq!(told(&stopped).unwrap(), "applied: 2 added, 1 changed (1 unit) · 1 not done");
        let killed = Run::of("up", &[("vpc", &[]), ("db", &["vpc"])])
            .starts(0, "vpc")
            .planned(1, "vpc", ONE_OF)
            .then(2, EventKind::Applying { node: "vpc".to_owned() })
            .killed();
        assert_eq!(told(&killed).unwrap(), "what was changed is not known · 2 not done");
    }

    #[test]
    fn what_a_person_declined_was_only_planned() {
        let apply = run("apply", ONE_OF, Outcome::Declined, Outcome::Declined);
        assert_eq!(
            told(&apply).unwrap(),
            "nothing was changed; 6 resources were planned to change · 2 not done"
        );
        let destroy = run("destroy", GOES, Outcome::Declined, Outcome::Declined);
        assert_eq!(
            told(&destroy).unwrap(),
            "nothing was destroyed; 4 resources were planned to go · 2 not done"
        );
    }

    #[test]
    fn a_unit_that_is_refused_has_changed_nothing() {
        let refused = Outcome::Refused { message: "a policy denies it".to_owned() };
        let skipped = Outcome::Skipped { cause: "vpc".to_owned() };
        let refused = run("apply", &[(Action::Update, "aws_vpc.a")], refused, skipped);
        assert_eq!(
            told(&refused).unwrap(),
            "nothing was changed; 2 resources were planned to change · 1 failed, 1 not done"
        );
    }

    #[test]
    fn a_run_that_came_to_its_end_needs_no_words_nor_does_a_plan() {
        assert_eq!(told(&run("apply", ONE_OF, Outcome::Applied, Outcome::Unchanged { note: None })), None);
        assert_eq!(told(&run("destroy", GOES, Outcome::Destroyed, Outcome::Destroyed)), None);
        assert_eq!(told(&run("plan", ONE_OF, Outcome::Planned, failed("boom"))), None);
    }
}
