//! Numbers as Terraform has them: decimal, far beyond what a float can hold.

use std::fmt;
use std::str::FromStr;

use bigdecimal::{BigDecimal, ToPrimitive};

/// How many zeros a number may have before or behind its digits.
const MAX_SCALE: u64 = 20_000;

/// A number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(BigDecimal);

impl Number {
    /// The whole number, where it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.is_integer().then(|| self.0.to_i64()).flatten()
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
    }

    /// The decimal behind it.
    pub fn decimal(&self) -> &BigDecimal {
        &self.0
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(BigDecimal::from(number))
    }
}

impl From<BigDecimal> for Number {
    fn from(number: BigDecimal) -> Self {
        Self(number.normalized())
    }
}

/// Not a number in HCL's syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a number")]
pub struct NotANumber;

impl FromStr for Number {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
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
