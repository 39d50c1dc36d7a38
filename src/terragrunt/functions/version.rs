//! Versions against constraints, as Terraform compares them.

use std::cmp::Ordering;

use super::{Answer, count};
use crate::hcl::scope::CallError;
use crate::hcl::value::Value;
use crate::terragrunt::scope::FileScope;

/// A version: numbers, and what stands behind a `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    numbers: Vec<u64>,
    prerelease: String,
}

pub(super) fn constraint_check(_: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("constraint_check", arguments, 2, 2)?;
    let version = parse(&arguments[0])
        .ok_or_else(|| CallError::new(format!("\"{}\" is not a version", arguments[0])))?;
    satisfies(&version, &arguments[1])
        .map(Value::Bool)
        .ok_or_else(|| CallError::new(format!("\"{}\" is not a version constraint", arguments[1])))
}

fn parse(text: &str) -> Option<Version> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    let (numbers, prerelease) = text.split_once('-').unwrap_or((text, ""));
    let numbers: Option<Vec<u64>> = numbers.split('.').map(|number| number.parse().ok()).collect();
    Some(Version { numbers: numbers?, prerelease: prerelease.to_owned() })
}

/// Whether all of the comma-separated constraints hold; nothing where one cannot be read.
fn satisfies(version: &Version, constraints: &str) -> Option<bool> {
    constraints.split(',').try_fold(true, |all, constraint| Some(all && holds(version, constraint.trim())?))
}

fn holds(version: &Version, constraint: &str) -> Option<bool> {
    let split = constraint.find(|character: char| character.is_ascii_digit() || character == 'v')?;
    let (operator, wanted) = constraint.split_at(split);
    let wanted = parse(wanted)?;
    let order = compare(version, &wanted);
    // A pre-release counts only where the constraint names one of the same version.
    let comparable = version.prerelease.is_empty()
        || (!wanted.prerelease.is_empty() && padded(&version.numbers) == padded(&wanted.numbers));
    Some(match operator.trim() {
        "" | "=" => order == Ordering::Equal,
        "!=" => order != Ordering::Equal,
        ">" => comparable && order == Ordering::Greater,
        ">=" => comparable && order != Ordering::Less,
        "<" => comparable && order == Ordering::Less,
        "<=" => comparable && order != Ordering::Greater,
        "~>" => {
            let kept = wanted.numbers.len().saturating_sub(1).max(1);
            let same = padded(&version.numbers).iter().zip(&wanted.numbers).take(kept).all(|(a, b)| a == b);
            comparable && order != Ordering::Less && (same || wanted.numbers.len() == 1)
        }
        _ => return None,
    })
}

fn padded(numbers: &[u64]) -> Vec<u64> {
    let mut numbers = numbers.to_vec();
    numbers.resize(numbers.len().max(3), 0);
    numbers
}

fn compare(a: &Version, b: &Version) -> Ordering {
    let (mut left, mut right) = (padded(&a.numbers), padded(&b.numbers));
    let longest = left.len().max(right.len());
    left.resize(longest, 0);
    right.resize(longest, 0);
    left.cmp(&right).then_with(|| match (a.prerelease.is_empty(), b.prerelease.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => compare_prereleases(&a.prerelease, &b.prerelease),
    })
}

fn compare_prereleases(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &str, constraint: &str) -> bool {
        satisfies(&parse(version).unwrap(), constraint).unwrap()
    }

    #[test]
    fn constraints_hold_as_in_terraform() {
        assert!(check("1.5.7", ">= 1.5, < 2.0"));
        assert!(!check("2.0.0", ">= 1.5, < 2.0"));
        assert!(check("1.9.0", "~> 1.5"));
        assert!(!check("2.0.0", "~> 1.5"));
        assert!(check("1.5.9", "~> 1.5.2"));
        assert!(!check("1.6.0", "~> 1.5.2"));
        assert!(check("v1.2", "1.2.0"));
        assert!(check("1.2.1", "!= 1.2.0"));
    }

    #[test]
    fn a_pre_release_counts_only_where_it_is_named() {
        assert!(!check("1.6.0-rc1", ">= 1.5"));
        assert!(check("1.6.0-rc2", ">= 1.6.0-rc1"));
        assert!(check("1.6.0", "> 1.6.0-rc1"));
    }
}
