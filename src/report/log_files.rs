//! One log file a node, in the run's folder.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::run::event::{Event, EventKind};
use crate::run::events::Listener;
use crate::run::folder::RunFolder;
use crate::support::fs::{FileError, open_regular};
use crate::support::shown;

/// Writes what each node prints into its own file.
pub struct LogFiles {
    folder: RunFolder,
    files: HashMap<String, File>,
    failure: Option<String>,
}

impl LogFiles {
    /// In the folder of a run.
    pub fn new(folder: RunFolder) -> Self {
        Self { folder, files: HashMap::new(), failure: None }
    }

    fn write(&mut self, node: &str, text: &str) {
        if !self.files.contains_key(node) {
            // Appended: a run that goes on keeps what was logged before it stopped.
            match self.folder.root().and_then(|root| root.append(&self.folder.log(node))) {
                Ok(file) => drop(self.files.insert(node.to_owned(), file)),
                Err(error) => return self.fail(&error),
            }
        }
        let Some(file) = self.files.get_mut(node) else { return };
        // A log is looked at on a terminal, too.
        if let Err(error) = writeln!(file, "{}", shown::stream(text, false)) {
            let path = self.folder.log(node);
            self.fail(&FileError::on("write", &path)(error));
        }
    }

    /// What runs is finished without its log; nothing more begins.
    fn fail(&mut self, error: &FileError) {
        self.failure.get_or_insert(error.to_string());
    }
}

impl Listener for LogFiles {
    fn on(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Output { node, line } => self.write(node, line),
            EventKind::Step { node, step } => self.write(node, &format!("--- {step}")),
            EventKind::Judged(judgement) => {
                self.write(&judgement.node, &format!("--- policy {}", judgement.policy));
                if let Some(text) = super::line::judged(judgement) {
                    self.write(&judgement.node, &text);
                }
            }
            EventKind::NodeFinished { node, outcome, .. } => {
                let detail =
                    super::line::detail(outcome).map(|detail| format!(": {detail}")).unwrap_or_default();
                self.write(node, &format!("--- {}{detail}", outcome.word()));
                self.files.remove(node);
            }
            _ => {}
        }
    }

    fn on_past(&mut self, _event: &Event) {}

    fn failure(&self) -> Option<String> {
        self.failure.clone()
    }
}

/// The last lines of a node's log: at most so many, and at most so many bytes. None where nothing was logged.
pub fn end_of_log(path: &Path, lines: usize, bytes: u64) -> Option<String> {
    let mut file = open_regular(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(bytes))).ok()?;
    let mut end = Vec::new();
    file.take(bytes).read_to_end(&mut end).ok()?;
    let text = String::from_utf8_lossy(&end);
    // What is before the first end of a line is a part of one, unless it is the file's beginning.
    let whole = if length > bytes { text.split_once('\n').map_or("", |(_, whole)| whole) } else { &text };
    let all: Vec<&str> = whole.trim_end().lines().collect();
    let kept = all.get(all.len().saturating_sub(lines)..).unwrap_or_default();
    (!kept.is_empty()).then(|| kept.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_whole_lines_and_no_more_than_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("unit.log");
        assert_eq!(end_of_log(&path, 3, 100), None);
        std::fs::write(&path, "one\ntwo\nthree\nfour\n").unwrap();
        assert_eq!(end_of_log(&path, 2, 100).unwrap(), "three\nfour");
        assert_eq!(end_of_log(&path, 9, 13).unwrap(), "three\nfour");
    }
}
