//! One evaluation of one unit: what was read for it, and what its answers depend on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use indexmap::IndexSet;

use super::outputs::OutputSource;
use super::reader::Reader;

/// State shared by the files that are evaluated for one unit, on one thread.
pub(crate) struct Session<'r> {
    pub reader: &'r Reader,
    /// Where outputs come from; none in an outline, which never asks for any.
    pub outputs: Option<&'r dyn OutputSource>,
    /// The unit's configuration file, also while another file is read for it.
    pub original: PathBuf,
    /// The dependencies whose mocks stand in for outputs.
    pub mocked: RefCell<BTreeSet<String>>,
    /// The files that `read_terragrunt_config` is in the middle of.
    pub reading: RefCell<Vec<PathBuf>>,
    /// The locals that are being evaluated, to print a circle.
    pub evaluating: RefCell<Vec<super::scope::LocalStep>>,
    /// Whether `get_working_dir` is in the middle of finding the source.
    pub asking_source: Cell<bool>,
    /// Whether the answer depends on the unit that asks, so that it may not be shared with others.
    depends_on_unit: Cell<bool>,
    /// Files read, one set for each file that is being read within another.
    recorders: RefCell<Vec<IndexSet<PathBuf>>>,
}

impl<'r> Session<'r> {
    pub fn new(reader: &'r Reader, outputs: Option<&'r dyn OutputSource>, original: PathBuf) -> Self {
        Self {
            reader,
            outputs,
            original,
            mocked: RefCell::default(),
            reading: RefCell::default(),
            evaluating: RefCell::default(),
            asking_source: Cell::new(false),
            depends_on_unit: Cell::new(false),
            recorders: RefCell::new(vec![IndexSet::new()]),
        }
    }

    /// Notes that a file was read.
    pub fn mark_read(&self, path: impl Into<PathBuf>) {
        if let Some(recorder) = self.recorders.borrow_mut().last_mut() {
            recorder.insert(path.into());
        }
    }

    /// Notes that the answer would be another one for another unit.
    pub fn mark_own(&self) {
        self.depends_on_unit.set(true);
    }

    /// Runs `work` for the file at `path` and says what it read and whether its answer may be shared.
    pub fn recorded<T>(&self, path: &Path, work: impl FnOnce() -> T) -> (T, Vec<PathBuf>, bool) {
        let before = self.depends_on_unit.replace(false);
        self.recorders.borrow_mut().push(IndexSet::from([path.to_path_buf()]));
        self.reading.borrow_mut().push(path.to_path_buf());
        let answer = work();
        self.reading.borrow_mut().pop();
        let read: Vec<PathBuf> = self.recorders.borrow_mut().pop().into_iter().flatten().collect();
        let shareable = !self.depends_on_unit.get();
        self.depends_on_unit.set(before || !shareable);
        for file in &read {
            self.mark_read(file);
        }
        (answer, read, shareable)
    }

    /// Every file that was read so far, in the order of reading.
    pub fn files_read(&self) -> Vec<PathBuf> {
        self.recorders.borrow().iter().flatten().cloned().collect()
    }
}
