//! The age of tags: which of two versions is the older one, where that is certain.

mod policy;

use std::cmp::Ordering;

pub use self::policy::AgePolicy;

/// What comes before a release, in this order.
const BEFORE: &[&str] = &["alpha", "beta", "rc"];
/// What comes before a release as well, in no certain order among these.
const EARLY: &[&str] = &["pre", "preview", "snapshot"];
/// A word of these letters and digits may be a commit.
const SHORTEST_COMMIT: usize = 4;
/// And so may digits alone, from here on.
const SHORTEST_NUMERIC_COMMIT: usize = 7;

/// Tells whether `tag` is older (`Less`) or newer (`Greater`) than `other`, both read as versions: `1.2.3`, `v1.2`, `v2`,
/// `1.2.3-rc.1`, `v1.2.3-4-gabc1234` of `git describe`, `1.2.3-debian-12-r4`. None where that is not certain: a suffix may
/// be a variant (`-alpine`) or a commit, which have no age.
pub(super) fn compare(tag: &str, other: &str) -> Option<Ordering> {
    // One number alone needs the `v`: digits may as well be a commit.
    let of = |tag: &str| Version::of(tag, if tag.starts_with(['v', 'V']) { 1 } else { 2 });
    let (one, other) = (of(tag)?, of(other)?);
    match one.compare_numbers(&other)? {
        Ordering::Equal => one.compare_suffix(&other),
        different => Some(different),
    }
}

/// A tag, taken apart.
#[derive(Debug)]
struct Version {
    numbers: Vec<u64>,
    /// The stage before the release; none of a release.
    stage: Option<Stage>,
    /// Commits since the tag, and the commit, of `git describe`.
    since: Option<(u64, String)>,
    /// What is left, in lowercase.
    rest: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Stage {
    word: String,
    numbers: Vec<u64>,
}

impl Version {
    /// Up to four numbers and at least so many, `v` before them or not.
    fn of(tag: &str, enough: usize) -> Option<Self> {
        let tag = tag.to_ascii_lowercase();
        let bare = tag.strip_prefix('v').unwrap_or(&tag);
        let end = bare.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(bare.len());
        let (core, suffix) = bare.split_at_checked(end)?;
        // `1.2.final` has its separator before the word.
        let dotted = core.ends_with('.') && !suffix.is_empty();
        let core = core.strip_suffix('.').filter(|_| dotted).unwrap_or(core);
        let numbers: Vec<u64> = core.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        if !(enough..=4).contains(&numbers.len()) {
            return None;
        }
        let glued = !dotted && suffix.starts_with(|letter: char| letter.is_ascii_alphabetic());
        let mut words = suffix.split(['-', '_', '.', '+']).filter(|word| !word.is_empty()).peekable();
        let stage = words.peek().and_then(|word| Stage::of(word)).map(|mut stage| {
            words.next();
            let single = |word: &&str| word.parse().ok().filter(|_| word.len() < SHORTEST_NUMERIC_COMMIT);
            while let Some(number) = words.peek().and_then(single) {
                // What `git describe` counts is followed by the commit.
                let mut ahead = words.clone();
                ahead.next();
                if ahead.peek().is_some_and(|word| is_described(word)) {
                    break;
                }
                stage.numbers.push(number);
                words.next();
            }
            stage
        });
        if glued && stage.is_none() {
            return None;
        }
        let mut rest: Vec<String> = words.map(str::to_owned).collect();
        let described = match rest.as_slice() {
            [count, commit, ..] if is_described(commit) => {
                count.parse().ok().map(|count| (count, commit.clone()))
            }
            _ => None,
        };
        if described.is_some() {
            rest.drain(..2);
        }
        Some(Self { numbers, stage, since: described, rest })
    }

