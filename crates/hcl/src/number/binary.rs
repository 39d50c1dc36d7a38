//! Arithmetic on binary floats of 512 bits, rounded to the nearest and to even at a tie.

use bigdecimal::num_bigint::{BigInt, BigUint, Sign};
use bigdecimal::{BigDecimal, Zero};

use super::Number;

/// The bits of a mantissa.
const PRECISION: u64 = 512;
/// Decimals of up to so many digits are each told apart by a mantissa, so that they need no rounding.
pub(super) const EXACT_DIGITS: u64 = 150;

/// `mantissa × 2^exponent`.
struct Float {
    mantissa: BigInt,
    exponent: i64,
}

pub(super) fn add(left: &Number, right: &Number) -> Number {
    let (left, right) = (Float::of(&left.decimal()), Float::of(&right.decimal()));
    let exponent = left.exponent.min(right.exponent);
    let aligned = |float: &Float| &float.mantissa << shift(float.exponent - exponent);
    Float::round(&(aligned(&left) + aligned(&right)), &BigUint::from(1u8), exponent).shortest()
}

pub(super) fn multiply(left: &Number, right: &Number) -> Number {
    let (left, right) = (Float::of(&left.decimal()), Float::of(&right.decimal()));
    let exponent = left.exponent + right.exponent;
    Float::round(&(left.mantissa * right.mantissa), &BigUint::from(1u8), exponent).shortest()
}

pub(super) fn divide(left: &Number, right: &Number) -> Number {
    let (left, right) = (Float::of(&left.decimal()), Float::of(&right.decimal()));
    let (sign, divisor) = right.mantissa.into_parts();
    let dividend = if sign == Sign::Minus { -left.mantissa } else { left.mantissa };
    Float::round(&dividend, &divisor, left.exponent - right.exponent).shortest()
}

/// The decimal that stands for the float nearest to `decimal`.
pub(super) fn rounded(decimal: &BigDecimal) -> Number {
    Float::of(decimal).shortest()
}

impl Float {
    /// The float nearest to a decimal.
    fn of(decimal: &BigDecimal) -> Self {
        let (digits, scale) = decimal.as_bigint_and_exponent();
        let one = BigUint::from(1u8);
        if scale <= 0 {
            return Self::round(&(digits * BigInt::from(power_of(10, scale))), &one, 0);
        }
        Self::round(&digits, &power_of(10, scale), 0)
    }

    /// The float nearest to `dividend / divisor × 2^exponent`.
    fn round(dividend: &BigInt, divisor: &BigUint, exponent: i64) -> Self {
        let (sign, dividend) = (dividend.sign(), dividend.magnitude());
        if dividend.is_zero() {
            return Self { mantissa: BigInt::zero(), exponent: 0 };
        }
        // As many bits as give the quotient one bit more than the precision, at least.
        let wanted = i64::try_from(PRECISION + 1 + divisor.bits()).unwrap_or(i64::MAX);
        let up = (wanted - i64::try_from(dividend.bits()).unwrap_or(i64::MAX)).max(0);
        let widened = dividend << shift(up);
        let (quotient, rest) = (&widened / divisor, &widened % divisor);
        let excess = quotient.bits() - PRECISION;
        let kept = &quotient >> excess;
        let cut = &quotient - (&kept << excess);
        let half = BigUint::from(1u8) << (excess - 1);
        let above_half = cut > half || (cut == half && !rest.is_zero());
        let at_half = cut == half && rest.is_zero();
        let round_up = above_half || (at_half && kept.bit(0));
        let mantissa = if round_up { kept + 1u8 } else { kept };
        let exponent = exponent - up + i64::try_from(excess).unwrap_or(i64::MAX);
        // Trailing zeros go, so that whole numbers stay small.
        let zeros = mantissa.trailing_zeros().unwrap_or_default();
        let mantissa = BigInt::from_biguint(sign, mantissa >> zeros);
        Self { mantissa, exponent: exponent + i64::try_from(zeros).unwrap_or(i64::MAX) }
    }

