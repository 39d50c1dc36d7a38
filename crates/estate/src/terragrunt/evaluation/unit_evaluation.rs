//! One evaluation of one unit: what was read for it, and what its answers depend on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexSet;

use super::reader::Reader;
use crate::terragrunt::counts::Counts;
use crate::terragrunt::outputs::OutputSource;
use slipway_hcl::budget::Evaluation;

/// Who would get the same answer from an included file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SharedBy {
    /// Whoever includes it.
    #[default]
    Everyone,
    /// Configurations whose folders stand beside each other: they have the same folders above them.
    Folder,
    /// Only the one that includes it here.
    Nobody,
}

/// State shared by the files that are evaluated for one unit, on one thread.
pub(crate) struct UnitEvaluation<'r> {
    pub reader: &'r Reader,
    /// Where outputs come from; none in an outline, which never asks for any.
    pub outputs: Option<&'r dyn OutputSource>,
    /// The unit's configuration file, also while another file is read for it.
    pub original: Arc<Path>,
    /// The dependencies whose mocks stand in for outputs.
    pub mocked: RefCell<BTreeSet<String>>,
    /// The files that `read_terragrunt_config` is in the middle of.
    pub reading: RefCell<Vec<PathBuf>>,
    /// The locals that are being evaluated, to print a circle.
    pub evaluating: RefCell<Vec<super::locals::LocalStep>>,
    /// Whether `get_working_dir` is in the middle of finding the source.
    pub asking_source: Cell<bool>,
    /// Whether the answer depends on the unit that asks, so that it may not be shared with others.
    depends_on_unit: Cell<bool>,
    /// Who may share the answer of the included file that is being evaluated.
    shared_by: Cell<SharedBy>,
    /// What was read, one set for each answer that is being found within another.
    recorders: RefCell<Vec<IndexSet<Trace>>>,
    counts: Cell<Counts>,
    /// All that is evaluated for it has one budget.
    _evaluation: Evaluation,
}

/// Something that an answer rests on.
///
/// Paths are the same here where they are written the same: to compare them name by name, as paths do, takes many times
/// as long, and each is looked up again in all that an answer is part of.
#[derive(Clone, Debug)]
pub(crate) enum Trace {
    /// A file that was read, as Terragrunt counts it.
    Read(Arc<Path>),
    /// A file that Terragrunt does not count, and that makes another answer all the same: read by one of Terraform's
    /// functions, or only looked for.
    LookedAt(Arc<Path>),
    /// A file whose name is not known yet.
    Unknown,
    /// No file at all, and another answer the next time: a program's, the clock's, the environment's.
    Fleeting,
}

