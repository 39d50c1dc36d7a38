//! Numbers as `%e`, `%f` and `%g` write them.

use bigdecimal::num_bigint::BigUint;
use bigdecimal::{BigDecimal, RoundingMode};

use super::super::number::Number;

/// The text of a number that is not negative.
pub(super) fn text(number: &Number, verb: char, precision: Option<usize>) -> String {
    match verb {
        'f' => fixed(number, precision.unwrap_or(6)),
        'e' => scientific(number, Some(precision.unwrap_or(6)), 'e'),
        'E' => scientific(number, Some(precision.unwrap_or(6)), 'E'),
        'G' => general(number, precision).replace('e', "E"),
        _ => general(number, precision),
    }
}

/// All digits, or so many of them; with an exponent where it is below -4 or beyond the digits.
pub(crate) fn general(number: &Number, precision: Option<usize>) -> String {
    let negative = number.is_negative();
    let number = if negative { number.negate() } else { number.clone() };
    let (digits, exponent) = match precision {
        Some(precision) => rounded_digits(&number, precision.max(1)),
        None => all_digits(&number),
    };
    let significant = digits.trim_end_matches('0').len().max(1);
    let digits = digits.get(..significant).unwrap_or(&digits);
    let limit = match precision {
        Some(precision) => i64::try_from(precision.max(1)).unwrap_or(i64::MAX),
        None => 6,
    };
    // Where all digits stand before the point or reach it, there is no need for an exponent sooner.
    let significant = i64::try_from(significant).unwrap_or(i64::MAX);
    let limit = if precision.is_some() && limit > significant && significant > exponent {
        significant
    } else {
        limit
    };
    let text = if exponent < -4 || exponent >= limit {
        with_exponent(digits, exponent, 'e')
    } else {
        plain(digits, exponent)
    };
    if negative { format!("-{text}") } else { text }
}

fn fixed(number: &Number, precision: usize) -> String {
    let scale = i64::try_from(precision).unwrap_or(i64::MAX);
    let rounded = number.decimal().with_scale_round(scale, RoundingMode::HalfEven);
    rounded.to_plain_string()
}

fn scientific(number: &Number, precision: Option<usize>, letter: char) -> String {
    let (digits, exponent) = match precision {
        Some(precision) => rounded_digits(number, precision + 1),
        None => all_digits(number),
    };
    with_exponent(&digits, exponent, letter)
}

fn with_exponent(digits: &str, exponent: i64, letter: char) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}{letter}{sign}{:02}", exponent.unsigned_abs())
}

/// The digits with the point behind the first one moved by `exponent`.
fn plain(digits: &str, exponent: i64) -> String {
    let Ok(whole) = usize::try_from(exponent + 1) else {
        return format!("0.{}{digits}", "0".repeat(usize::try_from(-exponent - 1).unwrap_or_default()));
    };
    if whole == 0 {
        return format!("0.{digits}");
    }
    if digits.len() <= whole {
        return format!("{digits}{}", "0".repeat(whole - digits.len()));
    }
    let (before, after) = digits.split_at(whole);
    format!("{before}.{after}")
}

/// All digits and the exponent of the first one.
fn all_digits(number: &Number) -> (String, i64) {
    digits_of(&number.decimal())
}

fn rounded_digits(number: &Number, count: usize) -> (String, i64) {
    let count_u64 = u64::try_from(count).unwrap_or(u64::MAX);
    let decimal = number.decimal();
    let rounded = match std::num::NonZeroU64::new(count_u64) {
        Some(precision) if decimal.digits() > count_u64 => {
            decimal.with_precision_round(precision, RoundingMode::HalfEven)
        }
        _ => decimal.into_owned(),
    };
    let (mut digits, exponent) = digits_of(&rounded);
    digits.truncate(count);
    let missing = count.saturating_sub(digits.len());
    digits.extend(std::iter::repeat_n('0', missing));
    (digits, exponent)
}

fn digits_of(decimal: &BigDecimal) -> (String, i64) {
    let (coefficient, scale) = decimal.abs().into_bigint_and_exponent();
    if coefficient.magnitude() == &BigUint::default() {
        return ("0".to_owned(), 0);
    }
    let digits = coefficient.magnitude().to_string();
    let exponent = i64::try_from(digits.len()).unwrap_or(i64::MAX) - 1 - scale;
    let trimmed = digits.trim_end_matches('0');
    (trimmed.to_owned(), exponent)
}
