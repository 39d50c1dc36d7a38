//! The journal: every event of a run, one JSON object a line, written before anyone sees it.
//!
//! Whoever writes it holds a lock on it, which the kernel releases when the process is gone, however it went.

use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::event::{Event, EventKind};
use crate::support::confined::Root;
use crate::support::fs::{FileError, open_regular, read_whole};

/// The journal's name in a run's folder.
pub const JOURNAL: &str = "journal.jsonl";
/// How long the lock of a process that is gone may live on.
const LAST_BREATH: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What no event comes near, in bytes: the first line of a run of ten thousand units has a fiftieth of it.
pub(super) const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

/// Why a journal cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The run that writes it still goes on.
    #[error("the run still goes on")]
    Held,
}

impl Journal {
    /// Opens the journal of a run to append to; a new one where there is none.
    ///
    /// A last line that was cut off by a kill is taken away, so that the next one is whole.
    pub fn open(run: &Root) -> Result<Self, JournalError> {
        let file = run.append(Path::new(JOURNAL))?;
        let path = &run.path().join(JOURNAL);
        lock(&file, path)?;
        let text = file.try_clone().and_then(read_whole).map_err(FileError::on("read", path))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(FileError::on("write", path))?;
        }
        if text.is_empty() {
            // What is written into a file is on disk only when the file's name is.
            run.sync()?;
        }
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends an event and returns when it is on disk; one that nothing hangs on goes there with the next that something
    /// hangs on. A kill loses neither, only a machine that dies can.
    pub fn append(&mut self, event: &Event) -> Result<(), FileError> {
        let on = |error: serde_json::Error| FileError::on("write", &self.path)(error.into());
        let mut line = serde_json::to_vec(event).map_err(on)?;
        line.push(b'\n');
        // One write a line: a kill in the middle leaves at most one broken line, at the end.
        let before = self.file.metadata().map_err(FileError::on("read", &self.path))?.len();
        if let Err(error) = self.file.write_all(&line) {
            // A full disk may have taken a part of it; what comes after it has to stand on a line of its own.
            let _unchanged = self.file.set_len(before);
            return Err(FileError::on("write", &self.path)(error));
        }
        if !hangs_something_on(&event.kind) {
            return Ok(());
        }
        self.file.sync_data().map_err(FileError::on("write", &self.path))
    }
}

/// A process that was killed while it started another one leaves the lock to that for an instant, so one refusal is
/// not the last word.
fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    let deadline = Instant::now() + LAST_BREATH;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(LOOK_AGAIN),
            Err(TryLockError::WouldBlock) => return Err(JournalError::Held),
            Err(TryLockError::Error(error)) => return Err(FileError::on("lock", path)(error).into()),
        }
    }
}

/// Whether something is done, or left undone, because of an event. How far a node has come tells only whoever watches.
fn hangs_something_on(kind: &EventKind) -> bool {
    !matches!(kind, EventKind::NodeStarted { .. } | EventKind::NodeWaiting { .. } | EventKind::Step { .. })
}

/// Whether a run still writes the journal.
pub fn is_held(path: &Path) -> bool {
    let Ok(file) = open_regular(path) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Reads a journal; a last line that was cut off by a kill, be it inside of a character, is left out.
pub fn read(path: &Path) -> Result<Vec<Event>, FileError> {
    let file = open_regular(path).map_err(FileError::on("read", path))?;
    events(BufReader::new(file)).map_err(FileError::on("read", path))
}

/// The events of whole lines; the error names the line that is none.
pub fn events(mut journal: impl BufRead) -> std::io::Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        journal.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.len() as u64 == LONGEST_LINE {
            let what = format!("line {number} has {LONGEST_LINE} bytes or more");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, what));
        }
        // Whoever goes on with the run takes what has no end away as well.
        if line.pop() != Some(b'\n') {
            break;
        }
        let event = serde_json::from_slice(&line);
        events.push(event.map_err(|error| {
            let what = format!("line {number} is no event of a run, at column {}", error.column());
            std::io::Error::new(std::io::ErrorKind::InvalidData, what)
        })?);
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_journal_that_ends_anywhere_has_the_events_of_its_whole_lines() {
        let node = |name: &str| Event {
            time: Timestamp::UNIX_EPOCH,
            kind: EventKind::NodeStarted { node: name.to_owned() },
        };
        let mut text = Vec::new();
        for name in ["vpc", "größe", "日本語"] {
            text.extend(serde_json::to_vec(&node(name)).unwrap());
            text.push(b'\n');
        }
        for end in 0..=text.len() {
            let cut = &text[..end];
            let whole = cut.split(|byte| *byte == b'\n').skip(1).count();
            assert_eq!(events(cut).unwrap().len(), whole, "{:?}", String::from_utf8_lossy(cut));
        }
        text.splice(..0, *b"\xff\n");
        let error = events(&*text).unwrap_err().to_string();
        assert!(error.starts_with("line 1 is no event of a run"), "{error}");
    }

    #[test]
    fn a_line_cut_off_by_a_kill_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::at(dir.path()).unwrap();
        let path = dir.path().join(JOURNAL);
        let mut journal = Journal::open(&root).unwrap();
        let started = EventKind::NodeStarted { node: "vpc".to_owned() };
        journal.append(&Event { time: Timestamp::now(), kind: started }).unwrap();
        journal.file.write_all(b"{\"time\":\"2026-").unwrap();
        let events = read(&path).unwrap();
        assert_eq!(events.len(), 1);
        assert!(matches!(&events[0].kind, EventKind::NodeStarted { node } if node == "vpc"));

        assert!(is_held(&path));
        assert!(matches!(Journal::open(&root), Err(JournalError::Held)));
        drop(journal);
        // A process that another test starts at this moment holds every file of ours until it has become its program.
        let deadline = Instant::now() + Duration::from_secs(10);
        while is_held(&path) {
            assert!(Instant::now() < deadline, "it stays held");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut journal = Journal::open(&root).unwrap();
        let kind = EventKind::RunFinished { seconds: 1.0 };
        journal.append(&Event { time: Timestamp::now(), kind }).unwrap();
        assert_eq!(read(&path).unwrap().len(), 2, "what is appended stands on a line of its own");
    }
}