    /// The shortest decimal nearer to this float than to any other; at a tie of lengths the nearest one.
    fn shortest(&self) -> Number {
        let (sign, magnitude) = (self.mantissa.sign(), self.mantissa.magnitude());
        if magnitude.is_zero() {
            return Number::from(0);
        }
        // Halves of the last place of all 512 bits: the bounds lie one half below and above.
        let widen = PRECISION + 1 - magnitude.bits();
        let exponent = self.exponent - i64::try_from(widen).unwrap_or(i64::MAX);
        let middle = magnitude << widen;
        let digits = |mantissa: BigUint| decimal_digits(&mantissa, exponent);
        let (lower, upper) = (digits(&middle - 1u8), digits(&middle + 1u8));
        let exact = digits(middle.clone());
        let inclusive = !middle.bit(1);
        let (kept, scale_digits) = shorten(&exact.0, &lower.0, &upper.0, inclusive);
        let coefficient = BigInt::from_biguint(sign, BigUint::parse_bytes(&kept, 10).unwrap_or_default());
        // `exact` is digits × 10^-scale; what was cut off behind the digits raises the exponent.
        let cut = i64::try_from(exact.0.len()).unwrap_or(i64::MAX) - scale_digits;
        Number::exactly(&BigDecimal::new(coefficient, exact.1 - cut))
    }
}

/// The digits of `mantissa × 2^exponent` and how many of them stand behind the point.
fn decimal_digits(mantissa: &BigUint, exponent: i64) -> (Vec<u8>, i64) {
    if exponent >= 0 {
        ((mantissa << shift(exponent)).to_string().into_bytes(), 0)
    } else {
        ((mantissa * power_of(5, exponent)).to_string().into_bytes(), -exponent)
    }
}

/// Cuts digits where no shorter number lies between the bounds; with how many digits were kept.
fn shorten(exact: &[u8], lower: &[u8], upper: &[u8], inclusive: bool) -> (Vec<u8>, i64) {
    let trimmed = |digits: &[u8]| digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    let (lower_length, upper_length) = (trimmed(lower), trimmed(upper));
    let digit = |digits: &[u8], index: usize| digits.get(index).copied().unwrap_or(b'0');
    for (index, middle) in exact.iter().copied().enumerate() {
        let (low, high) = (digit(lower, index), digit(upper, index));
        let down = low != middle || (inclusive && index + 1 == lower_length);
        let up = middle != high && (inclusive || middle + 1 < high || index + 1 < upper_length);
        let count = index + 1;
        let round_up = match (down, up) {
            (true, true) => rounds_up(exact, count),
            (true, false) => false,
            (false, true) => true,
            (false, false) => continue,
        };
        let mut kept = exact.get(..count).unwrap_or_default().to_vec();
        if round_up {
            let number = BigUint::parse_bytes(&kept, 10).unwrap_or_default() + 1u8;
            kept = number.to_string().into_bytes();
        }
        return (kept, i64::try_from(count).unwrap_or(i64::MAX));
    }
    (exact.to_vec(), i64::try_from(exact.len()).unwrap_or(i64::MAX))
}

/// Whether what stands behind `count` digits is nearer to the next one; a tie goes to the even digit.
fn rounds_up(digits: &[u8], count: usize) -> bool {
    let rest = digits.get(count..).unwrap_or_default();
    match rest.first() {
        Some(b'5') if rest.iter().skip(1).all(|digit| *digit == b'0') => {
            count > 0 && digits.get(count - 1).is_some_and(|digit| (digit - b'0') % 2 == 1)
        }
        Some(first) => *first >= b'5',
        None => false,
    }
}

fn shift(bits: i64) -> u64 {
    bits.unsigned_abs()
}

fn power_of(base: u32, exponent: i64) -> BigUint {
    BigUint::from(base).pow(u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX))
}
