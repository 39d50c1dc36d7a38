//! `format` and `formatlist`: verbs as in C and Go, applied to values.

use bigdecimal::num_bigint::BigInt;
use unicode_segmentation::UnicodeSegmentation;

use super::super::convert::{described, to_bool, to_number, to_string};
use super::super::json;
use super::super::limits::check_text;
use super::super::number::Number;
use super::super::scope::CallError;
use super::super::value::Value;
use super::arguments::{Arguments, string_list};
use super::{Called, Function, MANY, float_text};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("format", (1, MANY), |arguments| {
        let values: Vec<&Value> = arguments.values.iter().skip(1).collect();
        Ok(Value::string(formatted(&arguments.string(0)?, &values)?))
    })
    .with_nulls(),
    Function::new("formatlist", (1, MANY), format_list).with_nulls(),
];

/// One verb with what stands between it and its `%`.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the format, and any of them can be set"
)]
struct Verb {
    letter: char,
    zero: bool,
    sharp: bool,
    minus: bool,
    plus: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// Which argument, from 1, where it says so itself.
    argument: Option<usize>,
}

/// Lists are walked side by side, other values stand in every line.
fn format_list(arguments: &Arguments<'_>) -> Called {
    let format = arguments.string(0)?;
    let values = arguments.values.get(1..).unwrap_or_default();
    let mut length = None;
    for (index, value) in values.iter().enumerate() {
        let Some(elements) = value.as_elements() else { continue };
        match length {
            Some(length) if length != elements.len() => {
                let message = format!("has {} elements, but a list before it has {length}", elements.len());
                return Err(Arguments::wrong(index + 1, message));
            }
            _ => length = Some(elements.len()),
        }
    }
    let line = |index: usize| {
        let row = values.iter().map(|value| match value.as_elements() {
            Some(elements) => elements.get(index).unwrap_or(&Value::Null),
            None => value,
        });
        formatted(&format, &row.collect::<Vec<_>>())
    };
    let mut lines = Vec::new();
    let mut size = 0;
    for index in 0..length.unwrap_or(1) {
        let line = line(index)?;
        size += line.len();
        check_text(size)?;
        lines.push(line);
    }
    Ok(string_list(lines))
}

fn formatted(format: &str, values: &[&Value]) -> Called<String> {
    let mut text = String::new();
    let mut rest = format;
    let mut next = 1;
    let mut used = 0;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let (verb, after) = Verb::parse(rest).ok_or_else(|| {
            Arguments::wrong(0, format!("has a `%` that begins no verb: `%{}`", first_word(rest)))
        })?;
        rest = after;
        let argument = verb.argument.unwrap_or(next);
        let value = argument.checked_sub(1).and_then(|index| values.get(index)).ok_or_else(|| {
            let count = values.len();
            CallError::new(format!(
                "the verb `%{}` needs value {argument}, but {count} are given",
                verb.letter
            ))
        })?;
        verb.push(&mut text, value)?;
        check_text(text.len())?;
        next = argument + 1;
        used = used.max(argument);
    }
    text.push_str(rest);
    if used < values.len() {
        return Err(CallError::new(format!("the format uses {used} values, but {} are given", values.len())));
    }
    Ok(text)
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

