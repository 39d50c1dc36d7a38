//! Of very many mistakes: the first of each kind, and how many more there are.
//!
//! An estate of ten thousand units with a mistake in its shape has ten thousand errors, and whoever reads them at a
//! terminal sees the last hundred. So of a kind with many the widest are told, and of the rest their number and where
//! they are.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;

use crate::hcl::diagnostic::{Diagnostic, Severity};
use crate::support::counted::{plural, with_commas};
use crate::support::{paths, shown};

/// So many are told whole, whatever they are.
const MOST: usize = 100;
/// Of more than that, so many of each kind.
const FIRST: usize = 10;
/// How many folders are named that have the most of the rest.
const FOLDERS: usize = 3;

/// What is told of many diagnostics.
pub struct Brief {
    /// Those that are told whole, in their order.
    pub whole: Vec<Diagnostic>,
    /// What is said of the others.
    pub rest: Vec<Rest>,
}

/// The others of a kind.
pub struct Rest {
    /// How grave they are.
    pub severity: Severity,
    /// Their kind.
    pub code: &'static str,
    count: usize,
    files: usize,
    /// The folders above those of the files, with how many are in each.
    folders: Vec<(String, usize)>,
}

/// Chooses; paths are shown from `base`.
pub fn brief(diagnostics: Vec<Diagnostic>, base: &Path) -> Brief {
    if diagnostics.len() <= MOST {
        return Brief { whole: diagnostics, rest: Vec::new() };
    }
    // A kind stands where its first one is.
    let mut places: HashMap<_, usize> = HashMap::new();
    let mut kinds: Vec<Vec<usize>> = Vec::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        let kind = *places.entry((diagnostic.severity, diagnostic.code)).or_insert(kinds.len());
        match kinds.get_mut(kind) {
            Some(known) => known.push(index),
            None => kinds.push(vec![index]),
        }
    }
    let broken = |index: usize| diagnostics.get(index).map_or(0, |diagnostic| diagnostic.affects.len());
    let mut left_out: HashSet<usize> = HashSet::new();
    let mut rest = Vec::new();
    for mut kind in kinds {
        // Those that break the most first; they are told in the order in which they were found all the same.
        kind.sort_by_key(|index| Reverse(broken(*index)));
        let others = kind.split_off(FIRST.min(kind.len()));
        let these = others.iter().filter_map(|index| diagnostics.get(*index));
        rest.extend(Rest::of(these, base));
        left_out.extend(others);
    }
    let kept = diagnostics.into_iter().enumerate().filter(|(index, _)| !left_out.contains(index));
    Brief { whole: kept.map(|(_, diagnostic)| diagnostic).collect(), rest }
}

impl Rest {
    fn of<'d>(these: impl Iterator<Item = &'d Diagnostic>, base: &Path) -> Option<Self> {
        let mut these = these.peekable();
        let first = these.peek()?;
        let (severity, code) = (first.severity, first.code);
        let mut files: HashMap<&OsStr, (&Path, usize)> = HashMap::new();
        let mut count = 0;
        for diagnostic in these {
            count += 1;
            if let Some(location) = &diagnostic.location {
                let file = location.file.path();
                files.entry(file.as_os_str()).or_insert((file, 0)).1 += 1;
            }
        }
        let mut folders: HashMap<&OsStr, usize> = HashMap::new();
        for (file, count) in files.values() {
            *folders.entry(paths::folder(paths::folder(file)).as_os_str()).or_default() += count;
        }
        let mut folders: Vec<(&OsStr, usize)> = folders.into_iter().collect();
        folders.sort_by_key(|(folder, count)| (Reverse(*count), *folder));
        let folders =
            folders.into_iter().map(|(folder, count)| (shown_from(base, Path::new(folder)), count)).collect();
        Some(Self { severity, code, count, files: files.len(), folders })
    }

    /// What follows the code: `1,204 more in 310 files, most in live/a (200), live/b (150) and 12 other folders`.
    pub fn text(&self) -> String {
        let count = with_commas(self.count as u64);
        if self.files == 0 {
            return format!("{count} more");
        }
        let files = format!("{} {}", with_commas(self.files as u64), plural(self.files, "file"));
        let named = self.folders.iter().take(FOLDERS);
        let named = named.map(|(folder, count)| format!("{folder} ({})", with_commas(*count as u64)));
        let named = named.collect::<Vec<_>>().join(", ");
        match self.folders.len().saturating_sub(FOLDERS) {
            0 => format!("{count} more in {files}: {named}"),
            others => format!(
                "{count} more in {files}, most in {named} and {others} other {}",
                plural(others, "folder")
            ),
        }
    }
}

fn shown_from(base: &Path, folder: &Path) -> String {
    shown::name(&paths::relative(base, folder).display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::hcl::source::{Location, SourceFile, Span};

    fn wrong(code: &'static str, file: &str, breaks: usize) -> Diagnostic {
        let source = SourceFile::new(file, "a = b\n");
        let mut diagnostic = Diagnostic::error(code, "wrong").at(Location::new(&source, Span::new(4, 5)));
        diagnostic.affects = (0..breaks).map(|unit| PathBuf::from(unit.to_string())).collect();
        diagnostic
    }

    #[test]
    fn a_hundred_are_told_whole() {
        let all = (0..100).map(|unit| wrong("one", &format!("/l/a/{unit}/f"), 1)).collect();
        let brief = brief(all, Path::new("/l"));
        assert_eq!((brief.whole.len(), brief.rest.len()), (100, 0));
    }

    #[test]
    fn of_more_the_widest_of_each_kind_are_told_and_the_rest_counted_where_it_is() {
        let mut all: Vec<Diagnostic> =
            (0..3000).map(|unit| wrong("one", &format!("/l/{}/{unit}/f", unit % 5), 1)).collect();
        all.push(wrong("other", "/l/a/b/f", 1));
        all.push(wrong("one", "/l/root.hcl", 400));
        let brief = brief(all, Path::new("/l"));
        let whole: Vec<(&str, usize)> = brief.whole.iter().map(|one| (one.code, one.affects.len())).collect();
        assert_eq!(whole.len(), 11);
        assert_eq!(whole[8..], [("one", 1), ("other", 1), ("one", 400)]);
        let rest: Vec<(&str, String)> = brief.rest.iter().map(|rest| (rest.code, rest.text())).collect();
        let text = "2,991 more in 2,991 files, most in 4 (599), 0 (598), 1 (598) and 2 other folders";
        assert_eq!(rest, [("one", text.to_owned())]);
    }

    #[test]
    fn what_is_in_few_folders_or_in_no_file_is_counted_as_well() {
        let mut all: Vec<Diagnostic> = (0..111).map(|_| wrong("one", "/l/a/b/f", 1)).collect();
        all.extend((0..12).map(|_| Diagnostic::warning("two", "wrong")));
        let brief = brief(all, Path::new("/l/a"));
        let rest: Vec<String> = brief.rest.iter().map(Rest::text).collect();
        assert_eq!(rest, ["101 more in 1 file: . (101)", "2 more"]);
    }
}