impl Trace {
    /// What tells it from every other one.
    fn key(&self) -> (u8, Option<&OsStr>) {
        match self {
            Self::Read(path) => (0, Some(path.as_os_str())),
            Self::LookedAt(path) => (1, Some(path.as_os_str())),
            Self::Unknown => (2, None),
            Self::Fleeting => (3, None),
        }
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Trace {}

impl Hash for Trace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// An answer with what it rests on.
pub(crate) struct Recorded<T, S> {
    pub answer: T,
    pub files: Vec<Trace>,
    pub sharing: S,
}

impl<'r> UnitEvaluation<'r> {
    pub fn new(reader: &'r Reader, outputs: Option<&'r dyn OutputSource>, original: Arc<Path>) -> Self {
        let evaluation = Evaluation::begin(Some(&original));
        Self {
            reader,
            outputs,
            original,
            mocked: RefCell::default(),
            reading: RefCell::default(),
            evaluating: RefCell::default(),
            asking_source: Cell::new(false),
            depends_on_unit: Cell::new(false),
            shared_by: Cell::new(SharedBy::Everyone),
            recorders: RefCell::new(vec![IndexSet::new()]),
            counts: Cell::default(),
            _evaluation: evaluation,
        }
    }

    /// Notes that a file was read, as Terragrunt counts it.
    pub fn mark_read(&self, path: impl Into<Arc<Path>>) {
        self.mark(Trace::Read(path.into()));
    }

    /// Notes that the answer would be another one with another file at `path`.
    pub fn mark_looked_at(&self, path: impl Into<Arc<Path>>) {
        self.mark(Trace::LookedAt(path.into()));
    }

    /// Notes what an answer rests on.
    pub fn mark(&self, trace: Trace) {
        if let Some(recorder) = self.recorders.borrow_mut().last_mut() {
            recorder.insert(trace);
        }
    }

    /// Notes that the answer would be another one for another unit.
    pub fn mark_own(&self) {
        self.depends_on_unit.set(true);
    }

    /// Notes who may share the answer of an included file, at most.
    pub fn mark_shared_by(&self, most: SharedBy) {
        self.shared_by.set(self.shared_by.get().max(most));
    }

    /// Counts a piece of work.
    pub fn count(&self, count: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        count(&mut counts);
        self.counts.set(counts);
    }

    /// Reads the file at `path` by `work`, and says what it read and whether its answer is the same for
    /// every unit.
    pub fn recorded_file<T>(&self, path: &Path, work: impl FnOnce() -> T) -> Recorded<T, bool> {
        // Included files in there are asked for by the file itself, whoever reads it.
        let outer = self.shared_by.get();
        self.reading.borrow_mut().push(path.to_path_buf());
        let Recorded { answer, files, sharing: () } = self.recorded(Some(path), |own| {
            let answer = work();
            let shared = !self.depends_on_unit.get();
            self.depends_on_unit.set(own || !shared);
            (answer, shared)
        });
        self.reading.borrow_mut().pop();
        self.shared_by.set(outer);
        Recorded { answer: answer.0, files, sharing: answer.1 }
    }

    /// Evaluates a part of an included file by `work`, and says who may share it.
    pub fn recorded_part<T>(&self, work: impl FnOnce() -> T) -> Recorded<T, SharedBy> {
        let outer = self.shared_by.replace(SharedBy::Everyone);
        let Recorded { answer, files, sharing: () } = self.recorded(None, |own| {
            let answer = work();
            if self.depends_on_unit.get() {
                self.shared_by.set(SharedBy::Nobody);
            }
            self.depends_on_unit.set(own || self.depends_on_unit.get());
            answer
        });
        let sharing = self.shared_by.get();
        self.shared_by.set(outer.max(sharing));
        Recorded { answer, files, sharing }
    }

    /// `work` is told whether the answer depended on the unit before it.
    fn recorded<T>(&self, first: Option<&Path>, work: impl FnOnce(bool) -> T) -> Recorded<T, ()> {
        let before = self.depends_on_unit.replace(false);
        let first = first.map(|path| Trace::Read(Arc::from(path)));
        self.recorders.borrow_mut().push(first.into_iter().collect());
        let answer = work(before);
        let files = self.recorders.borrow_mut().pop().map(Vec::from_iter).unwrap_or_default();
        for file in &files {
            self.mark(file.clone());
        }
        Recorded { answer, files, sharing: () }
    }

    /// Every file that was read so far, as Terragrunt counts it, in the order of reading.
    pub fn files_read(&self) -> Vec<Arc<Path>> {
        let read = |trace| match trace {
            Trace::Read(path) => Some(path),
            Trace::LookedAt(_) | Trace::Unknown | Trace::Fleeting => None,
        };
        self.traces().into_iter().filter_map(read).collect()
    }

    /// The files that the answers so far rest on, and nothing else; none where they would be others at another time.
    pub fn rests_on(&self) -> Option<Vec<Arc<Path>>> {
        let file = |trace| match trace {
            Trace::Read(path) | Trace::LookedAt(path) => Some(path),
            Trace::Unknown | Trace::Fleeting => None,
        };
        self.traces().into_iter().map(file).collect()
    }

    /// Everything that the answers so far rest on.
    pub fn traces(&self) -> Vec<Trace> {
        self.recorders.borrow().iter().flatten().cloned().collect()
    }
}

impl Drop for UnitEvaluation<'_> {
    /// What was counted goes to the reader at the end, at once.
    fn drop(&mut self) {
        self.reader.tally().add(&self.counts.get());
    }
}
