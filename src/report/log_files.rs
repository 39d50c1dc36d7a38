//! One log file a node, in the run's folder.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;

use crate::run::event::{Event, EventKind};
use crate::run::events::Listener;
use crate::run::folder::RunFolder;

/// Writes what each node prints into its own file.
pub struct LogFiles {
    folder: RunFolder,
    files: HashMap<String, File>,
}

impl LogFiles {
    /// In the folder of a run.
    pub fn new(folder: RunFolder) -> Self {
        Self { folder, files: HashMap::new() }
    }

    fn write(&mut self, node: &str, text: &str) {
        if !self.files.contains_key(node) {
            // Appended: a run that goes on keeps what was logged before it stopped.
            let open = File::options().create(true).append(true).open(self.folder.log(node));
            let Ok(file) = open else { return };
            self.files.insert(node.to_owned(), file);
        }
        if let Some(file) = self.files.get_mut(node) {
            // A log that cannot be written is no reason to stop halfway through an apply; the journal is.
            let _full = writeln!(file, "{text}");
        }
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
                    self.write(&judgement.node, &console::strip_ansi_codes(&text));
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
}
