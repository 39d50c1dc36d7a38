//! One mistake that breaks a thousand units is one mistake.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::Diagnostic;

/// What makes two diagnostics the same mistake: the code and the place.
type Place<'a> = (&'a str, &'a Path, u32, u32);

/// The same mistakes said once, with everything that they break, in the order of their first appearance.
///
/// Two with the same words at the same place are one. So are two whose words differ, where one unit found the
/// one and another unit the other: a file that both include names the unit in its message. Of the ways that
/// led there the longest is kept.
pub fn grouped(diagnostics: impl IntoIterator<Item = Diagnostic>) -> Vec<Diagnostic> {
    let mut by_words: HashMap<(String, &'static str), usize> = HashMap::new();
    let mut groups: Vec<(Diagnostic, BTreeSet<PathBuf>)> = Vec::new();
    for diagnostic in diagnostics.into_iter().flat_map(Diagnostic::each) {
        let index = *by_words.entry((diagnostic.to_string(), diagnostic.code)).or_insert(groups.len());
        if let Some(group) = groups.get_mut(index) {
            join(group, diagnostic);
        } else {
            let affects = diagnostic.affects.iter().cloned().collect();
            groups.push((diagnostic, affects));
        }
    }
    let mut by_place: HashMap<(String, PathBuf, u32, u32), Vec<usize>> = HashMap::new();
    let mut joined: Vec<(Diagnostic, BTreeSet<PathBuf>)> = Vec::new();
    for (diagnostic, affects) in groups {
        let place = place(&diagnostic)
            .map(|(code, file, start, end)| (code.to_owned(), file.to_path_buf(), start, end));
        let Some(place) = place.filter(|_| !affects.is_empty()) else {
            joined.push((diagnostic, affects));
            continue;
        };
        let others = by_place.entry(place).or_default();
        let other = others
            .iter()
            .copied()
            .find(|other| joined.get(*other).is_some_and(|(_, known)| known.is_disjoint(&affects)));
        if let Some((_, known)) = other.and_then(|other| joined.get_mut(other)) {
            known.extend(affects);
        } else {
            others.push(joined.len());
            joined.push((diagnostic, affects));
        }
    }
    let with = |(mut diagnostic, affects): (Diagnostic, BTreeSet<PathBuf>)| {
        diagnostic.affects = affects.into_iter().collect();
        diagnostic
    };
    joined.into_iter().map(with).collect()
}

fn join((kept, affects): &mut (Diagnostic, BTreeSet<PathBuf>), other: Diagnostic) {
    affects.extend(other.affects.iter().cloned());
    if other.severity > kept.severity || other.trace.len() > kept.trace.len() {
        *kept = other;
    }
}

fn place(diagnostic: &Diagnostic) -> Option<Place<'_>> {
    let location = diagnostic.location.as_ref()?;
    Some((diagnostic.code, location.file.path(), location.span.start, location.span.end))
}

#[cfg(test)]
mod tests {
    use super::super::super::source::{Location, SourceFile, Span};
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