    /// `1.2` is `1.2.0`, but whether it is `1.2.3` is its publisher's to say: it may be whatever 1.2 is newest.
    fn compare_numbers(&self, other: &Self) -> Option<Ordering> {
        let pairs = self.numbers.iter().zip(&other.numbers);
        let different = pairs.map(|(one, other)| one.cmp(other)).find(|order| order.is_ne());
        let length = self.numbers.len().min(other.numbers.len());
        let mut more = self.numbers.iter().skip(length).chain(other.numbers.iter().skip(length));
        match different {
            Some(different) => Some(different),
            None => more.all(|number| *number == 0).then_some(Ordering::Equal),
        }
    }

    fn compare_suffix(&self, other: &Self) -> Option<Ordering> {
        let rest = compare_rest(&self.rest, &other.rest)?;
        let stage = match (&self.stage, &other.stage) {
            (None, None) => Ordering::Equal,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.compare(other)?,
        };
        let since = match (&self.since, &other.since) {
            (Some((one, commit)), Some((other, other_commit))) => {
                if one == other && commit != other_commit {
                    return None;
                }
                one.cmp(other)
            }
            (one, other) => one.is_some().cmp(&other.is_some()),
        };
        // A rebuild is newer where nothing else differs.
        match (stage.then(since), rest) {
            (order, Ordering::Equal) | (Ordering::Equal, order) => Some(order),
            _ => None,
        }
    }
}

impl Stage {
    /// `rc`, `rc9`, and with one letter `b2`.
    fn of(word: &str) -> Option<Self> {
        let end = word.find(|letter: char| letter.is_ascii_digit()).unwrap_or(word.len());
        let (name, number) = word.split_at_checked(end)?;
        let name = match name {
            "a" if (2..SHORTEST_COMMIT).contains(&word.len()) => "alpha",
            "b" if (2..SHORTEST_COMMIT).contains(&word.len()) => "beta",
            known if BEFORE.contains(&known) || EARLY.contains(&known) => known,
            _ => return None,
        };
        let numbers = if number.is_empty() { Vec::new() } else { vec![number.parse().ok()?] };
        Some(Self { word: name.to_owned(), numbers })
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.word == other.word {
            return Some(self.numbers.cmp(&other.numbers));
        }
        let place = |stage: &Self| BEFORE.iter().position(|word| *word == stage.word);
        Some(place(self)?.cmp(&place(other)?))
    }
}

/// Equal where nothing differs; by the last number where only that one does and it counts: a rebuild, or a date.
fn compare_rest(one: &[String], other: &[String]) -> Option<Ordering> {
    if one == other {
        return Some(Ordering::Equal);
    }
    let ((last, before), (other_last, other_before)) = (one.split_last()?, other.split_last()?);
    if before != other_before {
        return None;
    }
    let ((word, number), (other_word, other_number)) = (counted(last)?, counted(other_last)?);
    (word == other_word).then(|| number.cmp(&other_number))
}

/// A word and the number behind it, as in `r10`, `7` and `20260105`; none of what may be a commit.
fn counted(word: &str) -> Option<(&str, u64)> {
    let end = word.find(|letter: char| letter.is_ascii_digit()).unwrap_or(word.len());
    let (name, number) = word.split_at_checked(end)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let like_commit = word.len() >= SHORTEST_COMMIT && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let counts = name.is_empty() && (word.len() < SHORTEST_NUMERIC_COMMIT || is_date(word));
    (is_number && (counts || !like_commit)).then(|| Some((name, number.parse().ok()?))).flatten()
}

/// `20260105`, with the time behind it or not.
fn is_date(word: &str) -> bool {
    let number = |from: usize, to: usize| word.get(from..to).and_then(|text| text.parse::<u32>().ok());
    matches!(word.len(), 8 | 12 | 14)
        && number(0, 4).is_some_and(|year| (1990..2100).contains(&year))
        && number(4, 6).is_some_and(|month| (1..=12).contains(&month))
        && number(6, 8).is_some_and(|day| (1..=31).contains(&day))
}

/// `gabc1234`: a commit as `git describe` writes it.
fn is_described(word: &str) -> bool {
    word.strip_prefix('g').is_some_and(|commit| {
        (SHORTEST_COMMIT..=64).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older(pairs: &[(&str, &str)]) {
        for (old, new) in pairs {
            assert_eq!(compare(old, new), Some(Ordering::Less), "{old} and {new}");
            assert_eq!(compare(new, old), Some(Ordering::Greater), "{new} and {old}");
        }
    }

    #[test]
    fn versions_are_compared_as_versions() {
        older(&[
            ("v9", "v10"),
            ("1.9.3", "1.10.0"),
            ("1.2.0-rc.1", "v1.2"),
            ("2026.01.05", "2026.01.12"),
            ("1.2.3.4", "1.2.3.10"),
            ("1.25.3-bookworm", "1.26.0-alpine"),
        ]);
        assert_eq!(compare("1.2", "1.2.0"), Some(Ordering::Equal));
    }

    #[test]
    fn a_candidate_is_counted_however_it_is_spelled() {
        older(&[
            ("v1.0.1-rc9", "v1.0.1-rc10"),
            ("1.0.1-rc.9", "1.0.1-RC10"),
            ("1.0.1rc9", "1.0.1-rc-10"),
            ("1.0.0-alpha.12", "1.0.0-beta.2"),
            ("1.0.0b3", "1.0.0-rc1"),
            ("1.0.0-rc.1.2", "1.0.0-rc.1.10"),
            ("1.0.0-rc2-alpine", "1.0.0-rc10-alpine"),
            ("1.0.0-rc2-alpine", "1.0.0-alpine"),
            ("1.0.0-SNAPSHOT", "1.0.0"),
            ("1.0.0-preview.2", "1.0.0"),
            ("1.0.0-rc.999", "1.0.0-rc.1000"),
            ("1.0.0-beta.20251231", "1.0.0-beta.20260101"),
        ]);
        assert_eq!(compare("1.0.0-preview.2", "1.0.0-beta.1"), None);
    }

    #[test]
    fn what_git_describe_counts_comes_after_its_tag() {
        older(&[
            ("v2.0.3", "v2.0.3-4-gabc1234"),
            ("2.0.330-9-g1234567", "2.0.330-63-gc1cfb6864"),
            ("v2.0.3-rc1-4-gabc1234", "v2.0.3-rc2"),
            ("v2.0.3-rc1", "v2.0.3-rc1-4-gabc1234"),
            ("v2.0.3-4-gabc1234", "v2.0.4-rc1"),
        ]);
        assert_eq!(compare("v2.0.3-4-gabc1234", "v2.0.3-4-gdef1234"), None, "two branches");
    }

    #[test]
    fn a_later_rebuild_of_the_same_is_newer() {
        older(&[
            ("1.25.3-debian-12-r9", "1.25.3-debian-12-r10"),
            ("1.2.3-9", "1.2.3-10"),
            ("1.2.3-20251231", "1.2.3-20260105"),
            ("1.2.3-alpine3.9", "1.2.3-alpine3.18"),
        ]);
    }

    #[test]
    fn what_is_not_certain_has_no_age() {
        for (one, other) in [
            ("1.25.3-bookworm", "1.25.3-alpine"),
            ("1.25.3", "1.25.3-alpine"),
            ("1.25.3-debian-11-r9", "1.25.3-debian-12-r3"),
            ("1.4.0-3f2a91c", "1.4.0-1b2c3d4"),
            ("1.4.0-4f1a22c", "1.4.0-3f2a91c"),
            ("1.4.0-1234567", "1.4.0-7654321"),
            ("1.4.0-a123", "1.4.0-a456"),
            ("1.4.0", "1.4.0-1"),
            ("1.4.0-dev", "1.4.0"),
            ("1.2", "1.2.3"),
            ("v2", "v2.1"),
            ("1.2.x", "1.2.3"),
            ("main-3f2a", "main-91bc"),
            ("1234567", "7654321"),
            ("1.2.3.4.5", "1.2.3.4.6"),
            ("v99999999999999999999999", "v1"),
            ("", "v1"),
            ("v", "v1"),
            ("1..2", "1.2"),
        ] {
            assert_eq!(compare(one, other), None, "{one} and {other}");
            assert_eq!(compare(other, one), None, "{other} and {one}");
        }
    }
}
