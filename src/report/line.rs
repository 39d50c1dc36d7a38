//! How a node's end looks on one line, wherever lines are written.

use console::style;

use crate::engine::PlanSummary;
use crate::run::command::destroys;
use crate::run::event::{Cost, Judgement, LeftLock, Outcome, Verdict};
use crate::support::shown::{self, one_line};

/// Seconds as people read them: `0.4s`, `12s`, `3m 20s`.
pub fn duration(seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{seconds:.1}s");
    }
    // A journal may say anything.
    let whole = std::time::Duration::try_from_secs_f64(seconds).map_or(u64::MAX, |time| time.as_secs());
    if whole < 60 { format!("{whole}s") } else { format!("{}m {:02}s", whole / 60, whole % 60) }
}

/// How long ago something was, roughly: `40s`, `12m`, `3h`, `2d`.
pub fn age(seconds: f64) -> String {
    // A journal may say anything.
    let whole = std::time::Duration::try_from_secs_f64(seconds).map_or(0, |time| time.as_secs());
    match whole {
        0..60 => format!("{whole}s"),
        60..3_600 => format!("{}m", whole / 60),
        3_600..172_800 => format!("{}h", whole / 3_600),
        _ => format!("{}d", whole / 86_400),
    }
}

/// A sign for the outcome, coloured where colours are on.
pub fn sign(outcome: &Outcome) -> String {
    let styled = match outcome {
        Outcome::Unchanged { .. } => style("=").dim(),
        Outcome::Planned => style("?").cyan(),
        Outcome::Applied | Outcome::Destroyed | Outcome::Passed { .. } | Outcome::Done { .. } => {
            style("✓").green()
        }
        Outcome::Failed { .. } | Outcome::Refused { .. } => style("✗").red().bold(),
        Outcome::Drifted { .. } => style("!").yellow().bold(),
        Outcome::Declined | Outcome::Skipped { .. } | Outcome::Interrupted => style("-").yellow(),
    };
    styled.for_stderr().to_string()
}

fn empty_sign() -> String {
    sign(&Outcome::Unchanged { note: None })
}

/// `✓ dev/eu-west-1/networking applied (+18 ~0 -0) in 12s`.
///
/// `brief` leaves out why it failed, where that is told in full elsewhere.
pub fn finished(
    node: &str,
    outcome: &Outcome,
    plan: Option<&PlanSummary>,
    seconds: f64,
    brief: bool,
) -> String {
    let is_empty = *outcome == Outcome::Planned && plan.is_some_and(|plan| !plan.changes);
    let (sign, word) = if is_empty { (empty_sign(), "no changes") } else { (sign(outcome), outcome.word()) };
    let mut line = format!("{sign} {} {word}", shown::name(node));
    // Of what was not begun, or had nothing to do, zeros say nothing.
    let is_still = !matches!(
        outcome,
        Outcome::Planned
            | Outcome::Applied
            | Outcome::Destroyed
            | Outcome::Failed { .. }
            | Outcome::Refused { .. }
    );
    let sums = plan.filter(|_| !is_empty).map(PlanSummary::short);
    if let Some(sums) = sums.filter(|sums| !is_still || *sums != PlanSummary::default().short()) {
        line = format!("{line} ({sums})");
    }
    if seconds > 0.0 {
        line = format!("{line} in {}", duration(seconds));
    }
    match detail(outcome) {
        Some(_) if brief && matches!(outcome, Outcome::Failed { .. } | Outcome::Refused { .. }) => line,
        Some(detail) => format!("{line}: {detail}"),
        None => line,
    }
}

/// `vpc: attempt 1 failed, the next one comes in 5 s: …`.
pub fn retrying(node: &str, attempt: u32, seconds: f64, cause: &str) -> String {
    format!(
        "{}: attempt {attempt} failed, the next one comes in {}: {}",
        shown::name(node),
        duration(seconds),
        shown::block(cause)
    )
}

/// Whose lock is left, and what releases it.
pub fn lock_left(lock: &LeftLock) -> String {
    let who = lock.who.as_deref().map(|who| format!(" by {who}")).unwrap_or_default();
    let since = lock.created.as_deref().map(|created| format!(" since {created}")).unwrap_or_default();
    let text = match lock.process {
        Some(process) => format!(
            "{}: its state is locked{who}{since}, by process {process} on this machine, which still runs: wait for it",
            lock.node
        ),
        None => format!("{}: its state is locked{who}{since}; release it with `{}`", lock.node, lock.release),
    };
    shown::name(&text).into_owned()
}

/// What a policy says of a plan, a line for each message; none where it says nothing.
pub fn judged(judgement: &Judgement) -> Option<String> {
    let Judgement { node, policy, verdict, messages } = judgement;
    let (sign, word) = match verdict {
        Verdict::Passed => return None,
        Verdict::Warned => (style("!").yellow().bold(), "warns"),
        Verdict::Denied => (style("✗").red().bold(), "denies"),
    };
    let sign = sign.for_stderr();
    let lines: Vec<String> = messages
        .iter()
        .map(|message| {
            let text = format!("{node}: {policy} {word}: {}", one_line(message));
            format!("{sign} {}", shown::name(&text))
        })
        .collect();
    Some(lines.join("\n"))
}

/// That what was agreed to begins.
pub fn agreed(command: &str, word: Option<&str>) -> String {
    let destroys = destroys(command);
    match word {
        Some(word) if destroys => format!("destroying, as agreed to with \"{}\"", shown::name(word)),
        None if destroys => "destroying what was shown".to_owned(),
        _ => "applying what was shown".to_owned(),
    }
}

/// `12.50 USD more a month`.
pub fn priced(cost: &Cost) -> String {
    let increase = cost.increase();
    let word = if increase < 0.0 { "less" } else { "more" };
    format!("{:.2} {} {word} a month", increase.abs(), cost.currency)
}

/// What there is to say of an outcome besides its word.
pub fn detail(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Passed { note }
        | Outcome::Done { note }
        | Outcome::Drifted { note }
        | Outcome::Unchanged { note: Some(note) } => Some(shown::block(note).into_owned()),
        Outcome::Failed { message, advice: Some(advice) } => {
            Some(format!("{}\n    help: {}", shown::block(message), shown::block(advice)))
        }
        Outcome::Failed { message, advice: None } | Outcome::Refused { message } => {
            Some(shown::block(message).into_owned())
        }
        Outcome::Skipped { cause } => Some(format!("{} did not succeed", shown::name(cause))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_roughly() {
        for (seconds, told) in
            [(0.4, "0s"), (59.9, "59s"), (61.0, "1m"), (7_300.0, "2h"), (200_000.0, "2d"), (-5.0, "0s")]
        {
            assert_eq!(age(seconds), told);
        }
    }

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(duration(0.42), "0.4s");
        assert_eq!(duration(42.0), "42s");
        assert_eq!(duration(200.4), "3m 20s");
    }

    #[test]
    fn a_failure_says_why_and_the_way_out() {
        let outcome =
            Outcome::Failed { message: "no bucket".to_owned(), advice: Some("create it".to_owned()) };
        let line = finished("vpc", &outcome, None, 1.0, false);
        assert!(line.ends_with("vpc failed in 1.0s: no bucket\n    help: create it"), "{line}");
        let brief = finished("vpc", &outcome, None, 1.0, true);
        assert!(brief.ends_with("vpc failed in 1.0s"), "{brief}");
    }
}
