//! What our commits say: what they did to the images of apps, and which freezes stand.
//!
//! Found by trailer and not by path: a commit that lifts a freeze changes no file. Where not all of the history is here, what is known of
//! the rest stands for it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::error::GitOpsError;
use super::freeze::{Freeze, freezes_of};
use super::log::Logged;
use super::moved::Moved;
use super::record::{ImageRecord, records_of};
use super::repository::{Alone, Repository};
use super::standing::Standing;
use super::trailers;
use super::tree::Tree;

/// What commits say that they did to the images of each folder, the newest first, and the freezes that nobody lifted.
type Said = (BTreeMap<String, Vec<ImageRecord>>, Vec<Freeze>);

/// Everything that our commits say that they did to the images of the app in `folder`, newest first.
pub(super) async fn records(repository: &Repository, folder: &str) -> Result<Vec<ImageRecord>, GitOpsError> {
    let tree = repository.tree().await?;
    let mut said = said(repository, &[folder.to_owned()], &tree).await?.0;
    Ok(said.remove(&tree.real(folder)).unwrap_or_default())
}

/// What holds the images of some apps, or has held them: all records that may tell, and the freezes that stand.
pub(super) async fn said(
    repository: &Repository,
    folders: &[String],
    tree: &Tree,
) -> Result<Said, GitOpsError> {
    // What is called otherwise by a link is the same.
    let meant: Vec<String> = folders.iter().map(|folder| tree.real(folder)).collect();
    let is_meant = |folder: &str| meant.iter().any(|meant| meant == folder);
    let real = |folder: &str| tree.real(folder);
    if let Some(standing) = repository.known().await? {
        if let Some((commits, moved)) = since(repository, &standing).await? {
            return Ok(read(&commits, &moved, real, is_meant));
        }
        repository.reach_all().await?;
    }
    let mut wanted = holding();
    match folders {
        [only] => wanted.extend(tree.names_of(only).iter().map(|name| of_app(name))),
        _ => wanted.push(of_app("")),
    }
    let mut commits = mentioning(repository, &wanted).await?;
    let moved = Moved::of(repository, &commits).await?;
    let before = moved.before(&meant);
    if !before.is_empty() && folders.len() == 1 {
        wanted.extend(before.into_iter().map(of_app));
        commits = mentioning(repository, &wanted).await?;
    }
    Ok(read(&commits, &moved, real, is_meant))
}

/// `real` says where a folder really is that is called otherwise by a link.
fn read(
    commits: &[Logged],
    moved: &Moved,
    real: impl Fn(&str) -> String,
    is_meant: impl Fn(&str) -> bool,
) -> Said {
    let now = |of: &str| real(moved.now(of));
    let is_meant = |of: &str| is_meant(&now(of));
    let mut by_folder: BTreeMap<String, Vec<ImageRecord>> = BTreeMap::new();
    for record in without_echoes(commits.iter().flat_map(|commit| records_of(commit, is_meant)), commits) {
        let mut record = moved.brought(record);
        record.folder = real(&record.folder);
        by_folder.entry(record.folder.clone()).or_default().push(record);
    }
    (by_folder, freezes_of(commits, now))
}

/// What commits that hold images say.
fn holding() -> Vec<String> {
    [trailers::FREEZES, trailers::LIFTS, trailers::ROLLBACK_OF].map(|key| format!("{key}: ")).to_vec()
}

/// What the commits of an app say.
fn of_app(folder: &str) -> String {
    format!("{}: {folder}", trailers::APP)
}

async fn mentioning(repository: &Repository, texts: &[String]) -> Result<Vec<Logged>, GitOpsError> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    repository.mentioning(repository.tip(), &texts).await
}

/// What came after what is known, with that behind it; none where this does not decide as all of the history would.
async fn since(
    repository: &Repository,
    standing: &Standing,
) -> Result<Option<(Vec<Logged>, Moved)>, GitOpsError> {
    let texts = [holding(), vec![of_app("")]].concat();
    let mut commits = repository.mentioning_since(&standing.as_of, &texts).await?;
    let records = without_echoes(commits.iter().flat_map(|commit| records_of(commit, |_| true)), &commits);
    let merges = merges(&commits);
    // It may repeat what a commit said that is not here.
    if records.iter().any(|record| merges.contains(record.commit.as_str())) {
        return Ok(None);
    }
    commits.extend(standing.commits.iter().cloned());
    let moved = Moved::as_known(repository, &commits, &standing.moved, &standing.as_of).await?;
    Ok(moved.map(|moved| (commits, moved)))
}

