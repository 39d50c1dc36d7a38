//! Which units have moved, as Git and the states tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Pair;
use crate::engine::{Engine, EngineError, Session, Unwatched};
use crate::estate::Estate;
use crate::launch::error::CommandError;
use crate::launch::removed::{Search, find};
use crate::launch::workspace::Workspace;
use crate::support::fs::read_text;
use crate::support::git::changes::renamed;
use crate::support::git::{self, short};
use crate::support::interrupt::channel;
use crate::support::shown;
use crate::terragrunt::paths::unit_file;
use crate::ui::Ui;

/// A unit whose folder is gone.
struct Gone {
    /// The folder that it had, from the root of the estate.
    path: PathBuf,
    commit: String,
    /// Its file's text.
    text: String,
    /// Where Git says that its file is now, from the root of the estate.
    renamed: Option<PathBuf>,
}

/// The units that are gone, still have resources, and are there elsewhere, without any. What could be several is told, and left to
/// whoever knows.
pub(super) async fn recognised(
    ui: Ui,
    workspace: &Workspace,
    engine: &Arc<dyn Engine>,
) -> Result<Vec<Pair>, CommandError> {
    let unknown = |error: git::GitError| {
        CommandError::usage(error.to_string(), "the history of the repository says which units have moved")
    };
    let search = Search { exec: true, ..Search::default() };
    let removals = find(workspace, engine, &search).await.map_err(unknown)?;
    let root = &workspace.project.estate_root;
    let (repository, way) = crate::launch::removed::in_repository(root).map_err(unknown)?;
    let mut gone = Vec::new();
    for removal in &removals {
        let renames = renamed(&repository, &removal.commit).map_err(unknown)?;
        for unit in &removal.orphans {
            let found = removal.estate.unit(*unit);
            let file = unit_file(&found.dir);
            let name = file.file_name().unwrap_or_default();
            let before = way.join(&found.path).join(name);
            let now = renames.get(&before).and_then(|now| now.parent()?.strip_prefix(&way).ok());
            gone.push(Gone {
                path: found.path.clone(),
                commit: removal.commit.clone(),
                text: read_text(&file).unwrap_or_default(),
                renamed: now.map(Path::to_path_buf),
            });
        }
    }
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let fresh = without_resources(workspace, engine).await;
    let mut pairs = Vec::new();
    for unit in &gone {
        match target(unit, &gone, &fresh) {
            Ok(to) => {
                let (from, commit) = (unit.path.clone(), unit.commit.clone());
                pairs.push(Pair { from, commit, to: root.join(to) });
            }
            Err(could) => tell_unclear(ui, unit, &could),
        }
    }
    Ok(pairs)
}

fn tell_unclear(ui: Ui, unit: &Gone, could: &BTreeSet<PathBuf>) {
    let name = shown::name(&unit.path.to_string_lossy()).into_owned();
    let what = format!("{name} (last in {}) still has resources", short(&unit.commit));
    let names: Vec<String> =
        could.iter().map(|path| shown::name(&path.to_string_lossy()).into_owned()).collect();
    if names.is_empty() {
        ui.say(&format!("{what} and is no other unit here; see `slipway destroy --removed`"));
    } else {
        ui.say(&format!(
            "{what} and could be {}; say which: slipway state move {name} TO",
            names.join(" or ")
        ));
    }
}

/// The units here whose states hold nothing, with the texts of their files.
pub(super) async fn without_resources(
    workspace: &Workspace,
    engine: &Arc<dyn Engine>,
) -> BTreeMap<PathBuf, String> {
    let reader = workspace.reader("plan");
    let root = &workspace.project.estate_root;
    let estate = Estate::discover(root, &reader);
    let loader = workspace.loader(Arc::clone(engine), reader);
    let (_interruptor, interrupts) = channel();
    let session = Session { watcher: &Unwatched, interrupts: &interrupts, place: None };
    let mut fresh = BTreeMap::new();
    for unit in estate.units.iter().filter(|unit| !unit.external) {
        let Some(job) = loader.bare_job(&unit.dir).await else { continue };
        // Nothing is in a bucket that is not there yet.
        let has = engine.has_resources(&job, session).await;
        if matches!(has, Ok(false) | Err(EngineError::BucketMissing { .. })) {
            let text = read_text(&unit_file(&unit.dir)).ok();
            fresh.extend(text.map(|text| (unit.path.clone(), text)));
        }
    }
    fresh
}

