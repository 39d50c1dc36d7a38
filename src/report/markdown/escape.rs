//! Text from outside, made fit for GitHub's and GitLab's Markdown.
//!
//! It only ever stands in code: there neither mentions nor references to issues come to life.

use crate::report::foreign::{one_line, shortened, visible};

/// The longest name that is written out, in characters.
const LONGEST: usize = 160;

/// As code on one line, in a table as well.
pub fn code(text: &str) -> String {
    let text = one_line(text);
    let text = shortened(&text, LONGEST);
    let plain = !text.is_empty() && !text.contains(['`', '|', '\\']);
    if plain { format!("`{text}`") } else { html_code(&text) }
}

/// As code within HTML, such as a summary, where Markdown is not read.
pub fn html_code(text: &str) -> String {
    let text = one_line(text);
    let mut code = String::from("<code>");
    for character in shortened(&text, LONGEST).chars() {
        // What means something to HTML or to Markdown means nothing as a number.
        if character.is_ascii_punctuation() && !matches!(character, '/' | '-' | '.' | ',' | ' ') {
            code = format!("{code}&#{};", u32::from(character));
        } else {
            code.push(character);
        }
    }
    format!("{code}</code>")
}

/// As a block of code; `language` colours it.
pub fn block(text: &str, language: &str) -> String {
    let text = visible(text);
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// The end of a text, in whole lines, of at most so many bytes; says so where lines were left out.
pub fn end_of(text: &str, bytes: usize) -> String {
    let text = visible(text);
    if text.len() <= bytes {
        return text;
    }
    let (_, end) = text.split_at(text.ceil_char_boundary(text.len() - bytes));
    format!("…\n{}", end.split_once('\n').map_or(end, |(_, whole)| whole))
}

/// The beginning of a text, in whole lines, of at most so many bytes; says so where lines were left out.
pub fn beginning_of(text: &str, bytes: usize) -> String {
    let text = visible(text);
    if text.len() <= bytes {
        return text;
    }
    let (beginning, _) = text.split_at(text.floor_char_boundary(bytes));
    format!("{}\n…", beginning.rsplit_once('\n').map_or(beginning, |(whole, _)| whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_code_whatever_is_in_them() {
        assert_eq!(code("dev/vpc"), "`dev/vpc`");
        assert_eq!(code("@team <b>"), "`@team <b>`");
        assert_eq!(code("a|b"), "<code>a&#124;b</code>");
        assert_eq!(code("a`b\\\nc"), "<code>a&#96;b&#92; c</code>");
        assert_eq!(html_code("</summary>@a"), "<code>&#60;/summary&#62;&#64;a</code>");
    }

    #[test]
    fn nothing_in_a_block_can_end_it() {
        assert_eq!(block("a\n````\nb\n", ""), "`````\na\n````\nb\n`````\n");
    }

    #[test]
    fn the_end_of_a_long_text_is_whole_lines() {
        assert_eq!(end_of("one\ntwo\nthree", 9), "…\nthree");
        assert_eq!(end_of("ä", 9), "ä");
        assert_eq!(beginning_of("one\ntwo\nthree", 9), "one\ntwo\n…");
        assert_eq!(beginning_of("äöü", 3), "ä\n…");
        assert_eq!(beginning_of("ä", 9), "ä");
    }
}
