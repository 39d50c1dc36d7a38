//! What is written into the journal of a run that still goes on.

use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::event::Event;
use super::folder::RunFolder;
use super::journal::{LONGEST_LINE, events, is_held};
use crate::support::fs::{FileError, open_regular};

/// A journal, and how far it was read.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    read: u64,
}

impl Tail {
    /// Of a run, from its beginning.
    pub fn of(run: &RunFolder) -> Self {
        Self { path: run.journal(), read: 0 }
    }

    /// Whether a process still writes it. What it had written by then is seen by a look after that.
    pub fn goes_on(&self) -> bool {
        is_held(&self.path)
    }

    /// What was written since the last look, as far as its lines are whole.
    pub fn look(&mut self) -> Result<Vec<Event>, FileError> {
        let on = FileError::on("read", &self.path);
        let read = || {
            let mut file = open_regular(&self.path)?;
            file.seek(SeekFrom::Start(self.read))?;
            let mut new = Vec::new();
            file.take(LONGEST_LINE).read_to_end(&mut new)?;
            let whole = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            // Without an end of a line in so much the whole of it tells what is wrong.
            let whole = if whole == 0 && new.len() as u64 == LONGEST_LINE { new.len() } else { whole };
            new.truncate(whole);
            Ok((events(&*new)?, whole as u64))
        };
        let (events, whole) = read().map_err(on)?;
        self.read += whole;
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::run::event::EventKind;
    use crate::run::journal::Journal;

    #[test]
    fn each_event_is_seen_once_and_as_soon_as_its_line_is_whole() {
        let home = tempfile::tempdir().unwrap();
        let run = RunFolder::create(home.path()).unwrap();
        let mut journal = Journal::open(&run.root().unwrap()).unwrap();
        let mut tail = Tail::of(&run);
        assert!(tail.look().unwrap().is_empty());
        let mut begins = |node: &str| {
            let kind = EventKind::NodeStarted { node: node.to_owned() };
            journal.append(&Event { time: Timestamp::now(), kind }).unwrap();
        };
        begins("a");
        begins("b");
        assert_eq!(tail.look().unwrap().len(), 2);
        assert!(tail.look().unwrap().is_empty());

        // A line that is being written.
        let text = std::fs::read_to_string(run.journal()).unwrap();
        let (half, rest) = text.lines().next().unwrap().split_at(20);
        std::fs::write(run.journal(), format!("{text}{half}")).unwrap();
        assert!(tail.look().unwrap().is_empty());
        std::fs::write(run.journal(), format!("{text}{half}{rest}\n")).unwrap();
        assert_eq!(tail.look().unwrap().len(), 1);
        assert!(tail.goes_on());
    }
}
