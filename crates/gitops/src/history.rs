//! What was done to the images of apps: by our commits, which say so, and by those that others made by hand.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::edits::{Delta, Owner, Reader, Seen};
use super::error::GitOpsError;
use super::log::{Blob, FileChange, Logged};
use super::record::{ImageRecord, records_of};
use super::repository::{Repository, folder_of};
use super::said::without_echoes;
use super::spine::Spine;
use super::trailers;

/// So many commits are read at once.
const CHUNK: usize = 200;
/// What a commit did that says otherwise.
const NOTHING: &str = "it changed no file of the app";
/// An app that was moved more often is followed no further.
const MOST_MOVES: usize = 16;

/// What was done to the app's images, newest first, at most `limit` of them: bumps, and what was edited by hand.
pub async fn history(
    repository: &Repository,
    root: &str,
    app: &str,
    limit: usize,
) -> Result<Vec<ImageRecord>, GitOpsError> {
    let spine = Spine::of(repository).await?;
    // What is called otherwise by a link is the same.
    let mut folder = repository.tree().await?.real(&folder_of(root, app)?);
    let mut tip = repository.tip().to_owned();
    let mut all: Vec<ImageRecord> = Vec::new();
    for _ in 0..MOST_MOVES {
        let mut told = Told::of(repository, &spine, root, Some(&folder), &tip).await?;
        let moved = told.moved_from(repository, &folder).await?;
        all.extend(told.records(&spine, limit.saturating_sub(all.len())).await?);
        match moved.filter(|_| all.len() < limit) {
            Some((old, before)) => (folder, tip) = (old, before),
            None => break,
        }
    }
    all.truncate(limit);
    review(repository, &spine, &mut all).await?;
    Ok(all)
}

/// What was done to the images of all apps under a root, newest first.
pub(super) async fn history_of_all(
    repository: &Repository,
    spine: &Spine,
    root: &str,
) -> Result<Vec<ImageRecord>, GitOpsError> {
    let mut told = Told::of(repository, spine, root, None, repository.tip()).await?;
    let mut all = told.records(spine, usize::MAX).await?;
    review(repository, spine, &mut all).await?;
    Ok(all)
}

/// What commits say, and what they changed.
struct Told<'a> {
    reader: Reader<'a>,
    /// What ours say.
    said: Vec<ImageRecord>,
    /// The commits that changed files, newest first.
    changing: Vec<Logged>,
}

impl<'a> Told<'a> {
    async fn of(
        repository: &'a Repository,
        spine: &Spine,
        root: &str,
        folder: Option<&str>,
        tip: &str,
    ) -> Result<Self, GitOpsError> {
        let under = folder_of(root, "")?;
        let (within, owner) = match folder {
            Some(folder) => (folder.to_owned(), Owner::App(folder.to_owned())),
            None => (under.clone(), Owner::Under(under.clone())),
        };
        let mention = folder
            .map_or_else(|| format!("{}: ", trailers::APP), |folder| format!("{}: {folder}", trailers::APP));
        let commits = repository.mentioning(tip, &[&mention]).await?;
        let is_meant =
            |of: &str| folder.map_or_else(|| super::layout::within(of, &under), |folder| of == folder);
        let said = without_echoes(commits.iter().flat_map(|commit| records_of(commit, is_meant)), &commits);
        let (files, _) = repository.files_at(tip, &within).await?;
        let is_chart = |path: &&str| path.ends_with("/Chart.yaml") || path.ends_with("/Chart.yml");
        let charts =
            files.iter().map(|file| file.path.as_str()).filter(is_chart).map(str::to_owned).collect();
        let mut paths = vec![within.clone()];
        // What a link leads to lies elsewhere.
        paths.extend(
            files.iter().filter(|file| file.link.is_some() && folder.is_some()).map(|file| file.path.clone()),
        );
        let mut changing = repository.changing(tip, &paths).await?;
        let known: HashSet<&str> = changing.iter().map(|one| one.commit.as_str()).collect();
        // Those that say something and are not among them: whether they did it is seen in what they changed, if anything.
        let mut others: Vec<String> = said.iter().map(|one| one.commit.clone()).collect();
        others.retain(|commit| !known.contains(commit.as_str()));
        others.sort();
        others.dedup();
        changing.extend(repository.these(&others, &paths).await?);
        changing.sort_by_key(|one| spine.place(&one.commit));
        Ok(Self { reader: Reader::new(repository, &under, owner, charts), said, changing })
    }

    /// Where the folder came from with its first files, and the commit before that; its files are then compared with those.
    async fn moved_from(
        &mut self,
        repository: &Repository,
        folder: &str,
    ) -> Result<Option<(String, String)>, GitOpsError> {
        let Some(first) = self.changing.iter_mut().rfind(|one| !one.changes.is_empty()) else {
            return Ok(None);
        };
        let [before] = &first.parents[..] else { return Ok(None) };
        let before = before.clone();
        let whole = repository.these(std::slice::from_ref(&first.commit), &[]).await?;
        let is_here =
            |blob: &Option<Blob>| blob.as_ref().is_some_and(|blob| super::layout::within(&blob.path, folder));
        let changes = whole.into_iter().flat_map(|one| one.changes);
        let moves: Vec<FileChange> = changes
            .filter(|one| one.before.is_some() && is_here(&one.after) && !is_here(&one.before))
            .collect();
        let old = moves.iter().find_map(|one| {
            let (old, new) = (&one.before.as_ref()?.path, &one.after.as_ref()?.path);
            let rest = new.strip_prefix(folder)?;
            old.strip_suffix(rest).filter(|old| !old.is_empty()).map(str::to_owned)
        });
        let Some(old) = old else { return Ok(None) };
        let is_moved = |change: &FileChange| moves.iter().any(|one| one.after == change.after);
        first.changes.retain(|change| !is_moved(change));
        first.changes.extend(moves);
        Ok(Some((old, before)))
    }

