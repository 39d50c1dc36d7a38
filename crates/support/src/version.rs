//! Versions and their constraints, by the grammar that Terraform, OpenTofu and Terragrunt share.
//!
//! The grammar is that of `go-version`: conditions between commas, each of `=`, `!=`, `>`, `>=`, `<`, `<=`
//! or `~>` and a version of any number of parts. Its treatment of pre-releases is kept: a condition without one
//! admits none.

use std::cmp::Ordering;

/// A version, such as `1.11.4` or `1.12.0-beta1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// At least three numbers; what was not written is zero.
    numbers: Vec<u64>,
    /// How many were written.
    written: usize,
    prerelease: Vec<String>,
}

impl Version {
    /// Reads a version; `v` before it and a build behind `+` mean nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (core, prerelease) = text.split_once('-').map_or((text, None), |(core, rest)| (core, Some(rest)));
        let numbers: Option<Vec<u64>> = core.split('.').map(|part| part.parse().ok()).collect();
        let mut numbers = numbers?;
        let written = numbers.len();
        numbers.resize(written.max(3), 0);
        let prerelease: Vec<String> =
            prerelease.into_iter().flat_map(|text| text.split('.')).map(str::to_owned).collect();
        let is_word = |part: &String| {
            let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '~';
            !part.is_empty() && part.chars().all(allowed)
        };
        prerelease.iter().all(is_word).then_some(Self { numbers, written, prerelease })
    }

    /// The release that it leads to, or is.
    #[must_use]
    pub fn release(mut self) -> Self {
        self.prerelease.clear();
        self
    }

    fn is_prerelease(&self) -> bool {
        !self.prerelease.is_empty()
    }

    /// One of its numbers, counted from 0; one that was not written is 0.
    pub fn number(&self, place: usize) -> u64 {
        self.numbers.get(place).copied().unwrap_or_default()
    }

    fn compare_numbers(&self, other: &Self) -> Ordering {
        let places = self.numbers.len().max(other.numbers.len());
        let pairs = (0..places).map(|place| self.number(place).cmp(&other.number(place)));
        pairs.fold(Ordering::Equal, Ordering::then)
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.compare_numbers(other).then_with(|| match (self.is_prerelease(), other.is_prerelease()) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            _ => compare_prereleases(&self.prerelease, &other.prerelease),
        })
    }
}

/// Part by part: numbers by value and before words; the shorter one first.
fn compare_prereleases(ours: &[String], theirs: &[String]) -> Ordering {
    let compare = |(ours, theirs): (&String, &String)| match (ours.parse::<u64>(), theirs.parse::<u64>()) {
        (Ok(ours), Ok(theirs)) => ours.cmp(&theirs),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => ours.cmp(theirs),
    };
    let parts = ours.iter().zip(theirs).map(compare).fold(Ordering::Equal, Ordering::then);
    parts.then(ours.len().cmp(&theirs.len()))
}

/// Conditions that all have to hold.
#[derive(Clone, Debug)]
pub struct Constraints(Vec<(Operator, Version)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Pessimistic,
}

/// Longer signs before those that they begin with.
const OPERATORS: [(&str, Operator); 7] = [
    ("~>", Operator::Pessimistic),
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("=", Operator::Equal),
];

impl Constraints {
    /// Reads conditions; none where a part of them is no condition.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',').map(condition).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether a version satisfies all of them.
    pub fn admit(&self, version: &Version) -> bool {
        self.0.iter().all(|(operator, bound)| operator.holds(version, bound))
    }
}

fn condition(text: &str) -> Option<(Operator, Version)> {
    let text = text.trim();
    let found = OPERATORS.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)));
    let (operator, version) = found.unwrap_or((Operator::Equal, text));
    Some((operator, Version::parse(version)?))
}

impl Operator {
    fn holds(self, version: &Version, bound: &Version) -> bool {
        let ordering = version.compare(bound);
        match self {
            Self::Equal => return ordering.is_eq(),
            Self::NotEqual => return ordering.is_ne(),
            _ => {}
        }
        // A pre-release is admitted only by a condition that names one of the same release.
        if version.is_prerelease() && !(bound.is_prerelease() && version.compare_numbers(bound).is_eq()) {
            return false;
        }
        match self {
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            // All but the last part that was written stay, and the last one may grow.
            _ => {
                let stays = |place: usize| version.number(place) == bound.number(place);
                let only_prereleases = bound.is_prerelease() && !version.is_prerelease();
                !only_prereleases && ordering.is_ge() && (0..bound.written - 1).all(stays)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(constraints: &str, version: &str) -> bool {
        Constraints::parse(constraints).unwrap().admit(&Version::parse(version).unwrap())
    }

    #[test]
    fn every_operator_holds_as_it_should() {
        let cases = [
            ("1.2.3", "1.2.3", true),
            ("= 1.2", "v1.2.0", true),
            ("!= 1.2", "1.2.1", true),
            ("> 1.2", "1.2.0", false),
            (">= 1.2, < 2.0", "1.11.4", true),
            (">=1.2,<2.0", "2.0.0", false),
            ("<= 1.11.4", "1.11.4", true),
            ("~> 1.2", "1.11.4", true),
            ("~> 1.2", "2.0.0", false),
            ("~> 1.2", "1.1.9", false),
            ("~> 1.2.3", "1.2.9", true),
            ("~> 1.2.3", "1.3.0", false),
            ("~> 1", "7.0.0", true),
            ("> 1.9", "1.10.0", true),
        ];
        for (constraints, version, expected) in cases {
            assert_eq!(admits(constraints, version), expected, "{version} and {constraints}");
        }
    }

    #[test]
    fn a_prerelease_is_admitted_only_where_it_is_named() {
        assert!(!admits(">= 1.0", "1.12.0-beta1"));
        assert!(admits(">= 1.12.0-alpha", "1.12.0-beta1"));
        assert!(!admits(">= 1.12.0-beta2", "1.12.0-beta1"));
        assert!(!admits(">= 1.11.0-beta1", "1.12.0-beta1"));
        assert!(admits(">= 1.12.0-beta1", "1.12.0"));
        assert!(!admits("~> 1.12.0-beta1", "1.12.1"));
        assert!(
            Constraints::parse(">= 1.0").unwrap().admit(&Version::parse("1.12.0-rc.1").unwrap().release())
        );
    }

    #[test]
    fn what_is_no_constraint_is_refused() {
        for text in ["", "latest", ">> 1", "1.x", ">= 1.2,"] {
            assert!(Constraints::parse(text).is_none(), "{text}");
        }
    }
}
