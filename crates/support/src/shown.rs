//! Text from outside, made harmless: shown, never obeyed.
//!
//! Names of files and units, what tools, servers and authors of commits say: all of it may hold what a terminal obeys
//! (escape sequences, carriage returns, backspaces), what turns the text around it (marks of direction), what cannot be
//! seen, or what a pipeline takes for an order to itself (`::set-output`, `##vso[…]`). Such characters are written out,
//! `\u{1b}`; such orders get a backslash.
//!
//! Where text is put together, [`name`] and [`block`] make its parts harmless before our own colours are put around
//! them. Whatever is written to a stream goes through [`stream`] or [`json`] once more, so that what was forgotten there
//! is caught here.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Text of several lines, with its line ends and tabs. Colours are left out, everything else is written out.
pub fn block(text: &str) -> Cow<'_, str> {
    made(text, Kept { lines: true, colours: Colours::Dropped, orders: false })
}

/// A name, or anything else that has to stay on its line: line ends and tabs are written out as well.
pub fn name(text: &str) -> Cow<'_, str> {
    made(text, Kept { lines: false, colours: Colours::Dropped, orders: false })
}

/// As [`block`], on one line.
pub fn one_line(text: &str) -> String {
    block(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines for a person or for a pipeline's log, with our own colours in them where `colours` says that there are any:
/// nothing in them is obeyed by whoever shows them.
pub fn stream(text: &str, colours: bool) -> Cow<'_, str> {
    let colours = if colours { Colours::Kept } else { Colours::Dropped };
    made(text, Kept { lines: true, colours, orders: true })
}

/// JSON with every character escaped that a terminal or a pipeline would obey: it means the same.
pub fn json(text: &str) -> Cow<'_, str> {
    escaped_orders(escaped(text))
}

/// A text of a language that knows HTML's entities (SVG, HTML, labels of Graphviz), in the same way.
pub fn entities(text: &str) -> Cow<'_, str> {
    with_orders(Cow::Borrowed(text), |order| format!("#&#35;{}", order.get(2..).unwrap_or_default()))
}

/// A quoted text of HCL, in the same way.
pub fn hcl(text: &str) -> Cow<'_, str> {
    escaped_orders(Cow::Borrowed(text))
}

