//! One comment of the reports of all jobs of a pipeline, which fits whatever they hold.

use std::fmt::Write as _;

use super::markdown::LIMIT;
use super::markdown::escape::code;

/// What the marks, the heading and the last lines need.
const RESERVED: usize = 3_000;
/// What the list of jobs may take, so that there is room for what they say.
const LIST: usize = 24_000;
/// Where what may be folded away begins.
const FOLDED: &str = "<details>";
/// How the heading of a report begins.
const HEADING: &str = "## ";

/// The report of a job.
#[derive(Clone, Debug)]
pub struct Part {
    /// What the job is called.
    pub name: String,
    /// The comment that its command would have made, see [`super::kind::ReportKind::Markdown`].
    pub text: String,
}

/// How a report says that it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Failed,
    Other,
    Good,
}

/// What is read of a report.
pub(super) struct Read<'p> {
    name: &'p str,
    /// How it went.
    pub sign: Sign,
    /// `slipway plan: 1 failed`.
    pub title: &'p str,
    /// Added, changed, destroyed, replaced.
    pub sums: [u64; 4],
    /// What stands behind the heading.
    body: &'p str,
}

impl<'p> Read<'p> {
    /// What it says.
    pub fn of(part: &'p Part) -> Self {
        let (_, text) = part.text.split_once(HEADING).unwrap_or(("", &part.text));
        let (heading, body) = text.split_once('\n').unwrap_or((text, ""));
        let (sign, title) = heading.split_once(' ').unwrap_or(("", heading));
        let sign = match sign {
            "✅" => Sign::Good,
            "❌" => Sign::Failed,
            _ => Sign::Other,
        };
        let sums = body.lines().find(|line| line.starts_with("**+")).map(sums).unwrap_or_default();
        Self { name: &part.name, sign, title, sums, body: body.trim() }
    }

    /// Whether there is something that somebody has to look at.
    fn says_something(&self) -> bool {
        let is_quiet = [": nothing to change", ": nothing to do"].iter().any(|end| self.title.ends_with(end));
        self.sign != Sign::Good || !is_quiet
    }

    fn shown_sign(&self) -> &'static str {
        match self.sign {
            Sign::Failed => "❌",
            Sign::Other => "⚠️",
            Sign::Good => "✅",
        }
    }
}

/// `**+1 ~2 -3 ±4**`.
fn sums(line: &str) -> [u64; 4] {
    let mut words = line.trim_start_matches('*').split_whitespace();
    ['+', '~', '-', '±'].map(|sign| {
        let word = words.next().unwrap_or_default();
        word.trim_start_matches(sign).trim_end_matches('*').parse().unwrap_or_default()
    })
}

/// The comment of some reports; none where no job has anything to say. `page` is where the whole of it is.
pub fn joined(parts: &[Part], page: Option<&str>) -> Option<String> {
    let mut reports: Vec<Read<'_>> = parts.iter().map(Read::of).collect();
    if !reports.iter().any(Read::says_something) {
        return None;
    }
    reports.sort_by_key(|report| (report.sign, !report.says_something()));
    let mut text = match reports.as_slice() {
        [only] => format!("{HEADING}{} {}\n\n", only.shown_sign(), only.title),
        all => listed(all),
    };
    let is_alone = reports.len() == 1;
    let mut cut = 0_usize;
    for report in reports.iter().filter(|report| report.says_something()) {
        let head = if is_alone { String::new() } else { format!("\n### {}\n\n", code(report.name)) };
        if !put(&mut text, &head, report.body) {
            cut = cut.saturating_add(1);
        }
    }
    let whole = page.map(|page| format!("[the page of the run]({page})"));
    if cut > 0 {
        let of = if is_alone { "a part of it".to_owned() } else { format!("parts of {cut} jobs") };
        let _infallible = write!(text, "\n**Left out, because a comment holds no more:** {of}.\n");
    }
    if let Some(whole) = whole {
        let _infallible = write!(text, "\n<sub>The whole of it: {whole}</sub>\n");
    }
    Some(text)
}

