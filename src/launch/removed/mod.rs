//! Units that are no longer in the tree, and whose states still hold resources.
//!
//! The history of the repository says which units there were. Each is read as it was in the last commit that had it,
//! laid out in a private folder: that says where its state is, and how it is destroyed.

mod at_commit;
mod destroy;
mod note;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::CommandError;
use super::workspace::Workspace;
use crate::engine::state_places::{StatePlace, beside_in_folder, beside_in_s3, place_of};
use crate::engine::{Engine, Session, UnitJob, Unwatched};
use crate::estate::{Estate, UnitIndex};
use crate::support::git::removed::{Removed, removed};
use crate::support::git::snapshot::Snapshot;
use crate::support::git::{self, GitError};
use crate::support::interrupt::channel;
use crate::terragrunt::Reader;
use crate::terragrunt::outputs::UnknownOutputs;
use crate::terragrunt::paths::{UNIT_FILE, UNIT_FILE_JSON, folder, join, relative};

pub(super) use self::at_commit::AtCommit;
pub use self::destroy::{DestroyRemoved, destroy_removed};
pub use self::note::note;

/// The units that were in the tree last at one commit.
pub struct RemovedUnits {
    /// The commit.
    pub commit: String,
    /// The estate's root in it.
    pub root: PathBuf,
    /// What reads it.
    pub reader: Arc<Reader>,
    /// Its units.
    pub estate: Estate,
    /// Those that are gone and still have resources.
    pub orphans: BTreeSet<UnitIndex>,
    /// Those that are gone and of which it is not known whether they have any.
    pub unknown: BTreeSet<UnitIndex>,
    /// The folder that stands for the repository, and the repository.
    pub stands_for: (PathBuf, PathBuf),
    /// The files, as long as they are needed.
    pub snapshot: Snapshot,
}

impl RemovedUnits {
    /// The names of its orphans.
    pub fn names(&self) -> Vec<String> {
        self.orphans.iter().map(|unit| self.estate.name(*unit)).collect()
    }
}

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Only units in this folder (absolute); it need not be there any more.
    pub within: Option<PathBuf>,
    /// How many of the newest commits are looked at, where not all are.
    pub commits: Option<usize>,
    /// How many commits that had units last are read, where not all are.
    pub removals: Option<usize>,
    /// Whether functions that start programs are evaluated.
    pub exec: bool,
}

/// The removals with orphans, those first whose units went first: what depends on a unit goes before it does.
pub async fn find(
    workspace: &Workspace,
    engine: &Arc<dyn Engine>,
    search: &Search,
) -> Result<Vec<RemovedUnits>, GitError> {
    let root = &workspace.project.estate_root;
    let (repository, way) = in_repository(root)?;
    let gone = removed(&repository, &way, &[UNIT_FILE, UNIT_FILE_JSON], search.commits)?;
    let mut commits: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for Removed { path, last } in gone {
        let path = folder(&path).to_path_buf();
        let now = root.join(path.strip_prefix(&way).unwrap_or(&path));
        let meant = search.within.as_ref().is_none_or(|within| now.starts_with(within));
        // A unit that changed the syntax of its file is still there.
        let there = [UNIT_FILE, UNIT_FILE_JSON].iter().any(|name| now.join(name).is_file());
        if meant && !there {
            commits.entry(last).or_default().push(path);
        }
    }
    let order = in_order(&repository, commits.keys())?;
    let mut removals = Vec::new();
    let newest = order.len().saturating_sub(search.removals.unwrap_or(usize::MAX));
    for commit in order.into_iter().skip(newest) {
        let paths = commits.remove(&commit).unwrap_or_default();
        let removal = read(workspace, engine, &repository, &way, commit, &paths, search.exec).await?;
        removals.extend(removal);
    }
    Ok(removals)
}

/// The repository of the estate, and the way from its root to that of the estate.
pub(super) fn in_repository(root: &Path) -> Result<(PathBuf, PathBuf), GitError> {
    let repository = git::repo_root(root)?;
    let real = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let way = relative(&repository, &real);
    Ok((repository, if way == Path::new(".") { PathBuf::new() } else { way }))
}

/// Commits, oldest first.
fn in_order<'c>(
    repository: &Path,
    commits: impl Iterator<Item = &'c String>,
) -> Result<Vec<String>, GitError> {
    let commits: BTreeSet<&str> = commits.map(String::as_str).collect();
    if commits.is_empty() {
        return Ok(Vec::new());
    }
    // By who came from whom: times may be the same, or wrong.
    let mut arguments = vec!["rev-list", "--topo-order", "--reverse", "--end-of-options"];
    arguments.extend(&commits);
    let listed = git::Git::new(repository).ask(&arguments)?;
    Ok(listed.lines().filter(|commit| commits.contains(commit)).map(str::to_owned).collect())
}

