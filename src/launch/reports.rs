//! Files that tell of a run: where they go, and that they are written, whatever becomes of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::CommandError;
use super::options::{Invocation, ReportFiles};
use super::workspace::{self, Workspace};
use crate::report::kind::ReportKind;
use crate::report::log_files::end_of_log;
use crate::report::model::Summary;
use crate::report::unbegun::Unbegun;
use crate::run::folder::RunFolder;
use crate::support::confined::{Named, PRIVATE};
use crate::support::fs::{FileError, Obstacle};

/// The most lines of a log that go into a report.
const LOG_LINES: usize = 80;
/// The most bytes of a log that go into a report.
const LOG_BYTES: u64 = 32 * 1024;

/// Where each report goes.
pub struct Reports {
    files: Vec<(ReportKind, Named)>,
    told: Arc<AtomicBool>,
}

impl ReportFiles {
    /// Whether plans are to be known attribute by attribute.
    pub fn wants_details(&self) -> bool {
        self.files.iter().any(|(kind, _)| kind.has_details())
    }

    /// Refuses files that could not be written while nothing has happened yet.
    pub fn prepare(&self, workspace: &Workspace) -> Result<Reports, CommandError> {
        let located =
            |(kind, file): &(ReportKind, PathBuf)| Ok((*kind, writable(file, workspace.named(file))?));
        let files = self.files.iter().map(located).collect::<Result<Vec<_>, CommandError>>()?;
        Ok(Reports { files, told: Arc::clone(&self.told) })
    }

    /// Says in the files that no run began, where none was told of in them; `tell` says why. Where one cannot be written
    /// the others are all the same.
    pub fn tell_unbegun(
        &self,
        invocation: &Invocation,
        tell: impl FnOnce() -> Unbegun,
    ) -> Result<(), CommandError> {
        if self.told.load(Ordering::Relaxed) || self.files.is_empty() {
            return Ok(());
        }
        let unbegun = tell();
        let mut written = Ok(());
        for (kind, file) in &self.files {
            let text = kind.text_of_unbegun(&unbegun);
            let named = workspace::named_without_project(invocation, file);
            let place = named.and_then(|named| writable(file, named));
            let done = place.and_then(|place| Ok(place.write(text.as_bytes(), PRIVATE)?));
            written = written.and(done);
        }
        written
    }
}

/// The place of a file, where it can be written.
fn writable(file: &Path, named: Result<Named, FileError>) -> Result<Named, CommandError> {
    let refused = |error: FileError| {
        if matches!(error.obstacle(), Some(Obstacle::Link { .. })) {
            return CommandError::from(error);
        }
        let why = format!("a report cannot be written to {}: {}", file.display(), error.source);
        CommandError::usage(why, "name a file in a folder that can be written to")
    };
    let place = named.map_err(refused)?;
    place.try_writing().map_err(refused)?;
    Ok(place)
}

impl Reports {
    /// Writes all of them, each whole or not at all; where one fails the others are written nevertheless. The ends of logs come out of
    /// the run's folder, where it is here.
    pub fn write(&self, summary: &Summary, folder: Option<&RunFolder>) -> Result<(), CommandError> {
        let log_end = |node: &str| end_of_log(&folder?.log(node), LOG_LINES, LOG_BYTES);
        self.told.store(true, Ordering::Relaxed);
        let mut written = Ok(());
        for (kind, file) in &self.files {
            let text = kind.text(summary, log_end);
            written = written.and(file.write(text.as_bytes(), PRIVATE).map_err(CommandError::from));
        }
        written
    }
}
