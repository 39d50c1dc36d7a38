//! Patterns for files: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any folders.
//!
//! Each folder is read once, however many ways through the pattern lead to it: all places in the pattern that may be
//! meant there are held against its entries together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::budget::take;
use super::super::limits::check_values;
use super::super::stack::with_room;
use super::Called;
use super::arguments::Arguments;

/// The steps of looking at an entry of a folder.
const ENTRY_STEPS: u64 = 16;
/// Beyond this no system opens a path.
const MOST_PATH: usize = 4_096;
/// A longer pattern names no file.
const MOST_PATTERN: usize = 64 * 1024;

/// The files under `root` that match, with slashes, relative to it, sorted.
pub(super) fn files(root: &Path, pattern: &str) -> Called<Vec<String>> {
    let wrong = |error| Arguments::wrong(1, format!("is no pattern: {error}"));
    if pattern.len() > MOST_PATTERN {
        return Err(wrong("it is too long"));
    }
    let mut found = Vec::new();
    for pattern in expand_braces(pattern).map_err(wrong)? {
        take(pattern.len() as u64 / 16)?;
        let mut segments: Vec<Segment> = pattern
            .split('/')
            .filter_map(|text| Segment::read(text).transpose())
            .collect::<Result<_, _>>()
            .map_err(wrong)?;
        // Any folders in any folders are any folders.
        segments.dedup_by(|one, other| matches!((one, other), (Segment::AnyFolders, Segment::AnyFolders)));
        // A slash at the end asks for a folder, and files are none.
        if !matches!(pattern.rsplit('/').next(), Some("" | "." | "..") | None) {
            Walk { segments: &segments, found: &mut found }.folder(
                root.to_owned(),
                String::new(),
                BTreeSet::from([0]),
            )?;
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// What stands between two slashes.
enum Segment {
    Above,
    AnyFolders,
    Name(Vec<char>),
}

impl Segment {
    /// None where it says nothing.
    fn read(text: &str) -> Result<Option<Self>, &'static str> {
        check(text)?;
        Ok(match text {
            "" | "." => None,
            ".." => Some(Self::Above),
            "**" => Some(Self::AnyFolders),
            name => Some(Self::Name(name.chars().collect())),
        })
    }
}

struct Walk<'a> {
    segments: &'a [Segment],
    found: &'a mut Vec<String>,
}

impl Walk<'_> {
    /// Looks for what the segments from any of these places on say.
    fn folder(&mut self, mut folder: PathBuf, mut prefix: String, places: BTreeSet<usize>) -> Called<()> {
        let (mut above, mut here) = (BTreeSet::new(), BTreeSet::new());
        for mut place in places {
            // Down through folders that may be none.
            loop {
                match self.segments.get(place) {
                    Some(Segment::Above) => {
                        above.insert(place + 1);
                    }
                    Some(Segment::AnyFolders) if here.insert(place) && place + 1 < self.segments.len() => {
                        place += 1;
                        continue;
                    }
                    Some(Segment::Name(_)) => {
                        here.insert(place);
                    }
                    Some(Segment::AnyFolders) | None => {}
                }
                break;
            }
        }
        if !here.is_empty() {
            self.entries(&folder, &prefix, &here)?;
        }
        if above.is_empty() || folder.as_os_str().len() > MOST_PATH {
            return Ok(());
        }
        take(ENTRY_STEPS)?;
        folder.push("..");
        prefix.push_str("../");
        with_room(|| self.folder(folder, prefix, above))
    }

    fn entries(&mut self, folder: &Path, prefix: &str, places: &BTreeSet<usize>) -> Called<()> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
        for entry in entries.flatten() {
            take(ENTRY_STEPS + places.len() as u64 / 4)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // Not through links to folders, which could go round in circles, where any folders are meant.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let mut next = BTreeSet::new();
            let mut ends = false;
            for place in places {
                let last = place + 1 == self.segments.len();
                match self.segments.get(*place) {
                    Some(Segment::AnyFolders) => {
                        ends |= last && !is_folder;
                        if is_folder {
                            next.insert(*place);
                        }
                    }
                    Some(Segment::Name(pattern)) => {
                        take((pattern.len() * name.len() / 256) as u64)?;
                        if !matches(pattern, &name) {
                            continue;
                        }
                        ends |= last;
                        if !last {
                            next.insert(place + 1);
                        }
                    }
                    Some(Segment::Above) | None => {}
                }
            }
            if !ends && next.is_empty() {
                continue;
            }
            let path = entry.path();
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            if ends && metadata.is_file() {
                self.found.push(format!("{prefix}{name}"));
                check_values(self.found.len())?;
            }
            if !next.is_empty() && metadata.is_dir() {
                with_room(|| self.folder(path, format!("{prefix}{name}/"), next))?;
            }
        }
        Ok(())
    }
}

/// `a{b,c}` as `ab` and `ac`.
fn expand_braces(pattern: &str) -> Result<Vec<String>, &'static str> {
    const MOST: usize = 1_000;
    const MOST_BRACES: usize = 100;
    if pattern.bytes().filter(|byte| *byte == b'{').count() > MOST_BRACES {
        return Err("it has too many alternatives");
    }
    let mut open = None;
    let mut depth = 0_usize;
    let mut commas = Vec::new();
    let mut escaped = false;
    for (index, byte) in pattern.bytes().enumerate() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'{' => {
                depth += 1;
                open.get_or_insert(index);
            }
            b',' if depth == 1 => commas.push(index),
            b'}' if depth > 0 => {
                depth -= 1;
                let (Some(start), 0) = (open, depth) else { continue };
                let (before, _) = pattern.split_at(start);
                let (_, rest) = pattern.split_at(index + 1);
                let begins = std::iter::once(start).chain(commas.iter().copied());
                let ends = commas.iter().copied().chain([index]);
                let mut all = Vec::new();
                for (begin, end) in begins.zip(ends) {
                    let alternative = pattern.get(begin + 1..end).unwrap_or_default();
                    all.extend(expand_braces(&format!("{before}{alternative}{rest}"))?);
                    if all.len() > MOST {
                        return Err("it has too many alternatives");
                    }
                }
                return Ok(all);
            }
            _ => {}
        }
    }
    if open.is_some() { Err("a `{` is never closed") } else { Ok(vec![pattern.to_owned()]) }
}

