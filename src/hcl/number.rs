//! Numbers as Terraform has them: decimal, far beyond what a float can hold.

mod binary;

use std::fmt;
use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, Signed, ToPrimitive, Zero};

/// How many zeros a number may have before or behind its digits.
const MAX_SCALE: u64 = 20_000;

/// A number.
///
/// Terraform computes with binary floats of 512 bits and shows the shortest decimal that stands for one.
/// Kept is that decimal: it says the same, compares the same, and prints as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(BigDecimal);

impl Number {
    /// The whole number, where it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.is_whole().then(|| self.0.to_i64()).flatten()
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
    }

    /// The decimal behind it.
    pub fn decimal(&self) -> &BigDecimal {
        &self.0
    }

    /// Whether nothing stands behind the point.
    pub fn is_whole(&self) -> bool {
        self.0.is_integer()
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.0.is_negative()
    }

    /// The whole number without bounds, where it is one.
    pub fn as_big_int(&self) -> Option<BigInt> {
        self.is_whole().then(|| self.0.with_scale(0).into_bigint_and_exponent().0)
    }

    /// The float as Terraform takes it over; `None` for infinities and what is not a number.
    pub fn from_f64(float: f64) -> Option<Self> {
        // Rust prints the shortest decimal that stands for the float, as Go does.
        float.is_finite().then(|| format!("{float}").parse().ok()).flatten()
    }

    /// The sum.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        match self.small_with(other, i64::checked_add) {
            Some(sum) => sum,
            None => binary::add(self, other),
        }
    }

    /// The difference.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        match self.small_with(other, i64::checked_sub) {
            Some(difference) => difference,
            None => binary::add(self, &other.negate()),
        }
    }

    /// The product.
    #[must_use]
    pub fn multiply(&self, other: &Self) -> Self {
        match self.small_with(other, i64::checked_mul) {
            Some(product) => product,
            None => binary::multiply(self, other),
        }
    }

    /// The quotient; `None` where the divisor is zero.
    pub fn divide(&self, other: &Self) -> Option<Self> {
        (!other.is_zero()).then(|| binary::divide(self, other))
    }

    /// The remainder with the sign of the dividend; `None` where the divisor is zero.
    pub fn modulo(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        match self.small_with(other, i64::checked_rem) {
            Some(remainder) => Some(remainder),
            None => Some(Self::from(&self.0 % &other.0)),
        }
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self(-&self.0)
    }

    /// The largest whole number that is not above it.
    #[must_use]
    pub fn floor(&self) -> Self {
        let truncated = self.0.with_scale_round(0, bigdecimal::RoundingMode::Floor);
        Self::from(truncated)
    }

    /// The smallest whole number that is not below it.
    #[must_use]
    pub fn ceil(&self) -> Self {
        let truncated = self.0.with_scale_round(0, bigdecimal::RoundingMode::Ceiling);
        Self::from(truncated)
    }

    fn small_with(&self, other: &Self, operation: fn(i64, i64) -> Option<i64>) -> Option<Self> {
        operation(self.as_i64()?, other.as_i64()?).map(Self::from)
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(BigDecimal::from(number))
    }
}

impl From<BigInt> for Number {
    fn from(number: BigInt) -> Self {
        Self::from(BigDecimal::from(number))
    }
}

impl From<BigDecimal> for Number {
    fn from(number: BigDecimal) -> Self {
        let number = number.normalized();
        if number.digits() > binary::EXACT_DIGITS { binary::rounded(&number) } else { Self(number) }
    }
}

/// Not a number in HCL's syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a number")]
pub struct NotANumber;

impl FromStr for Number {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        // Short and whole: nearly every number there is.
        if text.len() < 18 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse::<i64>().map(Self::from).map_err(|_| NotANumber);
        }
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
        if !plain {
            return Err(NotANumber);
        }
        // Scales beyond this would be written out as that many zeros.
        let decimal = BigDecimal::from_str(text).map_err(|_| NotANumber)?;
        let (_, scale) = decimal.as_bigint_and_exponent();
        if scale.unsigned_abs() > MAX_SCALE {
            return Err(NotANumber);
        }
        Ok(Self::from(decimal))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_print_as_terraform_prints_them() {
        for (text, expected) in
            [("1.50", "1.5"), ("1e3", "1000"), ("100", "100"), ("1e-7", "0.0000001"), ("0.0", "0")]
        {
            assert_eq!(number(text).to_string(), expected);
        }
        assert_eq!(number("1e21").to_string(), "1000000000000000000000");
    }

    #[test]
    fn fractions_are_those_of_a_float_of_512_bits() {
        let third = number("1").divide(&number("3")).unwrap();
        assert_eq!(third.to_string(), format!("0.{}5", "3".repeat(154)));
        let two_thirds = number("2").divide(&number("3")).unwrap();
        assert_eq!(two_thirds.to_string(), format!("0.{}7", "6".repeat(153)));
        assert_eq!(third.multiply(&number("3")), number("1"));
        assert_ne!(number("1").subtract(&third), two_thirds);
        assert_eq!(number("0.1").add(&number("0.2")), number("0.3"));
        assert_eq!(number("1").divide(&number("0")), None);
    }

    #[test]
    fn remainders_have_the_sign_of_the_dividend() {
        assert_eq!(number("-7").modulo(&number("3")), Some(number("-1")));
        assert_eq!(number("7.5").modulo(&number("2")), Some(number("1.5")));
    }

    #[test]
    fn absurd_exponents_are_refused() {
        assert_eq!("1e999999999".parse::<Number>(), Err(NotANumber));
        assert_eq!("1e-999999999".parse::<Number>(), Err(NotANumber));
    }
}
