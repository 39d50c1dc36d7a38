//! Units by what a person types: numbers, ranges of numbers, parts of names.

use std::collections::BTreeSet;

/// The names that are meant; all of them where nothing was typed. An error names the word that means none.
pub fn selected<'a>(typed: &str, names: &[&'a str]) -> Result<BTreeSet<&'a str>, String> {
    let words: Vec<&str> =
        typed.split(|separator: char| separator == ',' || separator.is_whitespace()).collect();
    let mut words = words.into_iter().filter(|word| !word.is_empty()).peekable();
    if words.peek().is_none() {
        return Ok(names.iter().copied().collect());
    }
    let mut wanted = BTreeSet::new();
    for word in words {
        let found = meant(word, names);
        if found.is_empty() {
            return Err(format!("\"{word}\" is none of them"));
        }
        wanted.extend(found);
    }
    Ok(wanted)
}

fn meant<'a>(word: &str, names: &[&'a str]) -> Vec<&'a str> {
    if let Some((first, last)) = range(word) {
        // A name may consist of digits as well.
        let numbered = names.iter().zip(1..).filter(|(_, number)| (first..=last).contains(number));
        let numbered: Vec<&str> = numbered.map(|(name, _)| *name).collect();
        if !numbered.is_empty() {
            return numbered;
        }
    }
    if let Some(whole) = names.iter().find(|name| **name == word) {
        return vec![whole];
    }
    names.iter().copied().filter(|name| name.contains(word)).collect()
}

/// `3` and `3-5`.
fn range(word: &str) -> Option<(usize, usize)> {
    match word.split_once('-') {
        Some((first, last)) => Some((first.parse().ok()?, last.parse().ok()?)),
        None => word.parse().ok().map(|number| (number, number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["dev/vpc", "dev/eks", "dev/eks-addons", "prod/vpc"];

    fn of(typed: &str) -> Result<Vec<&'static str>, String> {
        Ok(selected(typed, NAMES)?.into_iter().collect())
    }

    #[test]
    fn units_are_meant_by_numbers_ranges_whole_names_and_parts() {
        assert_eq!(of("1, 4"), Ok(vec!["dev/vpc", "prod/vpc"]));
        assert_eq!(of("2-3"), Ok(vec!["dev/eks", "dev/eks-addons"]));
        assert_eq!(of("dev/eks"), Ok(vec!["dev/eks"]), "a whole name means that one");
        assert_eq!(of("eks"), Ok(vec!["dev/eks", "dev/eks-addons"]));
        assert_eq!(of(" \n").map(|all| all.len()), Ok(4));
    }

    #[test]
    fn what_means_nothing_is_named() {
        for word in ["5", "0", "9-12", "3-2", "mail", "99999999999999999999"] {
            assert_eq!(of(&format!("1 {word}")), Err(format!("\"{word}\" is none of them")));
        }
    }
}
