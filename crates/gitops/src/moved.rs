//! Apps whose folders were renamed since somebody held them: a freeze says a folder, and must not end by a rename.

use std::collections::{BTreeMap, BTreeSet};

use super::error::GitOpsError;
use super::log::Logged;
use super::record::ImageRecord;
use super::repository::Repository;
use super::trailers;

/// A folder that was moved more often is followed no further.
const MOST_MOVES: usize = 16;

/// Where folders are by now that are not where they were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Where those are that went somewhere.
    pub to: BTreeMap<String, String>,
    /// All that are not there any more, those on the way among them.
    pub absent: BTreeSet<String>,
}

impl Moved {
    /// Follows the folders that some commits hold and that are not there any more.
    pub async fn of(repository: &Repository, commits: &[Logged]) -> Result<Self, GitOpsError> {
        let held: BTreeSet<String> = commits.iter().flat_map(|commit| held(&commit.message)).collect();
        let mut open = gone(repository, held).await?;
        let mut steps = BTreeMap::new();
        let mut absent = open.clone();
        for _ in 0..MOST_MOVES {
            if open.is_empty() {
                break;
            }
            let next = steps_of(repository, &open).await?;
            let arrived: BTreeSet<String> = next.values().cloned().collect();
            steps.extend(next);
            open = gone(repository, arrived).await?;
            absent.extend(open.iter().cloned());
            open.retain(|folder| !steps.contains_key(folder));
        }
        let end = |folder: &String| {
            let mut now = folder;
            for _ in 0..MOST_MOVES {
                now = steps.get(now).unwrap_or(now);
            }
            now.clone()
        };
        let to = steps.keys().map(|folder| (folder.clone(), end(folder))).collect();
        Ok(Self { to, absent })
    }

    /// What was known of it at an earlier commit, where that is how it is still; none where only all of the history would tell.
    pub async fn as_known(
        repository: &Repository,
        commits: &[Logged],
        known: &Self,
        since: &str,
    ) -> Result<Option<Self>, GitOpsError> {
        let mut all: BTreeSet<String> = commits.iter().flat_map(|commit| held(&commit.message)).collect();
        all.extend(known.absent.iter().chain(known.to.values()).cloned());
        if gone(repository, all).await? != known.absent {
            return Ok(None);
        }
        let paths: Vec<&str> = known.absent.iter().map(String::as_str).collect();
        // One may have come back, and gone elsewhere.
        if !paths.is_empty() && repository.is_touched_since(since, &paths).await? {
            return Ok(None);
        }
        Ok(Some(known.clone()))
    }

    /// What a folder is called by now.
    pub fn now<'a>(&'a self, folder: &'a str) -> &'a str {
        self.to.get(folder).map_or(folder, String::as_str)
    }

    /// What some folders were called before.
    pub fn before(&self, folders: &[String]) -> Vec<&str> {
        let moved = self.to.iter().filter(|(_, now)| folders.contains(now));
        moved.map(|(before, _)| before.as_str()).collect()
    }

    /// A record as one of the folder that it is about by now.
    pub fn brought(&self, mut record: ImageRecord) -> ImageRecord {
        let now = self.now(&record.folder);
        if now != record.folder {
            let file = record.file.as_ref().map(|file| match file.strip_prefix(&record.folder) {
                Some(rest) => format!("{now}{rest}"),
                None => file.clone(),
            });
            (record.file, record.folder) = (file, now.to_owned());
        }
        record
    }
}

/// The folders that a commit holds: by a freeze, or by a rollback.
fn held(message: &str) -> Vec<String> {
    let folder = |group: &trailers::Trailers<'_>| {
        let rolled_back = group.value(trailers::APP).filter(|_| group.value(trailers::ROLLBACK_OF).is_some());
        rolled_back.or_else(|| group.value(trailers::FREEZES)).map(str::to_owned)
    };
    trailers::groups(message).iter().filter_map(folder).collect()
}

/// Those of some folders that are not at the tip.
async fn gone(
    repository: &Repository,
    mut folders: BTreeSet<String>,
) -> Result<BTreeSet<String>, GitOpsError> {
    // Every app under a root is no folder, and the root of all is always there.
    folders.retain(|folder| !folder.is_empty() && !folder.ends_with('*'));
    if folders.is_empty() {
        return Ok(folders);
    }
    let mut arguments = vec!["ls-tree", "-z", "--name-only", "--full-tree", repository.tip(), "--"];
    arguments.extend(folders.iter().map(String::as_str));
    let listed = repository.ask(&arguments, "").await?;
    for there in listed.split('\0') {
        folders.remove(there);
    }
    Ok(folders)
}

/// Where folders went with the last commit that had them, as far as they went somewhere.
async fn steps_of(
    repository: &Repository,
    folders: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, GitOpsError> {
    let paths: Vec<String> = folders.iter().cloned().collect();
    let changing = repository.changing(repository.tip(), &paths).await?;
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for commit in &changing {
        for change in &commit.changes {
            let Some(before) = &change.before else { continue };
            for folder in folders.iter().filter(|folder| super::layout::within(&before.path, folder)) {
                last.entry(folder).or_insert(&commit.commit);
            }
        }
    }
    let mut commits: Vec<String> = last.values().map(|commit| (*commit).to_owned()).collect();
    commits.sort();
    commits.dedup();
    let whole = repository.these(&commits, &[]).await?;
    let mut steps = BTreeMap::new();
    for (folder, commit) in last {
        let changes = whole.iter().filter(|one| one.commit == commit).flat_map(|one| &one.changes);
        let mut moves = changes.filter_map(|change| {
            let (before, after) = (&change.before.as_ref()?.path, &change.after.as_ref()?.path);
            let is_out = super::layout::within(before, folder) && !super::layout::within(after, folder);
            is_out.then(|| arrival(folder, before, after)).flatten()
        });
        steps.extend(moves.next().map(|now| (folder.to_owned(), now)));
    }
    Ok(steps)
}

/// The folder that a folder became, seen in one of its files: it lies as deep in the one as in the other.
fn arrival(folder: &str, before: &str, after: &str) -> Option<String> {
    let depth = before.strip_prefix(folder)?.matches('/').count();
    let mut now = after;
    for _ in 0..depth {
        now = now.rsplit_once('/')?.0;
    }
    Some(now.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_where_its_files_went() {
        assert_eq!(arrival("m/a", "m/a/d.yaml", "m/b/web.yaml").as_deref(), Some("m/b"));
        assert_eq!(arrival("m/a", "m/a/base/d.yaml", "apps/eu/b/base/d.yaml").as_deref(), Some("apps/eu/b"));
        assert_eq!(arrival("m/a", "m/a/base/d.yaml", "d.yaml"), None);
    }

    #[test]
    fn what_holds_a_folder_is_a_freeze_or_a_rollback() {
        let message =
            "x\n\nSlipway-App: m/a\nSlipway-Rollback-Of: c1\nSlipway-App: m/b\nSlipway-Freezes: m/c";
        assert_eq!(held(message), ["m/a", "m/c"]);
    }
}