/// The heading and a line for each job.
fn listed(reports: &[Read<'_>]) -> String {
    let failed = reports.iter().filter(|report| report.sign == Sign::Failed).count();
    let sum = |at: usize| {
        reports
            .iter()
            .filter_map(|report| report.sums.get(at))
            .fold(0, |all: u64, one| all.saturating_add(*one))
    };
    let worst = reports.iter().map(|report| report.sign).min().unwrap_or(Sign::Good);
    let sign = reports.iter().find(|report| report.sign == worst).map_or("✅", Read::shown_sign);
    let how = if failed > 0 {
        format!("{failed} of {} jobs failed", reports.len())
    } else {
        format!("{} jobs", reports.len())
    };
    let mut text =
        format!("{HEADING}{sign} {how}\n\n**+{} ~{} -{} ±{}**\n\n", sum(0), sum(1), sum(2), sum(3));
    let mut left_out = 0_usize;
    for report in reports {
        let [add, change, destroy, replace] = report.sums;
        let line = format!(
            "- {} {} {} (+{add} ~{change} -{destroy} ±{replace})\n",
            report.shown_sign(),
            code(report.name),
            report.title.split_once(": ").map_or(report.title, |(_, verdict)| verdict)
        );
        if left_out == 0 && text.len() + line.len() <= LIST {
            text.push_str(&line);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let _infallible = writeln!(text, "- and {left_out} more");
    }
    text
}

/// Adds what has room of a report, whole pieces only; returns whether that is all of it.
fn put(text: &mut String, head: &str, body: &str) -> bool {
    let most = LIMIT.saturating_sub(RESERVED);
    let mut pieces = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.get(1..).and_then(|behind| behind.find(FOLDED)) {
        let Some((piece, others)) = rest.split_at_checked(at + 1) else { break };
        pieces.push(piece);
        rest = others;
    }
    pieces.push(rest);
    let mut head = Some(head);
    for piece in pieces {
        let before = head.take().unwrap_or_default();
        if text.len() + before.len() + piece.len() + 1 > most {
            return false;
        }
        text.push_str(before);
        text.push_str(piece);
    }
    text.push('\n');
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::report::markdown::markdown;

    fn part(name: &str, text: String) -> Part {
        Part { name: name.to_owned(), text }
    }

    fn report(sign: &str, verdict: &str, sums: &str, details: usize) -> String {
        let details = (0..details)
            .map(|number| {
                format!("<details><summary>u{number}</summary>\n\n{}\n</details>\n", "x".repeat(400))
            })
            .collect::<Vec<String>>()
            .concat();
        format!(
            "<!-- slipway plan -->\n## {sign} slipway plan: {verdict}\n\n**{sums}** · 3 units\n\n| table |\n{details}"
        )
    }

    #[test]
    fn what_our_own_reports_say_is_read_of_them() {
        let summary = fixture::mixed();
        let one = part("dev", markdown(&summary, |_| None));
        let read = Read::of(&one);
        assert_eq!(read.title, format!("slipway {}: {}", summary.command, summary.verdict()));
        let add: u64 =
            summary.nodes.iter().filter_map(crate::report::model::Row::counts).map(|plan| plan.add).sum();
        assert_eq!(read.sums[0], add);
        assert!(read.says_something());
    }

    #[test]
    fn where_nothing_changes_there_is_no_comment() {
        let quiet = || report("✅", "nothing to change", "+0 ~0 -0 ±0", 0);
        assert_eq!(joined(&[part("dev", quiet()), part("prod", quiet())], None), None);
        assert_eq!(joined(&[], None), None);
        let nothing = "<!-- slipway plan -->\n## ✅ slipway plan: nothing to do\n\nno run began\n".to_owned();
        assert_eq!(joined(&[part("dev", nothing)], None), None);
        let failed =
            joined(&[part("dev", quiet()), part("prod", report("❌", "1 failed", "+0 ~0 -0 ±0", 0))], None);
        assert!(failed.unwrap().starts_with("## ❌ 1 of 2 jobs failed"));
    }

    #[test]
    fn what_failed_stands_first_and_sums_are_those_of_all_jobs() {
        let parts = [
            part("dev-000", report("✅", "changes", "+1 ~2 -3 ±4", 1)),
            part("dev-001", report("✅", "nothing to change", "+0 ~0 -0 ±0", 0)),
            part("prod-000", report("❌", "1 failed", "+10 ~0 -0 ±0", 0)),
        ];
        let text = joined(&parts, Some("https://forge.example/run/1")).unwrap();
        assert!(text.contains("**+11 ~2 -3 ±4**"), "{text}");
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is not in {text}"));
        assert!(place("- ❌ `prod-000` 1 failed") < place("- ✅ `dev-000` changes"));
        assert!(place("### `prod-000`") < place("### `dev-000`"));
        assert!(!text.contains("### `dev-001`") && text.contains("(https://forge.example/run/1)"));
    }

    #[test]
    fn whatever_there_is_fits_and_says_what_is_left_out() {
        let parts: Vec<Part> = (0..256)
            .map(|number| part(&format!("prod-{number:03}"), report("✅", "changes", "+12 ~0 -0 ±0", 12)))
            .collect();
        let text = joined(&parts, Some("https://forge.example/run/1")).unwrap();
        assert!(text.len() <= LIMIT, "{}", text.len());
        assert!(text.contains("**+3072 ~0 -0 ±0**") && text.contains("Left out"), "{text}");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        let alone = joined(&[part("all", report("✅", "changes", "+3000 ~0 -0 ±0", 3000))], None).unwrap();
        assert!(alone.len() <= LIMIT && alone.contains("a part of it"));
        assert_eq!(alone.matches("<details>").count(), alone.matches("</details>").count());
    }
}
