//! What is drawn of a run that goes on: what runs, for how long and in which step, and what waits for what.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use console::{style, truncate_str};
use indexmap::IndexMap;

use super::screen::Size;
use crate::report::foreign::one_line;
use crate::report::line::duration;
use crate::run::event::{NodeInfo, Outcome};
use crate::support::counted::listed;

/// More lines than this push what matters off the screen.
const VISIBLE: usize = 10;
/// Lines of the terminal that stay for what is above the block.
const LEFT_ABOVE: usize = 4;
/// Columns of the bar.
const BAR: usize = 24;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// How long a picture of the spinner stands.
const TURN: u128 = 120;

/// A node that runs.
struct Running {
    since: Instant,
    step: String,
    step_since: Instant,
}

/// A node as others wait for it.
struct Awaited {
    /// The places of what it waits for itself.
    after: Vec<usize>,
    done: bool,
}

/// A run as far as it has come.
pub struct View {
    began: Instant,
    nodes: IndexMap<String, Awaited>,
    finished: usize,
    failed: usize,
    running: IndexMap<String, Running>,
}

impl View {
    /// Before anything has begun.
    pub fn new(nodes: &[NodeInfo], now: Instant) -> Self {
        let places: HashMap<&str, usize> = nodes.iter().map(|node| node.name.as_str()).zip(0..).collect();
        let awaited = |node: &NodeInfo| {
            let after = node.after.iter().filter_map(|name| places.get(name.as_str()).copied());
            (node.name.clone(), Awaited { after: after.collect(), done: false })
        };
        Self {
            began: now,
            nodes: nodes.iter().map(awaited).collect(),
            finished: 0,
            failed: 0,
            running: IndexMap::new(),
        }
    }

    /// A node begins.
    pub fn starts(&mut self, node: &str, now: Instant) {
        let running = Running { since: now, step: String::new(), step_since: now };
        self.running.insert(node.to_owned(), running);
    }

    /// A node goes on to a step. One that has not begun is planned before its turn comes.
    pub fn steps(&mut self, node: &str, step: &str, now: Instant) {
        let is_done = self.nodes.get(node).is_none_or(|node| node.done);
        if !is_done && !self.running.contains_key(node) {
            self.starts(node, now);
        }
        if let Some(running) = self.running.get_mut(node) {
            running.step = one_line(step);
            running.step_since = now;
        }
    }

    /// A node was planned before its turn, and waits for that.
    pub fn waits(&mut self, node: &str) {
        self.running.shift_remove(node);
    }

    /// A node ends, or will never begin.
    pub fn ends(&mut self, node: &str, outcome: &Outcome) {
        self.running.shift_remove(node);
        if let Some(node) = self.nodes.get_mut(node)
            && !std::mem::replace(&mut node.done, true)
        {
            self.finished += 1;
            self.failed += usize::from(matches!(outcome, Outcome::Failed { .. } | Outcome::Refused { .. }));
        }
    }

    /// The lines of the block: never more than the terminal has room for, and none wider than it.
    pub fn lines(&self, size: Size, now: Instant) -> Vec<String> {
        let room = VISIBLE.min(size.rows.saturating_sub(LEFT_ABOVE + 1)).max(1);
        let shown = if self.running.len() > room { room - 1 } else { self.running.len() };
        let turn = now.duration_since(self.began).as_millis() / TURN;
        let picture = usize::try_from(turn).unwrap_or_default() % SPINNER.len();
        let spinner = SPINNER.get(picture).copied().unwrap_or_default();
        // Those that run longest come first.
        let mut lines: Vec<String> = self
            .running
            .iter()
            .take(shown)
            .map(|(name, running)| {
                let time = seconds(now, running.since);
                let step = match running.step.as_str() {
                    "" => String::new(),
                    step => format!("{step} {}", seconds(now, running.step_since)),
                };
                format!(
                    "{} {time:>7} {}  {}",
                    style(spinner).cyan().for_stderr(),
                    one_line(name),
                    style(step).dim().for_stderr()
                )
            })
            .collect();
        if self.running.len() > shown {
            lines.push(format!("  {:>7} and {} more", "", self.running.len() - shown));
        }
        lines.push(self.total(now));
        // One column stays free: some terminals begin a new row when the last one is written.
        let width = size.columns.saturating_sub(1).max(1);
        lines.iter().map(|line| truncate_str(line, width, "…").into_owned()).collect()
    }

