//! The journal: every event of a run, one JSON object a line, on disk before anyone sees it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::event::Event;
use crate::support::fs::FileError;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens a journal to append to; a new one where there is none.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file =
            OpenOptions::new().create(true).append(true).open(path).map_err(FileError::on("open", path))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends an event and returns when it is on disk.
    pub fn append(&mut self, event: &Event) -> Result<(), FileError> {
        let on = |error: serde_json::Error| FileError::on("write", &self.path)(error.into());
        let mut line = serde_json::to_vec(event).map_err(on)?;
        line.push(b'\n');
        // One write a line: a kill in the middle leaves at most one broken line, at the end.
        self.file.write_all(&line).map_err(FileError::on("write", &self.path))?;
        self.file.sync_data().map_err(FileError::on("write", &self.path))
    }
}

/// Reads a journal; a last line that was cut off by a kill is left out.
pub fn read(path: &Path) -> Result<Vec<Event>, FileError> {
    let file = File::open(path).map_err(FileError::on("read", path))?;
    let mut events = Vec::new();
    let mut lines = BufReader::new(file).lines().peekable();
    while let Some(line) = lines.next() {
        let line = line.map_err(FileError::on("read", path))?;
        match serde_json::from_str(&line) {
            Ok(event) => events.push(event),
            Err(_) if lines.peek().is_none() => break,
            Err(error) => return Err(FileError::on("read", path)(error.into())),
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::run::event::EventKind;

    #[test]
    fn a_line_cut_off_by_a_kill_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        let started = EventKind::NodeStarted { node: "vpc".to_owned() };
        journal.append(&Event { time: Timestamp::now(), kind: started }).unwrap();
        journal.file.write_all(b"{\"time\":\"2026-").unwrap();
        let events = read(&path).unwrap();
        assert_eq!(events.len(), 1);
        assert!(matches!(&events[0].kind, EventKind::NodeStarted { node } if node == "vpc"));
    }
}
