//! The order of all commits of a branch: which came before which, which merge brought each, and what the branch was at a time.

use std::collections::{HashMap, HashSet};

use super::error::GitOpsError;
use super::repository::Repository;

/// The commits of a branch, newest first, each behind those that came after it.
#[derive(Debug, Default)]
pub(super) struct Spine {
    commits: Vec<Commit>,
    places: HashMap<String, usize>,
}

#[derive(Debug)]
struct Commit {
    id: String,
    /// When its committer says it was made, in seconds since 1970.
    seconds: i64,
    parents: Vec<String>,
}

impl Spine {
    /// Reads it.
    pub async fn of(repository: &Repository) -> Result<Self, GitOpsError> {
        repository.reach_all().await?;
        let arguments = ["rev-list", "--topo-order", "--timestamp", "--parents", repository.tip(), "--"];
        Ok(Self::read(&repository.ask(&arguments, "").await?))
    }

    fn read(text: &str) -> Self {
        let commits: Vec<Commit> = text.lines().filter_map(commit).collect();
        let places = commits.iter().enumerate().map(|(place, one)| (one.id.clone(), place)).collect();
        Self { commits, places }
    }

    /// How many commits came after this one, at least; the last place for one that is not here.
    pub fn place(&self, commit: &str) -> usize {
        self.places.get(commit).copied().unwrap_or(self.commits.len())
    }

    /// A commit and all that came before it.
    pub fn before<'a>(&'a self, commit: &'a str) -> HashSet<&'a str> {
        let mut all = HashSet::new();
        let mut open = vec![commit];
        while let Some(id) = open.pop() {
            if all.insert(id) {
                let known = self.places.get(id).and_then(|place| self.commits.get(*place));
                open.extend(known.into_iter().flat_map(|one| &one.parents).map(String::as_str));
            }
        }
        all
    }

    /// The commits whose names begin so.
    pub fn commits_named<'a>(&'a self, start: &'a str) -> impl Iterator<Item = &'a str> {
        self.commits.iter().map(|commit| commit.id.as_str()).filter(move |id| id.starts_with(start))
    }

    /// What the branch itself was, newest first: the first parents.
    fn main_line(&self) -> Vec<&Commit> {
        let mut line = Vec::new();
        let mut next = self.commits.first();
        while let Some(commit) = next {
            line.push(commit);
            let parent = commit.parents.first().and_then(|parent| self.places.get(parent));
            next = parent.and_then(|place| self.commits.get(*place));
        }
        line
    }

    /// Of each commit that a merge brought, that merge.
    pub fn landings(&self) -> HashMap<&str, &str> {
        let line = self.main_line();
        let mut known: HashMap<&str, &str> = HashMap::new();
        let of_line: HashSet<&str> = line.iter().map(|commit| commit.id.as_str()).collect();
        for merge in line.iter().rev() {
            let mut open: Vec<&str> = merge.parents.iter().skip(1).map(String::as_str).collect();
            while let Some(id) = open.pop() {
                if of_line.contains(id) || known.contains_key(id) {
                    continue;
                }
                let Some(commit) = self.places.get(id).and_then(|place| self.commits.get(*place)) else {
                    continue;
                };
                known.insert(id, &merge.id);
                open.extend(commit.parents.iter().map(String::as_str));
            }
        }
        known
    }

    /// What the branch was at a time: its last commit that was made by then. Where clocks disagree, those count that agree
    /// with most others.
    pub fn at(&self, seconds: i64) -> Option<&str> {
        let mut line = self.main_line();
        line.reverse();
        let times: Vec<i64> = line.iter().map(|commit| commit.seconds).collect();
        let trusted = longest_rising(&times);
        let mut last = None;
        let mut next = 0;
        for (place, commit) in line.iter().enumerate() {
            let is_trusted = trusted.get(next) == Some(&place);
            next += usize::from(is_trusted);
            if is_trusted && commit.seconds > seconds {
                break;
            }
            // One whose clock is off came between its neighbours.
            last = Some(commit.id.as_str());
        }
        last
    }
}

/// `SECONDS ID PARENT…`.
fn commit(line: &str) -> Option<Commit> {
    let mut words = line.split(' ');
    let seconds = words.next()?.parse().ok()?;
    Some(Commit { seconds, id: words.next()?.to_owned(), parents: words.map(str::to_owned).collect() })
}

/// The places of the most numbers that never fall.
#[expect(clippy::indexing_slicing, reason = "places come from the vectors that they are places of")]
fn longest_rising(numbers: &[i64]) -> Vec<usize> {
    // Of each length the place of the smallest end, and of each place the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; numbers.len()];
    for (place, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| numbers[*end] <= *number);
        before[place] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() { ends.push(place) } else { ends[length] = place }
    }
    let mut all: Vec<usize> = std::iter::successors(ends.last().copied(), |place| before[*place]).collect();
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branch_at_a_time_is_what_most_clocks_say() {
        // Oldest first: c is two hours ahead, e is far behind.
        let times = [("a", 100), ("b", 200), ("c", 9000), ("d", 300), ("e", 1), ("f", 400)];
        let mut text = String::new();
        for (number, (id, seconds)) in times.iter().enumerate().rev() {
            let parent = number.checked_sub(1).map_or("", |before| times[before].0);
            text.push_str(format!("{seconds} {id} {parent}").trim_end());
            text.push('\n');
        }
        let spine = Spine::read(&text);
        assert_eq!(spine.at(99), None);
        assert_eq!(spine.at(150), Some("a"));
        assert_eq!(spine.at(299), Some("c"), "between b and d, whatever its clock says");
        assert_eq!(spine.at(300), Some("e"));
        assert_eq!(spine.at(10_000), Some("f"));
    }

    #[test]
    fn a_commit_is_landed_by_the_first_merge_that_brought_it() {
        // m2 merges the branch x-y, m1 merges z; y was merged again by m2's branch.
        let text = "9 m2 m1 y\n8 y x\n7 m1 a x\n6 x a\n5 a";
        let spine = Spine::read(text);
        let landings = spine.landings();
        assert_eq!((landings.get("x"), landings.get("y")), (Some(&"m1"), Some(&"m2")));
        assert_eq!(landings.get("a"), None);
        assert_eq!((spine.place("m2"), spine.place("a"), spine.place("gone")), (0, 4, 5));
    }
}
