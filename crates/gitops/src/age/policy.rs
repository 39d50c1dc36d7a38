//! Policies by which a team says how its tags are to be read.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use semver::{Prerelease, VersionReq};

use super::{Version, is_date, is_described};

/// How the age of two tags is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AgePolicy {
    /// As versions, where that is certain.
    #[default]
    Auto,
    /// As versions, of which some may be all that is wanted: `7` and `1.2` are versions too, and `1.2` is `1.2.0`.
    Semver(Option<VersionReq>),
    /// By the number at the end, of what begins in the same way.
    Numeric,
    /// By the time in the tag.
    Timestamp,
    /// By what `git describe` counts since the same tag, and else as versions.
    Describe,
    /// By when the images were built, as their registry says; tags have no age by themselves.
    Created,
    /// None has an age.
    None,
}

impl FromStr for AgePolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "auto" => Self::Auto,
            "semver" => Self::Semver(None),
            "numeric" => Self::Numeric,
            "timestamp" => Self::Timestamp,
            "describe" => Self::Describe,
            "created" => Self::Created,
            "none" => Self::None,
            _ => {
                let range = text.strip_prefix("semver:").ok_or_else(|| {
                    format!("there is no policy {text:?}; use auto, semver, semver:RANGE, numeric, timestamp, describe, created or none")
                })?;
                let range = range.parse().map_err(|error| {
                    format!("{range:?} is no range of versions: {error}; write it like semver:~1.4 or semver:>=1.4, <3")
                })?;
                Self::Semver(Some(range))
            }
        })
    }
}

impl fmt::Display for AgePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Semver(None) => "semver",
            Self::Semver(Some(range)) => return write!(f, "semver:{range}"),
            Self::Numeric => "numeric",
            Self::Timestamp => "timestamp",
            Self::Describe => "describe",
            Self::Created => "created",
            Self::None => "none",
        })
    }
}

impl AgePolicy {
    /// Tells whether `tag` is older (`Less`) or newer (`Greater`) than `other`; none where that is not certain.
    pub fn compare(&self, tag: &str, other: &str) -> Option<Ordering> {
        match self {
            Self::Auto => super::compare(tag, other),
            Self::Semver(_) => as_versions(tag, other),
            Self::Numeric => numbered(tag, other),
            Self::Timestamp => timed(tag, other),
            Self::Describe => described(tag, other),
            Self::Created | Self::None => None,
        }
    }

    /// The range, where a tag is none of its versions.
    pub fn excludes(&self, tag: &str) -> Option<&VersionReq> {
        let Self::Semver(Some(range)) = self else { return None };
        let version = Version::of(tag, 1).and_then(|version| version.semver());
        Some(range).filter(|range| version.is_none_or(|version| !range.matches(&version)))
    }
}

fn as_versions(tag: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (Version::of(tag, 1)?, Version::of(other, 1)?);
    let number = |version: &Version, place: usize| version.numbers.get(place).copied().unwrap_or_default();
    let places = one.numbers.len().max(other.numbers.len());
    let different =
        (0..places).map(|place| number(&one, place).cmp(&number(&other, place))).find(|order| order.is_ne());
    different.or_else(|| one.compare_suffix(&other))
}

/// `build-41` and `build-42`.
fn numbered(tag: &str, other: &str) -> Option<Ordering> {
    let split = |tag: &'_ str| {
        let end = tag.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
        tag.split_at_checked(end).map(|(start, digits)| {
            (start.to_owned(), digits.trim_start_matches('0').to_owned(), digits.len())
        })
    };
    let ((start, number, length), (other_start, other_number, other_length)) = (split(tag)?, split(other)?);
    if start != other_start || length == 0 || other_length == 0 {
        return None;
    }
    // Of any length: no number is too large to be compared.
    Some(number.len().cmp(&other_number.len()).then_with(|| number.cmp(&other_number)))
}

/// A time in a tag.
#[derive(PartialEq, Eq)]
enum Time {
    /// `20260105`, and as much of hour, minute and second as is said.
    Day(String),
    /// Milliseconds since 1970.
    Epoch(u64),
}

fn timed(tag: &str, other: &str) -> Option<Ordering> {
    match (time(tag)?, time(other)?) {
        (Time::Epoch(one), Time::Epoch(other)) => Some(one.cmp(&other)),
        (Time::Day(one), Time::Day(other)) => {
            let length = one.len().min(other.len());
            match one.get(..length)?.cmp(other.get(..length)?) {
                // A day says nothing of an hour on it.
                Ordering::Equal if one.len() != other.len() => None,
                order => Some(order),
            }
        }
        _ => None,
    }
}

/// The only time in a tag.
fn time(tag: &str) -> Option<Time> {
    let runs: Vec<&str> =
        tag.split(|letter: char| !letter.is_ascii_digit()).filter(|run| !run.is_empty()).collect();
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(run) = runs.get(next) {
        next += 1;
        let is_year = run.len() == 4;
        let rest: Vec<&str> =
            runs.iter().skip(next).take(5).take_while(|run| run.len() == 2).copied().collect();
        let joined = format!("{run}{}", rest.concat());
        let is_split = is_year && rest.len() >= 2 && joined.get(..8).is_some_and(is_date);
        if is_split {
            next += rest.len();
            found.push(Time::Day(joined));
        } else if is_date(run) {
            // The time may stand behind the date.
            let clock = runs.get(next).filter(|clock| run.len() == 8 && matches!(clock.len(), 4 | 6));
            next += usize::from(clock.is_some());
            found.push(Time::Day(format!("{run}{}", clock.unwrap_or(&""))));
        } else if let (10 | 13, Ok(number)) = (run.len(), run.parse::<u64>()) {
            found.push(Time::Epoch(if run.len() == 10 { number * 1000 } else { number }));
        }
    }
    found.pop().filter(|_| found.is_empty())
}