    /// How far it is, in one line without colours: for where nothing is drawn over itself.
    pub fn line(&self, now: Instant) -> String {
        let running = self.running.iter().map(|(name, running)| {
            let step = if running.step.is_empty() { "began" } else { &running.step };
            format!("{} ({step} {})", one_line(name), seconds(now, running.since))
        });
        let text = format!("{}/{} after {}", self.finished, self.nodes.len(), seconds(now, self.began));
        if self.running.is_empty() { text } else { format!("{text}, running: {}", listed(running, 3)) }
    }

    fn total(&self, now: Instant) -> String {
        let all = self.nodes.len();
        let filled = (self.finished * BAR).checked_div(all).unwrap_or_default();
        let bar = style("━".repeat(filled)).cyan().for_stderr();
        let rest = style("─".repeat(BAR - filled)).dim().for_stderr();
        let mut text = format!("{bar}{rest} {}/{all} · {}", self.finished, seconds(now, self.began));
        if self.failed > 0 {
            text = format!("{text} · {}", style(format!("{} failed", self.failed)).red().for_stderr());
        }
        if !self.running.is_empty() {
            text = format!("{text} · {} running", self.running.len());
        }
        let waiting = all - self.finished - self.running.len().min(all - self.finished);
        if waiting > 0 {
            text = format!("{text} · {waiting} waiting{}", self.reasons());
        }
        text
    }

    /// What is waited for most, in brackets.
    fn reasons(&self) -> String {
        let mut held: HashMap<usize, usize> = HashMap::new();
        let mut for_a_place = 0;
        let is_open = |place: &&usize| self.nodes.get_index(**place).is_some_and(|(_, node)| !node.done);
        for (name, node) in &self.nodes {
            if node.done || self.running.contains_key(name) {
                continue;
            }
            let mut open = node.after.iter().filter(is_open).peekable();
            if open.peek().is_none() {
                for_a_place += 1;
            }
            // What waits for something that waits itself is held by what runs at its beginning.
            for other in open {
                if self.nodes.get_index(*other).is_some_and(|(name, _)| self.running.contains_key(name)) {
                    *held.entry(*other).or_default() += 1;
                }
            }
        }
        let mut most: Vec<(usize, usize)> = held.into_iter().collect();
        most.sort_by_key(|(place, count)| (std::cmp::Reverse(*count), *place));
        let name =
            |place: usize| self.nodes.get_index(place).map(|(name, _)| one_line(name)).unwrap_or_default();
        let mut reasons: Vec<String> =
            most.into_iter().take(2).map(|(place, count)| format!("{count} for {}", name(place))).collect();
        if for_a_place > 0 {
            reasons.push(format!("{for_a_place} for a place"));
        }
        if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) }
    }
}

fn seconds(now: Instant, since: Instant) -> String {
    let passed: Duration = now.duration_since(since);
    // Tenths would make every line change all the time.
    if passed.as_secs() < 60 { format!("{}s", passed.as_secs()) } else { duration(passed.as_secs_f64()) }
}

#[cfg(test)]
mod tests {
    use console::{measure_text_width, strip_ansi_codes};

    use super::*;
    use crate::run::event::NodeKind;

    fn node(name: &str, after: &[&str]) -> NodeInfo {
        let after = after.iter().map(|name| (*name).to_owned()).collect();
        NodeInfo { name: name.to_owned(), kind: NodeKind::Unit, after }
    }

