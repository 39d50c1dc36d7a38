//! An estate in its repository, and what is told of a range of commits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::syntax::GitRange;
use crate::estate::{Estate, StackIndex, UnitIndex};
use crate::terragrunt::{Boundary, Outline, Reader, ReaderOptions, paths};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_support::git::changes::ChangeKind;
use slipway_support::git::snapshot::Snapshot;
use slipway_support::git::{self, GitError};

/// The units that differ between two commits.
#[derive(Clone, Debug)]
pub struct RangeUnits {
    /// The commits, as the query names them.
    pub range: GitRange,
    /// Those of the estate that are new or changed, and why.
    pub changed: BTreeMap<UnitIndex, Vec<Reason>>,
    /// The stacks whose file is new or changed.
    pub stacks: BTreeSet<StackIndex>,
    /// Those that one of the commits has and the work tree has not; their folders are where they would be here.
    pub elsewhere: Vec<Outline>,
}

/// Why a unit is among those that changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The file that differs, absolute; it need not be there.
    pub file: PathBuf,
    /// How it differs.
    pub kind: ChangeKind,
    /// What the unit has to do with it.
    pub because: &'static str,
}

/// An estate in its repository: what ranges are held against.
pub struct Situation<'a> {
    pub(super) estate: &'a Estate,
    pub(super) reader: &'a Reader,
    /// The root of the work tree, as Git says it.
    pub(super) repository: PathBuf,
    /// From the root of the work tree to the folder that was walked.
    pub(super) walked: PathBuf,
    places: HashMap<&'a Path, UnitIndex>,
}

impl<'a> Situation<'a> {
    /// Finds the repository of an estate that `reader` has read.
    pub fn new(estate: &'a Estate, reader: &'a Reader) -> Result<Self, Box<Diagnostic>> {
        let repository = git::repo_root(&estate.root).map_err(|error| no_range(&error))?;
        let root = estate.root.canonicalize().unwrap_or_else(|_| estate.root.clone());
        let walked = paths::relative(&repository, &root);
        let places = estate.iter().map(|(index, unit)| (unit.path.as_path(), index)).collect();
        Ok(Self { estate, reader, repository, walked, places })
    }

    /// The unit here that is at the path of one of another view.
    pub(super) fn here(&self, estate: &Estate, unit: UnitIndex) -> Option<UnitIndex> {
        self.places.get(estate.unit(unit).path.as_path()).copied()
    }

    /// The outline of a unit of another view, as if it were here.
    pub(super) fn outline_here(&self, estate: &Estate, unit: UnitIndex) -> Outline {
        let unit = estate.unit(unit);
        let dir = self.estate.root.join(&unit.path);
        let file = unit.outline.file.file_name().map_or_else(|| dir.clone(), |name| dir.join(name));
        Outline { dir, file, source: unit.outline.source.clone(), ..Outline::default() }
    }

    /// The stack whose file, from the root of the repository, is `path`.
    pub(super) fn stack_here(&self, path: &Path) -> Option<StackIndex> {
        let folder = self.view(self.estate).root.join(paths::folder(path));
        self.estate.find_stack(&folder)
    }

    /// The estate as it was at a commit.
    pub(super) fn at(&self, commit: &str) -> Result<(Snapshot, Estate), GitError> {
        let snapshot = Snapshot::of(&self.repository, commit)?;
        let root = paths::join(snapshot.path(), &self.walked);
        let reader = self.reader_at(&snapshot);
        // A folder that was not there yet holds nothing.
        let estate = Estate::discover(&root, &reader);
        Ok((snapshot, estate))
    }

    /// A reader that stands in a snapshot where this one stands in the work tree.
    pub(super) fn reader_at(&self, snapshot: &Snapshot) -> Reader {
        let options = self.reader.options();
        let from_root = paths::relative(&self.estate.root, &options.working_dir);
        let working_dir = paths::join(&paths::join(snapshot.path(), &self.walked), from_root);
        // All that was committed is the repository's.
        let within = |_: &Arc<Boundary>| Arc::new(Boundary::of_folder(snapshot.path()));
        let boundary = options.boundary.as_ref().map(within);
        let root = paths::join(snapshot.path(), &self.walked);
        let excluded = Arc::new(options.excluded.moved(&self.estate.root, &root));
        Reader::new(ReaderOptions { working_dir, estate_root: None, boundary, excluded, ..options.clone() })
    }

    pub(super) fn view<'e>(&self, estate: &'e Estate) -> View<'e> {
        let depth = self.walked.components().filter(|part| part.as_os_str() != ".").count();
        let root = estate.root.ancestors().nth(depth).unwrap_or(&estate.root);
        View { estate, root: root.to_path_buf() }
    }
}

/// An estate, and the folder that stands for the root of its repository.
pub(super) struct View<'e> {
    pub estate: &'e Estate,
    pub root: PathBuf,
}

impl View<'_> {
    /// Its units by their folders.
    pub fn units(&self) -> HashMap<&Path, UnitIndex> {
        let inside = self.estate.iter().filter(|(_, unit)| !unit.external);
        inside.map(|(index, unit)| (unit.dir.as_path(), index)).collect()
    }
}

/// Why a range cannot be told.
pub(super) fn no_range(error: &GitError) -> Box<Diagnostic> {
    let diagnostic = Diagnostic::error("filter::git", error.to_string());
    Box::new(diagnostic.help("Git ranges compare commits: run it in a repository, on commits that it has"))
}
