//! Text from outside (names of units, what tools say), made fit to stand in a report.

use std::borrow::Cow;

/// Text without colours and other escape codes, and with what cannot be seen, or turns what is beside it around,
/// written out: `\u{202e}`. Lines and tabs stay.
pub fn visible(text: &str) -> String {
    let plain = console::strip_ansi_codes(text);
    let mut shown = String::with_capacity(plain.len());
    for character in plain.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            // Progress that a tool draws over itself; the end of a line elsewhere.
            '\r' => {}
            _ if is_hidden(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

/// As [`visible`], on one line.
pub fn one_line(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most so many characters, and `…` where there were more.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Control characters, what XML does not allow, and what changes the direction of the text around it.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        || matches!(character, '\u{061c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
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
    fn what_is_too_long_says_that_it_goes_on() {
        assert_eq!(shortened("äöü", 2), "äö…");
        assert_eq!(shortened("äöü", 3), "äöü");
    }
}
