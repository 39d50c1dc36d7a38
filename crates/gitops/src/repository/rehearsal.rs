//! A change that is only looked at: decided as any other, and shown instead of pushed.

use similar::TextDiff;

use super::landing::Snapshot;
use super::{Change, Repository};

/// Whether changes are only looked at, or shown beside, and what the last one was.
#[derive(Debug, Default)]
pub(super) struct Rehearsal {
    only: bool,
    shows: bool,
    last: Option<Preview>,
}

/// What a change would do to the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What the commit says.
    pub message: String,
    /// The files with what changes in each, as unified diff; empty where the commit has its message only.
    pub diff: String,
}

/// Lines around what changed, as Git shows them.
const CONTEXT: usize = 3;

impl Repository {
    /// Decides on changes as ever, and pushes none of them.
    pub fn only_rehearse(&mut self) {
        self.rehearsal.only = true;
    }

    /// Keeps what changes do, beside pushing them.
    pub fn show_changes(&mut self) {
        self.rehearsal.shows = true;
    }

    /// What the last change did, or would have done, where that is kept.
    pub fn last_change_shown(&self) -> Option<&Preview> {
        self.rehearsal.last.as_ref()
    }

    /// Whether changes are only looked at.
    pub fn is_rehearsing(&self) -> bool {
        self.rehearsal.only
    }

    /// Keeps what a change does, where that is wanted; says whether none is pushed.
    pub(super) fn rehearse(&mut self, snapshot: &Snapshot, change: &Change) -> bool {
        if self.rehearsal.only || self.rehearsal.shows {
            let message = self.way.wording.of(&change.message);
            self.rehearsal.last = Some(Preview { message, ..preview(snapshot, change) });
        }
        self.rehearsal.only
    }
}

fn preview(snapshot: &Snapshot, change: &Change) -> Preview {
    let mut diff = String::new();
    for file in &change.files {
        let mut known = snapshot.folders.values().flat_map(|files| files.iter());
        let before = known.find(|known| known.path == file.path).map(|known| known.bytes.clone());
        let (before, after) = (before.unwrap_or_default(), &file.bytes);
        let (before, after) = (String::from_utf8_lossy(&before), String::from_utf8_lossy(after));
        let text = TextDiff::from_lines(&*before, &*after);
        let mut text = text.unified_diff();
        let text = text
            .context_radius(CONTEXT)
            .header(&format!("a/{}", file.path), &format!("b/{}", file.path))
            .to_string();
        diff.push_str(&text);
    }
    Preview { message: change.message.clone(), diff }
}
