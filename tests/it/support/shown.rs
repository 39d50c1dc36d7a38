//! What a terminal, a reader or a pipeline would obey: none of it may be in anything that the program says.

/// Whether a character is none that people see as it is.
fn is_obeyed(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\t')
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Whether a line is an order that we give to a runner of GitHub: a place and a message, or a fold.
fn is_our_order(line: &str) -> bool {
    let placed = ["::error ", "::warning "].iter().find_map(|order| line.strip_prefix(order));
    // What stands before the message is names and values without a colon in them.
    let is_placed = placed.and_then(|rest| rest.split_once("::")).is_some_and(|(properties, _)| {
        properties.split(',').all(|property| {
            let name = property.split_once('=').map(|(name, _)| name);
            name.is_some_and(|name| ["file", "line", "col", "title"].contains(&name))
                && !property.contains(':')
        })
    });
    is_placed || line == "::endgroup::" || line.strip_prefix("::group::").is_some_and(|name| !name.is_empty())
}

/// As [`assert_harmless`], for a runner of GitHub, which is given orders by us and by nobody else.
#[track_caller]
pub fn assert_harmless_but_ours(said: &str) {
    let others: Vec<&str> = said.lines().filter(|line| !is_our_order(line)).collect();
    assert_harmless(&others.join("\n"));
    for line in said.lines().filter(|line| is_our_order(line)) {
        assert_harmless(line.trim_start_matches(':'));
    }
}

/// Looks through what was said, without our own colours in it.
#[track_caller]
pub fn assert_harmless(said: &str) {
    if let Some(line) = said.lines().find(|line| line.chars().any(is_obeyed)) {
        panic!("what a terminal would obey was said: {line:?}");
    }
    for line in said.lines() {
        let begins =
            ["::", "section_start:", "section_end:"].iter().any(|order| line.trim_start().starts_with(order));
        let holds = ["##[", "##vso["].iter().any(|order| line.to_ascii_lowercase().contains(order));
        assert!(!begins && !holds, "what a pipeline would obey was said: {line:?}");
    }
}

/// Every line of standard error is an object where that was asked for.
#[track_caller]
pub fn assert_lines_of_json(stderr: &str) {
    for line in stderr.lines() {
        let parsed = serde_json::from_str::<serde_json::Value>(line);
        assert!(
            parsed.is_ok_and(|value| value.is_object()),
            "a line that is no JSON object: {line}\nin:\n{stderr}"
        );
    }
}
