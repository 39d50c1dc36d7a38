//! Text from outside (names of units, what tools say), made fit to stand in a report.

use std::borrow::Cow;

use crate::support::shown;

/// Text that is shown and not obeyed, see [`shown::block`]; nor is it by a pipeline into whose log somebody prints the
/// report.
pub fn visible(text: &str) -> String {
    shown::stream(&shown::block(text), false).into_owned()
}

/// A text of somebody else, on one line and with nothing in it that anybody obeys.
pub fn one_line(text: &str) -> String {
    shown::stream(&shown::one_line(text), false).into_owned()
}

/// At most so many characters, and `…` where there were more.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.split_at(end).0)),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_what_cannot_be_seen_is_written_out() {
        assert_eq!(visible("\u{1b}[31mred\u{1b}[0m\u{7}\r\n\tx"), "red\\u{7}\n\tx");
        assert_eq!(visible("safe\u{202e}gpj.exe"), "safe\\u{202e}gpj.exe");
        assert_eq!(visible("\u{ffff}"), "\\u{ffff}");
        assert_eq!(one_line("a\n  b\tc "), "a b c");
    }

    #[test]
    fn a_pipeline_that_prints_a_report_obeys_nothing_in_it() {
        assert_eq!(visible("one\n::error::two"), "one\n\\::error::two");
        assert_eq!(one_line("::error::a ##vso[b]"), "\\::error::a ##vso\\[b]");
    }

    #[test]
    fn what_is_too_long_says_that_it_goes_on() {
        assert_eq!(shortened("äöü", 2), "äö…");
        assert_eq!(shortened("äöü", 3), "äöü");
    }
}
