//! How much work a reader did: what shows that nothing is done twice.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a reader has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files that were read, by functions too.
    pub files_read: u64,
    /// The bytes of those that were parsed.
    pub bytes_parsed: u64,
    /// Files that were parsed as configurations.
    pub files_parsed: u64,
    /// Evaluations of locals.
    pub locals: u64,
    /// Evaluations of attributes, in blocks and outside of them.
    pub attributes: u64,
    /// Programs that were started.
    pub commands: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} files read, {} parsed ({} bytes), {} locals and {} attributes evaluated, {} commands run",
            self.files_read,
            self.files_parsed,
            self.bytes_parsed,
            self.locals,
            self.attributes,
            self.commands
        )
    }
}

/// The counters behind [`Counts`], shared by threads; what is counted orders nothing, so relaxed is enough.
#[derive(Default)]
pub(crate) struct Tally {
    files_read: AtomicU64,
    bytes_parsed: AtomicU64,
    files_parsed: AtomicU64,
    locals: AtomicU64,
    attributes: AtomicU64,
    commands: AtomicU64,
}

impl Tally {
    /// Takes over what was counted elsewhere, such as in one session.
    pub fn add(&self, counts: &Counts) {
        let pairs = [
            (&self.files_read, counts.files_read),
            (&self.bytes_parsed, counts.bytes_parsed),
            (&self.files_parsed, counts.files_parsed),
            (&self.locals, counts.locals),
            (&self.attributes, counts.attributes),
            (&self.commands, counts.commands),
        ];
        for (counter, number) in pairs {
            if number > 0 {
                counter.fetch_add(number, Ordering::Relaxed);
            }
        }
    }

    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            files_read: read(&self.files_read),
            bytes_parsed: read(&self.bytes_parsed),
            files_parsed: read(&self.files_parsed),
            locals: read(&self.locals),
            attributes: read(&self.attributes),
            commands: read(&self.commands),
        }
    }
}
