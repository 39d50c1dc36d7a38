//! Functions on numbers.

use bigdecimal::num_bigint::BigInt;

use super::super::number::Number;
use super::super::scope::CallError;
use super::super::value::Value;
use super::arguments::Arguments;
use super::{Called, Function, MANY};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abs", (1, 1), |arguments| Ok(Value::Number(arguments.number(0)?.absolute()))),
    Function::new("ceil", (1, 1), |arguments| Ok(Value::Number(arguments.number(0)?.ceil()))),
    Function::new("floor", (1, 1), |arguments| Ok(Value::Number(arguments.number(0)?.floor()))),
    Function::new("log", (2, 2), |arguments| {
        from_float(arguments.number(0)?.to_f64().ln() / arguments.number(1)?.to_f64().ln())
    }),
    Function::new("max", (1, MANY), |arguments| extreme(arguments, |best, next| next > best)),
    Function::new("min", (1, MANY), |arguments| extreme(arguments, |best, next| next < best)),
    Function::new("parseint", (2, 2), parse_int),
    Function::new("pow", (2, 2), |arguments| {
        from_float(arguments.number(0)?.to_f64().powf(arguments.number(1)?.to_f64()))
    }),
    Function::new("signum", (1, 1), |arguments| {
        let number = arguments.number(0)?;
        Ok(Value::integer(if number.is_zero() {
            0
        } else if number.is_negative() {
            -1
        } else {
            1
        }))
    }),
];

/// Terraform computes these with floats of 64 bits.
fn from_float(float: f64) -> Called {
    let number =
        Number::from_f64(float).ok_or_else(|| CallError::new("the result is not a finite number"))?;
    Ok(Value::Number(number))
}

fn extreme(arguments: &Arguments<'_>, better: fn(&Number, &Number) -> bool) -> Called {
    let mut best = arguments.number(0)?;
    for index in 1..arguments.count() {
        let next = arguments.number(index)?;
        if better(&best, &next) {
            best = next;
        }
    }
    Ok(Value::Number(best))
}

/// Beyond this, the digits of `parseint` would be worked on for longer than the number is worth.
const MOST_DIGITS: usize = 10_000;

/// Digits beyond 9 are letters; up to base 36 their case does not matter, beyond it lower case comes first.
fn parse_int(arguments: &Arguments<'_>) -> Called {
    let (text, base) = (arguments.string(0)?, arguments.whole(1)?);
    if !(2..=62).contains(&base) {
        return Err(Arguments::wrong(1, format!("must be a base from 2 to 62, but it is {base}")));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    if digits.len() > MOST_DIGITS {
        return Err(Arguments::wrong(0, format!("has more than {MOST_DIGITS} digits")));
    }
    let mut number = BigInt::default();
    for letter in digits.chars() {
        let digit = match letter {
            '0'..='9' => i64::from(u32::from(letter) - u32::from('0')),
            'a'..='z' => i64::from(u32::from(letter) - u32::from('a')) + 10,
            'A'..='Z' => i64::from(u32::from(letter) - u32::from('A')) + if base > 36 { 36 } else { 10 },
            _ => base,
        };
        if digit >= base {
            return Err(Arguments::wrong(0, format!("is no whole number in base {base}: `{text}`")));
        }
        number = number * base + digit;
    }
    if digits.is_empty() {
        return Err(Arguments::wrong(0, "is an empty string, not a number"));
    }
    Ok(Value::Number(Number::from(if negative { -number } else { number })))
}