fn check(segment: &str) -> Result<(), &'static str> {
    let mut letters = segment.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.next().is_none() => return Err("it ends in a backslash"),
            '[' if !letters.any(|letter| letter == ']') => return Err("a `[` is never closed"),
            _ => {}
        }
    }
    Ok(())
}

/// One segment against one name. A star takes as little as it can and is given more when the rest fails, so
/// that only the last star is ever tried again.
fn matches(pattern: &[char], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut index) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, index));
            at += 1;
            continue;
        }
        if at == pattern.len() && index == name.len() {
            return true;
        }
        if let Some(letter) = name.get(index)
            && let Some(length) = pattern.get(at..).and_then(|pattern| single(pattern, *letter))
        {
            at += length;
            index += 1;
            continue;
        }
        match star {
            Some((star_at, taken)) if taken < name.len() => {
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                index = taken + 1;
            }
            _ => return false,
        }
    }
}

/// How long the piece of the pattern is that matches this letter.
fn single(pattern: &[char], letter: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '\\' => (pattern.get(1) == Some(&letter)).then_some(2),
        '[' => {
            let negated = matches!(pattern.get(1), Some('^' | '!'));
            let start = 1 + usize::from(negated);
            let length = pattern.get(start + 1..)?.iter().position(|letter| *letter == ']')?;
            let mut class = pattern.get(start..=start + length)?;
            let mut found = false;
            loop {
                class = match class {
                    [first, '-', last, rest @ ..] => {
                        found |= (*first..=*last).contains(&letter);
                        rest
                    }
                    [first, rest @ ..] => {
                        found |= *first == letter;
                        rest
                    }
                    [] => break,
                };
            }
            (found != negated).then_some(start + length + 2)
        }
        literal => (*literal == letter).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_their_patterns() {
        for (pattern, name, expected) in [
            ("*.tf", "main.tf", true),
            ("*.tf", "main.tfvars", false),
            ("m?in.*", "main.tf", true),
            ("[a-m]*", "main", true),
            ("[^a-m]*", "main", false),
            ("a*b*c", "axxbxxbc", true),
            ("*", ".hidden", true),
            ("", "", true),
        ] {
            let letters: Vec<char> = pattern.chars().collect();
            assert_eq!(matches(&letters, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn braces_give_all_alternatives() {
        assert_eq!(expand_braces("a{b,c{d,e}}f").unwrap(), ["abf", "acdf", "acef"]);
        assert!(expand_braces("a{b").is_err());
    }

    /// What is found in a folder, the steps that it took, and whether that was too many.
    fn found(root: &Path, pattern: &str, most: u64) -> (Result<Vec<String>, String>, u64) {
        let _evaluation = crate::budget::Evaluation::with(most, u64::MAX);
        let found = files(root, pattern).map_err(|error| error.to_string());
        (found, crate::budget::taken().0)
    }

    #[test]
    fn a_folder_is_read_once_however_many_ways_lead_to_it() {
        let root = tempfile::tempdir().unwrap();
        let deep: PathBuf = std::iter::repeat_n("x", 40).collect();
        std::fs::create_dir_all(root.path().join(&deep)).unwrap();
        std::fs::write(root.path().join(&deep).join("f"), "").unwrap();
        let pattern = format!("{}f", "**/x/".repeat(12));
        let (files, steps) = found(root.path(), &pattern, 1_000_000);
        assert_eq!(files.unwrap(), [format!("{}f", "x/".repeat(40))]);
        assert!(steps < 2_000, "{steps}");
        let (none, steps) = found(root.path(), &format!("{}x/g", "**/".repeat(200)), 1_000_000);
        assert!(none.unwrap().is_empty() && steps < 2_000, "{steps}");
    }

    #[test]
    fn patterns_that_lead_up_or_over_many_folders_come_to_an_end() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("a/b")).unwrap();
        std::fs::write(root.path().join("a/f"), "").unwrap();
        let (files, _) = found(&root.path().join("a/b"), "../../*/f", 1_000);
        assert_eq!(files.unwrap(), ["../../a/f"]);
        assert_eq!(found(root.path(), "a/b/../f", 1_000).0.unwrap(), ["a/b/../f"]);
        assert_eq!(found(root.path(), &"../".repeat(20_000), 1_000_000).0.unwrap(), [""; 0]);
        let (none, _) = found(root.path(), &format!("{}x", "../".repeat(20_000)), 1_000_000);
        assert!(none.unwrap().is_empty());
        let (spent, _) = found(Path::new("/"), "**/no such file", 10_000);
        assert!(spent.unwrap_err().contains("steps"));
        for wrong in ["{a,b}".repeat(200), "x".repeat(MOST_PATTERN + 1)] {
            assert!(found(root.path(), &wrong, 1_000).0.unwrap_err().contains("is no pattern"));
        }
    }
}
