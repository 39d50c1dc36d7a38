//! One mistake that breaks a thousand units is one mistake.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::hash::Hash;
use std::path::PathBuf;

use super::super::source::Span;
use super::Diagnostic;

/// Mistakes that are the same, said once, with everything that they break, in the order of their first appearance.
///
/// Two with the same words at the same place are one. So are two whose words differ, where one unit found the
/// one and another unit the other: a file that both include names the unit in its message. Of the ways that
/// led there the longest is kept.
pub fn grouped(diagnostics: impl IntoIterator<Item = Diagnostic>) -> Vec<Diagnostic> {
    // There may be tens of thousands, so they stay where they are.
    let mut all: Vec<Option<Diagnostic>> = diagnostics.into_iter().map(Some).collect();
    if all.iter().flatten().any(|diagnostic| !diagnostic.also.is_empty()) {
        all = all.into_iter().flatten().flat_map(Diagnostic::each).map(Some).collect();
    }
    join_same(&mut all);
    join_beside(&mut all);
    let mut told: Vec<Diagnostic> = all.into_iter().flatten().collect();
    for diagnostic in &mut told {
        diagnostic.affects.sort_unstable();
        diagnostic.affects.dedup();
    }
    told
}

/// Joins those of one code with the same words at the same place.
fn join_same(all: &mut [Option<Diagnostic>]) {
    for (index, first) in firsts(all, |diagnostic| Some(words(diagnostic)))
        .into_iter()
        .enumerate()
        .filter(|(index, first)| index != first)
    {
        let other = all.get_mut(index).and_then(Option::take);
        if let (Some(mut other), Some(Some(kept))) = (other, all.get_mut(first)) {
            kept.affects.append(&mut other.affects);
            if other.severity > kept.severity || other.trace.len() > kept.trace.len() {
                other.affects = std::mem::take(&mut kept.affects);
                *kept = other;
            }
        }
    }
}

/// Joins those of one code and place that break other units than each other.
fn join_beside(all: &mut [Option<Diagnostic>]) {
    // Of a place where several are: those that stay, with the units that they break.
    let mut places: HashMap<usize, Vec<(usize, HashSet<PathBuf>)>> = HashMap::new();
    for (index, first) in firsts(all, place_of_broken).into_iter().enumerate() {
        let Some(Some(diagnostic)) = all.get(index).filter(|_| index != first) else { continue };
        let units: HashSet<PathBuf> = diagnostic.affects.iter().cloned().collect();
        let stay = places.entry(first).or_insert_with(|| {
            let known =
                all.get(first).and_then(Option::as_ref).map(|first| first.affects.iter().cloned().collect());
            vec![(first, known.unwrap_or_default())]
        });
        let Some((other, known)) = stay.iter_mut().find(|(_, known)| known.is_disjoint(&units)) else {
            stay.push((index, units));
            continue;
        };
        let joined = all.get_mut(index).and_then(Option::take);
        if let (Some(mut joined), Some(Some(kept))) = (joined, all.get_mut(*other)) {
            kept.affects.append(&mut joined.affects);
        }
        known.extend(units);
    }
}

/// For each of them the place in the list of the first one with the same key and code; its own where it has none.
fn firsts<'d, K: Eq + Hash>(
    all: &'d [Option<Diagnostic>],
    key: impl Fn(&'d Diagnostic) -> Option<K>,
) -> Vec<usize> {
    let mut known: HashMap<(&str, K), usize> = HashMap::new();
    let first = |(index, diagnostic): (usize, &'d Option<Diagnostic>)| {
        let key = diagnostic.as_ref().and_then(|diagnostic| Some((diagnostic.code, key(diagnostic)?)));
        key.map_or(index, |key| *known.entry(key).or_insert(index))
    };
    all.iter().enumerate().map(first).collect()
}

/// What is said, and where.
fn words(diagnostic: &Diagnostic) -> (&str, Option<(&OsStr, Span)>) {
    (&diagnostic.message, place(diagnostic))
}

fn place_of_broken(diagnostic: &Diagnostic) -> Option<(&OsStr, Span)> {
    place(diagnostic).filter(|_| !diagnostic.affects.is_empty())
}

/// The file and the part of it.
fn place(diagnostic: &Diagnostic) -> Option<(&OsStr, Span)> {
    let location = diagnostic.location.as_ref()?;
    Some((location.file.path().as_os_str(), location.span))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::source::{Location, SourceFile};
    use super::*;

    fn wrong(message: &str, unit: &str) -> Diagnostic {
        let file = SourceFile::new("root.hcl", "a = b\n");
        let mut diagnostic =
            Diagnostic::error("hcl::unknown_variable", message).at(Location::new(&file, Span::new(4, 5)));
        diagnostic.affects = vec![PathBuf::from(unit)];
        diagnostic
    }

    #[test]
    fn a_mistake_in_a_shared_file_is_said_once_with_the_units_it_breaks() {
        let told = grouped([wrong("there is no `b`", "a"), wrong("there is no `b`", "b")]);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].affects, [Path::new("a"), Path::new("b")]);
    }

    #[test]
    fn words_that_name_the_unit_do_not_make_it_two_mistakes() {
        let told = grouped([wrong("nothing above a", "a"), wrong("nothing above b", "b")]);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].message, "nothing above a");
        assert_eq!(told[0].affects.len(), 2);
    }

    #[test]
    fn two_mistakes_of_one_unit_at_one_place_stay_two() {
        let told = grouped([wrong("one", "a"), wrong("other", "a"), wrong("one", "b"), wrong("other", "b")]);
        let messages: Vec<&str> = told.iter().map(|diagnostic| &*diagnostic.message).collect();
        assert_eq!(messages, ["one", "other"]);
    }
}
