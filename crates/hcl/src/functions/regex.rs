//! Regular expressions, with the syntax that Go has.

use std::sync::Arc;

use regex::{Captures, Regex};

use super::super::budget::{Spent, take};
use super::super::limits::{check_text, check_values};
use super::super::value::Value;
use super::arguments::{Arguments, list};
use super::{Called, Function};
use slipway_support::go_regex;

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

fn compile_cached(pattern: &str, index: usize) -> Called<Regex> {
    if let Some(regex) = go_regex::known(pattern) {
        return Ok(regex);
    }
    take(states(pattern))?;
    go_regex::compile(pattern)
        .map_err(|reason| Arguments::wrong(index, format!("is no regular expression: {reason}")))
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
