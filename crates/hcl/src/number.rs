//! Numbers as Terraform has them: decimal, far beyond what a float can hold.

mod binary;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, Signed, ToPrimitive};

/// How many digits a number may have, and how many zeros before or behind them.
pub const MOST_DIGITS: u64 = 20_000;

/// A number.
///
/// Terraform computes with binary floats of 512 bits and shows the shortest decimal that stands for one.
/// Kept is that decimal: it says the same, compares the same, and prints as it is.
#[derive(Clone, Debug)]
pub struct Number(Repr);

/// Whole numbers that fit are always `Small`, so that equal numbers are kept alike.
#[derive(Clone, Debug)]
enum Repr {
    Small(i64),
    Big(BigDecimal),
    /// Zero with a sign: equal to the other one, but printed as `-0`, as a float is.
    MinusZero,
}

impl Number {
    /// The whole number, where it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Small(number) => Some(*number),
            Repr::MinusZero => Some(0),
            Repr::Big(_) => None,
        }
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        self.decimal().to_f64().unwrap_or(f64::NAN)
    }

    /// The decimal behind it.
    pub fn decimal(&self) -> Cow<'_, BigDecimal> {
        match &self.0 {
            Repr::Small(number) => Cow::Owned(BigDecimal::from(*number)),
            Repr::MinusZero => Cow::Owned(BigDecimal::from(0)),
            Repr::Big(number) => Cow::Borrowed(number),
        }
    }

    /// Whether nothing stands behind the point.
    pub fn is_whole(&self) -> bool {
        match &self.0 {
            Repr::Small(_) | Repr::MinusZero => true,
            Repr::Big(number) => number.is_integer(),
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Repr::Small(0) | Repr::MinusZero)
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Small(number) => *number < 0,
            Repr::MinusZero => false,
            Repr::Big(number) => number.is_negative(),
        }
    }

    /// The whole number without bounds, where it is one.
    pub fn as_big_int(&self) -> Option<BigInt> {
        match &self.0 {
            Repr::Small(number) => Some(BigInt::from(*number)),
            Repr::MinusZero => Some(BigInt::from(0)),
            Repr::Big(number) => {
                number.is_integer().then(|| number.with_scale(0).into_bigint_and_exponent().0)
            }
        }
    }

    /// The float as Terraform takes it over; `None` for infinities and what is not a number.
    pub fn from_f64(float: f64) -> Option<Self> {
        // Rust prints the shortest decimal that stands for the float, as Go does.
        float.is_finite().then(|| format!("{float}").parse().ok()).flatten()
    }

    /// Whether it has more digits than can be worked with in good time: 20,000 of them, zeros counted.
    pub fn is_too_long(&self) -> bool {
        match &self.0 {
            Repr::Big(number) => number.as_bigint_and_scale().1.unsigned_abs() > MOST_DIGITS,
            Repr::Small(_) | Repr::MinusZero => false,
        }
    }

    /// The sum.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        if matches!((&self.0, &other.0), (Repr::MinusZero, Repr::MinusZero)) {
            return self.clone();
        }
        self.small_with(other, i64::checked_add).unwrap_or_else(|| binary::add(self, other))
    }

    /// The difference.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        if other.is_zero() {
            return self.add(&other.negate());
        }
        self.small_with(other, i64::checked_sub).unwrap_or_else(|| binary::add(self, &other.negate()))
    }

    /// The product.
    #[must_use]
    pub fn multiply(&self, other: &Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return Self::zero(self.has_sign() != other.has_sign());
        }
        self.small_with(other, i64::checked_mul).unwrap_or_else(|| binary::multiply(self, other))
    }

    /// The quotient; `None` where the divisor is zero.
    pub fn divide(&self, other: &Self) -> Option<Self> {
        if self.is_zero() && !other.is_zero() {
            return Some(Self::zero(self.has_sign() != other.has_sign()));
        }
        (!other.is_zero()).then(|| binary::divide(self, other))
    }

    /// The remainder with the sign of the dividend; of a division by zero everything is left.
    #[must_use]
    pub fn modulo(&self, other: &Self) -> Self {
        if other.is_zero() {
            return self.clone();
        }
        let small = self.small_with(other, i64::checked_rem);
        small.unwrap_or_else(|| Self::from(&*self.decimal() % &*other.decimal()))
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negate(&self) -> Self {
        match &self.0 {
            Repr::MinusZero => Self(Repr::Small(0)),
            Repr::Small(0) => Self(Repr::MinusZero),
            Repr::Small(number) if *number != i64::MIN => Self(Repr::Small(-number)),
            _ => Self::from(-&*self.decimal()),
        }
    }

    /// The number without its sign.
    #[must_use]
    pub fn absolute(&self) -> Self {
        if self.has_sign() { self.negate() } else { self.clone() }
    }

    /// The largest whole number that is not above it.
    #[must_use]
    pub fn floor(&self) -> Self {
        self.rounded(RoundingMode::Floor)
    }

    /// The smallest whole number that is not below it.
    #[must_use]
    pub fn ceil(&self) -> Self {
        self.rounded(RoundingMode::Ceiling)
    }

    fn rounded(&self, mode: RoundingMode) -> Self {
        match &self.0 {
            Repr::Small(_) => self.clone(),
            Repr::MinusZero => Self::zero(false),
            Repr::Big(number) => Self::from(number.with_scale_round(0, mode)),
        }
    }

    fn zero(sign: bool) -> Self {
        Self(if sign { Repr::MinusZero } else { Repr::Small(0) })
    }

    fn has_sign(&self) -> bool {
        self.is_negative() || matches!(self.0, Repr::MinusZero)
    }

    fn small_with(&self, other: &Self, operation: fn(i64, i64) -> Option<i64>) -> Option<Self> {
        operation(self.as_i64()?, other.as_i64()?).map(Self::from)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Big(one), Repr::Big(other)) => one == other,
            _ => self.as_i64().is_some_and(|one| other.as_i64() == Some(one)),
        }
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Big(number) => number.hash(state),
            Repr::Small(_) | Repr::MinusZero => self.as_i64().hash(state),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Small(one), Repr::Small(other)) => one.cmp(other),
            _ => self.decimal().cmp(&other.decimal()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(Repr::Small(number))
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
        if number.digits() > binary::EXACT_DIGITS {
            return binary::rounded(&number);
        }
        Self::exactly(&number)
    }
}