/// Hidden characters as `\uXXXX`, but for what JSON is laid out with.
fn escaped(text: &str) -> Cow<'_, str> {
    let is_escaped = |letter: char| is_hidden(letter) && !matches!(letter, '\n' | '\t');
    // By bytes first, many at once, which most of it is through with: all JSON of an estate comes by here.
    let is_plain = |all: bool, byte: &u8| all & matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if text.as_bytes().chunks(64).all(|bytes| bytes.iter().fold(true, is_plain))
        || !text.chars().any(is_escaped)
    {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut units = [0; 2];
    for letter in text.chars() {
        if is_escaped(letter) {
            for unit in letter.encode_utf16(&mut units) {
                // Writing into a string cannot fail.
                let _written = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(letter);
        }
    }
    Cow::Owned(safe)
}

/// `##[` with its second sign as `\u0023`.
fn escaped_orders(text: Cow<'_, str>) -> Cow<'_, str> {
    with_orders(text, |order| format!("#\\u0023{}", order.get(2..).unwrap_or_default()))
}

/// A JSON value with all texts in it as [`block`] makes them, for a page that shows them.
pub fn in_json(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Json::String(text) => Json::String(block(&text).into_owned()),
        Json::Array(elements) => elements.into_iter().map(in_json).collect(),
        Json::Object(fields) => fields.into_iter().map(|(name, value)| (name, in_json(value))).collect(),
        other => other,
    }
}

/// Whether a character is seen as nothing, moves something, or changes how what is beside it is seen: control
/// characters, marks of direction, characters without a width, and what no text may hold.
pub fn is_hidden(letter: char) -> bool {
    // Nearly every letter is of ASCII, and each of all that is written comes by here.
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    letter.is_control()
        || matches!(letter,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// What stays as it is.
#[derive(Clone, Copy)]
struct Kept {
    /// Line ends and tabs.
    lines: bool,
    colours: Colours,
    /// Whether orders to a pipeline are made none.
    orders: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colours {
    /// Plain ones stay; what hides text, or blinks, does not.
    Kept,
    Dropped,
}

fn made(text: &str, kept: Kept) -> Cow<'_, str> {
    let is_plain = |letter: char| !is_hidden(letter) || kept.lines && matches!(letter, '\n' | '\t');
    let plain =
        if text.chars().all(is_plain) { Cow::Borrowed(text) } else { Cow::Owned(without(text, kept)) };
    if !kept.orders || !may_order(&plain) {
        return plain;
    }
    let lines: Vec<Cow<'_, str>> = plain.split('\n').map(without_orders).collect();
    Cow::Owned(lines.join("\n"))
}

fn without(text: &str, kept: Kept) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if letter == '\u{1b}'
            && let Some((sequence, behind)) = colour(rest)
        {
            if kept.colours == Colours::Kept {
                shown.push_str(sequence);
            }
            rest = behind;
            continue;
        }
        let behind = rest.get(letter.len_utf8()..).unwrap_or_default();
        match letter {
            '\n' | '\t' if kept.lines => shown.push(letter),
            // The end of a line elsewhere.
            '\r' if kept.lines && (behind.is_empty() || behind.starts_with('\n')) => {}
            _ if is_hidden(letter) => shown.extend(letter.escape_unicode()),
            _ => shown.push(letter),
        }
        rest = behind;
    }
    shown
}

/// `ESC [ … m` at the beginning of a text, with nothing but plain colours and weights in it, and what is behind it.
fn colour(text: &str) -> Option<(&str, &str)> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, ';' | ':'))?;
    let (codes, behind) = parameters.split_at_checked(end)?;
    let behind = behind.strip_prefix('m')?;
    let mut codes = codes.split([';', ':']);
    while let Some(code) = codes.next() {
        match code {
            "" | "0" | "1" | "2" | "3" | "4" | "22" | "23" | "24" | "39" | "49" => {}
            // A colour of 256, or of all.
            "38" => {
                let count = match codes.next() {
                    Some("5") => 1,
                    Some("2") => 3,
                    _ => return None,
                };
                (0..count).try_for_each(|_| codes.next().map(drop))?;
            }
            code => {
                let code: u8 = code.parse().ok()?;
                (30..=37)
                    .contains(&code)
                    .then_some(())
                    .or_else(|| (90..=97).contains(&code).then_some(()))?;
            }
        }
    }
    text.split_at_checked(text.len() - behind.len())
}

/// What begins a line that a pipeline obeys: GitHub's, and GitLab's.
const AT_BEGINNING: &[&str] = &["::", "section_start:", "section_end:"];
/// What it obeys wherever it stands: GitHub's of old, Azure's, `TeamCity`'s.
const ANYWHERE: &[&str] = &["##[", "##vso[", "##teamcity["];

static ANYWHERE_TOGETHER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(ANYWHERE).ok());

fn may_order(text: &str) -> bool {
    text.contains("##") || text.contains("::") || text.contains("section_")
}

/// A text with something else for every order that is one wherever it stands.
fn with_orders(text: Cow<'_, str>, instead: impl Fn(&str) -> String) -> Cow<'_, str> {
    let Some(orders) = ANYWHERE_TOGETHER.as_ref().filter(|_| text.contains("##")) else { return text };
    let mut safe = String::new();
    let mut from = 0;
    for hit in orders.find_iter(&*text) {
        safe.push_str(text.get(from..hit.start()).unwrap_or_default());
        safe.push_str(&instead(text.get(hit.range()).unwrap_or_default()));
        from = hit.end();
    }
    if from == 0 {
        return text;
    }
    safe.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(safe)
}

/// A line with a backslash in whatever would be obeyed.
fn without_orders(line: &str) -> Cow<'_, str> {
    let bracket = |order: &str| format!("{}\\[", order.trim_end_matches('['));
    let line = with_orders(Cow::Borrowed(line), bracket);
    // Our own colours may stand before it, and blanks do not count.
    let bare = behind_colours(&line);
    if !AT_BEGINNING.iter().any(|order| bare.starts_with(order)) {
        return line;
    }
    let before = line.get(..line.len() - bare.len()).unwrap_or_default();
    Cow::Owned(format!("{before}\\{bare}"))
}