/// What holds images by now, of the history as far as it is here; none where that is not enough.
pub(super) async fn stock(repository: &Repository) -> Result<Option<Standing>, GitOpsError> {
    let all = if let Some(standing) = repository.known().await? {
        since(repository, &standing).await?
    } else {
        let texts = holding();
        let holding = mentioning(repository, &texts).await?;
        let moved = Moved::of(repository, &holding).await?;
        Some(match with_apps(texts, &holding, &moved) {
            Some(texts) => (mentioning(repository, &texts).await?, moved),
            None => (holding, moved),
        })
    };
    Ok(all.map(|(commits, moved)| taken(repository, &commits, &moved)))
}

/// The same of a history without files; none where these are needed to tell where a folder has gone.
pub(super) async fn stock_of(
    repository: &Repository,
    alone: &Alone,
) -> Result<Option<Standing>, GitOpsError> {
    let texts = holding();
    let mut commits = repository.mentioning_alone(alone, &texts).await?;
    let moved = Moved::default();
    if Moved::as_known(repository, &commits, &moved, repository.tip()).await?.is_none() {
        return Ok(None);
    }
    if let Some(texts) = with_apps(texts, &commits, &moved) {
        commits = repository.mentioning_alone(alone, &texts).await?;
    }
    Ok(Some(taken(repository, &commits, &moved)))
}

/// All that holds images, and all that commits say of some apps, of a history without files; none where these are needed.
pub(super) async fn all_of(
    repository: &Repository,
    alone: &Alone,
    folders: &[String],
) -> Result<Option<Standing>, GitOpsError> {
    let texts = holding();
    let commits = repository.mentioning_alone(alone, &texts).await?;
    let moved = Moved::default();
    if Moved::as_known(repository, &commits, &moved, repository.tip()).await?.is_none() {
        return Ok(None);
    }
    let mut texts = with_apps(texts.clone(), &commits, &moved).unwrap_or(texts);
    texts.extend(folders.iter().map(|folder| of_app(folder)));
    let commits = repository.mentioning_alone(alone, &texts).await?;
    Ok(Some(Standing { as_of: repository.tip().to_owned(), commits, moved }))
}

fn taken(repository: &Repository, commits: &[Logged], moved: &Moved) -> Standing {
    let (records, freezes) = read(commits, moved, str::to_owned, |_| true);
    Standing::of(repository.tip(), commits, moved, &records, &freezes)
}

/// What to look for where an app was taken back: all that came after it may have ended that.
fn with_apps(mut texts: Vec<String>, holding: &[Logged], moved: &Moved) -> Option<Vec<String>> {
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for commit in holding {
        for group in trailers::groups(&commit.message) {
            let app = group.value(trailers::APP).filter(|_| group.value(trailers::ROLLBACK_OF).is_some());
            folders.extend(app.map(str::to_owned));
        }
    }
    let now: Vec<String> = folders.iter().map(|folder| moved.now(folder).to_owned()).collect();
    folders.extend(moved.before(&now).into_iter().map(str::to_owned));
    folders.extend(now);
    texts.extend(folders.iter().map(|folder| of_app(folder)));
    (!folders.is_empty()).then_some(texts)
}

fn merges(commits: &[Logged]) -> HashSet<&str> {
    commits.iter().filter(|one| one.parents.len() > 1).map(|one| one.commit.as_str()).collect()
}

/// A merge that repeats what the commits say that it brings, as forges let it, did nothing of its own.
pub(super) fn without_echoes(
    records: impl Iterator<Item = ImageRecord>,
    commits: &[Logged],
) -> Vec<ImageRecord> {
    let merges = merges(commits);
    let of = |record: &ImageRecord| {
        let ImageRecord { folder, container, image, previous, .. } = record;
        [folder, container, image, previous].map(String::clone)
    };
    let (of_merges, mut all): (Vec<ImageRecord>, Vec<ImageRecord>) =
        records.partition(|record| merges.contains(record.commit.as_str()));
    if of_merges.is_empty() {
        return all;
    }
    let said: HashSet<[String; 4]> = all.iter().map(of).collect();
    all.extend(of_merges.into_iter().filter(|record| !said.contains(&of(record))));
    let places: HashMap<&str, usize> =
        commits.iter().enumerate().map(|(place, one)| (one.commit.as_str(), place)).collect();
    all.sort_by_key(|record| places.get(record.commit.as_str()).copied());
    all
}