    /// The records, newest first, at most so many; older commits are not read for more.
    async fn records(&mut self, spine: &Spine, limit: usize) -> Result<Vec<ImageRecord>, GitOpsError> {
        let mut by_commit: HashMap<&str, Vec<ImageRecord>> = HashMap::new();
        for record in &self.said {
            by_commit.entry(&record.commit).or_default().push(record.clone());
        }
        let mut all: Vec<ImageRecord> = Vec::new();
        let mut reader_at = 0;
        while reader_at < self.changing.len() && all.len() < limit {
            let end = (reader_at + CHUNK).min(self.changing.len());
            let chunk = self.changing.get(reader_at..end).unwrap_or_default();
            reader_at = end;
            let changes: Vec<&[FileChange]> = chunk.iter().map(|one| &one.changes[..]).collect();
            let deltas = self.reader.deltas(&changes).await?;
            for (commit, deltas) in chunk.iter().zip(deltas) {
                let said = by_commit.remove(commit.commit.as_str()).unwrap_or_default();
                all.extend(settled(commit, said, deltas));
            }
        }
        // A commit that is not read any more may still say something.
        let rest = self.changing.get(reader_at..).unwrap_or_default().iter();
        all.extend(rest.flat_map(|commit| by_commit.remove(commit.commit.as_str()).unwrap_or_default()));
        // Git lists no commit that changed nothing of the app.
        all.extend(by_commit.into_values().flatten().map(|mut record| {
            record.untrue = record.changes().then(|| NOTHING.to_owned());
            record
        }));
        all.sort_by_key(|record| spine.place(&record.commit));
        all.truncate(limit);
        Ok(all)
    }
}

/// What a commit says that it did, held to what it did; and what it did beside that.
fn settled(commit: &Logged, mut said: Vec<ImageRecord>, mut deltas: Vec<Delta>) -> Vec<ImageRecord> {
    let touches = !commit.changes.is_empty();
    for record in said.iter_mut().filter(|record| record.changes()) {
        let of_it = |delta: &Delta| {
            let is_its = |seen: &Seen| {
                seen.folder == record.folder
                    && seen.container == record.container
                    && record.file.as_ref().is_none_or(|file| *file == seen.path)
                    && record.namespace.as_ref().is_none_or(|namespace| *namespace == seen.namespace)
            };
            let image = |seen: &Option<Seen>| seen.as_ref().map_or("", |seen| seen.image.as_str()).to_owned();
            delta.either().is_some_and(is_its)
                || (image(&delta.before) == record.previous && image(&delta.after) == record.image)
        };
        match deltas.iter().position(of_it) {
            Some(place) => {
                let delta = deltas.remove(place);
                let now = delta.after.map_or_else(String::new, |seen| seen.image);
                // Where only a tag is written, the image is lent its name.
                let is_part = now.starts_with([':', '@']) && record.image.ends_with(&now);
                if now != record.image && !is_part {
                    record.untrue = Some(format!("it set {now}"));
                }
            }
            // What is an image by a path only is not found in a file of long ago.
            None if touches => {}
            None => record.untrue = Some(NOTHING.to_owned()),
        }
    }
    let mut edits: Vec<ImageRecord> = deltas.into_iter().filter_map(|delta| edit(commit, delta)).collect();
    said.append(&mut edits);
    said
}

fn edit(commit: &Logged, delta: Delta) -> Option<ImageRecord> {
    let seen = delta.either()?.clone();
    let image = |seen: Option<Seen>| seen.map_or_else(String::new, |seen| seen.image);
    Some(ImageRecord {
        folder: seen.folder,
        container: seen.container,
        file: Some(seen.path),
        namespace: Some(seen.namespace).filter(|name| !name.is_empty()),
        image: image(delta.after),
        previous: image(delta.before),
        ..ImageRecord::by(commit)
    })
}

/// Adds to records what the merges say that brought their commits.
async fn review(
    repository: &Repository,
    spine: &Spine,
    records: &mut [ImageRecord],
) -> Result<(), GitOpsError> {
    let landings = spine.landings();
    let mut merges: Vec<String> = records
        .iter()
        .filter_map(|one| landings.get(one.commit.as_str()))
        .map(|one| (*one).to_owned())
        .collect();
    merges.sort();
    merges.dedup();
    let merges = repository.these(&merges, &[]).await?;
    let merges: BTreeMap<&str, &Logged> = merges.iter().map(|one| (one.commit.as_str(), one)).collect();
    for record in records {
        let merge = landings.get(record.commit.as_str()).and_then(|merge| merges.get(merge));
        if let Some(merge) = merge {
            record.review.landed(&merge.commit, (&merge.when, &merge.author), &merge.message);
        }
    }
    Ok(())
}
