//! Two texts line by line.

use serde::{Deserialize, Serialize};

/// Lines that stay and are shown around those that do not.
const CONTEXT: usize = 3;
/// Longer differences are shown as all gone and all new: comparing takes the product of both lengths.
const MOST_COMPARED: usize = 4_000_000;

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiffLine {
    /// It stays.
    Same(String),
    /// It goes.
    Removed(String),
    /// It comes.
    Added(String),
    /// So many lines that stay are left out.
    Unchanged(usize),
}

/// A JSON document on several lines, so that it can be compared by them; any other text as it is.
pub fn document(text: &str) -> String {
    let begins = text.trim_start().starts_with(['{', '[']);
    let parsed = begins.then(|| serde_json::from_str::<serde_json::Value>(text).ok()).flatten();
    parsed.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.to_owned())
}

/// What differs, with a little of what stays around it.
pub fn lines(before: &str, after: &str) -> Vec<DiffLine> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = before.iter().zip(&after).take_while(|(before, after)| before == after).count();
    let ((head, before), (_, after)) = (before.split_at(start), after.split_at(start));
    let ends = before.iter().rev().zip(after.iter().rev());
    let end = ends.take_while(|(before, after)| before == after).count();
    let (before, tail) = before.split_at(before.len() - end);
    let (after, _) = after.split_at(after.len() - end);
    let same = |line: &&str| DiffLine::Same((*line).to_owned());
    let mut all: Vec<DiffLine> = head.iter().map(same).collect();
    all.extend(middle(before, after));
    all.extend(tail.iter().map(same));
    shortened(all)
}

/// The longest common subsequence, by the table of its lengths.
fn middle(before: &[&str], after: &[&str]) -> Vec<DiffLine> {
    let removed = |line: &&str| DiffLine::Removed((*line).to_owned());
    let added = |line: &&str| DiffLine::Added((*line).to_owned());
    if before.len().saturating_mul(after.len()) > MOST_COMPARED {
        return before.iter().map(removed).chain(after.iter().map(added)).collect();
    }
    let common = Common::of(before, after);
    let mut lines = Vec::new();
    let (mut before, mut after) = (before, after);
    while let ([gone, less_before @ ..], [new, less_after @ ..]) = (before, after) {
        if gone == new {
            lines.push(DiffLine::Same((*gone).to_owned()));
            (before, after) = (less_before, less_after);
        } else if common.at(less_before.len(), after.len()) >= common.at(before.len(), less_after.len()) {
            lines.push(removed(gone));
            before = less_before;
        } else {
            lines.push(added(new));
            after = less_after;
        }
    }
    lines.extend(before.iter().map(removed));
    lines.extend(after.iter().map(added));
    lines
}

/// How many lines the ends of two texts have in common, for each pair of ends.
struct Common {
    lengths: Vec<u32>,
    width: usize,
}

impl Common {
    fn of(before: &[&str], after: &[&str]) -> Self {
        let width = after.len() + 1;
        let mut lengths = Vec::with_capacity((before.len() + 1) * width);
        let mut shorter = vec![0_u32; width];
        for gone in before.iter().rev() {
            let mut row = Vec::with_capacity(width);
            let mut length = 0;
            row.push(length);
            // What both ends have without their first lines, and what they have without that of the one before.
            for (new, (without_both, without_gone)) in
                after.iter().rev().zip(shorter.iter().zip(shorter.iter().skip(1)))
            {
                length = if gone == new { without_both + 1 } else { length.max(*without_gone) };
                row.push(length);
            }
            lengths.append(&mut shorter);
            shorter = row;
        }
        lengths.append(&mut shorter);
        Self { lengths, width }
    }

    /// For the last lines of both, so many of each. Beyond their beginnings there is nothing.
    fn at(&self, before: usize, after: usize) -> u32 {
        self.lengths.get(before * self.width + after).copied().unwrap_or_default()
    }
}

/// Leaves out what stays and is far from what does not.
fn shortened(all: Vec<DiffLine>) -> Vec<DiffLine> {
    let differs = |line: &DiffLine| !matches!(line, DiffLine::Same(_));
    let near: Vec<bool> = (0..all.len())
        .map(|index| {
            let from = index.saturating_sub(CONTEXT);
            let to = index + CONTEXT + 1;
            all.iter().take(to).skip(from).any(differs)
        })
        .collect();
    let mut shown = Vec::new();
    let mut left_out = 0;
    for (line, near) in all.into_iter().zip(near) {
        if !near {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            shown.push(DiffLine::Unchanged(std::mem::take(&mut left_out)));
        }
        shown.push(line);
    }
    if left_out > 0 {
        shown.push(DiffLine::Unchanged(left_out));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown_with_a_little_around_it() {
        let before = (1..=20).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
        let after = before.replace("10\n", "ten\nand more\n");
        let shown: Vec<String> = lines(&before, &after)
            .into_iter()
            .map(|line| match line {
                DiffLine::Same(text) => format!(" {text}"),
                DiffLine::Removed(text) => format!("-{text}"),
                DiffLine::Added(text) => format!("+{text}"),
                DiffLine::Unchanged(count) => format!("…{count}"),
            })
            .collect();
        assert_eq!(shown, ["…6", " 7", " 8", " 9", "-10", "+ten", "+and more", " 11", " 12", " 13", "…7"]);
    }

    #[test]
    fn documents_are_compared_by_their_lines() {
        let before = document(r#"{"Effect":"Allow","Action":"s3:Get"}"#);
        let after = document(r#"{"Effect":"Deny","Action":"s3:Get"}"#);
        let differing = lines(&before, &after);
        assert!(
            differing.contains(&DiffLine::Removed("  \"Effect\": \"Allow\",".to_owned())),
            "{differing:?}"
        );
        assert_eq!(document("[not json"), "[not json");
    }
}