impl Verb {
    /// Flags, width, `.precision`, `[argument]`, letter.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let mut verb = Self::default();
        let mut rest = text;
        loop {
            let mut letters = rest.chars();
            let flag = match letters.next()? {
                '0' => &mut verb.zero,
                '#' => &mut verb.sharp,
                '-' => &mut verb.minus,
                '+' => &mut verb.plus,
                ' ' => &mut verb.space,
                _ => break,
            };
            *flag = true;
            rest = letters.as_str();
        }
        (verb.width, rest) = digits(rest);
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = digits(after);
            verb.precision = Some(precision.unwrap_or_default());
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('[') {
            let (argument, after) = digits(after);
            verb.argument = Some(argument.filter(|argument| *argument > 0)?);
            rest = after.strip_prefix(']')?;
        }
        // A width beyond this only fills the memory.
        if verb.width.max(verb.precision).is_some_and(|size| size > 10_000) {
            return None;
        }
        let mut letters = rest.chars();
        verb.letter = letters.next().filter(char::is_ascii_alphabetic)?;
        Some((verb, letters.as_str()))
    }

    fn push(&self, text: &mut String, value: &Value) -> Called<()> {
        if value.is_null() && self.letter != 'v' {
            return Err(CallError::new(format!("the verb `%{}` cannot format null", self.letter)));
        }
        match self.letter {
            'v' => {
                let plain = match value {
                    Value::String(string) if !self.sharp => string.to_string(),
                    Value::Number(number) if number.is_zero() => number.to_string(),
                    Value::Number(number) if !self.sharp => float_text::general(number, None),
                    other => json::encode_text(other)?.unwrap_or_default(),
                };
                self.push_padded(text, &plain);
            }
            't' => {
                let truth = to_bool(value).ok_or_else(|| self.wrong(value, "true or false"))?;
                text.push_str(if truth { "true" } else { "false" });
            }
            's' | 'q' => {
                let string = to_string(value).ok_or_else(|| self.wrong(value, "a string"))?;
                let string = match self.precision {
                    Some(precision) if precision > 0 => {
                        string.graphemes(true).take(precision).collect::<String>()
                    }
                    _ => string.to_string(),
                };
                let string = if self.letter == 'q' {
                    json::encode_text(&Value::string(&string))?.unwrap_or_default()
                } else {
                    string
                };
                self.push_padded(text, &string);
            }
            'b' | 'd' | 'o' | 'x' | 'X' => {
                let number = self.number(value)?;
                let whole = number.as_big_int().ok_or_else(|| {
                    CallError::new(format!(
                        "the verb `%{}` needs a whole number, but {number} is given",
                        self.letter
                    ))
                })?;
                text.push_str(&self.whole(&whole));
            }
            'e' | 'E' | 'f' | 'g' | 'G' => {
                let number = self.number(value)?;
                let magnitude = if number.is_negative() { number.negate() } else { number.clone() };
                let digits = float_text::text(&magnitude, self.letter, self.precision);
                text.push_str(&self.signed(number.is_negative(), "", &digits, self.zero));
            }
            other => return Err(CallError::new(format!("there is no verb `%{other}`"))),
        }
        Ok(())
    }

    fn number(&self, value: &Value) -> Called<Number> {
        to_number(value).ok_or_else(|| self.wrong(value, "a number"))
    }

    fn wrong(&self, value: &Value, wanted: &str) -> CallError {
        CallError::new(format!(
            "the verb `%{}` needs {wanted}, but {} is given",
            self.letter,
            described(value)
        ))
    }

    fn whole(&self, number: &BigInt) -> String {
        let magnitude = number.magnitude();
        let (prefix, digits) = match self.letter {
            'b' => ("0b", magnitude.to_str_radix(2)),
            'o' => ("0", magnitude.to_str_radix(8)),
            'x' => ("0x", magnitude.to_str_radix(16)),
            'X' => ("0X", magnitude.to_str_radix(16).to_uppercase()),
            _ => ("", magnitude.to_string()),
        };
        let missing = self.precision.unwrap_or_default().saturating_sub(digits.len());
        let digits = format!("{}{digits}", "0".repeat(missing));
        let negative = number.sign() == bigdecimal::num_bigint::Sign::Minus;
        // As in Go, a precision switches filling with zeros off.
        self.signed(
            negative,
            if self.sharp { prefix } else { "" },
            &digits,
            self.zero && self.precision.is_none(),
        )
    }

    /// Digits with sign and prefix, filled up to the width.
    fn signed(&self, negative: bool, prefix: &str, digits: &str, zero: bool) -> String {
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let length = sign.len() + prefix.len() + digits.len();
        let missing = self.width.unwrap_or_default().saturating_sub(length);
        if self.minus {
            format!("{sign}{prefix}{digits}{}", " ".repeat(missing))
        } else if zero {
            format!("{sign}{prefix}{}{digits}", "0".repeat(missing))
        } else {
            format!("{}{sign}{prefix}{digits}", " ".repeat(missing))
        }
    }

    fn push_padded(&self, text: &mut String, plain: &str) {
        let missing = self.width.unwrap_or_default().saturating_sub(plain.graphemes(true).count());
        let filling = if self.zero { "0" } else { " " }.repeat(missing);
        if self.minus {
            text.push_str(plain);
            text.push_str(&filling);
        } else {
            text.push_str(&filling);
            text.push_str(plain);
        }
    }
}

fn digits(text: &str) -> (Option<usize>, &str) {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(count);
    (digits.parse().ok(), rest)
}
