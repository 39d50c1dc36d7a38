//! The page: one file that loads nothing.

use askama::Template;

use super::{End, Problem, Unbegun};

#[derive(Template)]
#[template(path = "report/unbegun.html")]
struct Page<'a> {
    title: &'a str,
    words: &'a str,
    well: bool,
    problems: &'a [Problem],
    rest: &'a [String],
    style: &'static str,
}

/// The page.
pub fn html(unbegun: &Unbegun) -> String {
    let page = Page {
        title: &unbegun.title(),
        words: unbegun.words(),
        well: unbegun.end == End::Nothing,
        problems: &unbegun.problems,
        rest: &unbegun.rest,
        style: include_str!("../../../templates/report/page.css"),
    };
    // Rendering into a string fails only where a part of the page cannot be written; these are all text.
    page.render().unwrap_or_else(|error| error.to_string())
}