    fn plain(lines: &[String]) -> String {
        strip_ansi_codes(&lines.join("\n")).into_owned() + "\n"
    }

    #[test]
    fn it_shows_what_runs_since_when_in_which_step_and_what_waits_for_what() {
        let start = Instant::now();
        let nodes = [
            node("vpc", &[]),
            node("dns", &[]),
            node("eks", &["vpc"]),
            node("app", &["eks"]),
            node("db", &["vpc"]),
        ];
        let mut view = View::new(&nodes, start);
        view.starts("vpc", start);
        view.steps("vpc", "init", start);
        view.steps("vpc", "plan", start + Duration::from_secs(65));
        let size = Size { rows: 24, columns: 120 };
        insta::assert_snapshot!(plain(&view.lines(size, start + Duration::from_secs(72))), @r"
        ⠋  1m 12s vpc  plan 7s
        ──────────────────────── 0/5 · 1m 12s · 1 running · 4 waiting (2 for vpc, 1 for a place)
        ");
        view.ends("vpc", &Outcome::Failed { message: String::new(), advice: None });
        view.ends("dns", &Outcome::Applied);
        let text = plain(&view.lines(size, start));
        assert!(text.starts_with("━━━━━━━━━─────"), "{text}");
        assert!(text.contains("2/5 · 0s · 1 failed · 3 waiting"), "{text}");
    }

    #[test]
    fn what_is_planned_before_its_turn_is_shown_while_it_is() {
        let start = Instant::now();
        let mut view = View::new(&[node("vpc", &["eks"]), node("eks", &[])], start);
        let text = |view: &View| plain(&view.lines(Size { rows: 24, columns: 80 }, start));
        view.steps("vpc", "plan", start);
        assert!(text(&view).contains("vpc  plan"), "{}", text(&view));
        view.waits("vpc");
        assert!(text(&view).contains("0/2 · 0s · 2 waiting"), "{}", text(&view));
        view.ends("vpc", &Outcome::Destroyed);
        view.steps("vpc", "late", start);
        assert!(!text(&view).contains("late"), "{}", text(&view));
    }

    #[test]
    fn one_line_says_how_far_it_is_and_what_runs() {
        let start = Instant::now();
        let names: Vec<String> = (0..5).map(|unit| format!("u{unit}")).collect();
        let nodes: Vec<NodeInfo> = names.iter().map(|name| node(name, &[])).collect();
        let mut view = View::new(&nodes, start);
        let later = start + Duration::from_secs(130);
        assert_eq!(view.line(later), "0/5 after 2m 10s");
        for name in &names {
            view.starts(name, start + Duration::from_secs(10));
        }
        view.steps("u1", "apply", later);
        view.ends("u4", &Outcome::Applied);
        let expected =
            "1/5 after 2m 10s, running: u0 (began 2m 00s), u1 (apply 2m 00s), u2 (began 2m 00s) and 1 more";
        assert_eq!(view.line(later), expected);
    }

    #[test]
    fn it_is_never_higher_nor_wider_than_there_is_room_for() {
        let start = Instant::now();
        let names: Vec<String> = (0..30).map(|unit| format!("環境/eu-west-1/unit-{unit}")).collect();
        let nodes: Vec<NodeInfo> = names.iter().map(|name| node(name, &[])).collect();
        let mut view = View::new(&nodes, start);
        for name in &names {
            view.starts(name, start);
            view.steps(name, "plan", start);
        }
        for (rows, columns, lines) in [(50, 80, 11), (12, 30, 8), (3, 12, 2), (1, 1, 2)] {
            let drawn = view.lines(Size { rows, columns }, start);
            assert_eq!(drawn.len(), lines, "{rows} rows");
            let widest = drawn.iter().map(|line| measure_text_width(line)).max().unwrap();
            assert!(widest < columns.max(2), "{widest} of {columns}");
        }
        let text = plain(&view.lines(Size { rows: 50, columns: 80 }, start));
        assert!(text.contains("and 21 more"), "{text}");
    }
}
