//! The exit codes in the documentation are those of the code.

use super::{Page, cell, repository};
use crate::cli::exit::Exit;

#[test]
fn the_exit_codes_are_those_of_the_code() {
    let rows = Exit::ALL.map(|exit| (exit as i32, exit.meaning()));
    for page in ["README.md", "docs/exit-codes-and-errors.md"] {
        let page = Page::read(repository(), page);
        let told = page.text.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let code = cells.next()?.parse().ok()?;
            Some((code, cells.next()?.trim_end_matches(" |").to_owned()))
        });
        let told: Vec<(i32, String)> = told.collect();
        let should = rows.map(|(code, meaning)| (code, cell(meaning)));
        assert_eq!(told, should, "{}", page.path.display());
    }
}
