//! One mistake that breaks a thousand units is one mistake.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::MutableKeys;

use super::super::source::Span;
use super::Diagnostic;

/// The same mistakes said once, with everything that they break, in the order of their first appearance.
///
/// Two with the same words at the same place are one. So are two whose words differ, where one unit found the
/// one and another unit the other: a file that both include names the unit in its message. Of the ways that
/// led there the longest is kept.
pub fn grouped(diagnostics: impl IntoIterator<Item = Diagnostic>) -> Vec<Diagnostic> {
    let mut said: IndexMap<Words, Vec<PathBuf>> = IndexMap::new();
    for mut diagnostic in diagnostics.into_iter().flat_map(Diagnostic::each) {
        let affects = std::mem::take(&mut diagnostic.affects);
        let words = Words(diagnostic);
        let known = said.get_index_of(&words).and_then(|index| said.get_index_mut2(index));
        if let Some((kept, known)) = known {
            known.extend(affects);
            if words.says_more_than(kept) {
                *kept = words;
            }
        } else {
            said.insert(words, affects);
        }
    }
    let mut by_place: HashMap<Place, Vec<usize>> = HashMap::new();
    let mut joined: Vec<Diagnostic> = Vec::with_capacity(said.len());
    // What those break that have been compared with others of their place.
    let mut broken: HashMap<usize, HashSet<PathBuf>> = HashMap::new();
    for (Words(mut diagnostic), affects) in said {
        diagnostic.affects = affects;
        let place = place(&diagnostic).filter(|_| !diagnostic.affects.is_empty());
        let others = place.map(|place| by_place.entry(place).or_default());
        let mut is_another = |other: &usize| {
            let known = broken.entry(*other).or_insert_with(|| {
                joined.get(*other).into_iter().flat_map(|other| &other.affects).cloned().collect()
            });
            let is_another = !diagnostic.affects.iter().any(|unit| known.contains(unit));
            if is_another {
                known.extend(diagnostic.affects.iter().cloned());
            }
            is_another
        };
        let other =
            others.as_deref().and_then(|others| others.iter().copied().find(|other| is_another(other)));
        if let Some(other) = other.and_then(|other| joined.get_mut(other)) {
            other.affects.append(&mut diagnostic.affects);
        } else {
            if let Some(others) = others {
                others.push(joined.len());
            }
            joined.push(diagnostic);
        }
    }
    for diagnostic in &mut joined {
        diagnostic.affects.sort_unstable();
        diagnostic.affects.dedup();
    }
    joined
}

/// What makes two diagnostics the same mistake: the code and the place.
type Place = (&'static str, Arc<Path>, Span);

fn place(diagnostic: &Diagnostic) -> Option<Place> {
    let location = diagnostic.location.as_ref()?;
    Some((diagnostic.code, location.file.shared_path(), location.span))
}

/// A diagnostic that is the same as another one of the same code with the same words at the same place.
struct Words(Diagnostic);

impl Words {
    fn key(&self) -> (&str, &str, Option<(&OsStr, Span)>) {
        let Self(diagnostic) = self;
        let place = diagnostic.location.as_ref();
        let place = place.map(|location| (location.file.path().as_os_str(), location.span));
        (diagnostic.code, &diagnostic.message, place)
    }

    fn says_more_than(&self, other: &Self) -> bool {
        self.0.severity > other.0.severity || self.0.trace.len() > other.0.trace.len()
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Words {}

impl Hash for Words {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
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