/// `release-63-gc1cfb68` and `release-64-g1234567`.
fn described(tag: &str, other: &str) -> Option<Ordering> {
    let (one, other_one) = (counted_since(tag), counted_since(other));
    if one.0 == other_one.0 {
        return match (one.1, other_one.1) {
            // The same count on two branches.
            (count, other_count) if count == other_count && tag != other => None,
            (count, other_count) => Some(count.cmp(&other_count)),
        };
    }
    as_versions(tag, other)
}

/// The tag that was counted from, and how far.
fn counted_since(tag: &str) -> (&str, u64) {
    let parts = tag.rsplit_once('-').filter(|(_, commit)| is_described(&commit.to_ascii_lowercase()));
    let counted = parts.and_then(|(start, _)| start.rsplit_once('-'));
    counted.and_then(|(base, count)| Some((base, count.parse().ok()?))).unwrap_or((tag, 0))
}

impl Version {
    /// As a range reads it: what comes before the release is told, a variant is not.
    fn semver(&self) -> Option<semver::Version> {
        let number = |place: usize| self.numbers.get(place).copied().unwrap_or_default();
        let mut version = semver::Version::new(number(0), number(1), number(2));
        if let Some(stage) = &self.stage {
            let words = std::iter::once(stage.word.clone()).chain(stage.numbers.iter().map(u64::to_string));
            version.pre = Prerelease::new(&words.collect::<Vec<_>>().join(".")).ok()?;
        }
        Some(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> AgePolicy {
        text.parse().unwrap()
    }

    #[test]
    fn each_policy_reads_its_own_tags_and_no_others() {
        for (name, older, newer) in [
            ("semver", "7", "8"),
            ("semver", "1.2", "1.2.3"),
            ("semver", "v1.0.1-rc9", "v1.0.1-rc10"),
            ("semver:~1.4", "1.4.0-alpine", "1.4.2-alpine"),
            ("numeric", "build-9", "build-10"),
            ("numeric", "99999999999999999999999", "100000000000000000000000"),
            ("numeric", "007", "8"),
            ("timestamp", "main-20251231", "main-20260105"),
            ("timestamp", "3f2a91c-2026-01-05T10-20-30", "91bc3f2-2026-01-05T10-20-31"),
            ("timestamp", "20260105.1230-abc", "20260105.1231-def"),
            ("timestamp", "main-1700000000", "dev-1700000001000"),
            ("describe", "release-9-g1234567", "release-63-gc1cfb68"),
            ("describe", "release", "release-1-gc1cfb68"),
            ("describe", "v2.0.3-4-gabc1234", "v2.0.4"),
        ] {
            assert_eq!(policy(name).compare(older, newer), Some(Ordering::Less), "{name}: {older}, {newer}");
            assert_eq!(
                policy(name).compare(newer, older),
                Some(Ordering::Greater),
                "{name}: {newer}, {older}"
            );
        }
        for (name, one, other) in [
            ("semver", "1.2.3-alpine", "1.2.3-bookworm"),
            ("semver", "main", "1.2.3"),
            ("numeric", "build-9", "test-10"),
            ("numeric", "3f2a91c", "3f2a91d"),
            ("timestamp", "20260105", "20260105-1230"),
            ("timestamp", "20260105-20260106", "20260107"),
            ("timestamp", "v1", "v2"),
            ("timestamp", "20260105", "1700000000"),
            ("describe", "release-4-gabc1234", "release-4-gdef1234"),
            ("describe", "one-4-gabc1234", "two-5-gdef1234"),
            ("none", "1.0.0", "2.0.0"),
        ] {
            assert_eq!(policy(name).compare(one, other), None, "{name}: {one}, {other}");
            assert_eq!(policy(name).compare(other, one), None, "{name}: {other}, {one}");
        }
    }

    #[test]
    fn a_range_excludes_what_is_none_of_its_versions() {
        let range = policy("semver:>=1.4, <2");
        for tag in ["1.4.0", "v1.9", "1.5.2-alpine", "1.4.0-4-gabc1234"] {
            assert_eq!(range.excludes(tag), None, "{tag}");
        }
        for tag in ["2.0.0", "1.3.9", "main", "2.0.0-rc.1"] {
            assert!(range.excludes(tag).is_some(), "{tag}");
        }
        assert_eq!(policy("semver").excludes("main"), None);
    }

    #[test]
    fn what_is_no_policy_is_refused_with_those_that_are() {
        assert!("newest".parse::<AgePolicy>().unwrap_err().contains("use auto, semver"));
        assert!("semver:x.y".parse::<AgePolicy>().unwrap_err().contains("is no range of versions"));
        for text in ["auto", "semver", "semver:~1.4", "numeric", "timestamp", "describe", "none"] {
            assert_eq!(policy(text).to_string(), text);
        }
    }
}
