//! Functions on text.

use std::collections::HashSet;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::super::budget::{Spent, take};
use super::super::limits::{check_text, check_values};
use super::super::value::Value;
use super::arguments::{Arguments, string_list};
use super::{Called, Function, MANY};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("chomp", (1, 1), |arguments| {
        Ok(Value::string(arguments.string(0)?.trim_end_matches(['\n', '\r'])))
    }),
    Function::new("endswith", (2, 2), |arguments| {
        Ok(Value::Bool(arguments.string(0)?.ends_with(&*arguments.string(1)?)))
    }),
    Function::new("indent", (2, 2), indent),
    Function::new("join", (1, MANY), join),
    Function::new("lower", (1, 1), |arguments| Ok(Value::string(lower(&arguments.string(0)?)))),
    Function::new("split", (2, 2), split),
    Function::new("startswith", (2, 2), |arguments| {
        Ok(Value::Bool(arguments.string(0)?.starts_with(&*arguments.string(1)?)))
    }),
    Function::new("strcontains", (2, 2), |arguments| {
        Ok(Value::Bool(arguments.string(0)?.contains(&*arguments.string(1)?)))
    }),
    Function::new("strrev", (1, 1), |arguments| {
        let text = arguments.string(0)?;
        take_letters(&text)?;
        Ok(Value::string(text.graphemes(true).rev().collect::<String>()))
    }),
    Function::new("substr", (3, 3), substr),
    Function::new("title", (1, 1), title),
    Function::new("trim", (2, 2), |arguments| {
        let cut: HashSet<char> = arguments.string(1)?.chars().collect();
        Ok(Value::string(arguments.string(0)?.trim_matches(|letter| cut.contains(&letter))))
    }),
    Function::new("trimprefix", (2, 2), |arguments| {
        let text = arguments.string(0)?;
        Ok(Value::string(text.strip_prefix(&*arguments.string(1)?).unwrap_or(&text)))
    }),
    Function::new("trimspace", (1, 1), |arguments| Ok(Value::string(arguments.string(0)?.trim()))),
    Function::new("trimsuffix", (2, 2), |arguments| {
        let text = arguments.string(0)?;
        Ok(Value::string(text.strip_suffix(&*arguments.string(1)?).unwrap_or(&text)))
    }),
    Function::new("upper", (1, 1), |arguments| Ok(Value::string(upper(&arguments.string(0)?)))),
];

/// All lines but the first.
fn indent(arguments: &Arguments<'_>) -> Called {
    let spaces =
        usize::try_from(arguments.whole(0)?).map_err(|_| Arguments::wrong(0, "must not be negative"))?;
    let text = arguments.string(1)?;
    let lines = text.bytes().filter(|byte| *byte == b'\n').count();
    check_text(text.len().saturating_add(lines.saturating_mul(spaces)))?;
    if lines == 0 {
        return Ok(Value::String(text));
    }
    let line_start = format!("\n{}", " ".repeat(spaces));
    Ok(Value::string(text.replace('\n', &line_start)))
}

fn join(arguments: &Arguments<'_>) -> Called {
    let separator = arguments.string(0)?;
    let mut texts: Vec<Arc<str>> = Vec::new();
    for index in 1..arguments.count() {
        texts.extend(arguments.strings(index)?);
    }
    let separators = separator.len().saturating_mul(texts.len());
    check_text(texts.iter().map(|text| text.len()).fold(separators, usize::saturating_add))?;
    Ok(Value::string(texts.join(&*separator)))
}

fn split(arguments: &Arguments<'_>) -> Called {
    let (separator, text) = (arguments.string(0)?, arguments.string(1)?);
    if separator.is_empty() {
        check_values(text.chars().count())?;
        return Ok(string_list(text.chars().map(String::from)));
    }
    check_values(text.matches(&*separator).count() + 1)?;
    Ok(string_list(text.split(&*separator)))
}

/// The steps of finding what readers see as characters, which takes several times as long as looking at the bytes.
pub(super) fn take_letters(text: &str) -> Result<(), Spent> {
    take(text.len() as u64 / 8)
}

/// Counts what readers see as characters.
fn substr(arguments: &Arguments<'_>) -> Called {
    let text = arguments.string(0)?;
    let (offset, length) = (arguments.whole(1)?, arguments.whole(2)?);
    take_letters(&text)?;
    let count = i64::try_from(text.graphemes(true).count()).unwrap_or(i64::MAX);
    let start = if offset < 0 { (offset + count).max(0) } else { offset.min(count) };
    let end = if length < 0 { count } else { start.saturating_add(length).min(count) };
    let (start, end) = (usize::try_from(start).unwrap_or_default(), usize::try_from(end).unwrap_or_default());
    let letters = text.graphemes(true).skip(start).take(end.saturating_sub(start));
    Ok(Value::string(letters.collect::<String>()))
}

/// The first letter of each word; letters, digits and `_` make words.
fn title(arguments: &Arguments<'_>) -> Called {
    let mut titled = String::new();
    let mut before = ' ';
    for letter in arguments.string(0)?.chars() {
        let separator = if before.is_ascii() {
            !(before.is_ascii_alphanumeric() || before == '_')
        } else {
            !before.is_alphanumeric() && before.is_whitespace()
        };
        titled.push(if separator { upper_letter(letter) } else { letter });
        before = letter;
    }
    Ok(Value::string(titled))
}

/// Letter by letter: one never becomes two, as `ß` would.
fn upper(text: &str) -> String {
    text.chars().map(upper_letter).collect()
}

fn lower(text: &str) -> String {
    let single = |letter: char| {
        let mut lowered = letter.to_lowercase();
        match (lowered.next(), lowered.next()) {
            (Some(lower), None) => lower,
            _ => letter,
        }
    };
    text.chars().map(single).collect()
}

fn upper_letter(letter: char) -> char {
    let mut uppered = letter.to_uppercase();
    match (uppered.next(), uppered.next()) {
        (Some(upper), None) => upper,
        _ => letter,
    }
}
