//! Regular expressions with the syntax that Go has: of functions, and of the patterns in `errors` blocks.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;

thread_local! {
    /// A few patterns are used in unit after unit, and to compile one takes longer than to use it.
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// The expression that this thread has compiled before.
pub fn known(pattern: &str) -> Option<Regex> {
    COMPILED.with_borrow(|compiled| compiled.get(pattern).cloned())
}

/// The expression that Go would read; a reason where it is none.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    const MOST: usize = 200;
    if let Some(regex) = known(pattern) {
        return Ok(regex);
    }
    // The library's message draws the pattern over several lines; its last one says what is wrong.
    let reason = |error: regex::Error| {
        let message = error.to_string();
        message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    };
    let regex = Regex::new(&translate(pattern)).map_err(reason)?;
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= MOST {
            compiled.clear();
        }
        compiled.insert(pattern.to_owned(), regex.clone());
    });
    Ok(regex)
}

/// Go's classes are ASCII, its brackets hold no operators, and a brace that is no count is a brace.
fn translate(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len() + 16);
    let mut letters = pattern.chars().peekable();
    let mut in_class = false;
    let mut class_start = false;
    while let Some(letter) = letters.next() {
        let starts = std::mem::take(&mut class_start);
        match letter {
            '\\' => match letters.next() {
                Some(escape) => push_escape(&mut translated, escape, in_class, &mut letters),
                None => translated.push('\\'),
            },
            '[' if in_class => {
                if letters.peek() == Some(&':') {
                    // `[:alpha:]` goes to its end as it is.
                    translated.push('[');
                    for inner in letters.by_ref() {
                        translated.push(inner);
                        if inner == ']' {
                            break;
                        }
                    }
                } else {
                    translated.push_str("\\[");
                }
            }
            '[' => {
                in_class = true;
                class_start = true;
                translated.push('[');
                if letters.peek() == Some(&'^') {
                    translated.push('^');
                    letters.next();
                }
            }
            ']' if in_class && starts => translated.push_str("\\]"),
            ']' => {
                translated.push_str(if in_class { "]" } else { "\\]" });
                in_class = false;
            }
            '&' | '~' if in_class => {
                translated.push('\\');
                translated.push(letter);
            }
            // Two would take one class from another.
            '-' if in_class && letters.peek() == Some(&'-') => translated.push_str("\\-"),
            '{' if !in_class => {
                let rest: String = letters.clone().take_while(|letter| *letter != '}').collect();
                let count = !rest.is_empty()
                    && rest.starts_with(|first: char| first.is_ascii_digit())
                    && rest.chars().all(|letter| letter.is_ascii_digit() || letter == ',')
                    && rest.matches(',').count() < 2
                    && letters.clone().any(|letter| letter == '}');
                if count {
                    translated.push('{');
                    translated.push_str(&rest);
                    translated.push('}');
                    letters.nth(rest.chars().count());
                } else {
                    translated.push_str("\\{");
                }
            }
            '}' if !in_class => translated.push_str("\\}"),
            other => translated.push(other),
        }
    }
    translated
}

fn push_escape(
    translated: &mut String,
    escape: char,
    in_class: bool,
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
) {
    let ascii = match (escape, in_class) {
        ('d', true) => "0-9",
        ('d', false) => "[0-9]",
        ('D', _) => "[^0-9]",
        ('w', true) => "0-9A-Za-z_",
        ('w', false) => "[0-9A-Za-z_]",
        ('W', _) => "[^0-9A-Za-z_]",
        ('s', true) => "\\t\\n\\x0C\\r ",
        ('s', false) => "[\\t\\n\\x0C\\r ]",
        ('S', _) => "[^\\t\\n\\x0C\\r ]",
        // Ends of words, here.
        ('<', _) => "<",
        ('>', _) => ">",
        ('b', false) => "(?-u:\\b)",
        ('B', false) => "(?-u:\\B)",
        // Everything up to `\E` is meant literally.
        ('Q', false) => {
            let mut literal = String::new();
            while let Some(letter) = letters.next() {
                if letter == '\\' && letters.peek() == Some(&'E') {
                    letters.next();
                    break;
                }
                literal.push(letter);
            }
            translated.push_str(&regex::escape(&literal));
            return;
        }
        _ => {
            translated.push('\\');
            translated.push(escape);
            if matches!(escape, 'p' | 'P' | 'x') && letters.peek() == Some(&'{') {
                for letter in letters.by_ref() {
                    translated.push(letter);
                    if letter == '}' {
                        break;
                    }
                }
            }
            return;
        }
    };
    translated.push_str(ascii);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_takes_is_taken_with_its_meaning() {
        // Tried with Go 1.27's regexp.
        let cases = [
            (r"\Qa.b[\E+", "a.b[[", true),
            (r"\Qa.b", "axb", false),
            ("[[a]x", "[x", true),
            ("[a&&b]", "&", true),
            ("[--/]", ".", true),
            ("a{", "a{", true),
            ("{x}", "{x}", true),
            ("a{,2}b", "a{,2}b", true),
            ("a{2}b", "aab", true),
            (r"\<x\>", "<x>", true),
            ("[]a]", "]", true),
            (r"(?P<n>x)\z", "x", true),
            ("(?s)a.b", "a\nb", true),
            ("a.b", "a\nb", false),
            ("(?i)ERROR", "error", true),
            (r"\w", "ä", false),
        ];
        for (pattern, text, matches) in cases {
            let regex = compile(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
            assert_eq!(regex.is_match(text), matches, "{pattern} on {text}");
        }
        for pattern in ["(", "[", "a)", "(?=a)", "*"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
