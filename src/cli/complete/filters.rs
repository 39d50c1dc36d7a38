//! Queries of `--filter`: what stands behind the last sign of one.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;

use super::candidate::starting;
use super::place::Place;
use super::revisions;
use super::units::under;
use super::words::Words;

/// What a query may ask for beside names and paths.
const KEYS: &[(&str, &str)] = &[
    ("name=", "the folder's own name"),
    ("type=", "unit or stack"),
    ("source=", "terraform.source"),
    ("reading=", "a file that is read"),
    ("external=true", "outside of the folder that is walked"),
];

/// Paths of units and keys, and names of commits in a range.
pub fn filters(current: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(query), Some(place)) = (current.to_str(), Place::of(&Words::typed())) else {
        return Vec::new();
    };
    let (head, last) = query.split_at_checked(begin_of_last(query)).unwrap_or(("", query));
    let found = if let Some(range) = last.strip_prefix('[') {
        let (from, to) = match range.split_once("...") {
            Some((from, to)) => (format!("[{from}..."), to),
            None => ("[".to_owned(), range),
        };
        let end = if from == "[" { "..." } else { "]" };
        let names = revisions::names(&place.working_dir).into_iter().filter(|(name, _)| name.starts_with(to));
        starting(OsStr::new(""), names.map(|(name, is)| (format!("{from}{name}{end}"), is)))
    } else if last.starts_with("type=") {
        let kinds = ["type=unit", "type=stack"].map(|kind| (kind.to_owned(), String::new()));
        starting(OsStr::new(last), kinds)
    } else {
        let mut found = under(&place.working_dir, last, &place.excluded());
        if let Some(folder) = last.strip_suffix('/').filter(|_| !found.is_empty()) {
            found.extend(starting(OsStr::new(last), [(format!("{folder}/**"), "all in it".to_owned())]));
        }
        let keys = KEYS.iter().map(|(key, is)| ((*key).to_owned(), (*is).to_owned()));
        found.extend(starting(OsStr::new(last), keys));
        found
    };
    found.into_iter().map(|candidate| candidate.add_prefix(head)).collect()
}

/// Where the last part of a query begins: behind what joins, denies or leads on.
fn begin_of_last(query: &str) -> usize {
    if let Some(range) =
        query.rfind('[').filter(|range| !query.get(*range..).unwrap_or_default().contains(']'))
    {
        return range;
    }
    let sign = query.rfind(['|', '!', ' ', '^', '{', ')']).map(|at| at + 1);
    let dots = query.rfind("...").map(|at| at + 3);
    sign.max(dots).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_query_is_completed() {
        let last = |query: &'static str| query.split_at(begin_of_last(query)).1;
        assert_eq!(last("./dev/vp"), "./dev/vp");
        assert_eq!(last("./live/** | !we"), "we");
        assert_eq!(last("...^vp"), "vp");
        assert_eq!(last("service...2"), "2");
        assert_eq!(last("...[main...fea"), "[main...fea");
        assert_eq!(last("[main...HEAD]...v"), "v");
        assert_eq!(last(""), "");
    }
}