impl Number {
    /// A decimal that needs no rounding.
    fn exactly(number: &BigDecimal) -> Self {
        let small = if number.is_integer() { number.to_i64() } else { None };
        Self(small.map_or_else(|| Repr::Big(number.normalized()), Repr::Small))
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
        if !plain || text.len() as u64 > MOST_DIGITS {
            return Err(NotANumber);
        }
        // Scales beyond this would be written out as that many zeros.
        let decimal = BigDecimal::from_str(text).map_err(|_| NotANumber)?;
        let (_, scale) = decimal.as_bigint_and_exponent();
        if scale.unsigned_abs() > MOST_DIGITS {
            return Err(NotANumber);
        }
        let number = Self::from(decimal);
        Ok(if number.is_zero() { Self::zero(text.starts_with('-')) } else { number })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Small(number) => number.fmt(f),
            Repr::MinusZero => f.write_str("-0"),
            Repr::Big(number) => f.write_str(&number.to_plain_string()),
        }
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
        assert_eq!(number("-7").modulo(&number("3")), number("-1"));
        assert_eq!(number("7.5").modulo(&number("2")), number("1.5"));
        assert_eq!(number("7.5").modulo(&number("0")), number("7.5"));
    }

    #[test]
    fn equal_numbers_are_equal_however_they_came_about() {
        let half = number("0.5");
        assert_eq!(half.add(&half), number("1"));
        assert_eq!(number("9223372036854775808").subtract(&number("1")), number("9223372036854775807"));
        assert_eq!(number("-9223372036854775808").negate().to_string(), "9223372036854775808");
        assert_eq!(number("2.0"), Number::from(2));
        assert!(number("1.5") < Number::from(2) && Number::from(2) < number("1e30"));
    }

    #[test]
    fn a_zero_keeps_its_sign_and_equals_the_other_one() {
        let minus = number("0").negate();
        assert_eq!(minus.to_string(), "-0");
        assert_eq!(minus, number("0"));
        assert_eq!(number("0").multiply(&number("-1")).to_string(), "-0");
        assert_eq!(minus.divide(&number("-1")).unwrap().to_string(), "0");
        assert_eq!(minus.add(&number("0")).to_string(), "0");
        assert_eq!(minus.subtract(&number("0")).to_string(), "-0");
        assert_eq!(minus.negate().to_string(), "0");
    }

    #[test]
    fn absurd_exponents_are_refused() {
        let long = number("1e20000");
        assert!(!long.is_too_long() && long.multiply(&long).is_too_long());
        assert_eq!("1".repeat(20_001).parse::<Number>(), Err(NotANumber));
        assert_eq!("1e999999999".parse::<Number>(), Err(NotANumber));
        assert_eq!("1e-999999999".parse::<Number>(), Err(NotANumber));
    }
}
