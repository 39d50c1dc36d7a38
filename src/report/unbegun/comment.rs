//! The comment for a pull request.

use super::{End, Problem, Unbegun};
use crate::report::markdown::LIMIT;
use crate::report::markdown::escape::{beginning_of, block};

/// What the last line needs.
const RESERVED: usize = 500;
/// The most of one problem.
const PROBLEM: usize = 6_000;

/// The comment. It begins with the line by which a pipeline finds it again, as that of a run does.
pub fn markdown(unbegun: &Unbegun) -> String {
    let sign = if unbegun.end == End::Nothing { "✅" } else { "❌" };
    let command = &unbegun.command;
    let mut text =
        format!("<!-- slipway {command} -->\n## {sign} {}\n\n{}\n", unbegun.title(), unbegun.words());
    let problems = unbegun.problems.iter().map(|Problem { text, .. }| text);
    let mut left_out: usize = 0;
    for problem in problems.chain(&unbegun.rest) {
        let told = format!("\n{}", block(&beginning_of(problem, PROBLEM), ""));
        if left_out == 0 && text.len() + told.len() <= LIMIT - RESERVED {
            text.push_str(&told);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        text = format!("{text}\n**Left out, because a comment holds no more:** {left_out} of them.\n");
    }
    text
}
