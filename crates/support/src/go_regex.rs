//! The one dialect of regular expressions: Go's. Functions, `errors` blocks, hooks and patches are written for it.
//!
//! A pattern means here what it means to Go's `regexp`, or it is refused: what Go itself refuses, as [`PatternError::Syntax`], what
//! the engine here cannot do, as [`PatternError::Unsupported`]. None is taken with another meaning.

use std::cell::RefCell;
use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;
use regex_syntax::{ast, hir};

thread_local! {
    /// A few patterns are used in unit after unit, and to compile one takes longer than to use it.
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// The most that a count in braces may be.
const MOST_REPEATED: u32 = 1000;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is none: Go refuses it too.
    #[error("{0}")]
    Syntax(String),
    /// Go takes it, and the engine here cannot.
    #[error("{0}")]
    Unsupported(String),
}

/// The expression that this thread has compiled before.
pub fn known(pattern: &str) -> Option<Regex> {
    COMPILED.with_borrow(|compiled| compiled.get(pattern).cloned())
}

/// The expression that Go would read; a reason where it is none.
pub fn compile(pattern: &str) -> Result<Regex, PatternError> {
    const MOST: usize = 200;
    if let Some(regex) = known(pattern) {
        return Ok(regex);
    }
    let translated = translate(pattern)?;
    let regex = Regex::new(&translated).map_err(|error| refused(&translated, &error))?;
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= MOST {
            compiled.clear();
        }
        compiled.insert(pattern.to_owned(), regex.clone());
    });
    Ok(regex)
}

/// Why the engine refuses a pattern, and whether Go would have taken it.
fn refused(translated: &str, error: &regex::Error) -> PatternError {
    // The library's message draws the pattern over several lines; its last one says what is wrong.
    let message = error.to_string();
    let reason = message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let is_limit = match (error, regex_syntax::parse(translated)) {
        (regex::Error::CompiledTooBig(_), _) => true,
        (_, Err(regex_syntax::Error::Parse(error))) => matches!(
            error.kind(),
            ast::ErrorKind::CaptureLimitExceeded
                | ast::ErrorKind::GroupNameInvalid
                | ast::ErrorKind::NestLimitExceeded(_)
        ),
        (_, Err(regex_syntax::Error::Translate(error))) => matches!(
            error.kind(),
            hir::ErrorKind::UnicodePropertyNotFound | hir::ErrorKind::UnicodePropertyValueNotFound
        ),
        _ => false,
    };
    if is_limit { PatternError::Unsupported(reason) } else { PatternError::Syntax(reason) }
}

fn wrong(what: &str, text: &str) -> PatternError {
    PatternError::Syntax(format!("{what}: `{text}`"))
}

/// What of a pattern was read last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Something that can be repeated, or nothing.
    Other,
    /// A repetition, behind which no other may stand.
    Repetition,
}

/// Go's classes are ASCII, its brackets hold no operators, and a brace that is no count is a brace.
fn translate(pattern: &str) -> Result<String, PatternError> {
    let mut translated = String::with_capacity(pattern.len() + 16);
    let mut letters = pattern.chars().peekable();
    let mut in_class = false;
    let mut class_start = false;
    let mut last = Last::Other;
    while let Some(letter) = letters.next() {
        let starts = std::mem::take(&mut class_start);
        let before = std::mem::replace(&mut last, Last::Other);
        match letter {
            '\\' => match letters.next() {
                Some(escape) => push_escape(&mut translated, escape, in_class, &mut letters)?,
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
            '*' | '+' | '?' if !in_class => {
                push_repetition(&mut translated, &letter.to_string(), before, &mut letters)?;
                last = Last::Repetition;
            }
            '{' if !in_class => match count(&letters)? {
                Some(count) => {
                    // The count, and the brace behind it.
                    letters.nth(count.len());
                    push_repetition(&mut translated, &format!("{{{count}}}"), before, &mut letters)?;
                    last = Last::Repetition;
                }
                None => translated.push_str("\\{"),
            },
            '}' if !in_class => translated.push_str("\\}"),
            '(' if !in_class => {
                translated.push('(');
                check_flags(&letters)?;
                // The sign of a group is no repetition.
                if letters.next_if_eq(&'?').is_some() {
                    translated.push('?');
                }
            }
            other => translated.push(other),
        }
    }
    Ok(translated)
}

/// A repetition with the `?` that makes it take as little as it can. Go takes none behind another: `a**`, `a++`.
fn push_repetition(
    translated: &mut String,
    sign: &str,
    before: Last,
    letters: &mut Peekable<Chars<'_>>,
) -> Result<(), PatternError> {
    if before == Last::Repetition {
        return Err(wrong("a repetition cannot be repeated", sign));
    }
    translated.push_str(sign);
    if letters.next_if_eq(&'?').is_some() {
        translated.push('?');
    }
    Ok(())
}

/// The count behind a brace, `2`, `2,` or `2,5`; none where the brace is a letter like any other.
fn count(letters: &Peekable<Chars<'_>>) -> Result<Option<String>, PatternError> {
    let mut rest = letters.clone();
    let text: String = rest.by_ref().take_while(|letter| *letter != '}').collect();
    let is_closed = letters.clone().any(|letter| letter == '}');
    let (least, most) =
        text.split_once(',').map_or((text.as_str(), None), |(least, most)| (least, Some(most)));
    let is_number = |number: &str| {
        !number.is_empty()
            && number.bytes().all(|digit| digit.is_ascii_digit())
            && (number.len() == 1 || !number.starts_with('0'))
    };
    if !is_closed || !is_number(least) || !most.is_none_or(|most| most.is_empty() || is_number(most)) {
        return Ok(None);
    }
    let is_too_many = |number: &str| number.parse::<u32>().map_or(true, |number| number > MOST_REPEATED);
    if is_too_many(least) || most.is_some_and(|most| !most.is_empty() && is_too_many(most)) {
        return Err(wrong(&format!("a count is {MOST_REPEATED} at most"), &format!("{{{text}}}")));
    }
    Ok(Some(text))
}

/// Refuses flags that Go has not, such as the `x` of `(?x)`: here they would change what the pattern means.
fn check_flags(letters: &Peekable<Chars<'_>>) -> Result<(), PatternError> {
    let mut rest = letters.clone();
    let begins = rest.next() == Some('?')
        && rest.peek().is_some_and(|next| next.is_ascii_alphabetic() || *next == '-');
    let flags: String = rest.take_while(|letter| !matches!(letter, ')' | ':' | '<' | '>' | '=')).collect();
    if begins && flags != "P" && !flags.chars().all(|flag| "imsU-".contains(flag)) {
        return Err(wrong("Go has no such flags", &format!("(?{flags}")));
    }
    Ok(())
}

fn push_escape(
    translated: &mut String,
    escape: char,
    in_class: bool,
    letters: &mut Peekable<Chars<'_>>,
) -> Result<(), PatternError> {
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
            return Ok(());
        }
        // Code points of the engine's own.
        ('u' | 'U', _) => return Err(wrong("there is no such escape", &format!("\\{escape}"))),
        // A digit alone would mean a group again, which neither knows.
        ('0', _) => return push_octal(translated, escape, letters),
        ('1'..='7', _) if letters.peek().is_some_and(|next| matches!(next, '0'..='7')) => {
            return push_octal(translated, escape, letters);
        }
        ('p' | 'P', _) if letters.peek() == Some(&'{') => return push_property(translated, escape, letters),
        _ => {
            translated.push('\\');
            translated.push(escape);
            if escape == 'x' && letters.peek() == Some(&'{') {
                for letter in letters.by_ref() {
                    translated.push(letter);
                    if letter == '}' {
                        break;
                    }
                }
            }
            return Ok(());
        }
    };
    translated.push_str(ascii);
    Ok(())
}