async fn read(
    workspace: &Workspace,
    engine: &Arc<dyn Engine>,
    repository: &Path,
    way: &Path,
    commit: String,
    paths: &[PathBuf],
    exec: bool,
) -> Result<Option<RemovedUnits>, GitError> {
    let then = AtCommit::of(workspace, (repository, way), &commit, exec)?;
    let loader = then.loader(engine);
    let AtCommit { snapshot, root, reader, stands_for } = then;
    let here = stands_for.0.clone();
    let mut estate = Estate::discover(&root, &reader);
    // What was wrong with others then is nobody's concern now.
    estate.diagnostics.clear();
    let (_interruptor, interrupts) = channel();
    let mut orphans = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for path in paths {
        let Some(unit) = estate.find(&here.join(path)) else { continue };
        let session = Session { watcher: &Unwatched, interrupts: &interrupts, place: None };
        let readable = |job: &UnitJob| {
            exec || job.config.remote_state.as_ref().is_some_and(|state| {
                // Anything else takes the tool.
                place_of(state).is_some() && state.encryption.is_none()
            })
        };
        let has = match loader.bare_job(&estate.unit(unit).dir).await {
            Some(job) if readable(&job) => loader.engine().has_resources(&job, session).await.ok(),
            _ => None,
        };
        match has {
            Some(true) => drop(orphans.insert(unit)),
            Some(false) => {}
            None => drop(unknown.insert(unit)),
        }
    }
    if orphans.is_empty() && unknown.is_empty() {
        return Ok(None);
    }
    Ok(Some(RemovedUnits { commit, root, reader, estate, orphans, unknown, stands_for, snapshot }))
}

/// The states beside those of the estate that neither a unit nor its history explains.
pub async fn unexplained(workspace: &Workspace, removals: &[RemovedUnits]) -> Vec<StatePlace> {
    let root = &workspace.project.estate_root;
    let reader = workspace.reader_for_lists("plan");
    let estate = Estate::discover(root, &reader);
    let mut states = Vec::new();
    for unit in &estate.units {
        let config = reader.evaluate(&unit.outline.file, &UnknownOutputs).ok();
        states.extend(config.and_then(|config| config.remote_state));
    }
    for removal in removals {
        for unit in &removal.estate.units {
            let config = removal.reader.evaluate(&unit.outline.file, &UnknownOutputs).ok();
            let state = config.and_then(|config| config.remote_state);
            states.extend(state.map(|state| state.standing_for(&removal.stands_for)));
        }
    }
    let known: BTreeSet<StatePlace> = states.iter().filter_map(place_of).collect();
    let mut buckets = BTreeSet::new();
    let mut found = BTreeSet::new();
    for state in &states {
        match place_of(state) {
            Some(StatePlace::Object { bucket, .. }) if buckets.insert(bucket.clone()) => {
                found.extend(beside_in_s3(state).await.unwrap_or_default());
            }
            _ => {}
        }
    }
    let files: Vec<&Path> = known
        .iter()
        .filter_map(|place| if let StatePlace::File(path) = place { path.parent() } else { None })
        .collect();
    if let Some(folder) = common(&files) {
        found.extend(beside_in_folder(&folder));
    }
    found.into_iter().filter(|place| !known.contains(place)).collect()
}

/// The deepest folder that holds all of them; none where that would be most of the machine.
fn common(folders: &[&Path]) -> Option<PathBuf> {
    let mut common = folders.first()?.to_path_buf();
    while !folders.iter().all(|folder| folder.starts_with(&common)) {
        common.pop();
    }
    (common.components().count() > 2).then_some(common)
}

/// The folder that a PATH means, which need not be there any more.
pub(super) fn within(workspace: &Workspace, path: Option<&Path>) -> Result<Option<PathBuf>, CommandError> {
    let Some(path) = path else { return Ok(None) };
    let root = &workspace.project.estate_root;
    let candidates = [join(&workspace.working_dir, path), join(root, path)];
    let found = candidates.into_iter().find(|folder| folder.starts_with(root));
    found.map(Some).ok_or_else(|| {
        CommandError::usage(
            format!("{} is not in the estate", path.display()),
            "name a folder under its root",
        )
    })
}
