//! Patterns for files: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any folders.

use std::path::Path;

/// The files under `root` that match, with slashes, relative to it, sorted.
pub(super) fn files(root: &Path, pattern: &str) -> Result<Vec<String>, &'static str> {
    let patterns = expand_braces(pattern)?;
    let segments: Vec<Vec<&str>> = patterns.iter().map(|pattern| pattern.split('/').collect()).collect();
    for segment in segments.iter().flatten() {
        check(segment)?;
    }
    let mut found = Vec::new();
    for segments in &segments {
        walk(root, "", segments, &mut found);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, segments: &[&str], found: &mut Vec<String>) {
    let Some((segment, rest)) = segments.split_first() else { return };
    match *segment {
        "" | "." => return walk(folder, prefix, rest, found),
        ".." => return walk(&folder.join(".."), &format!("{prefix}../"), rest, found),
        // No folder, before any.
        "**" if !rest.is_empty() => walk(folder, prefix, rest, found),
        _ => {}
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = entry.path();
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        if *segment == "**" {
            // Not through links to folders, which could go round in circles.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                walk(&path, &format!("{prefix}{name}/"), segments, found);
            } else if rest.is_empty() && metadata.is_file() {
                found.push(format!("{prefix}{name}"));
            }
        } else if matches(segment, &name) {
            if rest.is_empty() && metadata.is_file() {
                found.push(format!("{prefix}{name}"));
            } else if !rest.is_empty() && metadata.is_dir() {
                walk(&path, &format!("{prefix}{name}/"), rest, found);
            }
        }
    }
}

/// `a{b,c}` as `ab` and `ac`.
fn expand_braces(pattern: &str) -> Result<Vec<String>, &'static str> {
    const MOST: usize = 1_000;
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
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
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
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn braces_give_all_alternatives() {
        assert_eq!(expand_braces("a{b,c{d,e}}f").unwrap(), ["abf", "acdf", "acef"]);
        assert!(expand_braces("a{b").is_err());
    }
}