/// Where a unit is now; else where it could be.
///
/// Files of units are often alike to the letter, and then Git's word is a guess: the name of the folder decides, where it decides.
fn target(
    unit: &Gone,
    gone: &[Gone],
    fresh: &BTreeMap<PathBuf, String>,
) -> Result<PathBuf, BTreeSet<PathBuf>> {
    let alike: BTreeSet<PathBuf> =
        fresh.iter().filter(|(_, text)| **text == unit.text).map(|(path, _)| path.clone()).collect();
    let rivals: Vec<&Gone> = gone.iter().filter(|other| other.text == unit.text).collect();
    if alike.len() <= 1 && rivals.len() <= 1 {
        let by_git = unit.renamed.as_ref().filter(|path| fresh.contains_key(*path));
        let is_agreed = |path: &&PathBuf| alike.is_empty() || alike.contains(*path);
        let claimed =
            |path: &PathBuf| gone.iter().filter(|other| other.renamed.as_ref() == Some(path)).count();
        let by_git = by_git.filter(is_agreed).filter(|path| claimed(path) == 1);
        return match (by_git, alike.first()) {
            (Some(path), _) | (None, Some(path)) => Ok(path.clone()),
            (None, None) => Err(BTreeSet::new()),
        };
    }
    let called = |path: &Path| path.file_name().map(ToOwned::to_owned);
    let named: Vec<&PathBuf> = alike.iter().filter(|path| called(path) == called(&unit.path)).collect();
    let namesakes = rivals.iter().filter(|other| called(&other.path) == called(&unit.path)).count();
    match named.as_slice() {
        [only] if namesakes == 1 => Ok((*only).clone()),
        _ => Err(alike),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(path: &str, text: &str, renamed: Option<&str>) -> Gone {
        Gone {
            path: path.into(),
            commit: "abc".to_owned(),
            text: text.to_owned(),
            renamed: renamed.map(PathBuf::from),
        }
    }

    fn fresh(units: &[(&str, &str)]) -> BTreeMap<PathBuf, String> {
        units.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect()
    }

    #[test]
    fn one_is_found_by_its_text_or_by_what_git_says_of_it() {
        let moved = [gone("dev/vpc", "a", None)];
        assert_eq!(target(&moved[0], &moved, &fresh(&[("dev/net", "a"), ("x", "b")])), Ok("dev/net".into()));
        let changed = [gone("dev/vpc", "a", Some("dev/net"))];
        assert_eq!(target(&changed[0], &changed, &fresh(&[("dev/net", "a2")])), Ok("dev/net".into()));
        assert_eq!(target(&changed[0], &changed, &fresh(&[("other", "c")])), Err(BTreeSet::new()));
        // Git names one, and another one has its text.
        let torn = [gone("dev/vpc", "a", Some("x"))];
        assert_eq!(target(&torn[0], &torn, &fresh(&[("x", "b"), ("y", "a")])), Ok("y".into()));
    }

    #[test]
    fn of_several_that_are_alike_the_name_of_the_folder_decides_and_nothing_else() {
        let two = [gone("dev/vpc", "same", Some("b/db")), gone("dev/db", "same", Some("b/vpc"))];
        let there = fresh(&[("b/db", "same"), ("b/vpc", "same")]);
        assert_eq!(target(&two[0], &two, &there), Ok("b/vpc".into()));
        assert_eq!(target(&two[1], &two, &there), Ok("b/db".into()));
        let renamed = fresh(&[("b/data", "same"), ("b/net", "same")]);
        assert_eq!(target(&two[0], &two, &renamed).unwrap_err().len(), 2);
        let namesakes = [gone("dev/vpc", "same", None), gone("prod/vpc", "same", None)];
        assert!(target(&namesakes[0], &namesakes, &fresh(&[("net/vpc", "same")])).is_err());
    }

    #[test]
    fn two_that_git_sends_to_one_place_go_nowhere() {
        let two = [gone("a", "1", Some("c")), gone("b", "2", Some("c"))];
        assert!(two.iter().all(|unit| target(unit, &two, &fresh(&[("c", "3")])).is_err()));
    }
}