/// A line from its first letter on that is neither blank nor a part of a colour.
fn behind_colours(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some((_, behind)) = colour(rest) {
        rest = behind.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        for (text, wanted) in [
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{1b}]8;;http://h\u{1b}\\x", "\\u{1b}]8;;http://h\\u{1b}\\x"),
            ("\u{1b}Pq\u{1b}\\", "\\u{1b}Pq\\u{1b}\\"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("safe\u{202e}gpj.exe", "safe\\u{202e}gpj.exe"),
            ("\u{2066}a\u{2069}\u{200b}", "\\u{2066}a\\u{2069}\\u{200b}"),
            ("a\rb\u{8}c\u{7f}", "a\\u{d}b\\u{8}c\\u{7f}"),
            ("a\u{e0041}\u{ad}\u{feff}", "a\\u{e0041}\\u{ad}\\u{feff}"),
            ("one\r\ntwo\tx", "one\ntwo\tx"),
            ("日本é ⚠️ ✓", "日本é ⚠️ ✓"),
        ] {
            assert_eq!(block(text), wanted);
        }
        assert_eq!(name("a\nb\tc\r"), "a\\u{a}b\\u{9}c\\u{d}");
        assert_eq!(one_line("a\n  b\tc "), "a b c");
    }

    #[test]
    fn colours_of_others_go_and_our_own_stay_where_there_are_any() {
        let text = "\u{1b}[31mred\u{1b}[0m \u{1b}[38;5;9mx\u{1b}[1;39mz";
        assert_eq!(block(text), "red xz");
        assert_eq!(stream(text, false), "red xz");
        assert_eq!(stream(text, true), text);
        // What hides text is no colour, nor is what is not whole.
        for hiding in ["\u{1b}[8m", "\u{1b}[7m", "\u{1b}[5m", "\u{1b}[38;5m", "\u{1b}[31", "\u{1b}[48;5;0m"] {
            assert!(!stream(&format!("{hiding}x"), true).contains('\u{1b}'), "{hiding:?}");
        }
    }

    #[test]
    fn orders_to_a_pipeline_are_made_none() {
        for (text, wanted) in [
            ("::error::x", "\\::error::x"),
            ("  ::set-output name=a::b", "  \\::set-output name=a::b"),
            ("a: ##vso[task.setvariable variable=x]y", "a: ##vso\\[task.setvariable variable=x]y"),
            ("a ##[command]b", "a ##\\[command]b"),
            ("one\n::two", "one\n\\::two"),
            ("section_start:1:x", "\\section_start:1:x"),
            ("##teamcity[x]", "##teamcity\\[x]"),
            ("###Vso[x] ## y", "###Vso\\[x] ## y"),
            ("git::https://h/r a::b ## x", "git::https://h/r a::b ## x"),
        ] {
            assert_eq!(stream(text, false), wanted);
        }
        assert_eq!(stream("\u{1b}[31m::error::x", true), "\u{1b}[31m\\::error::x");
    }

    #[test]
    fn json_means_the_same_and_holds_nothing_that_is_obeyed() {
        let value = serde_json::json!({"a": "\u{9b}2J \u{202e} \u{7f} ##[x] ###vso[ \u{e0041} é"});
        let plain = value.to_string();
        let safe = json(&plain);
        assert!(!safe.chars().any(is_hidden) && !safe.contains("##[") && !safe.contains("##vso["), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        assert!(matches!(json("{\n\t\"a\": 1\n}"), Cow::Borrowed(_)));
        assert_eq!(entities("a ##[x] ## b"), "a #&#35;[x] ## b");
    }

    proptest! {
        #[test]
        fn nothing_that_is_obeyed_is_left_of_any_text(text in "[ -~\u{1b}\u{9b}\u{7}\r\n\t\u{8}\u{202e}m0-9;\\[:#]{0,60}") {
            for shown in [block(&text), name(&text), stream(&text, false)] {
                prop_assert!(!shown.chars().any(|letter| is_hidden(letter) && !matches!(letter, '\n' | '\t')), "{shown:?}");
            }
            let shown = stream(&text, true);
            let ordered = shown.lines().any(|line| behind_colours(line).starts_with("::"));
            prop_assert!(!ordered && !shown.contains("##["), "{shown:?}");
            // What is made harmless once is as it is from then on.
            prop_assert_eq!(stream(&shown, true), shown.clone());
        }
    }
}
