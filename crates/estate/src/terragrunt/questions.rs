//! What a reader has asked about paths: whether something is there, and how it leads there.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::cache::locked;
use slipway_support::fs::is_there;

/// A question about a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Is there anything?
    Anything,
    /// Is there anything that is no folder?
    File,
    /// Is there a folder?
    Folder,
}

impl Question {
    /// The answer of this moment; links are followed.
    pub fn ask(self, path: &Path) -> bool {
        match self {
            Self::Anything => path.exists(),
            Self::File => is_there(path),
            Self::Folder => path.is_dir(),
        }
    }
}

/// The questions of one reader and their answers, where somebody wants to know.
#[derive(Default)]
pub(crate) struct Questions(Option<Mutex<HashMap<(OsString, Question), bool>>>);

impl Questions {
    /// Remembers what is asked.
    pub fn remembered() -> Self {
        Self(Some(Mutex::default()))
    }

    /// Asks, of a path that may be looked at.
    pub fn ask(&self, question: Question, path: &Path) -> bool {
        let Some(asked) = &self.0 else { return question.ask(path) };
        // Most are asked about once: looking for an earlier answer would only take time.
        let answer = question.ask(path);
        locked(asked).insert((path.as_os_str().to_owned(), question), answer);
        answer
    }

    /// All that was asked so far.
    pub fn asked(&self) -> Vec<(PathBuf, Question, bool)> {
        let Some(asked) = &self.0 else { return Vec::new() };
        let each = locked(asked).clone().into_iter();
        each.map(|((path, question), answer)| (PathBuf::from(path), question, answer)).collect()
    }
}
