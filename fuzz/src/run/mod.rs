//! Journals.

#![expect(dead_code, reason = "journals are written elsewhere")]

mod event;
mod journal;
mod past;

use past::Past;

/// Reads a journal and what it says of the part of its run that is over.
pub fn read_journal(bytes: &[u8]) -> Option<(usize, bool)> {
    let events = journal::events(bytes).ok()?;
    let count = events.len();
    let past = Past::of(events);
    past.map(|past| (count.min(past.to_replay().len()), past.is_done()))
}