/// `\101`: up to three digits of eight.
fn push_octal(
    translated: &mut String,
    first: char,
    letters: &mut Peekable<Chars<'_>>,
) -> Result<(), PatternError> {
    let mut digits = String::from(first);
    while let Some(digit) = letters.next_if(|next| digits.len() < 3 && matches!(next, '0'..='7')) {
        digits.push(digit);
    }
    let point = u32::from_str_radix(&digits, 8).map_err(|_| wrong("there is no such escape", &digits))?;
    translated.extend(["\\x{", &format!("{point:x}"), "}"]);
    Ok(())
}

/// `\p{Greek}`, and `\p{^Greek}` for all others. The engine would take comparisons in it too.
fn push_property(
    translated: &mut String,
    escape: char,
    letters: &mut Peekable<Chars<'_>>,
) -> Result<(), PatternError> {
    letters.next();
    let name: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
    let bare = name.strip_prefix('^');
    let is_other = (escape == 'P') != bare.is_some();
    let bare = bare.unwrap_or(&name);
    if bare.contains(['=', ':', '!', '^']) {
        return Err(wrong("there is no such class of letters", &format!("\\{escape}{{{name}}}")));
    }
    translated.extend([if is_other { "\\P{" } else { "\\p{" }, bare, "}"]);
    Ok(())
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
            assert!(matches!(compile(pattern), Err(PatternError::Syntax(_))), "{pattern}");
        }
    }

    #[test]
    fn escapes_and_counts_of_go_mean_what_they_mean_there() {
        let cases = [
            (r"\101\x{42}", "AB", true),
            (r"\07", "\u{7}", true),
            (r"[\060-\071]+$", "19", true),
            (r"^\p{^Greek}$", "a", true),
            (r"^\p{^Greek}$", "\u{3b1}", false),
            (r"^\P{^Greek}$", "\u{3b1}", true),
            (r"^\pL+$", "a\u{3b1}", true),
            ("a{02}", "a{02}", true),
            ("^a{2,}?$", "aaa", true),
            ("^a??$", "a", true),
            ("^(?:a*)*$", "aa", true),
            ("^(?i-s:A)$", "a", true),
            ("(?U)a+", "a", true),
            (r"^\Q*\E*$", "**", true),
            ("^[*]*$", "**", true),
        ];
        for (pattern, text, matches) in cases {
            let regex = compile(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
            assert_eq!(regex.is_match(text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_only_the_engine_here_would_take_is_refused_as_by_go() {
        for pattern in [
            "a**",
            "a++",
            "a*+",
            "a*??",
            "a{2}{3}",
            "a{2}*",
            "(?x)a b",
            "(?u:a)",
            "(?R)a",
            "(?ix:a)",
            r"\u{41}",
            r"\U0041",
            "a{1001}",
            "a{2,1001}",
            r"\p{sc=Greek}",
            r"\1",
            r"\8",
            r"\h",
        ] {
            assert!(
                matches!(compile(pattern), Err(PatternError::Syntax(_))),
                "{pattern}: {:?}",
                compile(pattern)
            );
        }
    }

    #[test]
    fn what_go_takes_and_the_engine_cannot_is_told_apart() {
        let deep = format!("{}a{}", "(".repeat(600), ")".repeat(600));
        for pattern in ["(?P<1a>x)", r"\p{Nowhere}", r"((\pL{999}){999}){9}", &deep] {
            assert!(
                matches!(compile(pattern), Err(PatternError::Unsupported(_))),
                "{pattern}: {:?}",
                compile(pattern)
            );
        }
    }
}
