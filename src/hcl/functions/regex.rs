//! Regular expressions, with the syntax that Go has.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use regex::{Captures, Regex};

use super::super::budget::{Spent, take};
use super::super::limits::{check_text, check_values};
use super::super::value::Value;
use super::arguments::{Arguments, list};
use super::{Called, Function};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("regex", (2, 2), |arguments| {
        let (pattern, text) = (arguments.string(0)?, arguments.string(1)?);
        let regex = compile_text(&pattern, 0)?;
        take_match(&pattern, &text)?;
        match regex.captures(&text) {
            Some(captures) => Ok(captured(&regex, &captures)),
            None => Err(Arguments::wrong(1, "does not match the pattern")),
        }
    }),
    Function::new("regexall", (2, 2), |arguments| {
        let (pattern, text) = (arguments.string(0)?, arguments.string(1)?);
        let regex = compile_text(&pattern, 0)?;
        take_match(&pattern, &text)?;
        let mut found = Vec::new();
        for captures in regex.captures_iter(&text) {
            found.push(captured(&regex, &captures));
            check_values(found.len().saturating_mul(regex.captures_len() + 1))?;
        }
        Ok(list(found))
    }),
    Function::new("replace", (3, 3), replace),
];

thread_local! {
    /// The same few patterns are used in unit after unit, and to compile one takes longer than to use it.
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

fn compile_cached(pattern: &str, index: usize) -> Called<Regex> {
    const MOST: usize = 200;
    if let Some(regex) = COMPILED.with_borrow(|compiled| compiled.get(pattern).cloned()) {
        return Ok(regex);
    }
    take(states(pattern))?;
    let regex = Regex::new(&translate(pattern)).map_err(|error| {
        // The library's message draws the pattern over several lines; its last one says what is wrong.
        let message = error.to_string();
        let reason = message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Arguments::wrong(index, format!("is no regular expression: {reason}"))
    })?;
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= MOST {
            compiled.clear();
        }
        compiled.insert(pattern.to_owned(), regex.clone());
    });
    Ok(regex)
}

fn compile_text(pattern: &str, index: usize) -> Called<Regex> {
    let regex = compile_cached(pattern, index)?;
    let names: Vec<_> = regex.capture_names().skip(1).collect();
    if names.iter().any(Option::is_some) && names.iter().any(Option::is_none) {
        return Err(Arguments::wrong(index, "must name either all of its groups or none"));
    }
    Ok(regex)
}

/// The steps of holding a pattern against a text: at the worst, each letter meets each state.
fn take_match(pattern: &str, text: &str) -> Result<(), Spent> {
    take((text.len() as u64).saturating_mul(states(pattern)) / 65_536)
}

/// About how many states a pattern has: its letters, repeated as often as its counts say.
fn states(pattern: &str) -> u64 {
    // What stands before, and of that the last piece, for each group that is open.
    let mut open: Vec<(u64, u64)> = Vec::new();
    let (mut total, mut last) = (0_u64, 0_u64);
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '(' => open.push((std::mem::take(&mut total), std::mem::take(&mut last))),
            ')' => {
                let inside = total + 1;
                (total, _) = open.pop().unwrap_or_default();
                last = inside;
                total = total.saturating_add(inside);
            }
            '{' => {
                let mut count = String::new();
                while let Some(inner) = letters.next_if(|inner| inner.is_ascii_digit() || *inner == ',') {
                    count.push(inner);
                }
                let most = count.split(',').filter_map(|number| number.parse::<u64>().ok()).max();
                let more = last.saturating_mul(most.unwrap_or(1).saturating_sub(1));
                total = total.saturating_add(more);
                last = last.saturating_add(more);
            }
            // A class of Unicode's is some hundred ranges.
            '\\' => {
                last = if matches!(letters.next(), Some('p' | 'P')) { 200 } else { 1 };
                total = total.saturating_add(last);
            }
            '.' => {
                last = 4;
                total = total.saturating_add(last);
            }
            _ => {
                last = 1;
                total = total.saturating_add(last);
            }
        }
    }
    open.into_iter().fold(total, |total, (before, _)| total.saturating_add(before))
}

/// The whole match, or the groups: by name as an object, else as a tuple.
fn captured(regex: &Regex, captures: &Captures<'_>) -> Value {
    let group = |index: usize| captures.get(index).map_or(Value::Null, |group| Value::string(group.as_str()));
    let names: Vec<_> = regex.capture_names().collect();
    if names.len() == 1 {
        return group(0);
    }
    if names.iter().any(Option::is_some) {
        let groups = names.iter().enumerate().filter_map(|(index, name)| Some(((*name)?, group(index))));
        return Value::object(groups);
    }
    Value::Tuple(Arc::new((1..names.len()).map(group).collect()))
}

/// Between slashes the text to replace is a regular expression, and the new text can use its groups.
fn replace(arguments: &Arguments<'_>) -> Called {
    let (text, old, new) = (arguments.string(0)?, arguments.string(1)?, arguments.string(2)?);
    let pattern = old.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    if let Some(pattern) = pattern {
        let regex = compile_cached(pattern, 1)?;
        take_match(pattern, &text)?;
        return replace_all(&regex, &text, &new);
    }
    let count = text.matches(&*old).count();
    check_text(text.len().saturating_add(count.saturating_mul(new.len())))?;
    Ok(Value::string(text.replace(&*old, &new)))
}

fn replace_all(regex: &Regex, text: &str, new: &str) -> Called {
    let mut replaced = String::new();
    let mut end = 0;
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        replaced.push_str(text.get(end..whole.start()).unwrap_or_default());
        captures.expand(new, &mut replaced);
        end = whole.end();
        check_text(replaced.len())?;
    }
    replaced.push_str(text.get(end..).unwrap_or_default());
    Ok(Value::string(replaced))
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
